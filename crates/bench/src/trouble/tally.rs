//! What became of many links: ends, tries, times, and which trouble they met.

use super::caller::{Story, rests};
use super::plan::{Method, Moment, TROUBLES, Trouble};
use crate::figure::{Figure, percentile};
use crate::say;
use crate::storm::count;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// One link that was tried.
pub(crate) struct Outcome {
    pub(crate) id: String,
    pub(crate) trouble: Option<&'static Trouble>,
    /// `Err`: it did not come to an end, and what was seen of it last.
    pub(crate) story: Result<Story, String>,
}

/// All links of a method.
pub(crate) struct Tally {
    pub(crate) method: Method,
    pub(crate) outcomes: Vec<Outcome>,
    /// How often orders for trouble had still to strike at the end, by their number.
    pub(crate) left: HashMap<u64, u64>,
    pub(crate) at_once: usize,
    pub(crate) took: Duration,
}

impl Outcome {
    fn online(&self) -> Option<&Story> {
        self.story.as_ref().ok().filter(|story| story.state == "online")
    }

    /// How it ended, in words.
    fn end(&self) -> String {
        match &self.story {
            Err(_) => "hung".to_owned(),
            Ok(story) if story.state == "online" && story.tries <= 1 => "online at the first try".to_owned(),
            Ok(story) if story.state == "online" => format!("online after {} tries", story.tries),
            Ok(story) => format!("{} ({})", story.state, story.reason.as_deref().unwrap_or("no reason")),
        }
    }
}

impl Tally {
    /// Tells everything line by line.
    pub(crate) fn tell(&self) {
        let (links, method) = (self.outcomes.len(), self.method.as_str());
        let met = self.outcomes.iter().filter(|outcome| self.met(outcome)).count();
        let took = self.took.as_secs_f64();
        say(&format!(
            "  {links} links by {method} in {took:.1} s, {} at once; {met} troubles struck:",
            self.at_once
        ));
        for trouble in TROUBLES.iter().map(Some).chain([None]) {
            self.tell_kind(trouble);
        }
        say(&format!("  ends: {}", listed(self.outcomes.iter().map(Outcome::end))));
        let problems = self.outcomes.iter().filter_map(|outcome| outcome.story.as_ref().ok());
        let problems = problems.flat_map(|story| story.problems.iter().cloned());
        say(&format!("  problems answered on the way: {}", listed(problems)));
        for Outcome { id, trouble, story } in &self.outcomes {
            if let Err(seen) = story {
                let what = trouble.map_or("no trouble", |trouble| trouble.what);
                say(&format!("  HUNG: {id}, {what}: {seen}"));
            }
        }
    }

    fn tell_kind(&self, kind: Option<&Trouble>) {
        let name = |trouble: Option<&Trouble>| trouble.map_or("none ordered", |trouble| trouble.what);
        let of = || self.outcomes.iter().filter(|outcome| name(outcome.trouble) == name(kind));
        let links = of().count();
        if links == 0 {
            return;
        }
        let met = of().filter(|outcome| self.met(outcome)).count();
        let times = of().filter_map(Outcome::online).map(|story| story.took.as_secs_f64());
        let mut times: Vec<f64> = times.collect();
        let times = if times.is_empty() {
            String::new()
        } else {
            format!(
                "; request → online p50 {:.2} s, longest {:.2} s",
                percentile(&mut times, 0.5),
                percentile(&mut times, 1.0)
            )
        };
        let ordered = kind.map_or(String::new(), |_| format!(", struck {met}"));
        say(&format!(
            "    {}: {links} links{ordered}: {}{times}",
            name(kind),
            listed(of().map(Outcome::end))
        ));
    }

    /// Whether the trouble that this link ordered struck: it or, before a phone is known, another that dialled then.
    fn met(&self, outcome: &Outcome) -> bool {
        let (Some(trouble), Ok(story)) = (outcome.trouble, &outcome.story) else { return false };
        match trouble.moment {
            Moment::Shown => story.struck > 0,
            // How many it strikes then is not told.
            Moment::Accepted => story.order.is_some(),
            Moment::Dial | Moment::Phone => story
                .order
                .is_some_and(|(order, count)| self.left.get(&order).is_none_or(|left| *left < count)),
        }
    }

