//! One page of a list, with bounds that keep every answer small.

use crate::{Error, Result};

/// The most rows one page may hold.
pub const MAX_PAGE_SIZE: u64 = 100;

/// The last page that may be asked for; one past the end of a list is empty.
const LAST_PAGE: u64 = 1_000_000;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// How many rows there are in all.
    pub total: u64,
    /// Which page, from 1.
    pub page: u64,
    /// How many rows a page holds.
    pub size: u64,
}

impl<T> Page<T> {
    /// The same page of something made from each row.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(make).collect(), total: self.total, page: self.page, size: self.size }
    }
}

/// Checks a page number (from 1) and size, and returns the index of its first row.
pub(crate) fn first_row(page: u64, size: u64) -> Result<u64> {
    let is_one = (1..=LAST_PAGE).contains(&page) && (1..=MAX_PAGE_SIZE).contains(&size);
    is_one.then(|| (page - 1) * size).ok_or(Error::PageOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_start_at_one_and_stay_in_bounds() {
        assert_eq!(first_row(1, 20).ok(), Some(0));
        assert_eq!(first_row(3, 100).ok(), Some(200));
        assert_eq!(first_row(LAST_PAGE, MAX_PAGE_SIZE).ok(), Some(99_999_900));
        assert!(first_row(0, 20).is_err());
        assert!(first_row(1, 101).is_err());
        assert!(first_row(LAST_PAGE + 1, 1).is_err());
        assert!(first_row(u64::MAX, 100).is_err());
    }
}
