//! `enlace doctor`: looks at what a gateway needs, one thing after the other, and says of each whether it is there and, if
//! not, what to do. Changes nothing and links nothing.

mod machine;
mod ready;
mod version;
mod whatsapp;

use crate::StartError;
use crate::cli::{DoctorArgs, LogArgs};
use crate::running;
use crate::settings::{Environment, Settings};
use crate::terminal::say;
use std::fmt::Display;

/// What was found so far.
#[derive(Default)]
struct Report {
    good: usize,
    noted: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    /// It is there.
    fn good(&mut self, what: &str, words: impl Display) {
        self.good += 1;
        line("ok", what, words);
    }

    /// Something should be known about it.
    fn note(&mut self, what: &str, words: impl Display) {
        self.noted += 1;
        line("note", what, words);
    }

    /// It is not there.
    fn bad(&mut self, what: &str, words: impl Display) {
        self.failed += 1;
        line("FAIL", what, words);
    }

    /// It was not looked at.
    fn skip(&mut self, what: &str, why: impl Display) {
        self.skipped += 1;
        line("skip", what, why);
    }
}

fn line(mark: &str, what: &str, words: impl Display) {
    say!("{mark:<5} {what:<10} {words}");
}

/// Looks at everything; the status says whether all is well.
pub(crate) async fn run(
    args: &DoctorArgs,
    log: &LogArgs,
    environment: &Environment,
) -> Result<(), StartError> {
    let mut report = Report::default();
    let settings = read_settings(&mut report, args, log, environment)?;
    if args.ready {
        ready::ask(&mut report, &settings).await;
    } else {
        machine::look(&mut report, &settings).await;
    }
    if args.whatsapp {
        whatsapp::look(&mut report, &settings).await;
    } else {
        report.skip("whatsapp", "the way to WhatsApp is looked at with --whatsapp");
    }
    let Report { good, noted, failed, skipped } = report;
    say!("{good} ok, {noted} to know, {failed} failed, {skipped} not looked at");
    if failed == 0 { Ok(()) } else { Err(StartError::Doctor(failed)) }
}

/// The settings of the gateway; where they can't be used, the defaults, so that the rest can be looked at.
fn read_settings(
    report: &mut Report,
    args: &DoctorArgs,
    log: &LogArgs,
    environment: &Environment,
) -> Result<Settings, StartError> {
    let serve = args.place.serve(args.listen.as_deref());
    let settings = match Settings::load(&serve, log, environment) {
        Ok(settings) => settings,
        Err(error) => {
            report.bad("settings", format_args!("{error}; the rest is looked at with the default settings"));
            return Ok(Settings::without_file(&LogArgs::default(), &Environment::new())?);
        }
    };
    match &args.place.config {
        Some(path) => {
            report.good("settings", format_args!("{} and the environment can be used", path.display()));
        }
        None => report.good("settings", "the defaults and the environment can be used"),
    }
    if let Err(error) = running::check_admin_key(&settings) {
        report.bad("settings", error);
    }
    for doubt in settings.doubts() {
        report.note("settings", doubt);
    }
    for name in &settings.unknown_names {
        report.note(
            "settings",
            format_args!("{name} in the environment is no setting; look for a typing error"),
        );
    }
    Ok(settings)
}
