//! What the captions' API answers, and where a track is.

use content::caption::{Captions, Note};
use entity::caption::Cue;
use entity::{caption, lesson};
use serde::Serialize;
use utoipa::ToSchema;

/// Cues shown of the beginning and of the end of a file.
const SHOWN: usize = 5;

/// The tracks of a lesson.
#[derive(Serialize, ToSchema)]
pub struct CaptionsAnswer {
    /// The one in the lesson's own language first.
    pub(super) captions: Vec<CaptionAnswer>,
}

/// A track.
#[derive(Serialize, ToSchema)]
pub struct CaptionAnswer {
    /// Its id; a new one with every change.
    id: i64,
    /// The language people call it by.
    language: String,
    /// The language's code (BCP 47).
    srclang: &'static str,
    /// Where it is as WebVTT.
    url: String,
    /// The file it came from.
    source_name: String,
    /// The character encoding of that file.
    encoding: String,
    /// How many cues it has.
    cues: usize,
    /// When the first begins.
    from_ms: i64,
    /// When the last ends.
    to_ms: i64,
    /// When it came, in milliseconds since 1970.
    created_at: i64,
    /// What was left out of the file, right after it was put; otherwise absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<NoteAnswer>,
}

/// What a file holds.
#[derive(Serialize, ToSchema)]
#[schema(as = CaptionPreviewAnswer)]
pub struct PreviewAnswer {
    /// The character encoding found, or chosen.
    encoding: &'static str,
    /// `SRT` or `WebVTT`.
    format: &'static str,
    /// How many cues there are.
    cues: usize,
    /// The first of them.
    first: Vec<CueAnswer>,
    /// The last of them, as far as they are not among the first.
    last: Vec<CueAnswer>,
    /// What was left out or doubtful.
    notes: Vec<NoteAnswer>,
}

/// A cue.
#[derive(Serialize, ToSchema)]
pub struct CueAnswer {
    /// When it begins.
    from_ms: i64,
    /// When it ends.
    to_ms: i64,
    /// What is said.
    text: String,
}

/// Something to be told of a file.
#[derive(Serialize, ToSchema)]
#[schema(as = CaptionNoteAnswer)]
pub struct NoteAnswer {
    /// The line, from 1; absent when the whole file is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// What of it, in Chinese.
    text: String,
}

/// Where the captions of a lesson in this language are.
pub fn url(lesson: &lesson::Model, language: &str) -> String {
    format!("/api/v1/lessons/{}/captions/{}.vtt", lesson.id, crate::pages::parts::encoded(language))
}

/// The code of a language by its name (BCP 47); Chinese for every way of speaking it.
pub fn srclang(language: &str) -> &'static str {
    match language {
        "壮语" => "za",
        "瑶语" => "ium",
        "毛南语" => "mmd",
        "仫佬语" => "mlm",
        "苗语" => "hmn",
        "侗语" => "doc",
        "英语" => "en",
        _ => "zh",
    }
}

impl CaptionAnswer {
    /// The answer of a track.
    pub(super) fn of(lesson: &lesson::Model, track: &caption::Model) -> Self {
        let cues = track.read_cues();
        Self {
            id: track.id.0,
            srclang: srclang(&track.language),
            url: url(lesson, &track.language),
            language: track.language.clone(),
            source_name: track.source_name.clone(),
            encoding: track.source_encoding.clone(),
            cues: cues.len(),
            from_ms: cues.first().map_or(0, |Cue(from, ..)| *from),
            to_ms: cues.iter().map(|Cue(_, to, _)| *to).max().unwrap_or(0),
            created_at: track.created_at.0,
            notes: Vec::new(),
        }
    }
}

impl PreviewAnswer {
    /// The answer of a file.
    pub(super) fn of(found: Captions) -> Self {
        let total = found.cues.len();
        let some =
            |from: usize, to: usize| found.cues.get(from..to).unwrap_or_default().iter().map(CueAnswer::of).collect();
        Self {
            encoding: found.encoding.as_str(),
            format: found.format.as_str(),
            cues: total,
            first: some(0, total.min(SHOWN)),
            last: some(total.saturating_sub(SHOWN).max(total.min(SHOWN)), total),
            notes: found.notes.into_iter().map(NoteAnswer::from).collect(),
        }
    }
}

impl CueAnswer {
    fn of(Cue(from_ms, to_ms, text): &Cue) -> Self {
        Self { from_ms: *from_ms, to_ms: *to_ms, text: text.clone() }
    }
}

impl From<Note> for NoteAnswer {
    fn from(Note { line, text }: Note) -> Self {
        Self { line, text }
    }
}
