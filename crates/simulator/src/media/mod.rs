//! Files that clients and phones exchange: encrypted bytes under a path. Owns their keeping and the HTTPS listener.

pub(crate) mod listener;
mod transfer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use parking_lot::RwLock;
use rand::RngExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::error::SimulatorError;
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::{Network, now_seconds};
use crate::state::records::MediaRecord;

/// Bytes read from the disk at once for a download.
const CHUNK: usize = 64 * 1024;

/// The files of a network.
pub(crate) struct Media {
    folder: Option<PathBuf>,
    files: RwLock<HashMap<String, File>>,
    /// Bytes of all files, with those on their way in.
    bytes: Arc<AtomicU64>,
    limit: u64,
    host: OnceLock<String>,
    ca_pem: OnceLock<String>,
}

#[derive(Clone)]
enum File {
    /// In memory.
    Here(Bytes),
    /// On disk, under its own name.
    Kept(MediaRecord),
}

/// A file on its way in. If it is dropped before it is kept, nothing of it stays.
pub(crate) struct Incoming {
    name: String,
    /// Where it is written; `None` keeps it in memory.
    path: Option<PathBuf>,
    file: Option<tokio::fs::File>,
    memory: BytesMut,
    room: Room,
}

/// Bytes set aside for a file, given back when it is dropped.
struct Room {
    length: u64,
    all: Arc<AtomicU64>,
    limit: u64,
}

impl Room {
    /// Sets more aside, if there is as much left.
    fn grow(&mut self, more: u64) -> Result<(), SimulatorError> {
        let grown = |all: u64| all.checked_add(more).filter(|all| *all <= self.limit);
        let grown = self.all.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown);
        grown.map_err(|_| SimulatorError::MediaFull { max: self.limit })?;
        self.length += more;
        Ok(())
    }

    /// The file is kept for good.
    fn keep(&mut self) {
        self.length = 0;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.fetch_sub(self.length, Ordering::AcqRel);
    }
}

impl Media {
    /// Files of at most `limit` bytes in all, in memory or beneath a folder.
    pub(crate) fn new(folder: Option<&Path>, limit: u64) -> Self {
        Self {
            folder: folder.map(|folder| folder.join("media")),
            files: RwLock::default(),
            bytes: Arc::default(),
            limit,
            host: OnceLock::new(),
            ca_pem: OnceLock::new(),
        }
    }

    /// `host:port` of the listener.
    pub(crate) fn host(&self) -> &str {
        self.host.get().map_or("media.invalid", String::as_str)
    }

    /// The certificate authority clients must trust, PEM.
    pub(crate) fn ca_pem(&self) -> &str {
        self.ca_pem.get().map_or("", String::as_str)
    }

    /// Says where the listener is and whom to trust, once.
    pub(crate) fn listening(&self, host: String, ca_pem: String) {
        drop(self.host.set(host));
        drop(self.ca_pem.set(ca_pem));
    }

    pub(crate) fn restore(&self, rows: Vec<(String, MediaRecord)>) {
        let mut files = self.files.write();
        self.bytes.fetch_add(rows.iter().map(|(_, record)| record.length).sum(), Ordering::AcqRel);
        files.extend(rows.into_iter().map(|(name, record)| (name, File::Kept(record))));
    }

    /// The bytes of a file; blocks on the disk.
    pub(crate) fn read(&self, name: &str) -> Option<Bytes> {
        let file = self.files.read().get(name)?.clone();
        match file {
            File::Here(bytes) => Some(bytes),
            File::Kept(record) => {
                let bytes = std::fs::read(self.folder.as_ref()?.join(name)).ok()?;
                (bytes.len() as u64 == record.length).then(|| bytes.into())
            }
        }
    }

    /// A file as a body, with its length.
    async fn stream(&self, name: &str) -> Option<(u64, Body)> {
        let file = self.files.read().get(name)?.clone();
        match file {
            File::Here(bytes) => Some((bytes.len() as u64, Body::from(bytes))),
            File::Kept(record) => {
                let file = tokio::fs::File::open(self.folder.as_ref()?.join(name)).await.ok()?;
                Some((record.length, Body::from_stream(chunks(file))))
            }
        }
    }

