//! What the person sees: the newest QR or code with the seconds it has left. On a terminal it is drawn over and counts
//! down; anything else gets each one once.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const CLEAR: &str = "\u{1b}[2J\u{1b}[H";
const LINE_ANEW: &str = "\r\u{1b}[K";

/// A place to draw.
pub(super) struct Screen<W = io::Stdout> {
    out: W,
    redraws: bool,
    until: Option<Instant>,
    /// What was counted last; a line is open.
    counted: Option<u64>,
}

impl Screen {
    /// Standard output.
    pub(super) fn of_this_terminal() -> Self {
        let out = io::stdout();
        let redraws = out.is_terminal();
        Self::new(out, redraws)
    }
}

impl<W: Write> Screen<W> {
    fn new(out: W, redraws: bool) -> Self {
        Self { out, redraws, until: None, counted: None }
    }

    /// Shows something that lives for a while, in place of what was there.
    pub(super) fn show(&mut self, what: &str, lives: Duration, now: Instant) {
        let seconds = lives.as_millis().div_ceil(1_000);
        if self.redraws {
            self.write(&format!("{CLEAR}{what}\n"));
            self.until = Some(now + lives);
            self.counted = None;
            self.count_down(now);
        } else {
            self.write(&format!("{what}\n(good for {seconds} s)\n"));
        }
    }

    /// Brings the countdown up to date.
    pub(super) fn count_down(&mut self, now: Instant) {
        let Some(until) = self.until.filter(|_| self.redraws) else { return };
        let left = until.saturating_duration_since(now).as_millis().div_ceil(1_000);
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        if self.counted == Some(left) {
            return;
        }
        self.counted = Some(left);
        let words =
            if left > 0 { format!("good for {left} s") } else { "over; waiting for the next".to_owned() };
        self.write(&format!("{LINE_ANEW}{words}"));
    }

    /// Says a line. What was shown no longer counts down.
    pub(super) fn say(&mut self, line: &str) {
        self.leave();
        self.write(&format!("{line}\n"));
    }

    /// Ends the open line, so that others can write.
    pub(super) fn leave(&mut self) {
        self.until = None;
        if self.counted.take().is_some() {
            self.write("\n");
        }
    }

    fn write(&mut self, text: &str) {
        // Nobody is left to be told that the terminal is gone.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(screen: &Screen<Vec<u8>>) -> String {
        String::from_utf8(screen.out.clone()).unwrap()
    }

    #[test]
    fn a_terminal_is_drawn_over_and_counts_down() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut screen = Screen::new(Vec::new(), true);
        screen.show("FIRST", Duration::from_secs(20), begin);
        screen.count_down(begin);
        screen.count_down(at(1));
        screen.show("SECOND", Duration::from_secs(2), at(1));
        screen.count_down(at(6));
        screen.say("accepted");
        screen.count_down(at(7));
        let expected = [
            "\u{1b}[2J\u{1b}[HFIRST\n",
            "\r\u{1b}[Kgood for 20 s",
            "\r\u{1b}[Kgood for 19 s",
            "\u{1b}[2J\u{1b}[HSECOND\n",
            "\r\u{1b}[Kgood for 2 s",
            "\r\u{1b}[Kover; waiting for the next",
            "\naccepted\n",
        ];
        assert_eq!(text(&screen), expected.concat());
    }

    #[test]
    fn what_is_no_terminal_gets_each_one_once_and_no_control_characters() {
        let begin = Instant::now();
        let mut screen = Screen::new(Vec::new(), false);
        screen.show("FIRST", Duration::from_millis(1_500), begin);
        screen.count_down(begin + Duration::from_secs(1));
        screen.say("accepted");
        assert_eq!(text(&screen), "FIRST\n(good for 2 s)\naccepted\n");
    }
}
