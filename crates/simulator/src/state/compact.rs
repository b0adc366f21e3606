//! Snapshots: `snapshot-N` and the journals from `journal-N` on are the state. Owns the folding of a journal into the next
//! snapshot, and the cutting of torn tails. Only keys and places are held in memory while folding.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::batch::{Op, read_op};
use super::file::{End, FileKind, HEADER_LENGTH, read_at, read_entries, write_entry};
use super::folder::{create_private, journal_path, list, remove_before, snapshot_path};
use crate::error::SimulatorError;

const PUT_HEAD: u64 = 1 + 1 + 2;

/// Brings a folder to one snapshot and one empty journal, hands every row to `each`, and returns the journal's index.
pub(crate) fn recover(
    folder: &Path,
    mut each: impl FnMut(u8, &[u8], &[u8]) -> Result<(), SimulatorError>,
) -> Result<u64, SimulatorError> {
    let (snapshot, journals) = list(folder)?;
    let first = snapshot.unwrap_or(0);
    let last = journals.iter().copied().filter(|&index| index >= first).max();
    let next = match last {
        Some(last) => {
            fold_range(folder, snapshot, first, last, Tail::MayBeUnfinished)?;
            last + 1
        }
        None => first,
    };
    remove_before(folder, next);
    let path = snapshot_path(folder, next);
    if path.exists() {
        let end = read_entries(&path, FileKind::Snapshot, |_, mut payload| {
            while let Some(op) = read_op(&mut payload).map_err(|detail| damaged(&path, detail))? {
                if let Op::Put { table, key, value } = op {
                    each(table, key, value)?;
                }
            }
            Ok(())
        })?;
        whole(&path, &end)?;
    }
    Ok(next)
}

/// Folds `snapshot-index` and `journal-index` into `snapshot-(index+1)`.
pub(crate) fn fold(folder: &Path, index: u64) -> Result<(), SimulatorError> {
    let (snapshot, _) = list(folder)?;
    let from = snapshot.unwrap_or(0);
    fold_range(folder, snapshot, from, index, Tail::IsWhole)?;
    remove_before(folder, index + 1);
    Ok(())
}

#[derive(Clone, Copy)]
struct Place {
    file: u32,
    offset: u64,
    length: u32,
}

/// The rows of a snapshot and journals, by where they lie.
#[derive(Default)]
struct Index {
    rows: HashMap<(u8, Box<[u8]>), Place>,
    files: Vec<PathBuf>,
}

impl Index {
    fn read(&mut self, path: PathBuf, kind: FileKind) -> Result<End, SimulatorError> {
        let file = u32::try_from(self.files.len()).expect("a handful of files");
        let rows = &mut self.rows;
        let end = read_entries(&path, kind, |start, payload| {
            let mut bytes = payload;
            loop {
                let before = bytes.len();
                let Some(op) = read_op(&mut bytes).map_err(|detail| damaged(&path, detail))? else {
                    return Ok(());
                };
                match op {
                    Op::Put { table, key, value } => {
                        let op_offset = start + (payload.len() - before) as u64;
                        let offset = op_offset + PUT_HEAD + key.len() as u64 + 4;
                        let length = u32::try_from(value.len()).expect("values are read with a u32 length");
                        rows.insert((table, key.into()), Place { file, offset, length });
                    }
                    Op::Delete { table, key } => {
                        rows.remove(&(table, Box::from(key)));
                    }
                }
            }
        })?;
        self.files.push(path);
        Ok(end)
    }
}

/// What the end of the last journal may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// It was closed in order.
    IsWhole,
    /// The process may have been killed while it wrote.
    MayBeUnfinished,
}

