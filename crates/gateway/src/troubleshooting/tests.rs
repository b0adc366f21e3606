use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn entries(text: &'static str) -> Vec<Entry> {
    let parts = read(text).into_iter();
    parts.filter_map(|part| if let Part::Entry(entry) = part { Some(entry) } else { None }).collect()
}

fn codes(text: &'static str) -> BTreeSet<&'static str> {
    entries(text).into_iter().map(|entry| entry.code).collect()
}

#[test]
fn the_page_in_docs_is_current() {
    let page = include_str!("../../../../docs/troubleshooting.md");
    assert!(
        page.trim_end() == markdown().trim_end(),
        "run `target/release/enlace troubleshooting > docs/troubleshooting.md`"
    );
}

#[test]
fn every_entry_has_a_cause_and_a_remedy_and_stands_once() {
    for text in [API, STREAMS, REASONS, SIMULATOR] {
        let all = entries(text);
        assert_eq!(all.len(), codes(text).len());
        for Entry { code, cause, remedy } in all {
            assert!(cause.ends_with('.') && remedy.ends_with('.') && !remedy.contains("\n>"), "{code}");
        }
    }
}

#[test]
fn every_code_has_an_entry_and_every_entry_a_code() {
    for (text, answers) in
        [(API, enlace_web::problem_codes()), (SIMULATOR, enlace_simulator::problem_codes())]
    {
        let statuses: BTreeMap<_, _> = answers.iter().copied().collect();
        assert_eq!(statuses.len(), answers.len(), "no code has two statuses");
        assert_eq!(codes(text), statuses.into_keys().collect::<BTreeSet<_>>());
    }
}

/// What the OpenAPI document says of a status names codes of that status, and no others.
#[test]
fn the_openapi_document_names_codes_of_this_page() {
    let document: serde_json::Value = serde_json::from_str(&enlace_web::openapi()).unwrap();
    let statuses: BTreeMap<_, _> = enlace_web::problem_codes().into_iter().collect();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
    let mut named = 0;
    for (_, operation) in operations.filter(|(_, operation)| operation["responses"].is_object()) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let status: u16 = status.parse().unwrap();
            let words = answer["description"].as_str().unwrap_or_default().split('`').skip(1).step_by(2);
            for word in words.filter(|word| status >= 400 && looks_like_a_code(word)) {
                let id = &operation["operationId"];
                assert_eq!(statuses.get(word), Some(&status), "{id} says that {status} may be `{word}`");
                named += 1;
            }
        }
    }
    assert!(named > 50, "{named}");
}

/// Reasons are words and not variants of one type: some are WhatsApp's own. So this reads where they are written. It finds
/// those with a hyphen, which a literal rarely has for another purpose; those without are listed here.
#[test]
fn every_reason_in_the_code_has_an_entry_and_every_entry_a_reason() {
    const NO_REASONS: [&str; 2] = ["sec-fetch-site", "user-agent"];
    const ONE_WORD: [&str; 8] =
        ["asked", "forced", "stalled", "unauthorized", "closed", "expired", "withdrawn", "failed"];
    const ALSO: [&str; 4] = [
        "malformed",
        // Of LinkFailure, which stands in an event when a code dies with its link.
        "link-expired",
        "link-interrupted",
        "link-accepted",
    ];
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut written = BTreeSet::new();
    for folder in ["engine/src", "sessions/src/actor"] {
        collect(&crates.join(folder), &mut written);
    }
    for word in NO_REASONS {
        assert!(written.remove(word), "{word} is not there any more");
    }
    written.extend(ONE_WORD.into_iter().chain(ALSO).map(str::to_owned));
    let told: BTreeSet<_> = codes(REASONS).into_iter().map(str::to_owned).collect();
    assert_eq!(written, told);

    let mut ends = BTreeSet::new();
    collect(&crates.join("sessions/src/ops/watch_key.rs"), &mut ends);
    assert_eq!(ends, codes(STREAMS).into_iter().map(str::to_owned).collect::<BTreeSet<_>>());
}

/// The literals of a file, or of all files below a folder, that look like a code; tests and comments aside.
fn collect(place: &Path, found: &mut BTreeSet<String>) {
    if place.is_dir() {
        let inner: Vec<PathBuf> =
            std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
        inner.iter().filter(|path| !path.ends_with("tests.rs")).for_each(|path| collect(path, found));
        return;
    }
    let text = std::fs::read_to_string(place).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let literals = line.split('"').skip(1).step_by(2);
        found.extend(literals.filter(|word| looks_like_a_code(word)).map(str::to_owned));
    }
}

fn looks_like_a_code(word: &str) -> bool {
    word.contains('-')
        && word.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}
