//! A figure, its budget, and the table of both.

use std::fmt::Write;

/// Something measured.
pub(crate) struct Figure {
    what: String,
    measured: f64,
    budget: Option<f64>,
    unit: &'static str,
    peer: Option<&'static str>,
    note: String,
}

impl Figure {
    /// A figure that must not be above its budget.
    pub(crate) fn at_most(what: impl Into<String>, measured: f64, budget: f64, unit: &'static str) -> Self {
        Self { what: what.into(), measured, budget: Some(budget), unit, peer: None, note: String::new() }
    }

    /// A figure for the reader only.
    pub(crate) fn told(what: impl Into<String>, measured: f64, unit: &'static str) -> Self {
        Self { what: what.into(), measured, budget: None, unit, peer: None, note: String::new() }
    }

    /// With a word on how it was measured.
    pub(crate) fn because(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// With what a peer did (see [`crate::peer`]).
    pub(crate) fn beside(mut self, peer: &'static str) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Whether it has one to keep.
    pub(crate) fn has_budget(&self) -> bool {
        self.budget.is_some()
    }

    /// Whether it keeps its budget.
    pub(crate) fn holds(&self) -> bool {
        self.budget.is_none_or(|budget| self.measured <= budget)
    }
}

/// The value below which a share of the samples lies. `samples` must not be empty.
pub(crate) fn percentile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a few thousand samples"
    )]
    let at = ((samples.len() as f64 * share).ceil() as usize).clamp(1, samples.len()) - 1;
    samples[at]
}

/// Figure, budget, peer, verdict: as Markdown, so that it can be pasted.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = String::from(
        "\n| what | measured | budget | Baileys 6.7 / 7.0, bare | verdict | note |\n|---|---|---|---|---|---|\n",
    );
    for figure in figures {
        let Figure { what, measured, budget, unit, peer, note } = figure;
        let budget = budget.map_or("–".to_owned(), |budget| format!("≤ {budget} {unit}"));
        let verdict = match (figure.budget, figure.holds()) {
            (None, _) => "–",
            (Some(_), true) => "holds",
            (Some(_), false) => "MISSED",
        };
        // A form that draws nothing takes microseconds.
        let decimals = if *measured < 0.1 { 4 } else { 2 };
        let peer = peer.unwrap_or("–");
        let _ = writeln!(
            text,
            "| {what} | {measured:.decimals$} {unit} | {budget} | {peer} | {verdict} | {note} |"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let mut samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let of = |samples: &mut [f64], share| percentile(samples, share);
        assert!((of(&mut samples, 0.5) - 50.0).abs() < f64::EPSILON);
        assert!((of(&mut samples, 0.99) - 99.0).abs() < f64::EPSILON);
        assert!((of(&mut [7.0], 0.99) - 7.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_figure_above_its_budget_is_a_miss() {
        let figures = [Figure::at_most("a", 2.0, 1.0, "ms"), Figure::at_most("b", 1.0, 1.0, "ms")];
        assert_eq!(figures.iter().map(Figure::holds).collect::<Vec<_>>(), [false, true]);
        assert!(table(&figures).contains("| a | 2.00 ms | ≤ 1 ms | – | MISSED |"));
    }

    #[test]
    fn what_a_peer_did_stands_beside() {
        let figures = [Figure::at_most("a", 1.0, 2.0, "ms").beside("3 ms").because("so")];
        assert!(table(&figures).contains("| a | 1.00 ms | ≤ 2 ms | 3 ms | holds | so |"));
    }
}
