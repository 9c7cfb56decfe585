//! Which page of a list: the same two parameters, with the same bounds, wherever a list needs no others.

use serde::Deserialize;
use utoipa::IntoParams;

/// The deepest page: beyond it nobody reads.
const DEEPEST: u64 = 1_000;
/// The most rows of a page.
const MOST: u64 = 100;

/// Which page of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Which page, from 1.
    page: Option<u64>,
    /// Rows of a page, 1 to 100; 20 when absent.
    size: Option<u64>,
}

impl PageQuery {
    /// As a query with more parameters has them.
    pub fn new(page: Option<u64>, size: Option<u64>) -> Self {
        Self { page, size }
    }

    /// The number of the page and its size, within their bounds.
    pub fn bounded(self) -> (u64, u64) {
        (self.page.unwrap_or(1).clamp(1, DEEPEST), self.size.unwrap_or(20).clamp(1, MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::PageQuery;

    #[test]
    fn a_page_is_one_from_the_first_on_with_at_most_a_hundred_rows() {
        let bounded = |page, size| PageQuery { page, size }.bounded();
        assert_eq!(bounded(None, None), (1, 20));
        assert_eq!(bounded(Some(0), Some(0)), (1, 1));
        assert_eq!(bounded(Some(7), Some(1_000)), (7, 100));
    }
}
