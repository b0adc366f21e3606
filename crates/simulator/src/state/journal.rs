//! The append-only journal of a network. Owns group commit, the lock on the folder and the change to a new segment.
//!
//! A caller appends a batch while it holds the lock of the rows it changed (so entries lie in the order of the changes),
//! lets go of that lock, and commits. Callers that commit at the same time share one `write(2)`. When [`Journal::commit`]
//! returns, the bytes are with the operating system: killing the process (`kill -9`) loses nothing. They are not forced
//! to the disk (`fsync`), so a power cut may lose the last moments; a simulated network accepts that.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Mutex, RwLock};

use super::batch::Batch;
use super::compact;
use super::file::{FileKind, Oversize, write_entry};
use super::folder::{journal_path, private, snapshot_bytes};
use crate::error::SimulatorError;

/// Where a batch ends in the journal; see [`Journal::commit`].
#[derive(Debug, Clone, Copy)]
#[must_use = "what is appended is only kept after `commit`"]
pub(crate) enum Ticket {
    /// In line, up to here.
    At(u64),
    /// The batch is larger than an entry can be, and was not put in line.
    Refused(Oversize),
}

/// The journal, or nothing for a network that lives in memory.
pub(crate) struct Journal {
    disk: RwLock<Option<Disk>>,
    closed: AtomicBool,
    failed: AtomicBool,
}

struct Disk {
    folder: PathBuf,
    /// Held for its lock.
    _lock: File,
    waiting: Mutex<Waiting>,
    segment: Mutex<Segment>,
    written: AtomicU64,
    limit: u64,
    /// Bytes of the newest snapshot: folding it again is worth it only for as much journal.
    snapshot_bytes: Arc<AtomicU64>,
    compacting: Arc<AtomicBool>,
    /// The thread that folds; the folder stays ours until it ended.
    folder_thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Some(thread) = self.folder_thread.get_mut().take() {
            drop(thread.join());
        }
    }
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    end: u64,
}

struct Segment {
    file: File,
    index: u64,
    length: u64,
}

impl Journal {
    pub(crate) fn in_memory() -> Self {
        Self { disk: RwLock::new(None), closed: AtomicBool::new(false), failed: AtomicBool::new(false) }
    }

    /// Opens segment `index` of a folder whose lock is already held.
    pub(crate) fn on_disk(folder: &Path, lock: File, index: u64, limit: u64) -> Result<Self, SimulatorError> {
        let segment = open_segment(folder, index)?;
        Ok(Self {
            disk: RwLock::new(Some(Disk {
                folder: folder.to_owned(),
                _lock: lock,
                waiting: Mutex::new(Waiting::default()),
                segment: Mutex::new(segment),
                written: AtomicU64::new(0),
                limit,
                snapshot_bytes: Arc::new(AtomicU64::new(snapshot_bytes(folder, index))),
                compacting: Arc::new(AtomicBool::new(false)),
                folder_thread: Mutex::new(None),
            })),
            closed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        })
    }

    /// Puts a batch in line. Call it while holding the lock of the rows it changes. A batch that could not be read back is
    /// refused, as `commit` then says.
    pub(crate) fn append(&self, batch: &Batch) -> Ticket {
        let disk = self.disk.read();
        let Some(disk) = &*disk else { return Ticket::At(0) };
        let mut waiting = disk.waiting.lock();
        if !batch.is_empty() {
            let before = waiting.bytes.len();
            if let Err(oversize) = write_entry(&mut waiting.bytes, batch.bytes()) {
                tracing::error!(error = %SimulatorError::from(oversize), "a change is not kept");
                return Ticket::Refused(oversize);
            }
            waiting.end += (waiting.bytes.len() - before) as u64;
        }
        Ticket::At(waiting.end)
    }

    /// Returns once everything up to the ticket is written.
    pub(crate) fn commit(&self, ticket: Ticket) -> Result<(), SimulatorError> {
        let ticket = match ticket {
            Ticket::At(end) => end,
            Ticket::Refused(oversize) => return Err(oversize.into()),
        };
        if self.closed.load(Ordering::Acquire) {
            return Err(SimulatorError::ShuttingDown);
        }
        let disk = self.disk.read();
        let Some(disk) = &*disk else { return Ok(()) };
        if self.failed.load(Ordering::Acquire) {
            return Err(SimulatorError::Journal("an earlier write failed".to_owned()));
        }
        if disk.written.load(Ordering::Acquire) >= ticket {
            return Ok(());
        }
        let mut segment = disk.segment.lock();
        if disk.written.load(Ordering::Acquire) >= ticket {
            return Ok(());
        }
        let (bytes, end) = {
            let mut waiting = disk.waiting.lock();
            (std::mem::take(&mut waiting.bytes), waiting.end)
        };
        if let Err(error) = segment.file.write_all(&bytes) {
            self.failed.store(true, Ordering::Release);
            tracing::error!(%error, "the simulator's journal could not be written");
            return Err(SimulatorError::Journal(error.to_string()));
        }
        segment.length += bytes.len() as u64;
        disk.written.store(end, Ordering::Release);
        if segment.length > disk.limit.max(disk.snapshot_bytes.load(Ordering::Relaxed)) {
            disk.rotate(&mut segment);
        }
        Ok(())
    }

    /// Writes what is in line, gives the folder back, and refuses everything after.
    pub(crate) fn close(&self) {
        let last = self.append(&Batch::new());
        if let Err(error) = self.commit(last) {
            tracing::warn!(%error, "the simulator's journal could not be finished");
        }
        self.closed.store(true, Ordering::Release);
        drop(self.disk.write().take());
    }

    /// Appends and commits at once.
    pub(crate) fn write(&self, batch: &Batch) -> Result<(), SimulatorError> {
        let ticket = self.append(batch);
        self.commit(ticket)
    }
}

impl Disk {
    /// Goes on in a new segment, and folds the old one into a new snapshot on a thread of its own.
    fn rotate(&self, segment: &mut Segment) {
        if self.compacting.swap(true, Ordering::AcqRel) {
            return;
        }
        let finished = segment.index;
        match open_segment(&self.folder, finished + 1) {
            Ok(next) => *segment = next,
            Err(error) => {
                tracing::warn!(%error, "the simulator goes on in its old journal");
                self.compacting.store(false, Ordering::Release);
                return;
            }
        }
        let folder = self.folder.clone();
        let compacting = Arc::clone(&self.compacting);
        let folded_bytes = Arc::clone(&self.snapshot_bytes);
        let thread = std::thread::spawn(move || {
            if let Err(error) = compact::fold(&folder, finished) {
                tracing::warn!(%error, "the simulator's snapshot could not be renewed; its journal is kept");
            }
            folded_bytes.store(snapshot_bytes(&folder, finished + 1), Ordering::Relaxed);
            compacting.store(false, Ordering::Release);
        });
        *self.folder_thread.lock() = Some(thread);
    }
}

fn open_segment(folder: &Path, index: u64) -> Result<Segment, SimulatorError> {
    let path = journal_path(folder, index);
    let folder_error = |source| SimulatorError::Folder { path: path.clone(), source };
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    private(&mut options);
    let mut file = options.open(&path).map_err(folder_error)?;
    let mut length = file.metadata().map_err(folder_error)?.len();
    if length == 0 {
        file.write_all(&FileKind::Journal.header()).map_err(folder_error)?;
        length = FileKind::Journal.header().len() as u64;
    }
    Ok(Segment { file, index, length })
}
