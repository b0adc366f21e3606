//! Changes to rows, as they lie in the journal: a batch is applied wholly or not at all.
//!
//! A batch is a run of operations: `1 table key value` (put) or `2 table key` (delete), where a key is a `u16` length and
//! bytes, a value a `u32` length and bytes, little-endian.

use serde::Serialize;

/// The kinds of rows. The number is written to disk and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Table {
    /// Singletons of the network, by name.
    Meta = 1,
    /// Phones, by number.
    Account = 2,
    /// Linked companions, by number and device.
    Device = 3,
    /// Uploaded one-time keys, by number, device and upload.
    OneTimeKeys = 4,
    /// An upload and how many of its keys are spent, by number and device; the earlier uploads are spent wholly.
    OneTimeKeysSpent = 5,
    /// Stanzas a device has not confirmed, by number, device and sequence.
    Queue = 6,
    /// The phone's own Signal state, by number and the key its owner chose.
    Signal = 7,
    /// What a phone sent and received, by number and sequence.
    Message = 8,
    /// Receipts a phone got, by number and sequence.
    Receipt = 9,
    /// App-state collections, by number and name.
    Collection = 10,
    /// Groups, by id.
    Group = 12,
    /// Uploaded media, by path.
    Media = 13,
}

const PUT: u8 = 1;
const DELETE: u8 = 2;

/// One operation read back from a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Op<'a> {
    /// The row now has this value.
    Put { table: u8, key: &'a [u8], value: &'a [u8] },
    /// The row is gone.
    Delete { table: u8, key: &'a [u8] },
}

/// Operations that belong together.
#[derive(Debug, Default, Clone)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A batch of this size that no reader takes.
    #[cfg(test)]
    pub(crate) fn of_zeroes(length: usize) -> Self {
        Self { bytes: vec![0; length] }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn put<T: Serialize>(&mut self, table: Table, key: &[u8], value: &T) {
        let value = postcard::to_stdvec(value).expect("rows are plain data, which postcard always writes");
        self.put_raw(table, key, &value);
    }

    pub(crate) fn put_raw(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.head(PUT, table, key);
        let length = u32::try_from(value.len()).expect("a row is smaller than 4 GiB");
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(value);
    }

    pub(crate) fn delete(&mut self, table: Table, key: &[u8]) {
        self.head(DELETE, table, key);
    }

    fn head(&mut self, op: u8, table: Table, key: &[u8]) {
        let length = u16::try_from(key.len()).expect("a row's key is shorter than 64 KiB");
        self.bytes.push(op);
        self.bytes.push(table as u8);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(key);
    }
}

/// Reads a batch back, one operation after the other. `None` ends it; an error means that the bytes are no batch.
pub(crate) fn read_op<'a>(bytes: &mut &'a [u8]) -> Result<Option<Op<'a>>, &'static str> {
    let Some((&op, rest)) = bytes.split_first() else { return Ok(None) };
    *bytes = rest;
    let table = take(bytes, 1)?[0];
    let key_length = take(bytes, 2)?;
    let key = take(bytes, usize::from(u16::from_le_bytes([key_length[0], key_length[1]])))?;
    match op {
        PUT => {
            let length = take(bytes, 4)?;
            let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
            let value = take(bytes, usize::try_from(length).map_err(|_| "a value beyond this machine")?)?;
            Ok(Some(Op::Put { table, key, value }))
        }
        DELETE => Ok(Some(Op::Delete { table, key })),
        _ => Err("an operation of no known kind"),
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], &'static str> {
    let (head, rest) = bytes.split_at_checked(count).ok_or("an operation is cut short")?;
    *bytes = rest;
    Ok(head)
}

/// Builds the key of a row from its parts, in an order that sorts as the parts do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// A row of one phone.
    pub(crate) fn account(number: u64) -> Self {
        Self(number.to_be_bytes().to_vec())
    }

    pub(crate) fn text(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    pub(crate) fn device(mut self, device: u16) -> Self {
        self.0.extend_from_slice(&device.to_be_bytes());
        self
    }

    pub(crate) fn seq(mut self, seq: u64) -> Self {
        self.0.extend_from_slice(&seq.to_be_bytes());
        self
    }

    /// Text with its length before it, so that more may follow.
    pub(crate) fn name(mut self, name: &str) -> Self {
        let length = u8::try_from(name.len()).expect("names in keys are shorter than 256 bytes");
        self.0.push(length);
        self.0.extend_from_slice(name.as_bytes());
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

impl std::ops::Deref for Key {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Reads the parts of a key back, in order.
pub(crate) struct KeyReader<'a>(pub(crate) &'a [u8]);

impl<'a> KeyReader<'a> {
    pub(crate) fn u64(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*head))
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        let (head, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*head))
    }

    pub(crate) fn name(&mut self) -> Option<&'a str> {
        let (&length, rest) = self.0.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        std::str::from_utf8(name).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_reads_back_in_order() {
        let mut batch = Batch::new();
        batch.put_raw(Table::Meta, b"a", b"1");
        batch.delete(Table::Queue, b"b");
        let mut bytes = batch.bytes();
        assert_eq!(read_op(&mut bytes).unwrap(), Some(Op::Put { table: 1, key: b"a", value: b"1" }));
        assert_eq!(read_op(&mut bytes).unwrap(), Some(Op::Delete { table: 6, key: b"b" }));
        assert_eq!(read_op(&mut bytes).unwrap(), None);
    }

    #[test]
    fn every_cut_batch_is_refused() {
        let mut batch = Batch::new();
        batch.put_raw(Table::Meta, b"key", b"value");
        for end in 1..batch.bytes().len() {
            assert!(read_op(&mut &batch.bytes()[..end]).is_err(), "cut at {end}");
        }
    }
}