    /// Begins to take a file.
    fn begin(&self) -> Incoming {
        let name = new_name();
        let path = self.folder.as_ref().map(|folder| folder.join(&name));
        Incoming { name, path, file: None, memory: BytesMut::new(), room: self.room() }
    }

    fn room(&self) -> Room {
        Room { length: 0, all: Arc::clone(&self.bytes), limit: self.limit }
    }
}

impl Incoming {
    async fn take(&mut self, chunk: Bytes) -> Result<(), SimulatorError> {
        self.room.grow(chunk.len() as u64)?;
        let Some(path) = &self.path else {
            self.memory.extend_from_slice(&chunk);
            return Ok(());
        };
        let written = Self::write(&mut self.file, path, &chunk).await;
        written.map_err(|source| SimulatorError::Folder { path: path.clone(), source })
    }

    async fn write(file: &mut Option<tokio::fs::File>, path: &Path, chunk: &[u8]) -> std::io::Result<()> {
        if file.is_none()
            && let Some(folder) = path.parent()
        {
            tokio::fs::create_dir_all(folder).await?;
        }
        let file =
            if let Some(file) = file { file } else { file.insert(tokio::fs::File::create(path).await?) };
        file.write_all(chunk).await
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // What was kept has no path any more.
        if let Some(path) = self.path.take().filter(|_| self.file.is_some()) {
            drop(std::fs::remove_file(path));
        }
    }
}

fn chunks(file: tokio::fs::File) -> impl futures::Stream<Item = std::io::Result<Bytes>> {
    use tokio::io::AsyncReadExt as _;
    futures::stream::unfold(file, |mut file| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        match file.read_buf(&mut chunk).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(chunk.freeze()), file)),
            Err(error) => Some((Err(error), file)),
        }
    })
}

fn new_name() -> String {
    format!("{}.enc", hex::encode(rand::rng().random::<[u8; 16]>()))
}

/// The name of a file in its `direct_path`, which may carry a query.
pub(crate) fn name_of(direct_path: &str) -> Option<&str> {
    let path = direct_path.split(['?', '#']).next()?;
    let name = path.rsplit('/').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (!name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(plain))
        .then_some(name)
}

impl Network {
    /// Keeps a file; gives its `direct_path`. Blocks on the disk.
    pub(crate) fn store_media(&self, bytes: Bytes) -> Result<String, SimulatorError> {
        let name = new_name();
        let mut room = self.media.room();
        room.grow(bytes.len() as u64)?;
        let file = match &self.media.folder {
            None => File::Here(bytes),
            Some(folder) => {
                let path = folder.join(&name);
                std::fs::create_dir_all(folder)
                    .and_then(|()| std::fs::write(&path, &bytes))
                    .map_err(|source| SimulatorError::Folder { path, source })?;
                File::Kept(MediaRecord { length: bytes.len() as u64, at: now_seconds() })
            }
        };
        let placed = self.add_media(name, file)?;
        room.keep();
        Ok(placed)
    }

    /// A file has come in whole; gives its `direct_path`.
    async fn finish_media(&self, mut incoming: Incoming) -> Result<String, SimulatorError> {
        let name = incoming.name.clone();
        let file = match &incoming.path {
            None => File::Here(std::mem::take(&mut incoming.memory).freeze()),
            Some(path) => {
                if let Some(file) = &mut incoming.file {
                    let flushed = file.flush().await;
                    flushed.map_err(|source| SimulatorError::Folder { path: path.clone(), source })?;
                }
                File::Kept(MediaRecord { length: incoming.room.length, at: now_seconds() })
            }
        };
        let placed = self.add_media(name, file)?;
        incoming.room.keep();
        incoming.path = None;
        Ok(placed)
    }

    fn add_media(&self, name: String, file: File) -> Result<String, SimulatorError> {
        if let File::Kept(record) = &file {
            let mut batch = Batch::new();
            batch.put(Table::Media, &Key::text(&name), record);
            self.journal.write(&batch)?;
        }
        let path = format!("/v/t62.7118-24/{name}?ccb=11-4&oe=7FFFFFFF&_nc_sid=5e03e0");
        self.media.files.write().insert(name, file);
        Ok(path)
    }
}
