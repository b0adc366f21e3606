//! Reading, a file per table. Every query runs on the read pool and sees all that was committed before it began.

pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod event;
pub(crate) mod message;
pub(crate) mod retired_device;
pub(crate) mod session;

use crate::page_token::Position;
use enlace_domain::page::{PAGE_SIZE_MAX, Page, PageRequest};
use enlace_domain::port::StoreError;

/// The page's size within its limits.
fn size(page: &PageRequest) -> usize {
    page.size.clamp(1, PAGE_SIZE_MAX) as usize
}

/// One row more than the page's size tells whether another page follows.
fn limit(page: &PageRequest) -> i64 {
    i64::from(page.size.clamp(1, PAGE_SIZE_MAX)) + 1
}

/// Cuts what [`limit`] rows gave to a page.
fn cut<T>(
    mut items: Vec<T>,
    page: &PageRequest,
    mark: [u8; 8],
    position: impl Fn(&T) -> Position,
) -> Page<T> {
    let more = items.len() > size(page);
    items.truncate(size(page));
    let next_page_token = items.last().filter(|_| more).map(|last| position(last).token(mark));
    Page { items, next_page_token }
}

/// Where a page begins, or `first` without a token.
fn start(page: &PageRequest, mark: [u8; 8], first: Position) -> Result<Position, StoreError> {
    page.token.as_deref().map_or(Ok(first), |token| Position::parse(token, mark))
}
