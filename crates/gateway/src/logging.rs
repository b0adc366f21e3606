//! Logging: on standard error, with the engine's directives that keep numbers, codes and payloads out.

use crate::settings::{LogFormat, LogSettings};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, ParseError};

/// The filter can't be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the log filter `{filter}` can't be read ({source}); write a level as `info`, or directives as `info,enlace_sessions=debug`"
)]
pub struct LogFilterError {
    filter: String,
    source: ParseError,
}

/// Starts logging for the process.
pub(crate) fn start(settings: &LogSettings) -> Result<(), LogFilterError> {
    let mut filter = EnvFilter::try_new(&settings.filter)
        .map_err(|source| LogFilterError { filter: settings.filter.clone(), source })?;
    for directive in enlace_engine::log_filter_directives() {
        let directive: Directive =
            directive.parse().expect("the engine's directives are constants that a test parses");
        filter = filter.add_directive(directive);
    }
    enlace_engine::forward_library_log();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call in one process (tests) keeps the first.
    let _ = match settings.format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_directives_parse() {
        for directive in enlace_engine::log_filter_directives() {
            directive.parse::<Directive>().unwrap();
        }
    }

    #[test]
    fn a_filter_nobody_can_read_is_told() {
        let error = start(&LogSettings { filter: "=[=".to_owned(), format: LogFormat::Text }).unwrap_err();
        assert!(error.to_string().contains("=[="), "{error}");
    }
}
