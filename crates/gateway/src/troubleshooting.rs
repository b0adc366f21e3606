//! The page of everything that can go wrong, in Markdown: `docs/troubleshooting.md` is what [`markdown`] prints.
//!
//! Which codes there are, and the status of each, comes from the tables that the answers themselves are made of; the texts
//! stand in the folder beside this file. A code without a text, and a text without a code, fails a test.

use std::fmt::Write;

const HEAD: &str = include_str!("troubleshooting/head.md");
const API: &str = include_str!("troubleshooting/api.md");
const STREAMS: &str = include_str!("troubleshooting/streams.md");
const REASONS: &str = include_str!("troubleshooting/reasons.md");
const SIMULATOR: &str = include_str!("troubleshooting/simulator.md");

const ABOUT_ANSWERS: &str = "What the API answers instead of what was asked for.";
const ABOUT_STREAMS: &str = "An event stream that was open when its key ended says so in a last event, \
`stream.ended`, whose `code` is one of these. Without it a stream ends when the gateway stops or the connection breaks: \
open it again after the last `seq` you have.";
const ABOUT_REASONS: &str = "Every change of a session's state is a `session.state` event; `reason` says why, and each entry \
here begins with the states that it stands in. What is not listed is a word or a number of WhatsApp's own.";
const ABOUT_SIMULATOR: &str = "What the control API under `/simulator/v1` and the WebSocket door `/ws/chat` of the simulated \
network answer, and with what the network refuses to start.";

/// Something that can go wrong.
struct Entry {
    code: &'static str,
    /// What is behind it.
    cause: &'static str,
    /// What to do.
    remedy: &'static str,
}

/// What a text file says under one heading.
enum Part {
    Chapter(&'static str),
    About(&'static str),
    Entry(Entry),
}

/// The whole page.
pub(crate) fn markdown() -> String {
    let mut page = HEAD.to_owned();
    let api = enlace_web::problem_codes();
    chapters(&mut page, "Answers", ABOUT_ANSWERS, &read(API), |code| status(&api, code));
    chapters(&mut page, "The last event of a stream", ABOUT_STREAMS, &read(STREAMS), |_| None);
    chapters(&mut page, "Reasons", ABOUT_REASONS, &read(REASONS), |_| None);
    let simulator = enlace_simulator::problem_codes();
    chapters(&mut page, "The simulated network", ABOUT_SIMULATOR, &read(SIMULATOR), |code| {
        status(&simulator, code)
    });
    page
}

fn chapters(
    page: &mut String,
    title: &str,
    about: &str,
    parts: &[Part],
    status: impl Fn(&str) -> Option<String>,
) {
    add(page, format_args!("\n## {title}\n\n{about}\n"));
    for part in parts {
        match part {
            Part::Chapter(name) => add(page, format_args!("\n### {name}\n")),
            Part::About(text) => add(page, format_args!("\n{text}\n")),
            Part::Entry(Entry { code, cause, remedy }) => {
                let status = status(code).map(|status| format!(" ({status})")).unwrap_or_default();
                add(page, format_args!("\n#### `{code}`{status}\n\n{cause}\n\n**What to do:** {remedy}\n"));
            }
        }
    }
}

/// The HTTP status of a code, in number and words.
fn status(codes: &[(&'static str, u16)], code: &str) -> Option<String> {
    let (_, number) = codes.iter().find(|(known, _)| *known == code)?;
    let name = axum::http::StatusCode::from_u16(*number).ok()?.canonical_reason().unwrap_or_default();
    Some(format!("{number} {name}"))
}

/// A text file: `# chapter`, text about it, `## code`, the cause, and the remedy behind `> `.
fn read(text: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        if let Some(name) = block.strip_prefix("# ") {
            parts.push(Part::Chapter(name));
        } else if let Some(rest) = block.strip_prefix("## ") {
            let (code, words) = rest.split_once('\n').unwrap_or((rest, ""));
            let (cause, remedy) = words.split_once("\n> ").unwrap_or((words, ""));
            parts.push(Part::Entry(Entry { code, cause, remedy }));
        } else {
            parts.push(Part::About(block));
        }
    }
    parts
}

fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a String takes every text");
}

#[cfg(test)]
mod tests;