    /// The rows of the table.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let (links, method) = (self.outcomes.len(), self.method.as_str());
        let of = format!("{links} links by {method} with faults");
        let ended =
            |wanted: fn(&Outcome) -> bool| count(self.outcomes.iter().filter(|one| wanted(one)).count());
        let met = self.outcomes.iter().filter(|outcome| self.met(outcome)).count();
        let mut figures = vec![
            Figure::at_most(format!("{of}: hang"), ended(|one| one.story.is_err()), 0.0, "links").because(
                format!(
                    "{met} troubles struck, {} at once, each link at most {} s",
                    self.at_once,
                    super::HANGS.as_secs()
                ),
            ),
            Figure::at_most(format!("{of}: end with no reason"), ended(without_reason), 0.0, "links"),
            Figure::told(
                format!("{of}: online at the first try"),
                ended(|one| one.online().is_some_and(|s| s.tries <= 1)),
                "links",
            ),
            Figure::told(
                format!("{of}: online after more tries"),
                ended(|one| one.online().is_some_and(|s| s.tries > 1)),
                "links",
            ),
            Figure::told(
                format!("{of}: at rest with a reason"),
                ended(|one| one.story.is_ok() && one.online().is_none() && !without_reason(one)),
                "links",
            ),
        ];
        figures.extend(self.times("all", |_| true));
        figures.extend(self.times("those that met nothing", |one| {
            one.trouble.is_none() && one.story.as_ref().is_ok_and(|story| story.problems.is_empty())
        }));
        figures
    }

    /// How long links took that came online.
    fn times(&self, which: &str, wanted: fn(&Outcome) -> bool) -> Vec<Figure> {
        let counted = self.outcomes.iter().filter(|one| wanted(one)).filter_map(Outcome::online);
        let mut times: Vec<f64> = counted.map(|story| story.took.as_secs_f64()).collect();
        if times.is_empty() {
            return Vec::new();
        }
        let (links, method) = (self.outcomes.len(), self.method.as_str());
        let note = format!("of {} that came online; {} at once share the machine", times.len(), self.at_once);
        let mut time = |name: &str, share| {
            let what = format!("{links} links by {method} with faults, {which}: request → online, {name}");
            Figure::told(what, percentile(&mut times, share), "s").because(&*note)
        };
        vec![time("p50", 0.5), time("p99", 0.99)]
    }
}

/// Neither online nor in a state that rests and says why.
fn without_reason(outcome: &Outcome) -> bool {
    let story = outcome.story.as_ref().ok();
    story.is_some_and(|story| story.state != "online" && !(rests(&story.state) && story.reason.is_some()))
}

/// `a 3, b 1`, the most frequent first.
fn listed(words: impl Iterator<Item = String>) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts: Vec<String> = counts.into_iter().map(|(word, count)| format!("{word} {count}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(state: &str, reason: Option<&str>) -> Outcome {
        let story = Story {
            state: state.to_owned(),
            reason: reason.map(str::to_owned),
            tries: 1,
            took: Duration::from_secs(1),
            problems: vec![],
            struck: 0,
            order: None,
        };
        Outcome { id: "a".to_owned(), trouble: None, story: Ok(story) }
    }

    #[test]
    fn only_online_and_reasoned_rests_are_good_ends() {
        assert!(!without_reason(&outcome("online", None)));
        assert!(!without_reason(&outcome("link_expired", Some("round-over"))));
        assert!(without_reason(&outcome("link_expired", None)));
        assert!(without_reason(&outcome("connecting", Some("asked"))));
    }

    #[test]
    fn a_hung_link_misses_the_budget() {
        let hung = Outcome { story: Err("awaiting_scan".to_owned()), ..outcome("", None) };
        let outcomes = vec![outcome("online", None), hung];
        let tally =
            Tally { method: Method::Qr, outcomes, left: HashMap::new(), at_once: 1, took: Duration::ZERO };
        assert_eq!(tally.figures().iter().filter(|figure| !figure.holds()).count(), 1);
    }

    #[test]
    fn the_most_frequent_comes_first() {
        assert_eq!(listed(["a", "b", "b"].into_iter().map(str::to_owned)), "b 2, a 1");
        assert_eq!(listed(std::iter::empty()), "none");
    }
}
