//! `enlace link`: joins a phone to a session from this terminal. A client of the HTTP API, like any other program: of the
//! gateway that runs already, or of one that it starts for as long as it runs.

mod errand;
mod place;
mod screen;
mod words;

use crate::StartError;
use crate::cli::{LinkArgs, LogArgs};
use crate::life::Signals;
use crate::settings::Environment;
use crate::terminal::{complain, say};
use errand::Errand;
use place::Place;
use screen::Screen;

/// The phone could not be linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A running gateway wants a key.
    #[error(
        "the gateway at {0} runs and wants an API key: give one with --key or ENLACE_KEY; if nobody has one any more, stop \
         it and run `enlace keys reset-admin`"
    )]
    KeyMissing(String),
    /// The folder has an owner that does not listen.
    #[error("{0}; it does not listen yet, or no longer: try again")]
    NotListening(crate::data_dir::DataDirError),
    /// The id can't be one.
    #[error(
        "`{0}` can't be the id of a session: 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit"
    )]
    SessionId(String),
    /// There are several sessions.
    #[error("this gateway has more than one session; say which one with --session")]
    WhichSession,
    /// The gateway answered with a problem.
    #[error("{0}")]
    Refused(String),
    /// The link ended without a linked phone.
    #[error("{0}")]
    Ended(String),
    /// The gateway did not answer, or not as a gateway does.
    #[error("the gateway can't be asked ({0:#}); look whether it runs, and at --url")]
    Client(anyhow::Error),
    /// A signal.
    #[error("interrupted; a link that nobody watches ends by itself within a minute or two")]
    Interrupted,
}

impl From<anyhow::Error> for LinkError {
    fn from(error: anyhow::Error) -> Self {
        Self::Client(error)
    }
}

/// Links, and ends with the link.
pub(crate) async fn run(args: &LinkArgs, log: &LogArgs, environment: &Environment) -> Result<(), StartError> {
    if args.force && !std::env::args_os().any(|argument| argument == "--force") {
        complain(format_args!(
            "enlace: ENLACE_LINK_FORCE is set, so a phone that is linked now is unlinked first; unset it if that is not meant"
        ));
    }
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    let place = tokio::select! {
        place = Place::open(args, log, environment) => place?,
        () = signals.next() => return Ok(()),
    };
    let mut errand = Errand::new(place.api(), args, Screen::of_this_terminal());
    let linked = tokio::select! {
        linked = errand.run() => linked,
        () = signals.next() => Err(LinkError::Interrupted),
    };
    errand.leave_the_screen();
    if let Ok(session) = &linked {
        say!("{session}");
        place.say_how_to_go_on();
    }
    place.close(&mut signals).await;
    Ok(linked.map(drop)?)
}
