//! Programs that are not ours read what we draw: zbar the pictures, librsvg the vectors.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

/// What `zbarimg` reads in a PNG.
pub(crate) fn read_png(picture: &[u8]) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("qr.png");
    std::fs::write(&file, picture)?;
    read_file(&file)
}

/// What `zbarimg` reads in an SVG that `rsvg-convert` drew.
pub(crate) fn read_svg(drawing: &[u8]) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let (vector, file) = (folder.path().join("qr.svg"), folder.path().join("qr.png"));
    std::fs::write(&vector, drawing)?;
    let done = Command::new("rsvg-convert")
        .args(["--width=600", "--format=png", "--output"])
        .args([&file, &vector])
        .status()
        .context("rsvg-convert is missing; scripts/test installs librsvg2-bin")?;
    ensure!(done.success(), "rsvg-convert can't draw the SVG");
    read_file(&file)
}

fn read_file(file: &Path) -> Result<String> {
    let read = Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
        .arg(file)
        .output()
        .context("zbarimg is missing; scripts/test installs zbar-tools")?;
    ensure!(read.status.success(), "zbarimg sees no QR");
    let text = String::from_utf8(read.stdout).context("zbarimg read no text")?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}
