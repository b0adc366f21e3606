//! The data directory: one process owns it at a time.
//!
//! Ownership is a lock on `enlace.lock` that the system drops with the process, however it ends. What the file says
//! (process id, address) only helps people and programs to find the owner; it proves nothing.

use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const LOCK: &str = "enlace.lock";

/// A data directory that this process owns until the value is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
}

/// Who owns a data directory, as its lock file says.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Owner {
    pid: u32,
    /// Base address of its API, once it listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// A data directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process owns it.
    #[error(
        "the data directory {} is in use by another Enlace{owner}; stop that one, or give this one a folder of its own \
         with --data-dir",
        path.display()
    )]
    InUse {
        /// Which folder.
        path: PathBuf,
        /// What is known of the owner, with a leading space.
        owner: String,
        /// Where the owner's API is, once it listens.
        url: Option<String>,
    },
    /// It can't be made or written.
    #[error(
        "the data directory {} can't be written; give the user that runs Enlace the right to, or choose \
         another folder with --data-dir",
        path.display()
    )]
    NotWritable {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is none where one is expected.
    #[error("there is no data directory of a gateway at {}; name the folder that `enlace serve` uses with --data-dir", .0.display())]
    Missing(PathBuf),
}

impl DataDir {
    /// Takes ownership of a folder; makes it when it is missing.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let not_writable = |source| DataDirError::NotWritable { path: path.to_owned(), source };
        // What is in it is the links themselves: nobody else reads it.
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(not_writable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(not_writable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let owner = read_owner(&mut lock);
                let (words, url) = (owner.describe(), owner.url);
                return Err(DataDirError::InUse { path: path.to_owned(), owner: words, url });
            }
            Err(TryLockError::Error(source)) => return Err(not_writable(source)),
        }
        let mut opened = Self { path: path.to_owned(), lock };
        opened.write_owner(None).map_err(not_writable)?;
        Ok(opened)
    }

    /// The same for a folder that a gateway has used before.
    pub fn open_existing(path: &Path) -> Result<Self, DataDirError> {
        if !path.join(LOCK).is_file() {
            return Err(DataDirError::Missing(path.to_owned()));
        }
        Self::open(path)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down where this process listens, for whoever finds the folder taken.
    pub fn announce(&mut self, url: &str) -> Result<(), DataDirError> {
        self.write_owner(Some(url.to_owned()))
            .map_err(|source| DataDirError::NotWritable { path: self.path.clone(), source })
    }

    fn write_owner(&mut self, url: Option<String>) -> io::Result<()> {
        let mut text = serde_json::to_vec(&Owner { pid: std::process::id(), url })?;
        text.push(b'\n');
        self.lock.set_len(0)?;
        self.lock.seek(SeekFrom::Start(0))?;
        self.lock.write_all(&text)
    }
}

/// Where the gateway on a folder said that it listens, also when it is gone by now. Takes no lock.
pub(crate) fn announced(path: &Path) -> Option<String> {
    read_owner(&mut File::open(path.join(LOCK)).ok()?).url
}

fn read_owner(lock: &mut File) -> Owner {
    let mut text = String::new();
    match lock.read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Owner::default(),
    }
}

impl Owner {
    fn describe(&self) -> String {
        match self {
            Self { pid: 0, .. } => String::new(),
            Self { pid, url: Some(url) } => format!(" (process {pid}, {url})"),
            Self { pid, url: None } => format!(" (process {pid})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_and_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = DataDir::open(folder.path()).unwrap();
        first.announce("http://127.0.0.1:7700").unwrap();
        let error = DataDir::open(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("http://127.0.0.1:7700") && error.contains(&std::process::id().to_string()),
            "{error}"
        );
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }

    #[test]
    fn a_missing_folder_is_made_but_not_where_one_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").join("b");
        assert!(matches!(DataDir::open_existing(&path), Err(DataDirError::Missing(_))));
        assert!(!path.exists());
        drop(DataDir::open(&path).unwrap());
        DataDir::open_existing(&path).unwrap();
    }

    #[test]
    fn a_place_that_is_no_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let error = DataDir::open(&file.join("data")).unwrap_err().to_string();
        assert!(error.contains("can't be written") && error.contains("--data-dir"), "{error}");
    }
}
