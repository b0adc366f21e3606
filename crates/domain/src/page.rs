//! Lists come in pages: `{items, next_page_token}`.

use serde::{Deserialize, Serialize};

/// Page size when none is asked for.
pub const PAGE_SIZE_DEFAULT: u32 = 50;
/// Largest page.
pub const PAGE_SIZE_MAX: u32 = 200;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Give this back to get the next page; absent on the last one. Opaque.
    pub next_page_token: Option<String>,
}

/// Which page is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items, 1 to [`PAGE_SIZE_MAX`].
    pub size: u32,
    /// The token of the page before.
    pub token: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { size: PAGE_SIZE_DEFAULT, token: None }
    }
}
