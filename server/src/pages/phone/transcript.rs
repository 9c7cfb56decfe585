//! What is said in a lesson, on its page: the tracks its player shows, and lines that lead to their second.

use crate::api::captions::{srclang, url};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::figures::clock;
use entity::caption::Cue;
use entity::lesson;

/// Characters from which on a line is long enough.
const LINE: usize = 36;
/// Characters from which on a line may end with its sentence.
const SENTENCE: usize = 16;
/// A pause after which a new line begins.
const PAUSE_MS: i64 = 2_000;
/// Lines a page lists; three hours of speech. What comes after is in the file.
const LINES: usize = 800;

/// The captions of a lesson as its pages show them; empty when there are none.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The tracks, the one in the lesson's own language first.
    pub tracks: Vec<Track>,
    /// The first track in lines.
    pub lines: Vec<Line>,
    /// Lines that are not listed.
    pub more: usize,
    /// The lines say all that is in the lesson's own transcript.
    pub complete: bool,
}

/// A track of the player.
#[derive(Clone, Debug)]
pub struct Track {
    /// Where it is.
    pub url: String,
    /// The language's code.
    pub srclang: &'static str,
    /// What people call the language.
    pub label: String,
}

/// Some cues that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it begins.
    pub from_ms: i64,
    /// The same as people read it.
    pub clock: String,
    /// What is said.
    pub text: String,
}

impl Line {
    /// The second to begin at.
    pub fn second(&self) -> i64 {
        self.from_ms / 1000
    }
}

/// The captions of a lesson; none for an article, which nobody plays.
///
/// # Errors
/// When the database fails.
pub async fn of(db: &Database, lesson: &lesson::Model) -> ApiResult<Transcript> {
    if lesson.media_sha256.is_none() {
        return Ok(Transcript::default());
    }
    let rows = catalog::caption::of_lesson(&db.read, lesson).await?;
    let cues = rows.first().map(entity::caption::Model::read_cues).unwrap_or_default();
    let mut lines = lines(&cues);
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    let track = |row: entity::caption::Model| Track {
        url: url(lesson, &row.language),
        srclang: srclang(&row.language),
        label: row.language,
    };
    Ok(Transcript {
        tracks: rows.into_iter().map(track).collect(),
        complete: more == 0 && !lines.is_empty() && catalog::caption::covers(&cues, &lesson.body),
        lines,
        more,
    })
}

/// Cues joined into lines that can be read: up to a pause, an end of a sentence, or a length.
fn lines(cues: &[Cue]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut ended = i64::MIN;
    for Cue(from, to, text) in cues {
        let text = text.replace('\n', " ");
        match lines.last_mut().filter(|line| goes_on(&line.text, from.saturating_sub(ended))) {
            Some(line) => {
                if !(is_wide(line.text.chars().next_back()) && is_wide(text.chars().next())) {
                    line.text.push(' ');
                }
                line.text.push_str(&text);
            }
            None => lines.push(Line { from_ms: *from, clock: clock(*from), text }),
        }
        ended = ended.max(*to);
    }
    lines
}

fn goes_on(line: &str, pause_ms: i64) -> bool {
    let length = line.chars().count();
    let sentence = line.ends_with(['。', '！', '？', '.', '!', '?', '…']);
    pause_ms < PAUSE_MS && length < LINE && !(sentence && length >= SENTENCE)
}

/// Whether a character needs no space beside it.
fn is_wide(c: Option<char>) -> bool {
    c.is_some_and(|c| matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}'))
        && !c.is_some_and(|c| matches!(c, '。' | '！' | '？' | '；'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_become_lines_that_begin_after_a_pause_a_sentence_or_a_length() {
        let cue = |from: i64, text: &str| Cue(from * 1000, from * 1000 + 900, text.to_owned());
        let cues = [
            cue(0, "大家好，"),
            cue(1, "今天讲\n黄龙病怎么认和怎么防。"),
            cue(2, "先看"),
            cue(3, "叶子"),
            cue(62, "再看 fruit"),
            cue(63, "ok"),
        ];
        let found: Vec<(i64, String)> = lines(&cues).into_iter().map(|line| (line.second(), line.text)).collect();
        let line = |second: i64, text: &str| (second, text.to_owned());
        assert_eq!(
            found,
            [line(0, "大家好，今天讲 黄龙病怎么认和怎么防。"), line(2, "先看叶子"), line(62, "再看 fruit ok")]
        );
        let long: Vec<Cue> = (0..100).map(|at| cue(at, "一直说下去没有停")).collect();
        assert!(lines(&long).iter().all(|line| line.text.chars().count() < LINE + 10));
    }
}
