//! The command line: commands, flags and their environment names.

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A self-hosted WhatsApp gateway: link numbers, then send, receive and watch over HTTP and server-sent events.
#[derive(Debug, Parser)]
#[command(
    name = "enlace",
    version,
    propagate_version = true,
    after_help = "Enlace speaks WhatsApp's own companion protocol as an unofficial client; WhatsApp may restrict numbers that \
                  use one. Try everything on the simulated network first: `enlace demo`."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// How to log; valid for every command.
#[derive(Args, Clone, Debug, Default)]
pub struct LogArgs {
    /// What to log: error, warn, info, debug, trace, or directives as `info,enlace_sessions=debug` [default: info]
    #[arg(long = "log", global = true, value_name = "FILTER", env = "ENLACE_LOG_FILTER")]
    pub filter: Option<String>,
    /// How to log, on standard error: text or json [default: text]
    #[arg(long = "log-format", global = true, value_name = "FORMAT", env = "ENLACE_LOG_FORMAT")]
    pub format: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway
    Serve(ServeArgs),
    /// Link two numbers on a simulated network and send texts, step by step in this terminal; nothing is kept
    Demo(DemoArgs),
    /// Link a phone: show a QR or a pairing code in this terminal until the session is online
    Link(LinkArgs),
    /// Check the settings, the folder, the clock and the port, and with --whatsapp the way to WhatsApp
    Doctor(DoctorArgs),
    /// Run a simulated WhatsApp network by itself, for gateways started with `serve --simulator=URL`
    Simulator(SimulatorArgs),
    /// Manage API keys without a running gateway
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the OpenAPI 3.1 document of the API
    Openapi,
    /// Print the completion script of a shell, e.g. for `source <(enlace completions bash)`
    Completions(CompletionsArgs),
    /// Print the reference of settings, flags and environment names in Markdown
    #[command(hide = true)]
    Reference,
    /// Print every problem code and reason with its cause and what to do, in Markdown
    #[command(hide = true)]
    Troubleshooting,
}

/// `enlace serve`.
#[derive(Args, Debug, Default)]
pub struct ServeArgs {
    /// Its settings and its folder
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Where the API listens; port 0 takes a free one [default: 127.0.0.1:7700]
    #[arg(long, value_name = "ADDR", env = "ENLACE_LISTEN")]
    pub listen: Option<String>,
    /// Print the default settings with their comments, and end
    #[arg(long)]
    pub print_config: bool,
}

/// `enlace link`.
#[derive(Args, Debug, Default)]
pub struct LinkArgs {
    /// Which session; made when the gateway has none of this name [default: its only session, or a new one `default`]
    #[arg(long, value_name = "ID", env = "ENLACE_LINK_SESSION")]
    pub session: Option<String>,
    /// Link by pairing code: the phone's number in international form [default: by QR]
    #[arg(long, value_name = "PHONE", env = "ENLACE_LINK_CODE")]
    pub code: Option<String>,
    /// Unlink a linked session first
    #[arg(long, env = "ENLACE_LINK_FORCE", action = ArgAction::SetTrue, value_parser = yes_or_no)]
    pub force: bool,
    /// Refuse a phone that is not this number
    #[arg(long, value_name = "PHONE", env = "ENLACE_LINK_EXPECT_PHONE")]
    pub expect_phone: Option<String>,
    /// The gateway to talk to [default: the one that uses the data directory; when there is none, one of its own for
    /// as long as this runs]
    #[arg(long, value_name = "URL", env = "ENLACE_URL")]
    pub url: Option<String>,
    /// An API key of that gateway with the scopes read and link, and manage to make a session [default: ENLACE_ADMIN_KEY,
    /// but never for --url]. Other users of this machine see flags: rather use the environment
    #[arg(long, value_name = "KEY", env = "ENLACE_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Which gateway it is, or would be
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Which settings and folder a command is about.
#[derive(Args, Clone, Debug, Default)]
pub struct PlaceArgs {
    /// A TOML file with settings; `enlace serve --print-config` shows all
    #[arg(long, value_name = "FILE", env = "ENLACE_CONFIG")]
    pub config: Option<PathBuf>,
    /// The folder of everything that is kept [default: ./enlace-data]
    #[arg(long, value_name = "DIR", env = "ENLACE_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Use a simulated WhatsApp network: one inside this process, or the `enlace simulator` at URL. New sessions then
    /// join it unless they say otherwise [default: off]
    #[arg(
        long,
        value_name = "URL",
        env = "ENLACE_SIMULATOR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "embedded"
    )]
    pub simulator: Option<String>,
}

impl PlaceArgs {
    /// The same as arguments of `enlace serve`, listening somewhere else.
    pub fn serve(&self, listen: Option<&str>) -> ServeArgs {
        ServeArgs { place: self.clone(), listen: listen.map(str::to_owned), print_config: false }
    }
}

