//! One line of a manifest as it is written: read by imports, written by exports.

use serde::{Deserialize, Serialize};

/// The fields a line may have; unknown ones are left alone, absent ones are not written.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Line {
    /// `course` for a line about a course; any other line is a lesson.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name in addresses, and what tells the lesson apart; made from the title when absent.
    #[serde(alias = "slug", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it teaches.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Transcript or article.
    #[serde(alias = "transcript", skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The category's word or Chinese name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The crop or animal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<String>,
    /// Solar terms or months.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<String>,
    /// The level's word or Chinese name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The language taught in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Who teaches.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lecturer: String,
    /// Where it comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The last civil day it may be shown, `2026-12-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Its length in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Its length in milliseconds; goes before seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// The civil day it was published.
    #[serde(alias = "published_on", skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Plays counted elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plays: Option<i64>,
    /// The state's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Sample text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_sample: bool,
    /// The file that is played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Its SHA-256: alone, a recording that is here already; beside the file, what that must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_sha256: Option<String>,
    /// The file of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    /// The chapters, a line each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chapters: Option<String>,
    /// Its captions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<CaptionLine>,
    /// Its voices in other languages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voices: Vec<VoiceLine>,
    /// Its quiz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiz: Option<QuizLine>,
    /// The title of its course.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// Its place in the course.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i32>,
    /// The code of the unit whose subtree it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// Captions in one language.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CaptionLine {
    /// 普通话, 壮语 and so on; the lesson's own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The file.
    pub file: String,
}

/// A second sound.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct VoiceLine {
    /// 壮语, 桂柳话 and so on; not the lesson's own.
    pub language: String,
    /// The file.
    pub file: String,
}

/// A quiz.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct QuizLine {
    /// Whether the lesson counts only with a pass.
    #[serde(default)]
    pub required: bool,
    /// The questions in order.
    pub questions: Vec<QuestionLine>,
}

/// A question.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct QuestionLine {
    /// The word of its kind.
    pub kind: String,
    /// The question.
    pub text: String,
    /// The choices; none for true or false.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The places of the right choices, from 0; of true or false `[0]` is true.
    pub answer: Vec<usize>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub explanation: String,
}

impl Line {
    /// Whether it is about a course.
    pub(crate) fn is_course(&self) -> bool {
        self.kind.as_deref() == Some("course")
    }
}
