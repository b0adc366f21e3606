//! The longest strings a phone takes. A message is one stanza per device and a stanza fits one frame, so what goes into it
//! is bounded where it comes in.

use crate::error::SimulatorError;

/// WhatsApp's own bound of a text; a caption is a text beneath a file.
pub(crate) const TEXT: usize = 65_536;
/// No file system takes a longer name.
pub(crate) const FILENAME: usize = 255;
/// RFC 6838: two names of at most 127 characters and a slash between them.
pub(crate) const MIMETYPE: usize = 255;
/// Names of people and groups; WhatsApp's own bounds are a little lower and have changed.
pub(crate) const NAME: usize = 100;
/// A number as people write it, or an address: both have fewer than forty characters.
pub(crate) const ADDRESS: usize = 128;
/// Members of WhatsApp's largest groups.
pub(crate) const MEMBERS: usize = 1_024;
/// Messages that are marked at once: one receipt names all of a chat.
pub(crate) const MARKED: usize = 1_000;

/// Refuses a text of more than `most` characters.
pub(crate) fn check_length(field: &str, text: &str, most: usize) -> Result<(), SimulatorError> {
    // A character has at most four bytes: what is far too long is not counted.
    if text.len() > 4 * most || text.chars().count() > most {
        return Err(SimulatorError::Invalid(format!("`{field}` has more than {most} characters")));
    }
    Ok(())
}

/// Refuses a list of more than `most` entries.
pub(crate) fn check_count(field: &str, count: usize, most: usize) -> Result<(), SimulatorError> {
    if count > most {
        return Err(SimulatorError::Invalid(format!(
            "`{field}` has {count} entries; {most} are taken at once"
        )));
    }
    Ok(())
}
