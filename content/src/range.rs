//! The `Range` header: which bytes of a blob were asked for (RFC 9110, section 14).
//!
//! Pure: takes the header's text and the blob's length. Whether the header may be heeded at all (method, `If-Range`)
//! is decided in `conditional`.

/// A piece of a blob that is not empty and lies inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub start: u64,
    /// Offset of the last byte, itself included.
    pub last: u64,
}

impl ByteRange {
    /// How many bytes; at least one.
    pub fn size(&self) -> u64 {
        self.last - self.start + 1
    }

    /// The value of `Content-Range` for this piece of a blob of `len` bytes (section 14.4).
    pub fn content_range(&self, len: u64) -> String {
        format!("bytes {}-{}/{len}", self.start, self.last)
    }
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeOutcome {
    /// The whole blob with 200: the header is not heeded.
    Whole,
    /// These pieces with 206, at least one; they never overlap. Two or more go as multipart/byteranges.
    Partial(Vec<ByteRange>),
    /// Nothing of the blob was asked for: 416.
    Unsatisfiable,
}

/// More pieces than this cost more than they save: the whole blob is sent (section 14.2 allows to ignore the header).
pub const MOST_PARTS: usize = 16;

/// Pieces closer than this are sent as one, since a part's own header is about as long (section 15.3.7.2).
pub const NEARLY_TOUCHING: u64 = 80;

/// Decide which bytes of a blob of `len` bytes `header` asks for.
///
/// An unknown unit or a value that breaks the grammar is ignored (section 14.2).
pub fn parse(header: &str, len: u64) -> RangeOutcome {
    let Some(specs) = specs_of(header) else { return RangeOutcome::Whole };
    if len == 0 && specs.iter().any(|spec| matches!(spec, Spec::Suffix(1..))) {
        // A suffix of an empty blob is satisfiable (section 14.1.2), but no Content-Range can say "no bytes".
        return RangeOutcome::Whole;
    }
    let wanted: Vec<ByteRange> = specs.iter().filter_map(|spec| spec.within(len)).collect();
    if wanted.is_empty() {
        return RangeOutcome::Unsatisfiable;
    }
    let parts = coalesce(wanted);
    if parts.len() > MOST_PARTS { RangeOutcome::Whole } else { RangeOutcome::Partial(parts) }
}

/// The `Content-Range` of a 416 answer (section 15.5.17).
pub fn unsatisfied(len: u64) -> String {
    format!("bytes */{len}")
}

/// One range as it was written.
#[derive(Clone, Copy, Debug)]
enum Spec {
    From(u64),
    Between(u64, u64),
    Suffix(u64),
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (first, last) {
            ("", suffix) => number(suffix).map(Self::Suffix),
            (first, "") => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// The bytes this means in a blob of `len` bytes; `None` when there are none.
    fn within(self, len: u64) -> Option<ByteRange> {
        let end = len.checked_sub(1)?;
        let (start, last) = match self {
            Self::From(start) => (start, end),
            Self::Between(start, last) => (start, last.min(end)),
            Self::Suffix(0) => return None,
            Self::Suffix(size) => (len.saturating_sub(size), end),
        };
        (start <= end).then_some(ByteRange { start, last })
    }
}

/// The parsed ranges of a `bytes` header; `None` for another unit, a broken one, or a list without ranges.
fn specs_of(header: &str) -> Option<Vec<Spec>> {
    let (unit, set) = header.trim_matches([' ', '\t']).split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let members = set.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty());
    let specs = members.map(Spec::parse).collect::<Option<Vec<_>>>()?;
    (!specs.is_empty()).then_some(specs)
}

/// `1*DIGIT`; a number too large for 64 bits is as good as the largest one.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

/// Join pieces that overlap or nearly touch; each joined piece stands where its first member stood (section 15.3.7.2).
fn coalesce(wanted: Vec<ByteRange>) -> Vec<ByteRange> {
    let mut by_start: Vec<(usize, ByteRange)> = wanted.into_iter().enumerate().collect();
    by_start.sort_by_key(|(_, range)| range.start);
    let mut joined: Vec<(usize, ByteRange)> = Vec::new();
    for (place, range) in by_start {
        match joined.last_mut() {
            Some((first_place, before)) if range.start <= before.last.saturating_add(NEARLY_TOUCHING) => {
                before.last = before.last.max(range.last);
                *first_place = place.min(*first_place);
            }
            _ => joined.push((place, range)),
        }
    }
    joined.sort_by_key(|(place, _)| *place);
    joined.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(start: u64, last: u64) -> RangeOutcome {
        RangeOutcome::Partial(vec![ByteRange { start, last }])
    }

    // 14.1.2: "The first-pos value in a bytes int-range gives the offset of the first byte in a range. The last-pos
    // value gives the offset of the last byte in the range; that is, the byte positions specified are inclusive."
    #[test]
    fn positions_are_inclusive_and_start_at_zero() {
        assert_eq!(parse("bytes=0-499", 10_000), one(0, 499));
        assert_eq!(parse("bytes=500-999", 10_000), one(500, 999));
        assert_eq!(parse("bytes=0-0", 10_000), one(0, 0));
    }

    // 14.1.2: "If the last-pos value is absent, or if the value is greater than or equal to the current length of the
    // representation data, the byte range is interpreted as the remainder of the representation".
    #[test]
    fn a_missing_or_too_large_end_means_the_rest() {
        assert_eq!(parse("bytes=9500-", 10_000), one(9500, 9999));
        assert_eq!(parse("bytes=0-", 10_000), one(0, 9999));
        assert_eq!(parse("bytes=9500-10000", 10_000), one(9500, 9999));
        assert_eq!(parse("bytes=9500-99999999999999999999999999", 10_000), one(9500, 9999));
    }

    // 14.1.2: "A client can request the last N bytes (N > 0) of the selected representation using a suffix-range."
    #[test]
    fn a_suffix_is_the_last_bytes() {
        assert_eq!(parse("bytes=-500", 10_000), one(9500, 9999));
    }

    // 14.1.2: "If the selected representation is shorter than the specified suffix-length, the entire representation
    // is used."
    #[test]
    fn a_suffix_longer_than_the_blob_is_the_whole_of_it() {
        assert_eq!(parse("bytes=-20000", 10_000), one(0, 9999));
    }

    // 14.1.2: a suffix-range is satisfiable "if the suffix-length is non-zero".
    #[test]
    fn an_empty_suffix_is_unsatisfiable() {
        assert_eq!(parse("bytes=-0", 10_000), RangeOutcome::Unsatisfiable);
    }

    // 14.1.2: an int-range is satisfiable if "the first-pos is less than the current length".
    #[test]
    fn a_start_beyond_the_end_is_unsatisfiable() {
        assert_eq!(parse("bytes=10000-", 10_000), RangeOutcome::Unsatisfiable);
        assert_eq!(parse("bytes=10000-10001", 10_000), RangeOutcome::Unsatisfiable);
        assert_eq!(parse("bytes=99999999999999999999999999-", 10_000), RangeOutcome::Unsatisfiable);
    }

    // 14.1.1: "An int-range is invalid if the last-pos value is present and less than first-pos."
    // 14.2: "A server that supports range requests MAY ignore or reject a Range header field that contains an invalid
    // ranges-specifier".
    #[test]
    fn an_invalid_range_makes_the_header_ignored() {
        for header in [
            "bytes=500-499",
            "bytes=0-1,5-4",
            "bytes=",
            "bytes",
            "bytes=-",
            "bytes=a-b",
            "bytes=1",
            "",
            "bytes=1-2-3",
            "bytes=--1",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes =0-1",
            "bytes= ,",
            "bytes=1 - 2",
            "bytes=０-１",
        ] {
            assert_eq!(parse(header, 10_000), RangeOutcome::Whole, "{header}");
        }
    }

    // 14.2: "An origin server MUST ignore a Range header field that contains a range unit it does not understand."
    #[test]
    fn an_unknown_unit_is_ignored() {
        assert_eq!(parse("seconds=0-1", 10_000), RangeOutcome::Whole);
        assert_eq!(parse("bytesx=0-1", 10_000), RangeOutcome::Whole);
    }

    // 14.1: "Range unit names are case-insensitive".
    #[test]
    fn the_unit_is_case_insensitive() {
        assert_eq!(parse("Bytes=0-1", 10_000), one(0, 1));
    }

    // 5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list elements".
    #[test]
    fn empty_list_members_and_blanks_are_skipped() {
        assert_eq!(parse("bytes=0-1, ,\t,", 10_000), one(0, 1));
    }

    // 14.1.2: "a byte-range-spec ... is satisfiable if it contains at least one range that is satisfiable".
    #[test]
    fn unsatisfiable_members_are_left_out_when_one_is_satisfiable() {
        assert_eq!(parse("bytes=99999-,0-1,-0", 10_000), one(0, 1));
    }

    // 15.3.7.2: "a server MAY coalesce any of the ranges that overlap, or that are separated by a gap that is smaller
    // than the overhead of sending multiple parts, regardless of the order".
    #[test]
    fn overlapping_and_nearly_touching_ranges_are_joined() {
        assert_eq!(parse("bytes=100-200,0-150", 10_000), one(0, 200));
        assert_eq!(parse("bytes=0-9,60-69", 10_000), one(0, 69));
        assert_eq!(parse("bytes=0-0,80-80", 10_000), one(0, 80));
    }

    // 15.3.7.2: "a server that generates a multipart response SHOULD send the parts in the same order".
    #[test]
    fn separate_ranges_keep_the_order_they_were_asked_in() {
        let parts = vec![ByteRange { start: 5000, last: 5009 }, ByteRange { start: 0, last: 9 }];
        assert_eq!(parse("bytes=5000-5009,0-9", 10_000), RangeOutcome::Partial(parts));
        assert!(matches!(parse("bytes=0-0,81-81", 10_000), RangeOutcome::Partial(parts) if parts.len() == 2));
    }

    // 14.2: a server "MAY ignore ... many small ranges"; 17.15: denial of service using Range.
    #[test]
    fn too_many_parts_are_answered_with_the_whole() {
        let header =
            |n: u64| format!("bytes={}", (0..n).map(|i| format!("{0}-{0}", i * 1000)).collect::<Vec<_>>().join(","));
        assert!(matches!(parse(&header(16), 100_000), RangeOutcome::Partial(parts) if parts.len() == 16));
        assert_eq!(parse(&header(17), 100_000), RangeOutcome::Whole);
    }

    #[test]
    fn many_tiny_neighbours_are_one_piece() {
        let header = format!("bytes={}", (0..2000).map(|i| format!("{i}-{i}")).collect::<Vec<_>>().join(","));
        assert_eq!(parse(&header, 10_000), one(0, 1999));
    }

    // 14.4: `unsatisfied-range = "*/" complete-length`.
    #[test]
    fn an_empty_blob_has_no_byte_to_start_at() {
        assert_eq!(parse("bytes=0-", 0), RangeOutcome::Unsatisfiable);
        assert_eq!(parse("bytes=-5", 0), RangeOutcome::Whole);
        assert_eq!(unsatisfied(0), "bytes */0");
    }

    // 14.4: "complete-length" is the length of the selected representation.
    #[test]
    fn content_range_names_first_last_and_length() {
        assert_eq!(ByteRange { start: 500, last: 999 }.content_range(1234), "bytes 500-999/1234");
    }

    fn headers() -> impl Strategy<Value = String> {
        let spec = prop_oneof![
            (any::<u16>(), any::<u16>()).prop_map(|(a, b)| format!("{a}-{b}")),
            any::<u16>().prop_map(|a| format!("{a}-")),
            any::<u16>().prop_map(|a| format!("-{a}")),
            "[0-9, -]{0,30}",
        ];
        prop_oneof![
            prop::collection::vec(spec, 0..40).prop_map(|specs| format!("bytes={}", specs.join(","))),
            ".{0,60}"
        ]
    }

    proptest! {
        #[test]
        fn pieces_lie_inside_never_overlap_and_never_cost_more_than_the_blob(header in headers(), len in 0_u64..70_000) {
            if let RangeOutcome::Partial(parts) = parse(&header, len) {
                prop_assert!(!parts.is_empty() && parts.len() <= MOST_PARTS);
                prop_assert!(parts.iter().all(|part| part.start <= part.last && part.last < len));
                prop_assert!(parts.iter().map(ByteRange::size).sum::<u64>() <= len);
                let mut sorted = parts;
                sorted.sort_by_key(|part| part.start);
                prop_assert!(sorted.iter().zip(sorted.iter().skip(1)).all(|(a, b)| a.last + NEARLY_TOUCHING < b.start));
            }
        }

        #[test]
        fn no_length_makes_it_panic(header in headers(), len in any::<u64>()) {
            let _ = parse(&header, len);
        }
    }
}