/// `enlace doctor`.
#[derive(Args, Debug, Default)]
pub struct DoctorArgs {
    /// Also walk the way to WhatsApp: name, socket, TLS, version, WebSocket, and the handshake with WhatsApp's
    /// certificate. Nothing is linked
    #[arg(long, env = "ENLACE_DOCTOR_WHATSAPP", action = ArgAction::SetTrue, value_parser = yes_or_no)]
    pub whatsapp: bool,
    /// Only ask whether the gateway that runs on the folder, or where the API would listen, serves; writes nothing. For
    /// health checks
    #[arg(long, env = "ENLACE_DOCTOR_READY", action = ArgAction::SetTrue, value_parser = yes_or_no)]
    pub ready: bool,
    /// Where the API would listen [default: 127.0.0.1:7700]
    #[arg(long, value_name = "ADDR", env = "ENLACE_LISTEN")]
    pub listen: Option<String>,
    /// Which gateway it is about
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// `enlace completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `enlace demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// End after the last step, with status 0 only if every step happened; else keep serving until Ctrl-C
    #[arg(long, env = "ENLACE_DEMO_EXIT", action = ArgAction::SetTrue, value_parser = yes_or_no)]
    pub exit: bool,
}

/// `enlace simulator`.
#[derive(Args, Debug)]
pub struct SimulatorArgs {
    /// Where the WebSocket door and the control API listen
    #[arg(long, value_name = "ADDR", env = "ENLACE_LISTEN", default_value = "127.0.0.1:7701")]
    pub listen: String,
    /// Where media are served (HTTPS); port 0 takes a free one, kept in the folder
    #[arg(long, value_name = "ADDR", env = "ENLACE_SIMULATOR_MEDIA_LISTEN", default_value = "127.0.0.1:0")]
    pub media_listen: SocketAddr,
    /// The folder of everything that is kept; its subfolder `simulator` is the network
    #[arg(long, value_name = "DIR", env = "ENLACE_DATA_DIR", default_value = "./enlace-data")]
    pub data_dir: PathBuf,
    /// Divides every wait of the network: 10 is ten times faster
    #[arg(long, value_name = "N", env = "ENLACE_SIMULATOR_SPEED", default_value_t = 1.0)]
    pub speed: f64,
}

/// `enlace keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a new admin key, print it once and revoke every earlier admin key; the gateway must not be running
    ResetAdmin(KeysArgs),
    /// List all keys, without their text; the gateway must not be running
    List(KeysArgs),
}

/// `enlace keys …`.
#[derive(Args, Debug)]
pub struct KeysArgs {
    /// The gateway's folder
    #[arg(long, value_name = "DIR", env = "ENLACE_DATA_DIR", default_value = "./enlace-data")]
    pub data_dir: PathBuf,
}

/// What the environment says of a flag that takes no value. A word that is neither is refused: it might be meant as either.
fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("it is one of 1, true, yes, on, 0, false, no, off, or empty".to_owned()),
    }
}

/// Every environment name that a flag of any command has.
pub fn environment_names() -> BTreeSet<String> {
    fn collect(command: &clap::Command, names: &mut BTreeSet<String>) {
        let of_flags = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
        names.extend(of_flags.map(str::to_owned));
        command.get_subcommands().for_each(|inner| collect(inner, names));
    }
    let mut names = BTreeSet::new();
    collect(&Cli::command(), &mut names);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(arguments: &[&str]) -> ServeArgs {
        let all = ["enlace", "serve"].iter().chain(arguments);
        match Cli::try_parse_from(all).unwrap().command {
            Command::Serve(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_simulator_flag_takes_a_url_or_nothing() {
        assert_eq!(serve(&[]).place.simulator, None);
        assert_eq!(serve(&["--simulator"]).place.simulator.as_deref(), Some("embedded"));
        assert_eq!(
            serve(&["--simulator=http://127.0.0.1:7701"]).place.simulator.as_deref(),
            Some("http://127.0.0.1:7701")
        );
    }

    /// Fails when a name of the environment that says no is taken for yes, or cannot say it.
    #[test]
    fn a_flag_in_the_environment_says_yes_or_no_in_any_usual_way() {
        for (text, said) in
            [("1", true), ("True", true), ("yes", true), ("on", true), (" ", false), ("0", false)]
        {
            assert_eq!(yes_or_no(text), Ok(said), "{text:?}");
        }
        for text in ["false", "no", "off", ""] {
            assert_eq!(yes_or_no(text), Ok(false), "{text:?}");
        }
        assert!(yes_or_no("perhaps").is_err());
        let Command::Link(link) = Cli::try_parse_from(["enlace", "link", "--force"]).unwrap().command else {
            panic!("another command");
        };
        assert!(link.force);
    }

    #[test]
    fn every_value_flag_has_an_environment_name() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                // What prints and ends, and what stands in its place and not behind a flag.
                if !["help", "version", "print_config", "shell"].contains(&name) {
                    let env = argument.get_env().and_then(|e| e.to_str());
                    assert!(env.is_some_and(|e| e.starts_with("ENLACE_")), "{} {name}", command.get_name());
                }
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
