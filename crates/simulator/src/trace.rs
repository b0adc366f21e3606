//! The last stanzas of the network, for reading. Owns a ring bounded by count and bytes; renders only when asked.

use std::collections::VecDeque;
use std::time::SystemTime;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;

use crate::wire::render::render_xml;
use crate::wire::stanza::decode_stanza;

/// Bytes of stanzas kept at most.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The client, to the server.
    FromClient,
    /// The server, to the client.
    FromServer,
}

/// One stanza that went over a connection.
#[derive(Debug, Clone, Serialize)]
pub struct TraceLine {
    /// Grows by one with every stanza of the network.
    pub seq: u64,
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    /// The connection's id, as `GET /connections` lists it.
    pub connection: u64,
    /// Who said it.
    pub direction: Direction,
    /// The stanza as XML on one line; long binary contents are named by their length.
    pub xml: String,
}

/// The ring.
pub(crate) struct Trace {
    limit: usize,
    ring: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
    next: u64,
}

struct Line {
    seq: u64,
    at: SystemTime,
    connection: u64,
    direction: Direction,
    stanza: Bytes,
}

impl Trace {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ring: Mutex::default() }
    }

    pub(crate) fn record(&self, connection: u64, direction: Direction, stanza: &[u8]) {
        if self.limit == 0 {
            return;
        }
        let stanza = Bytes::copy_from_slice(stanza);
        let mut ring = self.ring.lock();
        ring.next += 1;
        ring.bytes += stanza.len();
        let seq = ring.next;
        ring.lines.push_back(Line { seq, at: SystemTime::now(), connection, direction, stanza });
        while ring.lines.len() > self.limit || (ring.bytes > MAX_BYTES && ring.lines.len() > 1) {
            if let Some(line) = ring.lines.pop_front() {
                ring.bytes -= line.stanza.len();
            }
        }
    }

    /// What is kept after `after`, of one connection or of all, oldest first.
    pub(crate) fn lines(&self, connection: Option<u64>, after: u64) -> Vec<TraceLine> {
        let kept: Vec<_> = self
            .ring
            .lock()
            .lines
            .iter()
            .filter(|line| line.seq > after && connection.is_none_or(|id| id == line.connection))
            .map(|line| (line.seq, line.at, line.connection, line.direction, line.stanza.clone()))
            .collect();
        kept.into_iter()
            .map(|(seq, at, connection, direction, stanza)| TraceLine {
                seq,
                at: chrono::DateTime::<chrono::Utc>::from(at)
                    .to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                connection,
                direction,
                xml: decode_stanza(stanza[..].into())
                    .map_or_else(|error| format!("<!-- {error} -->"), |node| render_xml(&node)),
            })
            .collect()
    }

    pub(crate) fn clear(&self) {
        let mut ring = self.ring.lock();
        ring.lines.clear();
        ring.bytes = 0;
    }
}
