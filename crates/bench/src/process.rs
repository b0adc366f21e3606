//! The binary as a process: started on loopback, watched from outside.

use crate::figure::Figure;
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::{Api, Phones};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The admin key of every gateway measured; it lives for the bench only, on loopback.
const KEY: &str = "be0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0cbe0c";
/// Errors of ours. The library that speaks WhatsApp calls every failed dial one, and here they are meant to fail.
const LOG: &str = "error,enlace_engine::log_filter=off";
const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// A running process of the binary.
pub(crate) struct Process {
    child: Child,
    /// Base address.
    pub(crate) url: String,
}

/// The size of the binary.
pub(crate) fn size(binary: &Path) -> Result<Figure> {
    #[expect(clippy::cast_precision_loss, reason = "a file of some megabytes")]
    let megabytes = std::fs::metadata(binary)?.len() as f64 / 1e6;
    Ok(Figure::at_most("binary", megabytes, 40.0, "MB"))
}

impl Process {
    /// Starts the binary and waits for the line that names its address.
    pub(crate) async fn start(binary: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start_with(binary, arguments, &[]).await
    }

    /// The same with settings in its environment.
    pub(crate) async fn start_with(
        binary: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        Self::spawn(Command::new(binary), arguments, environment).await
    }

    /// The same on one core; needs `taskset`, which Linux systems have.
    pub(crate) async fn start_on_one_core(binary: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(binary);
        Self::spawn(command, arguments, &[]).await
    }

    async fn spawn(mut command: Command, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let mut child = command
            .args(arguments)
            .args(["--listen", "127.0.0.1:0", "--log", LOG])
            .env("ENLACE_ADMIN_KEY", KEY)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the binary can't be started; build it with `cargo build --release`")?;
        let mut lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
        let url = timeout(STARTS_WITHIN, async {
            while let Some(line) = lines.next_line().await? {
                let address = line.split_whitespace().last().filter(|word| word.starts_with("http://"));
                if let Some(address) = address.filter(|_| line.contains(" on http://")) {
                    return Ok(address.to_owned());
                }
            }
            anyhow::bail!("the process ended before it listened")
        })
        .await
        .context("the process did not listen in time")??;
        // Nobody reads on; the pipe must stay open and drained.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url })
    }

    /// The API of a gateway.
    pub(crate) fn api(&self) -> Result<Api> {
        Api::new(&self.url, Some(KEY))
    }

    /// The phones of a simulated network.
    pub(crate) fn phones(&self) -> Result<Phones> {
        Phones::new(&self.url)
    }

    /// Resident memory, in MB.
    pub(crate) fn memory(&self) -> Result<f64> {
        let pid = self.child.id().context("the process is gone")?;
        let status =
            std::fs::read_to_string(format!("/proc/{pid}/status")).context("memory is read from /proc")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1_024.0 / 1e6)
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().context("the process is gone")?.to_string();
        let done = std::process::Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(done.success(), "kill -TERM");
        timeout(STARTS_WITHIN, self.child.wait()).await.context("the process did not end in time")??;
        Ok(())
    }
}

/// From the start of a gateway to its first `/readyz`, in milliseconds.
pub(crate) async fn time_to_ready(binary: &Path, arguments: &[&str]) -> Result<(Process, f64)> {
    let began = Instant::now();
    let process = Process::start(binary, arguments).await?;
    process.api()?.get("/readyz").await?.expect_status(200)?;
    Ok((process, began.elapsed().as_secs_f64() * 1_000.0))
}
