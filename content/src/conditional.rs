//! Conditional requests: may the blob be sent, is the client's copy still good (RFC 9110, section 13).
//!
//! Pure: takes the header values and the blob's validators. The method is GET or HEAD throughout, since nothing else
//! is answered at a blob's address.

use chrono::NaiveDateTime;

/// What the blob at hand is.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// The strong entity tag with its quotes.
    pub etag: &'a str,
    /// Last modification in Unix seconds.
    pub last_modified: i64,
}

/// The conditions of a request, as the headers say; several lines of a list header joined with commas.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions<'a> {
    /// `If-Match`.
    pub if_match: Option<&'a str>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<&'a str>,
    /// `If-Range`.
    pub if_range: Option<&'a str>,
}

/// What the conditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answer as if there were no conditions.
    Proceed {
        /// Whether a `Range` header may be heeded.
        range_counts: bool,
    },
    /// 304: the client's copy is good.
    NotModified,
    /// 412: the blob is not the one the client means.
    PreconditionFailed,
}

/// Judge the conditions in the order of section 13.2.2.
pub fn evaluate(conditions: &Conditions<'_>, blob: &Validators<'_>) -> Verdict {
    // Steps 1 and 2.
    match (conditions.if_match, conditions.if_unmodified_since.and_then(http_date)) {
        (Some(tags), _) if !any_matches(tags, blob.etag, strongly_equal) => return Verdict::PreconditionFailed,
        (None, Some(date)) if blob.last_modified > date => return Verdict::PreconditionFailed,
        _ => {}
    }
    // Steps 3 and 4.
    match (conditions.if_none_match, conditions.if_modified_since.and_then(http_date)) {
        (Some(tags), _) if any_matches(tags, blob.etag, weakly_equal) => return Verdict::NotModified,
        (None, Some(date)) if blob.last_modified <= date => return Verdict::NotModified,
        _ => {}
    }
    // Step 5.
    Verdict::Proceed { range_counts: conditions.if_range.is_none_or(|validator| same_blob(validator, blob)) }
}

