//! The files under the state: a header, then entries with length and checksum. Owns their format and the reading of
//! torn ones; knows nothing of what is inside a batch beyond its operations.
//!
//! Header: `ENLSIM`, a kind (`S` snapshot, `J` journal), the format version. Entry: `u32` length, `u32` CRC-32 of the
//! payload, payload (a batch), little-endian.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::batch::read_op;
use crate::error::SimulatorError;

/// Version of the rows and of the files around them. A newer one is refused, never overwritten.
pub(crate) const FORMAT_VERSION: u8 = 2;
pub(crate) const HEADER_LENGTH: u64 = 8;
const ENTRY_HEAD: usize = 8;
/// No larger batch is written; a longer length is damage.
const MAX_ENTRY: u32 = 1 << 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Snapshot,
    Journal,
}

impl FileKind {
    pub(crate) fn header(self) -> [u8; 8] {
        let kind = match self {
            Self::Snapshot => b'S',
            Self::Journal => b'J',
        };
        [b'E', b'N', b'L', b'S', b'I', b'M', kind, FORMAT_VERSION]
    }
}

/// A batch is larger than an entry that can be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Oversize {
    bytes: usize,
}

impl From<Oversize> for SimulatorError {
    fn from(Oversize { bytes }: Oversize) -> Self {
        Self::TooLarge { bytes, max: MAX_ENTRY as usize }
    }
}

/// Appends one entry to a buffer, or nothing.
pub(crate) fn write_entry(out: &mut Vec<u8>, payload: &[u8]) -> Result<(), Oversize> {
    let too_large = Oversize { bytes: payload.len() };
    let length = u32::try_from(payload.len()).ok().filter(|length| *length <= MAX_ENTRY).ok_or(too_large)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    out.extend_from_slice(payload);
    Ok(())
}

/// What reading a file to its end found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The last entry was whole.
    Clean,
    /// Bytes from this offset on are no whole entry.
    Torn {
        offset: u64,
        /// They reach the end of the file with no whole entry after them, as an unfinished write does.
        to_the_end: bool,
    },
}

/// Calls `each(offset, payload)` for every whole entry, where `offset` is that of the payload in the file.
pub(crate) fn read_entries(
    path: &Path,
    kind: FileKind,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), SimulatorError>,
) -> Result<End, SimulatorError> {
    let folder_error = |source| SimulatorError::Folder { path: path.to_owned(), source };
    let file = File::open(path).map_err(folder_error)?;
    let total = file.metadata().map_err(folder_error)?.len();
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    if total < HEADER_LENGTH && kind == FileKind::Journal {
        return Ok(End::Torn { offset: 0, to_the_end: true });
    }
    check_header(path, kind, &mut reader)?;
    let mut offset = HEADER_LENGTH;
    let mut payload = Vec::new();
    loop {
        let mut head = [0_u8; ENTRY_HEAD];
        let left = total - offset;
        if left == 0 {
            return Ok(End::Clean);
        }
        if left < ENTRY_HEAD as u64 {
            return Ok(End::Torn { offset, to_the_end: true });
        }
        reader.read_exact(&mut head).map_err(folder_error)?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let checksum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if length > MAX_ENTRY || u64::from(length) > left - ENTRY_HEAD as u64 {
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).map_err(folder_error)?;
            return Ok(End::Torn { offset, to_the_end: !holds_entry(&rest) });
        }
        payload.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
        reader.read_exact(&mut payload).map_err(folder_error)?;
        if crc32fast::hash(&payload) != checksum {
            let to_the_end = u64::from(length) == left - ENTRY_HEAD as u64;
            return Ok(End::Torn { offset, to_the_end });
        }
        each(offset + ENTRY_HEAD as u64, &payload)?;
        offset += ENTRY_HEAD as u64 + u64::from(length);
    }
}

/// Whether a whole entry lies anywhere in these bytes: then what is before it was damaged, not cut off.
fn holds_entry(bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|start| {
        let rest = &bytes[start..];
        let Some((head, rest)) = rest.split_first_chunk::<ENTRY_HEAD>() else { return false };
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let checksum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let Some(payload) = rest.get(..length).filter(|payload| !payload.is_empty()) else { return false };
        let mut ops = payload;
        let batch = loop {
            match read_op(&mut ops) {
                Ok(Some(_)) => {}
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        batch && crc32fast::hash(payload) == checksum
    })
}

fn check_header(path: &Path, kind: FileKind, reader: &mut impl Read) -> Result<(), SimulatorError> {
    let damaged = |detail: String| SimulatorError::Damaged { path: path.to_owned(), detail };
    let mut header = [0_u8; 8];
    reader.read_exact(&mut header).map_err(|error| damaged(format!("it has no header ({error})")))?;
    let expected = kind.header();
    if header[..7] != expected[..7] {
        return Err(damaged("it is no file of a simulator; move it away".to_owned()));
    }
    if header[7] != FORMAT_VERSION {
        return Err(damaged(format!(
            "it has format {}, this program reads {FORMAT_VERSION}; use the program that wrote it",
            header[7]
        )));
    }
    Ok(())
}

/// Reads bytes at a place of a file.
pub(crate) fn read_at(file: &mut File, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
