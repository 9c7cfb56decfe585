//! The chapters of a lesson: a line each, `1:23 What it is about`, in order.
//!
//! They are kept as they are typed, so that the editor shows them again; read, they are places in the recording.

use crate::{Error, Result};

/// Chapters of one lesson at most.
const MOST: usize = 100;
/// Characters of a chapter's title at most.
const TITLE: usize = 60;

/// A part of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Where it begins, in milliseconds.
    pub at_ms: i64,
    /// What it is about.
    pub title: String,
}

/// The text as it is kept, once every line of it is a chapter after the one before.
pub(crate) fn checked(text: &str) -> Result<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.len() > MOST {
        return Err(Error::invalid("chapters", format!("章节最多 {MOST} 个")));
    }
    let mut last = -1;
    for (number, line) in (1..).zip(&lines) {
        let wrong = |why: &str| Error::invalid("chapters", format!("第 {number} 行：{why}"));
        let chapter = read(line).ok_or_else(|| wrong("写成“1:23 标题”，时间在前，空一格写标题"))?;
        if chapter.title.chars().count() > TITLE {
            return Err(wrong("标题太长，最多 60 个字"));
        }
        if chapter.at_ms <= last {
            return Err(wrong("时间要比上一行晚"));
        }
        last = chapter.at_ms;
    }
    Ok(lines.join("\n"))
}

/// The chapters in a kept text.
pub fn of(text: &str) -> Vec<Chapter> {
    text.lines().filter_map(read).collect()
}

fn read(line: &str) -> Option<Chapter> {
    let (clock, title) = line.trim().split_once(|c: char| c.is_whitespace())?;
    let title = title.trim();
    let parts: Vec<&str> = clock.split([':', '：']).collect();
    if title.is_empty() || !(2..=3).contains(&parts.len()) {
        return None;
    }
    let mut seconds = 0_i64;
    for (place, part) in parts.iter().enumerate() {
        let number: i64 = part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        let most = if place == 0 { 999 } else { 59 };
        seconds = seconds * 60 + Some(number).filter(|number| *number <= most)?;
    }
    Some(Chapter { at_ms: seconds * 1000, title: title.to_owned() })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_become_places_in_the_recording() {
        let kept = checked(" 0:00 开场\n\n1：23  剪枝 的时间\n1:02:03 答疑 \n").unwrap();
        let chapters: Vec<_> = of(&kept).into_iter().map(|chapter| (chapter.at_ms, chapter.title)).collect();
        let wanted = [(0, "开场"), (83_000, "剪枝 的时间"), (3_723_000, "答疑")];
        assert_eq!(chapters, wanted.map(|(at, title)| (at, title.to_owned())));
    }

    #[test]
    fn what_is_no_chapter_is_refused_with_its_line() {
        for text in ["开场", "0:00", "0:00 ", "5 开场", "1:75 开场", "0:10 一\n0:10 二", "-1:00 开场", "1:2:3:4 多"]
        {
            let refused = checked(text);
            assert!(matches!(refused, Err(Error::Invalid { field: "chapters", .. })), "{text}");
        }
        assert_eq!(checked(" \n").unwrap(), "");
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_read_whole_and_in_order(text in "([0-9]{1,2}:[0-9]{2} [a-z]{1,5}\n){0,6}") {
            if let Ok(kept) = checked(&text) {
                let chapters = of(&kept);
                prop_assert_eq!(chapters.len(), kept.lines().count());
                prop_assert!(chapters.is_sorted_by(|before, after| before.at_ms < after.at_ms));
                prop_assert_eq!(checked(&kept).unwrap(), kept);
            }
        }
    }
}
