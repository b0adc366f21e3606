//! The folder of the state: which files there are, whose it is, and that only its owner reads it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::error::SimulatorError;

/// Changes since the snapshot of the same index.
pub(super) fn journal_path(folder: &Path, index: u64) -> PathBuf {
    folder.join(format!("journal-{index:06}"))
}

/// Every row as it was before the journal of the same index.
pub(super) fn snapshot_path(folder: &Path, index: u64) -> PathBuf {
    folder.join(format!("snapshot-{index:06}"))
}

/// The size of a snapshot; 0 if there is none.
pub(super) fn snapshot_bytes(folder: &Path, index: u64) -> u64 {
    fs::metadata(snapshot_path(folder, index)).map_or(0, |metadata| metadata.len())
}

/// Takes the folder for this process, or says that another has it.
pub(super) fn lock(folder: &Path) -> Result<File, SimulatorError> {
    let folder_error = |source| SimulatorError::Folder { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(folder_error)?;
    close_to_others(folder).map_err(folder_error)?;
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    private(&mut options);
    let file = options.open(path).map_err(folder_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(SimulatorError::Locked(folder.to_owned())),
        Err(fs::TryLockError::Error(source)) => Err(folder_error(source)),
    }
}

/// Only its owner enters the folder: files of an earlier version in it may be readable for all.
fn close_to_others(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The newest snapshot and all journals of a folder, by index.
pub(super) fn list(folder: &Path) -> Result<(Option<u64>, Vec<u64>), SimulatorError> {
    let folder_error = |source| SimulatorError::Folder { path: folder.to_owned(), source };
    let (mut snapshot, mut journals) = (None, Vec::new());
    for entry in fs::read_dir(folder).map_err(folder_error)? {
        let name = entry.map_err(folder_error)?.file_name();
        let Some(name) = name.to_str() else { continue };
        let index_after = |prefix: &str| name.strip_prefix(prefix).and_then(|text| text.parse::<u64>().ok());
        if let Some(index) = index_after("snapshot-") {
            snapshot = snapshot.max(Some(index));
        } else if let Some(index) = index_after("journal-") {
            journals.push(index);
        }
    }
    Ok((snapshot, journals))
}

/// Removes the files that a newer snapshot replaced.
pub(super) fn remove_before(folder: &Path, index: u64) {
    let Ok((_, journals)) = list(folder) else { return };
    for old in journals.into_iter().filter(|&old| old < index) {
        drop(fs::remove_file(journal_path(folder, old)));
    }
    for old in 0..index {
        let path = snapshot_path(folder, old);
        if path.exists() {
            drop(fs::remove_file(path));
        }
    }
}

/// A new or emptied file that only its owner reads: the state holds private keys.
pub(super) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    private(&mut options);
    options.open(path)
}

/// Files made with these options are for their owner only.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