fn fold_range(
    folder: &Path,
    snapshot: Option<u64>,
    from: u64,
    last: u64,
    tail: Tail,
) -> Result<(), SimulatorError> {
    let mut index = Index::default();
    if let Some(snapshot) = snapshot {
        let path = snapshot_path(folder, snapshot);
        let end = index.read(path.clone(), FileKind::Snapshot)?;
        whole(&path, &end)?;
    }
    let mut unfinished: Option<(PathBuf, End)> = None;
    for journal in from..=last {
        let path = journal_path(folder, journal);
        if !path.exists() {
            continue;
        }
        // Only an empty successor may follow an unfinished write.
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if let Some((torn, end)) = &unfinished
            && length > HEADER_LENGTH
        {
            whole(torn, end)?;
        }
        if length < HEADER_LENGTH && tail == Tail::MayBeUnfinished {
            continue;
        }
        let end = index.read(path.clone(), FileKind::Journal)?;
        if tail == Tail::MayBeUnfinished && matches!(end, End::Torn { to_the_end: true, .. }) {
            unfinished = Some((path, end));
        } else {
            whole(&path, &end)?;
        }
    }
    if let Some((path, End::Torn { offset, .. })) = unfinished {
        keep_torn_tail(&path, offset)?;
    }
    let target = snapshot_path(folder, last + 1);
    let temporary = target.with_extension("new");
    write_snapshot(&index, &temporary)
        .and_then(|()| fs::rename(&temporary, &target))
        .map_err(|source| SimulatorError::Folder { path: target, source })
}

