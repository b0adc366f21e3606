//! The connect limit of the network `whatsapp`, measured on the binary as it is shipped: many sessions dial at once, and
//! whoever listens where WhatsApp would be counts the dials and hangs up. Each session dials again a few times, so the
//! crowd is larger than its sessions. They want to be linked: a session that logs in needs the real WhatsApp, and waits
//! in the same bucket, behind those that link.

use crate::figure::Figure;
use crate::process::Process;
use crate::say;
use crate::storm::{count, most_in_a_second};
use anyhow::{Context, Result};
use enlace_gateway::client::Api;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Requests under way at the same time.
const AT_ONCE: usize = 64;
/// The limit under which every session gets its turn within the run: the default one takes minutes for a thousand.
const FASTER: Limit = Limit { per_second: 50.0, burst: 5.0 };
/// Dials keep to the rate on average only; this much is left to chance.
const CHANCE: f64 = 1.2;
/// For how long the default limit is watched.
const DEFAULT_FOR: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Dials a second on average, and at once after a rest.
#[derive(Clone, Copy)]
struct Limit {
    per_second: f64,
    burst: f64,
}

impl Limit {
    /// Seconds until so many have dialled.
    fn seconds_for(self, dials: usize) -> f64 {
        (count(dials) - self.burst).max(0.0) / self.per_second
    }
}

/// Both limits: one that lets all have their turn, and the default.
pub(crate) async fn measure(binary: &Path, sessions: usize) -> Result<Vec<Figure>> {
    let default = default_limit(binary).await?;
    let faster = FASTER.per_second.to_string();
    let settings = [("ENLACE_WHATSAPP_CONNECTS_PER_SECOND", faster.as_str())];
    let dials = crowd(binary, sessions, &settings, Until::Dials(sessions)).await?;
    let mut figures = keeps_to(FASTER, sessions, &dials);

    let longest = Duration::from_secs_f64(default.seconds_for(sessions)).min(DEFAULT_FOR);
    let dials = crowd(binary, sessions, &[], Until::Passed(longest)).await?;
    let seconds = longest.as_secs_f64();
    let Limit { per_second, burst } = default;
    let note = format!("default limit: {per_second} a second and {burst} at once, a fifth left to chance");
    let most = (per_second * seconds + burst) * CHANCE;
    let what = format!("{sessions} sessions dial at once, default limit: dials in {seconds:.0} s");
    figures.push(Figure::at_most(what, count(dials.len()), most.round(), "dials").because(note));
    let what =
        format!("{sessions} sessions back, after a start or a storm, with the default limit: computed");
    figures.push(
        Figure::told(what, default.seconds_for(sessions), "s")
            .because("the formula of the row measured above"),
    );
    Ok(figures)
}

fn keeps_to(limit: Limit, sessions: usize, dials: &[f64]) -> Vec<Figure> {
    let Limit { per_second, burst } = limit;
    // Some dial again before others had their first turn; the limit counts dials.
    let last = dials.get(sessions - 1).copied().unwrap_or(f64::NAN);
    let (densest, computed) = (most_in_a_second(dials), limit.seconds_for(sessions));
    say(&format!(
        "  {sessions} dials in {last:.2} s ({computed:.2} s by the limit), at most {densest} in one second"
    ));
    let what =
        format!("{sessions} sessions dial at once, limit {per_second} a second: until dial {sessions}");
    vec![
        Figure::told(what, last, "s")
            .because(format!("{computed:.2} s by the limit: ({sessions} − {burst}) / {per_second}")),
        Figure::at_most(
            "most dials in any one second of it",
            count(densest),
            (per_second + burst) * CHANCE,
            "dials",
        )
        .because(format!(
            "{per_second} and {burst} at once, a fifth left to chance: intervals are irregular"
        )),
    ]
}

/// When to stop watching a crowd.
enum Until {
    Dials(usize),
    Passed(Duration),
}

/// Lets a crowd dial; gives the moments of their dials, in seconds after the first.
async fn crowd(binary: &Path, sessions: usize, settings: &[(&str, &str)], until: Until) -> Result<Vec<f64>> {
    let (door, folder) = (Door::open().await?, tempfile::tempdir()?);
    let mut environment =
        vec![("ENLACE_WHATSAPP_URL", door.url.as_str()), ("ENLACE_WHATSAPP_VERSION_URL", "")];
    environment.extend_from_slice(settings);
    let path = folder.path().to_string_lossy().into_owned();
    let gateway = Process::start_with(binary, &["serve", "--data-dir", &path], &environment).await?;
    let api = gateway.api()?;
    all(sessions, |id| create(&api, id)).await?;
    let asking = all(sessions, |id| ask(&api, id));
    let (asked, dials) = tokio::join!(asking, door.watch(until));
    asked?;
    gateway.stop().await?;
    dials
}

async fn all<F: Future<Output = Result<()>>>(sessions: usize, act: impl Fn(String) -> F) -> Result<()> {
    let ids = stream::iter((0..sessions).map(|number| format!("crowd-{number}")));
    ids.map(act).buffer_unordered(AT_ONCE).try_collect().await
}

async fn create(api: &Api, id: String) -> Result<()> {
    api.post("/v1/sessions", &json!({ "id": id, "network": "whatsapp" })).await?.expect_status(201)?;
    Ok(())
}

/// The link goes on when the asker leaves.
async fn ask(api: &Api, id: String) -> Result<()> {
    let ask = json!({ "method": "qr", "wait": 0 });
    api.post(&format!("/v1/sessions/{id}/link"), &ask).await?.expect_status(504)?;
    Ok(())
}

/// The limit that the binary has when nobody says otherwise.
async fn default_limit(binary: &Path) -> Result<Limit> {
    let printed = tokio::process::Command::new(binary).args(["serve", "--print-config"]).output().await?;
    let text = String::from_utf8(printed.stdout).context("the default settings are no text")?;
    let number = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
        line.and_then(|value| value.trim().parse::<f64>().ok())
            .with_context(|| format!("no default of {key}"))
    };
    Ok(Limit { per_second: number("connects_per_second")?, burst: number("connects_burst")? })
}

/// Where WhatsApp would be. Dropping it closes it.
struct Door {
    url: String,
    dials: Arc<Mutex<Vec<Instant>>>,
    task: JoinHandle<()>,
}

impl Door {
    async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("ws://{}/ws/chat", listener.local_addr()?);
        let dials = Arc::<Mutex<Vec<Instant>>>::default();
        let kept = Arc::clone(&dials);
        let task = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                kept.lock().await.push(Instant::now());
            }
        });
        Ok(Self { url, dials, task })
    }

    async fn watch(&self, until: Until) -> Result<Vec<f64>> {
        // Long enough for three times as many as are waited for.
        let patience = match until {
            Until::Dials(dials) => Duration::from_secs_f64(30.0 + 3.0 * FASTER.seconds_for(dials)),
            Until::Passed(time) => time + Duration::from_secs(30),
        };
        let deadline = Instant::now() + patience;
        loop {
            let dials = self.dials.lock().await.clone();
            let passed = dials.first().map(Instant::elapsed).unwrap_or_default();
            let enough = match until {
                Until::Dials(wanted) => dials.len() >= wanted,
                Until::Passed(time) => passed >= time && !dials.is_empty(),
            };
            if enough {
                return Ok(dials.iter().map(|at| (*at - dials[0]).as_secs_f64()).collect());
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "only {} dials in {} s",
                dials.len(),
                patience.as_secs()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}
