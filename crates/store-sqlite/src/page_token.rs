//! Page tokens: where the page before ended, bound to the list that gave it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use enlace_domain::port::StoreError;
use sha2::{Digest, Sha256};
use std::fmt::Debug;

const MARK: usize = 8;

/// The position after which a page begins: the last item of the page before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) at: i64,
    pub(crate) id: String,
}

/// A mark of the list: what is listed, of whom, and by which filter.
pub(crate) fn mark(list: &(impl Debug + ?Sized)) -> [u8; MARK] {
    let digest = Sha256::digest(format!("{list:?}"));
    let mut mark = [0; MARK];
    mark.copy_from_slice(&digest[..MARK]);
    mark
}

impl Position {
    /// The token for the page after this position.
    pub(crate) fn token(&self, mark: [u8; MARK]) -> String {
        let mut bytes = Vec::with_capacity(MARK + 8 + self.id.len());
        bytes.extend_from_slice(&mark);
        bytes.extend_from_slice(&self.at.to_be_bytes());
        bytes.extend_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token that the same list gave.
    pub(crate) fn parse(token: &str, mark: [u8; MARK]) -> Result<Self, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| StoreError::InvalidPageToken)?;
        let rest = bytes.strip_prefix(&mark).ok_or(StoreError::InvalidPageToken)?;
        let (at, id) = rest.split_first_chunk::<8>().ok_or(StoreError::InvalidPageToken)?;
        let id = std::str::from_utf8(id).map_err(|_| StoreError::InvalidPageToken)?;
        Ok(Self { at: i64::from_be_bytes(*at), id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_in_its_own_list_only() {
        let position = Position { at: -5, id: "msg_1".into() };
        let token = position.token(mark("messages of ana"));
        assert_eq!(Position::parse(&token, mark("messages of ana")).unwrap(), position);
        assert!(matches!(
            Position::parse(&token, mark("messages of bruno")),
            Err(StoreError::InvalidPageToken)
        ));
        for bad in ["", "x", "AAAA", &token[..token.len() / 2], &format!("{token}="), "ä"] {
            assert!(
                matches!(Position::parse(bad, mark("messages of ana")), Err(StoreError::InvalidPageToken)),
                "{bad}"
            );
        }
    }
}