fn write_snapshot(index: &Index, path: &Path) -> std::io::Result<()> {
    let mut files = index.files.iter().map(File::open).collect::<Result<Vec<_>, _>>()?;
    let mut places: Vec<_> = index.rows.iter().collect();
    places.sort_unstable_by_key(|(_, place)| (place.file, place.offset));
    let mut out = BufWriter::new(create_private(path)?);
    out.write_all(&FileKind::Snapshot.header())?;
    let mut entry = Vec::new();
    for ((table, key), place) in places {
        let value = read_at(&mut files[place.file as usize], place.offset, place.length as usize)?;
        let mut payload = Vec::with_capacity(8 + key.len() + value.len());
        payload.extend_from_slice(&[1, *table]);
        payload.extend_from_slice(
            &u16::try_from(key.len()).expect("keys are read with a u16 length").to_le_bytes(),
        );
        payload.extend_from_slice(key);
        payload.extend_from_slice(&place.length.to_le_bytes());
        payload.extend_from_slice(&value);
        entry.clear();
        // A row came out of an entry, so it fits one.
        write_entry(&mut entry, &payload)
            .map_err(|oversize| std::io::Error::other(SimulatorError::from(oversize)))?;
        out.write_all(&entry)?;
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}

/// Keeps what a killed write left at the end of a journal beside it; the snapshot is made without it.
fn keep_torn_tail(path: &Path, offset: u64) -> Result<(), SimulatorError> {
    let folder_error = |source| SimulatorError::Folder { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(folder_error)?;
    let total = file.metadata().map_err(folder_error)?.len();
    let length = usize::try_from(total - offset).map_err(|_| damaged(path, "its tail is too long"))?;
    let tail = read_at(&mut file, offset, length).map_err(folder_error)?;
    let kept = create_private(&path.with_extension("cut")).and_then(|mut file| file.write_all(&tail));
    kept.map_err(folder_error)?;
    tracing::warn!(bytes = length, "the simulator's journal ended in an unfinished entry, which was cut");
    Ok(())
}

/// Refuses a file with damage in it.
fn whole(path: &Path, end: &End) -> Result<(), SimulatorError> {
    match end {
        End::Clean => Ok(()),
        End::Torn { offset, .. } => Err(damaged(
            path,
            &format!(
                "it is damaged at byte {offset}; nothing was changed: restore the folder from a copy, or move it away to \
                 begin anew"
            ),
        )),
    }
}

fn damaged(path: &Path, detail: &str) -> SimulatorError {
    SimulatorError::Damaged { path: path.to_owned(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::batch::{Batch, Table};
    use super::super::folder::lock;
    use super::super::journal::Journal;
    use super::*;

    type Row = (Vec<u8>, Vec<u8>);

    fn rows(folder: &Path) -> (u64, Vec<Row>) {
        let mut rows = Vec::new();
        let index = recover(folder, |_, key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            Ok(())
        })
        .unwrap();
        rows.sort();
        (index, rows)
    }

    fn write(folder: &Path, limit: u64, batches: &[Batch]) {
        let lock = lock(folder).unwrap();
        let index = rows(folder).0;
        let journal = Journal::on_disk(folder, lock, index, limit).unwrap();
        for batch in batches {
            journal.write(batch).unwrap();
        }
    }

    fn put(key: &[u8], value: &[u8]) -> Batch {
        let mut batch = Batch::new();
        batch.put_raw(Table::Meta, key, value);
        batch
    }

    #[test]
    fn what_was_committed_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let mut gone = Batch::new();
        gone.delete(Table::Meta, b"b");
        write(folder.path(), u64::MAX, &[put(b"a", b"1"), put(b"b", b"2"), gone, put(b"a", b"3")]);
        assert_eq!(rows(folder.path()).1, vec![(b"a".to_vec(), b"3".to_vec())]);
        write(folder.path(), u64::MAX, &[put(b"c", b"4")]);
        assert_eq!(
            rows(folder.path()).1,
            vec![(b"a".to_vec(), b"3".to_vec()), (b"c".to_vec(), b"4".to_vec())]
        );
    }

    #[test]
    fn a_torn_tail_costs_only_the_torn_entry() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), u64::MAX, &[put(b"a", b"1"), put(b"b", b"2")]);
        let path = journal_path(folder.path(), 0);
        let length = fs::metadata(&path).unwrap().len();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 1).unwrap();
        assert_eq!(rows(folder.path()).1, vec![(b"a".to_vec(), b"1".to_vec())]);
        assert!(path.with_extension("cut").exists());
    }

    fn flip(path: &Path, offset: usize) -> Vec<u8> {
        let mut bytes = fs::read(path).unwrap();
        bytes[offset] ^= 1;
        fs::write(path, &bytes).unwrap();
        bytes
    }

    #[test]
    fn a_damaged_snapshot_is_refused_and_nothing_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), u64::MAX, &[put(b"a", b"1"), put(b"b", b"2")]);
        write(folder.path(), u64::MAX, &[put(b"c", b"3")]);
        let path = snapshot_path(folder.path(), 1);
        let bytes = flip(&path, 20);
        let journal = fs::read(journal_path(folder.path(), 1)).unwrap();
        assert!(matches!(recover(folder.path(), |_, _, _| Ok(())), Err(SimulatorError::Damaged { .. })));
        assert!(matches!(fold(folder.path(), 1), Err(SimulatorError::Damaged { .. })));
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read(journal_path(folder.path(), 1)).unwrap(), journal);
    }

    #[test]
    fn damage_in_the_middle_of_a_journal_is_refused_and_nothing_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), u64::MAX, &[put(b"a", b"1"), put(b"b", b"2"), put(b"c", b"3")]);
        let path = journal_path(folder.path(), 0);
        for offset in [8, 11, 13, 18] {
            let bytes = flip(&path, offset);
            let refused = recover(folder.path(), |_, _, _| Ok(()));
            assert!(matches!(refused, Err(SimulatorError::Damaged { .. })), "byte {offset}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
            flip(&path, offset);
        }
        assert_eq!(rows(folder.path()).1.len(), 3);
    }

    #[test]
    fn a_journal_beyond_its_limit_is_folded_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let batches: Vec<_> = (0..200_u32).map(|n| put(&(n % 50).to_be_bytes(), &n.to_be_bytes())).collect();
        write(folder.path(), 200, &batches);
        let rows = rows(folder.path()).1;
        assert_eq!(rows.len(), 50);
        assert_eq!(rows[49].1, 199_u32.to_be_bytes());
    }

    #[test]
    fn a_batch_that_could_not_be_read_back_is_refused_and_the_journal_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let lock = lock(folder.path()).unwrap();
        let journal = Journal::on_disk(folder.path(), lock, 0, u64::MAX).unwrap();
        journal.write(&put(b"a", b"1")).unwrap();
        // Zeroes cost no memory until they are touched, and a refused batch is not.
        let refused = journal.write(&Batch::of_zeroes((1 << 30) + 1));
        assert!(matches!(refused, Err(SimulatorError::TooLarge { bytes, max }) if bytes > max));
        journal.write(&put(b"b", b"2")).unwrap();
        drop(journal);
        assert_eq!(rows(folder.path()).1.len(), 2);
    }

    #[test]
    fn a_second_opener_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert!(matches!(lock(folder.path()), Err(SimulatorError::Locked(_))));
        drop(held);
        lock(folder.path()).unwrap();
    }

    #[test]
    fn a_file_of_a_newer_version_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = snapshot_path(folder.path(), 3);
        fs::write(&path, b"ENLSIMS\xff").unwrap();
        assert!(matches!(recover(folder.path(), |_, _, _| Ok(())), Err(SimulatorError::Damaged { .. })));
        assert!(path.exists());
    }
}
