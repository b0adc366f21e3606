//! What the disk takes to keep something: a figure that many others are made of. A first QR alone waits for half a dozen
//! commits.

use crate::figure::{Figure, percentile};
use anyhow::Result;
use std::io::Write;
use std::time::Instant;

const TIMES: usize = 100;
const PAGE: [u8; 4096] = [0; 4096];

/// Milliseconds to write a page and have it on the disk, where the folders of all that is measured lie.
pub(crate) fn measure() -> Result<Figure> {
    let mut file = tempfile::tempfile()?;
    let mut samples = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_all()?;
        samples.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let (middle, most) = (percentile(&mut samples, 0.5), percentile(&mut samples, 0.99));
    let note = format!("p99 {most:.2} ms; every stored change waits for this, also those before a first QR");
    Ok(Figure::told("the disk: 4 KiB written and synced, p50", middle, "ms").because(note))
}
