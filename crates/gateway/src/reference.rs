//! The reference of everything that can be set, in Markdown: `docs/configuration.md` is what [`markdown`] prints. It is
//! made of the default settings and of the command line themselves, so it can't say anything else than they do.

use crate::cli::Cli;
use crate::settings::{DEFAULTS, environment_name};
use clap::{Arg, Command, CommandFactory};
use std::fmt::Write;

const HEAD: &str = "# Configuration reference

<!-- Made by `enlace reference`; a test compares. Change config/enlace.default.toml or the command line, then run
     `enlace reference > docs/configuration.md`. -->

";

/// The whole page.
pub(crate) fn markdown() -> String {
    let mut page = HEAD.to_owned();
    settings(&mut page);
    page.push_str("\n## Commands and flags\n");
    let mut root = Cli::command();
    root.build();
    command(&mut page, &root, "enlace");
    page
}

/// The default file: a comment belongs to what follows it, a comment before an empty line to the page.
fn settings(page: &mut String) {
    let (mut comment, mut section) = (Vec::new(), "");
    for line in DEFAULTS.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.strip_prefix(' ').unwrap_or(text));
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            add(page, format_args!("\n## `[{section}]`\n"));
            add(page, format_args!("{}", paragraph(&mut comment)));
        } else if let Some((key, value)) = line.split_once(" = ") {
            let name = environment_name(&format!("{section}.{key}"));
            add(page, format_args!("\n### `{key}`\n\nDefault `{value}`; environment `{name}`.\n"));
            add(page, format_args!("{}", paragraph(&mut comment)));
        } else if !comment.is_empty() {
            introduction(page, &mut comment);
        }
    }
}

/// The comment at the top of the file: paragraphs, and lists that are set in.
fn introduction(page: &mut String, comment: &mut Vec<&str>) {
    for line in comment.drain(..) {
        match line.strip_prefix("  ") {
            Some(item) if !item.starts_with(' ') => {
                let (name, words) = item.split_once(' ').unwrap_or((item, ""));
                add(page, format_args!("- `{name}`: {}\n", words.trim()));
            }
            Some(rest) => add(page, format_args!("  {}\n", rest.trim())),
            None => add(page, format_args!("{line}\n")),
        }
    }
}

fn paragraph(comment: &mut Vec<&str>) -> String {
    if comment.is_empty() { String::new() } else { format!("\n{}\n", std::mem::take(comment).join("\n")) }
}

fn command(page: &mut String, which: &Command, name: &str) {
    let flags: Vec<_> = which.get_arguments().filter(|argument| is_told(argument, which)).collect();
    if !flags.is_empty() {
        add(page, format_args!("\n### `{name}`\n\n"));
        if let Some(about) = which.get_about() {
            add(page, format_args!("{about}.\n\n"));
        }
        for flag in flags {
            add(page, format_args!("- {}\n", describe(flag)));
        }
    }
    for inner in which.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
        command(page, inner, &format!("{name} {}", inner.get_name()));
    }
}

/// Flags of every command are told once, with the program itself.
fn is_told(argument: &Arg, of: &Command) -> bool {
    let name = argument.get_id().as_str();
    let everywhere = argument.is_global_set() && of.get_name() != "enlace";
    !everywhere && !matches!(name, "help" | "version")
}

fn describe(flag: &Arg) -> String {
    let names = flag.get_value_names().unwrap_or_default();
    let value = names.first().filter(|_| flag.get_action().takes_values());
    let mut text = match (flag.get_long(), value) {
        (Some(long), Some(value)) if flag.is_require_equals_set() => format!("`--{long}[={value}]`"),
        (Some(long), Some(value)) => format!("`--{long} {value}`"),
        (Some(long), None) => format!("`--{long}`"),
        (None, _) => format!("`{}`", value.map_or("", |value| value.as_str())),
    };
    if let Some(name) = flag.get_env().and_then(|name| name.to_str()) {
        add(&mut text, format_args!(", environment `{name}`"));
    }
    if let Some(help) = flag.get_help() {
        add(&mut text, format_args!(": {help}"));
    }
    let defaults: Vec<_> = flag.get_default_values().iter().filter_map(|value| value.to_str()).collect();
    if flag.get_action().takes_values() && !defaults.is_empty() {
        add(&mut text, format_args!(" [default: {}]", defaults.join(" ")));
    }
    text
}

fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_current() {
        let page = include_str!("../../../docs/configuration.md");
        assert!(
            page.trim_end() == markdown().trim_end(),
            "run `target/release/enlace reference > docs/configuration.md`"
        );
    }

    #[test]
    fn every_setting_secret_and_flag_is_in_it() {
        let page = markdown();
        let settings = crate::settings::known_keys().into_iter().map(|key| environment_name(&key));
        let secrets = ["ENLACE_ADMIN_KEY", "ENLACE_MASTER_KEY"].map(str::to_owned);
        for name in settings.chain(secrets).chain(crate::cli::environment_names()) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
