//! Takes markup out of caption text: tags, overrides and character references. A sign that is no markup stays: 气温<10度.

/// Longest tag that is looked for, in characters; without a bound a file of `<` would be read again for each of them.
const LONGEST_TAG: usize = 200;
/// Longest character reference that is looked for, in bytes.
const LONGEST_REFERENCE: usize = 10;
/// The tags SubRip files have.
const SUBRIP_TAGS: &[&str] = &["b", "i", "u", "s", "font"];

/// The plain text of a WebVTT cue (WebVTT section 6.4). A voice is kept as "name：".
pub(super) fn of_webvtt(text: &str) -> String {
    plain(text, |tag| {
        let begins = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '.' || c == '>';
        tag.is_empty() || tag.starts_with(begins) || is_timestamp(tag)
    })
}

/// The plain text of a SubRip cue: HTML-like tags, and the `{\an8}` of other players, taken out.
pub(super) fn of_subrip(text: &str) -> String {
    let text = plain(text, |tag| {
        let name = tag.trim_start_matches('/').split([' ', '\t', '\n']).next().unwrap_or_default();
        SUBRIP_TAGS.iter().any(|known| known.eq_ignore_ascii_case(name))
    });
    without_overrides(&text)
}

fn is_timestamp(tag: &str) -> bool {
    tag.contains(':') && tag.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'))
}

fn plain(text: &str, is_tag: impl Fn(&str) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let (taken, stands_for) = match tag(from).filter(|tag| is_tag(tag)) {
            Some(tag) => (tag.len() + 2, speaker(tag)),
            None => reference(from).unwrap_or_else(|| (1, from.get(..1).unwrap_or_default().to_owned())),
        };
        plain.push_str(&stands_for);
        rest = from.get(taken..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// What stands between `<` and `>` at the beginning of this text.
fn tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let (end, _) = inner.char_indices().take(LONGEST_TAG).find(|(_, c)| *c == '>')?;
    inner.get(..end)
}

/// Who speaks, when the tag names a voice: `<v 韦老师>` or `<v.loud 韦老师>`.
fn speaker(tag: &str) -> String {
    let named = tag.split_once([' ', '\t', '\n']).filter(|(name, _)| *name == "v" || name.starts_with("v."));
    named
        .map(|(_, name)| name.trim())
        .filter(|name| !name.is_empty())
        .map(|name| format!("{name}："))
        .unwrap_or_default()
}

/// The character reference at the beginning of this text: how many bytes it takes, and what it stands for.
fn reference(text: &str) -> Option<(usize, String)> {
    let inner = text.strip_prefix('&')?;
    let end = inner.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';')?;
    let name = inner.get(..end)?;
    let stands_for = match name {
        "amp" => "&".to_owned(),
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        "nbsp" => "\u{a0}".to_owned(),
        "lrm" | "rlm" => String::new(),
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            let c = char::from_u32(code).and_then(super::seen).map(|c| if c == '\n' { ' ' } else { c });
            c.map(String::from).unwrap_or_default()
        }
    };
    Some((end + 2, stands_for))
}

/// Without `{\an8}` and its like.
fn without_overrides(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("{\\") {
        plain.push_str(before);
        let end = from.char_indices().take(LONGEST_TAG).find(|(_, c)| *c == '}');
        match end {
            Some((end, _)) => rest = from.get(end + 1..).unwrap_or_default(),
            None => {
                plain.push_str("{\\");
                rest = from;
            }
        }
    }
    plain.push_str(rest);
    plain
}
