//! Where a reader stands in an answer: which lessons they have been shown already.
//!
//! The next page is the best of what they have not seen, ranked now. So no lesson comes twice and none that stays is
//! left out, whatever is published, withdrawn or played more between two pages, on whichever server they are asked.

use super::answer::SearchQuery;
use super::fold;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt::Write;

/// Longest cursor: it stands in an address, and proxies refuse longer ones. Enough for some 3,000 lessons that lie
/// far apart; nobody turns that many pages.
const LONGEST: usize = 6_000;
/// The form of the bytes.
const VERSION: u64 = 1;

/// What has been shown of the answer to one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    of: u32,
    page: u64,
    /// Ids shown, as disjoint ranges in order, last included.
    seen: Vec<(i64, i64)>,
}

impl Cursor {
    /// After page number `page` of this query, with these lessons shown on it and on the pages before.
    pub(crate) fn after(query: &SearchQuery, page: u64, shown: impl IntoIterator<Item = i64>) -> Self {
        let mut ids: Vec<i64> = shown.into_iter().filter(|id| *id > 0).collect();
        let before = query.cursor.iter().flat_map(|cursor| cursor.seen.iter().copied());
        ids.sort_unstable();
        let mut ranges: Vec<(i64, i64)> = before.chain(ids.into_iter().map(|id| (id, id))).collect();
        ranges.sort_unstable();
        let mut seen: Vec<(i64, i64)> = Vec::new();
        for (from, to) in ranges {
            match seen.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => seen.push((from, to)),
            }
        }
        Self { of: fingerprint(query), page, seen }
    }

    /// Reads what `text` wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= LONGEST)?).ok()?;
        let mut rest = bytes.as_slice();
        if number(&mut rest)? != VERSION {
            return None;
        }
        let (of, page) = (u32::try_from(number(&mut rest)?).ok()?, number(&mut rest)?);
        let (mut seen, mut at) = (Vec::new(), 0i64);
        while !rest.is_empty() {
            let step = number(&mut rest)?;
            let more = if step & 1 == 1 { number(&mut rest)? } else { 0 };
            let from = at.checked_add(i64::try_from(step >> 1).ok()?)?;
            let to = from.checked_add(i64::try_from(more).ok()?)?;
            seen.push((from, to));
            at = to.checked_add(1)?;
        }
        Some(Self { of, page, seen })
    }

    /// The cursor as an address carries it; `None` when it would be too long for one.
    pub(crate) fn text(&self) -> Option<String> {
        let mut bytes = Vec::with_capacity(self.seen.len() * 2 + 12);
        [VERSION, u64::from(self.of), self.page].into_iter().for_each(|value| push(&mut bytes, value));
        let mut at = 0;
        for (from, to) in &self.seen {
            let (gap, more) = (from.abs_diff(at), to.abs_diff(*from));
            push(&mut bytes, gap << 1 | u64::from(more > 0));
            if more > 0 {
                push(&mut bytes, more);
            }
            at = to.saturating_add(1);
        }
        Some(URL_SAFE_NO_PAD.encode(bytes)).filter(|text| text.len() <= LONGEST)
    }

    /// Whether it belongs to this query with these filters and this order.
    pub fn is_of(&self, query: &SearchQuery) -> bool {
        self.of == fingerprint(query)
    }

    /// The number of the page that comes next.
    pub fn next_page(&self) -> u64 {
        self.page.saturating_add(1)
    }

    /// Whether this lesson has been shown.
    pub(crate) fn has_shown(&self, id: i64) -> bool {
        let place = self.seen.partition_point(|(from, _)| *from <= id);
        place.checked_sub(1).and_then(|place| self.seen.get(place)).is_some_and(|(_, to)| id <= *to)
    }
}

/// One number for what is asked, so that a cursor is not carried over to another question (FNV-1a, 32 bits).
fn fingerprint(query: &SearchQuery) -> u32 {
    let mut asked = fold::fold(query.q.trim());
    let _ = write!(
        asked,
        "\n{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{}",
        query.category,
        query.language,
        query.level,
        query.crop,
        query.length,
        query.captions,
        query.size_band,
        query.sort,
        query.literal
    );
    asked.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Appends a number, seven bits a byte, the lowest first (LEB128).
fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_belongs_to_its_question_alone() {
        let query = SearchQuery::of("沙糖桔");
        let cursor = Cursor::after(&query, 1, [3, 5]);
        assert!(cursor.is_of(&SearchQuery::of(" 砂糖橘 ")), "folded, the question is the same");
        assert!(!cursor.is_of(&SearchQuery { literal: true, ..query.clone() }));
        assert!(!cursor.is_of(&SearchQuery { captions: Some(true), ..query }));
    }

    #[test]
    fn a_whole_catalog_read_in_order_fits_into_a_short_cursor() {
        let cursor = Cursor::after(&SearchQuery::of(""), 1_000, 1..=100_000);
        assert!(cursor.text().unwrap().len() < 30);
        let far_apart = Cursor::after(&SearchQuery::of("a"), 60, (1..=3_000).map(|n| n * 33));
        assert!(far_apart.text().is_some());
    }

    proptest! {
        #[test]
        fn a_cursor_knows_exactly_what_was_shown(first in prop::collection::vec(1i64..500, 0..60), second in prop::collection::vec(1i64..500, 0..60)) {
            let query = SearchQuery::of("x");
            let cursor = Cursor::after(&query, 1, first.iter().copied());
            let query = SearchQuery { cursor: Some(Cursor::parse(&cursor.text().unwrap()).unwrap()), ..query };
            prop_assert_eq!(query.cursor.as_ref(), Some(&cursor));
            let both = Cursor::after(&query, 2, second.iter().copied());
            let both = Cursor::parse(&both.text().unwrap()).unwrap();
            for id in 0..501 {
                prop_assert_eq!(both.has_shown(id), first.contains(&id) || second.contains(&id), "{}", id);
            }
        }

        #[test]
        fn hostile_cursors_are_refused_or_harmless(text in "[A-Za-z0-9_-]{0,200}") {
            if let Some(cursor) = Cursor::parse(&text) {
                cursor.has_shown(7);
                cursor.next_page();
            }
        }
    }
}
