//! The machine: folder, disk, clock, port, and a simulator elsewhere.

use super::Report;
use crate::client::Api;
use crate::data_dir::{DataDir, DataDirError};
use crate::network::Simulated;
use crate::running::{self, DATABASE, MASTER_KEY_FILE, RunningError};
use crate::settings::{Settings, SimulatorMode};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// A disk that takes longer than this for one durable write makes every message wait for it.
const SLOW: Duration = Duration::from_millis(50);
const WRITES: usize = 25;

pub(super) async fn look(report: &mut Report, settings: &Settings) {
    let owner = folder(report, settings);
    master_key(report, settings);
    clock(report);
    disk(report, &settings.server.data_dir);
    port(report, settings, owner).await;
    if matches!(settings.simulator.mode, SimulatorMode::Url(_)) {
        match Simulated::open(&settings.simulator, &settings.server.data_dir).await {
            Ok(_) => report.good("simulator", "it answers"),
            Err(error) => report.bad("simulator", crate::sentence(&error)),
        }
    }
}

/// Answers with the address of the gateway that owns the folder.
fn folder(report: &mut Report, settings: &Settings) -> Option<String> {
    let path = &settings.server.data_dir;
    match DataDir::open_existing(path) {
        Ok(_) => {
            report.good("folder", format_args!("{} can be used and nobody else uses it", path.display()));
        }
        Err(DataDirError::Missing(_)) => new_folder(report, path),
        Err(DataDirError::InUse { url, .. }) => {
            report.good("folder", format_args!("{} is in use by a gateway that runs", path.display()));
            return url;
        }
        Err(error) => report.bad("folder", crate::sentence(&error)),
    }
    let open_to_others = std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0);
    if open_to_others {
        report.note(
            "folder",
            format_args!(
                "other users of this machine can look into {}, and what is in it is the links themselves: chmod 700",
                path.display()
            ),
        );
    }
    None
}

/// The folder is made at the first start, if that can be.
fn new_folder(report: &mut Report, path: &Path) {
    match tempfile::tempdir_in(nearest(path, Path::exists)) {
        Ok(_) if path.is_dir() => report.good("folder", format_args!("{} can be used", path.display())),
        Ok(_) => report.good("folder", format_args!("{} is made at the first start", path.display())),
        Err(source) => {
            report
                .bad("folder", crate::sentence(&DataDirError::NotWritable { path: path.to_owned(), source }));
        }
    }
}

fn master_key(report: &mut Report, settings: &Settings) {
    let folder = &settings.server.data_dir;
    let (file, given) = (folder.join(MASTER_KEY_FILE), &settings.server.master_key_file);
    if settings.secrets.master_key.is_some() {
        report.good("master key", "ENLACE_MASTER_KEY");
    } else if !given.as_os_str().is_empty() {
        match File::open(given) {
            Ok(_) => report.good("master key", given.display()),
            Err(source) => {
                let error = RunningError::MasterKeyFile { path: given.clone(), source };
                report.bad("master key", crate::sentence(&error));
            }
        }
    } else if file.exists() {
        let words = "; keep a copy of it apart from the database";
        report.good("master key", format_args!("{}{words}", file.display()));
    } else if folder.join(DATABASE).exists() {
        report.bad("master key", RunningError::MasterKeyMissing(file));
    } else {
        report.good("master key", "one is made at the first start");
    }
}

/// Without a network the only witness is this program's own file, which can't be from the future.
fn clock(report: &mut Report) {
    let now = SystemTime::now();
    let built = std::env::current_exe().and_then(|path| path.metadata()?.modified());
    match built {
        Ok(built) if built > now + Duration::from_mins(1) => report.bad(
            "clock",
            "the machine's clock is behind the date of this very program: WhatsApp refuses clients whose clock is wrong; set \
             it, and let it be kept by NTP",
        ),
        _ => report.good("clock", format_args!("{}", humane(now))),
    }
}

fn humane(now: SystemTime) -> String {
    let now: enlace_domain::clock::Timestamp = now.into();
    format!("it says {}", enlace_domain::clock::millis::format(&now))
}

/// How long one durable write takes, where the database lies or will lie.
fn disk(report: &mut Report, folder: &Path) {
    match measure(nearest(folder, Path::is_dir)) {
        Ok(median) if median > SLOW => report.bad(
            "disk",
            format_args!(
                "one durable write takes {} ms, and every message waits for one: put the data folder on a local disk",
                median.as_millis()
            ),
        ),
        Ok(median) => {
            report.good("disk", format_args!("one durable write takes {:.1} ms", median.as_secs_f64() * 1e3));
        }
        Err(error) => report.bad(
            "disk",
            format_args!("nothing can be written there ({error}); make room, or choose another folder with --data-dir"),
        ),
    }
}

/// The place itself, or the nearest one above it that passes.
fn nearest(place: &Path, passes: impl Fn(&Path) -> bool) -> &Path {
    let mut above = place.ancestors().filter(|place| !place.as_os_str().is_empty());
    above.find(|place| passes(place)).unwrap_or(Path::new("."))
}

fn measure(place: &Path) -> io::Result<Duration> {
    let mut file = tempfile::tempfile_in(place)?;
    let block = [7_u8; 4096];
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let begun = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times[WRITES / 2])
}

/// `owner`: the gateway that runs on this folder, which may be the one that has the port.
async fn port(report: &mut Report, settings: &Settings, owner: Option<String>) {
    if let Some(url) = owner {
        let ready = async { Api::new(&url, None)?.get("/readyz").await?.expect_status(200) };
        match ready.await {
            Ok(_) => report.good("port", format_args!("the gateway that runs answers at {url}")),
            Err(error) => report.bad(
                "port",
                format_args!("the gateway that runs does not answer at {url} ({error:#}); look at its log"),
            ),
        }
        return;
    }
    match running::listen(&settings.server.listen).await {
        Ok(_) => report.good("port", format_args!("{} is free", settings.server.listen)),
        Err(error) => report.bad("port", crate::sentence(&error)),
    }
}