/// A date as `Last-Modified` writes it: `Sat, 01 Jan 2000 00:00:00 GMT`.
pub fn format_http_date(unix_seconds: i64) -> String {
    let at = chrono::DateTime::from_timestamp(unix_seconds, 0).unwrap_or_default();
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `If-Range`: an entity tag compared strongly, or a date equal to ours (section 13.1.5).
///
/// Our date is a strong validator (section 8.8.2.2): it lies long before any answer that carries it.
fn same_blob(validator: &str, blob: &Validators<'_>) -> bool {
    let validator = validator.trim_matches([' ', '\t']);
    if validator.starts_with('"') || validator.starts_with("W/") {
        return strongly_equal(validator, blob.etag);
    }
    http_date(validator) == Some(blob.last_modified)
}

/// Section 8.8.3.2: both are strong and their opaque tags are equal.
fn strongly_equal(theirs: &str, ours: &str) -> bool {
    theirs == ours && !ours.starts_with("W/")
}

/// Section 8.8.3.2: their opaque tags are equal, weak or not.
fn weakly_equal(theirs: &str, ours: &str) -> bool {
    theirs.strip_prefix("W/").unwrap_or(theirs) == ours.strip_prefix("W/").unwrap_or(ours)
}

/// Whether a list of entity tags is `*` or has one that `equal`s ours. A list ends where its grammar does.
fn any_matches(list: &str, ours: &str, equal: fn(&str, &str) -> bool) -> bool {
    let mut rest = list.trim_matches([' ', '\t']);
    if rest == "*" {
        return true;
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some((tag, after)) = first_tag(rest) else { return false };
        if equal(tag, ours) {
            return true;
        }
        rest = after;
    }
}

/// Split `W/"..."` or `"..."` off the front.
fn first_tag(text: &str) -> Option<(&str, &str)> {
    let weak = if text.starts_with("W/") { 2 } else { 0 };
    let opaque = text.get(weak..)?.strip_prefix('"')?;
    let length = opaque.find('"')?;
    text.split_at_checked(weak + length + 2)
}

/// The three forms of section 5.6.7, all of which a recipient must take; `None` for anything else.
fn http_date(text: &str) -> Option<i64> {
    const FORMS: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let text = text.trim_matches([' ', '\t']);
    FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|date| date.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OURS: &str = "\"abc\"";
    const MODIFIED: i64 = 946_684_800;
    const AT: &str = "Sat, 01 Jan 2000 00:00:00 GMT";
    const BEFORE: &str = "Fri, 31 Dec 1999 23:59:59 GMT";
    const AFTER: &str = "Sun, 02 Jan 2000 00:00:00 GMT";
    const SENT: Verdict = Verdict::Proceed { range_counts: true };
    const WHOLE: Verdict = Verdict::Proceed { range_counts: false };

    fn judge(conditions: Conditions<'_>) -> Verdict {
        evaluate(&conditions, &Validators { etag: OURS, last_modified: MODIFIED })
    }

    fn if_match(tags: &str) -> Verdict {
        judge(Conditions { if_match: Some(tags), ..Conditions::default() })
    }

    fn if_none_match(tags: &str) -> Verdict {
        judge(Conditions { if_none_match: Some(tags), ..Conditions::default() })
    }

    fn if_range(validator: &str) -> Verdict {
        judge(Conditions { if_range: Some(validator), ..Conditions::default() })
    }

    #[test]
    fn a_request_without_conditions_is_answered() {
        assert_eq!(judge(Conditions::default()), SENT);
    }

    // 13.1.1: "If the field value is "*", the condition is true if the origin server has a current representation".
    #[test]
    fn if_match_star_holds() {
        assert_eq!(if_match("*"), SENT);
    }

    // 13.1.1: "If the field value is a list of entity tags, the condition is true if any of the listed tags match".
    #[test]
    fn if_match_holds_when_any_tag_matches() {
        assert_eq!(if_match("\"x\", \"abc\""), SENT);
        assert_eq!(if_match("\"x\",\"y\""), Verdict::PreconditionFailed);
        assert_eq!(if_match("\"with, comma\" , \"abc\""), SENT);
    }

    // 13.1.1: "An origin server MUST use the strong comparison function when comparing entity tags for If-Match".
    #[test]
    fn if_match_compares_strongly() {
        assert_eq!(if_match("W/\"abc\""), Verdict::PreconditionFailed);
    }

    // 13.1.2: "If the field value is "*", the condition is false if the origin server has a current representation".
    #[test]
    fn if_none_match_star_is_not_modified() {
        assert_eq!(if_none_match("*"), Verdict::NotModified);
    }

    // 13.1.2: "the condition is false if one of the listed tags matches"; "MUST use the weak comparison function".
    #[test]
    fn if_none_match_compares_weakly() {
        assert_eq!(if_none_match("\"abc\""), Verdict::NotModified);
        assert_eq!(if_none_match("\"x\", W/\"abc\""), Verdict::NotModified);
        assert_eq!(if_none_match("\"x\""), SENT);
    }

    #[test]
    fn a_malformed_tag_matches_nothing() {
        for bad in ["abc", "\"abc", "w/\"abc\"", "", ",", "W/", "W/abc", "'abc'"] {
            assert_eq!(if_none_match(bad), SENT, "{bad}");
            assert_eq!(if_match(bad), Verdict::PreconditionFailed, "{bad}");
        }
    }

    // 13.1.3: "If the selected representation's last modification date is earlier or equal to the date provided in the
    // field value, the condition is false."
    #[test]
    fn if_modified_since_the_same_or_a_later_date_is_not_modified() {
        for (date, verdict) in [(AT, Verdict::NotModified), (AFTER, Verdict::NotModified), (BEFORE, SENT)] {
            assert_eq!(judge(Conditions { if_modified_since: Some(date), ..Conditions::default() }), verdict, "{date}");
        }
    }

    // 13.1.3: "A recipient MUST ignore If-Modified-Since if the request contains an If-None-Match header field".
    #[test]
    fn if_none_match_wins_over_if_modified_since() {
        let both = Conditions { if_none_match: Some("\"x\""), if_modified_since: Some(AFTER), ..Conditions::default() };
        assert_eq!(judge(both), SENT);
    }

    // 13.1.3: "A recipient MUST ignore the If-Modified-Since header field if the received field value is not a valid
    // HTTP-date".
    #[test]
    fn a_date_that_is_none_is_ignored() {
        for bad in ["yesterday", "", "Sat, 32 Jan 2000 00:00:00 GMT", "2000-01-01", "Sat, 01 Jan 99999 00:00:00 GMT"] {
            assert_eq!(judge(Conditions { if_modified_since: Some(bad), ..Conditions::default() }), SENT, "{bad}");
            assert_eq!(judge(Conditions { if_unmodified_since: Some(bad), ..Conditions::default() }), SENT, "{bad}");
        }
    }

    // 13.1.4: "If the selected representation's last modification date is earlier than or equal to the date provided
    // in the field value, the condition is true."
    #[test]
    fn if_unmodified_since_fails_only_for_an_earlier_date() {
        for (date, verdict) in [(AT, SENT), (AFTER, SENT), (BEFORE, Verdict::PreconditionFailed)] {
            assert_eq!(
                judge(Conditions { if_unmodified_since: Some(date), ..Conditions::default() }),
                verdict,
                "{date}"
            );
        }
    }

    // 13.1.4: "A recipient MUST ignore If-Unmodified-Since if the request contains an If-Match header field".
    #[test]
    fn if_match_wins_over_if_unmodified_since() {
        let both = Conditions { if_match: Some(OURS), if_unmodified_since: Some(BEFORE), ..Conditions::default() };
        assert_eq!(judge(both), SENT);
    }

    // 13.2.2: step 1 comes before step 3.
    #[test]
    fn a_failed_if_match_comes_before_not_modified() {
        let both = Conditions { if_match: Some("\"x\""), if_none_match: Some(OURS), ..Conditions::default() };
        assert_eq!(judge(both), Verdict::PreconditionFailed);
        let good = Conditions { if_match: Some(OURS), if_none_match: Some(OURS), ..Conditions::default() };
        assert_eq!(judge(good), Verdict::NotModified);
    }

    // 13.1.5: "If the validator given is an entity tag ... the condition is true if it exactly matches the ETag field
    // value using the strong comparison function".
    #[test]
    fn if_range_with_a_tag_compares_strongly() {
        assert_eq!(if_range(OURS), SENT);
        assert_eq!(if_range("W/\"abc\""), WHOLE);
        assert_eq!(if_range("\"x\""), WHOLE);
    }

    // 13.1.5: "if the HTTP-date validator provided exactly matches the Last-Modified field value ... true"; "Note that
    // this comparison is by exact match ... differs from the 'earlier than or equal to'".
    #[test]
    fn if_range_with_a_date_must_match_exactly() {
        assert_eq!(if_range(AT), SENT);
        assert_eq!(if_range(AFTER), WHOLE);
        assert_eq!(if_range("abc"), WHOLE);
    }

    // 13.2.2: step 5 comes last.
    #[test]
    fn not_modified_comes_before_if_range() {
        let both = Conditions { if_none_match: Some(OURS), if_range: Some("\"x\""), ..Conditions::default() };
        assert_eq!(judge(both), Verdict::NotModified);
    }

    // 5.6.7: "A recipient that parses a timestamp value in an HTTP field MUST accept all three HTTP-date formats."
    #[test]
    fn all_three_forms_of_a_date_are_read() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(http_date(text), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn dates_are_written_in_the_preferred_form() {
        assert_eq!(format_http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(format_http_date(MODIFIED), AT);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(a in ".{0,60}", b in "[Ww/\", a-c*]{0,40}", c in ".{0,60}") {
            for conditions in [
                Conditions { if_match: Some(&a), if_none_match: Some(&b), if_range: Some(&c), ..Conditions::default() },
                Conditions { if_unmodified_since: Some(&a), if_modified_since: Some(&c), if_range: Some(&b), ..Conditions::default() },
            ] {
                let _ = judge(conditions);
            }
        }
    }
}
