//! One lesson in a list: what it is called, how long, how many megabytes, and why it is offered.

use crate::pages::{figures, parts};
use catalog::search::Hit;
use entity::{LessonId, lesson, media};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;

/// What kind of thing is learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Moving pictures.
    Video,
    /// Sound alone: a tenth of the data.
    Audio,
    /// A text to read.
    Article,
}

impl Kind {
    /// The kind of a lesson whose media has this type; without media it is an article.
    pub fn of(mime: Option<&str>) -> Self {
        match mime {
            None => Self::Article,
            Some(mime) if mime.starts_with("audio/") => Self::Audio,
            Some(_) => Self::Video,
        }
    }

    /// The name in `data-kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Article => "article",
        }
    }

    /// Its picture in `icons.svg`.
    pub fn icon(self) -> &'static str {
        self.as_str()
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Video => "视频",
            Self::Audio => "音频",
            Self::Article => "图文",
        }
    }

    /// Whether it is heard only.
    pub fn is_audio(self) -> bool {
        self == Self::Audio
    }
}

/// A lesson as lists show it.
#[derive(Clone, Debug)]
pub struct Card {
    /// The lesson.
    pub id: LessonId,
    /// Its name in addresses.
    pub slug: String,
    /// Where it leads.
    pub href: String,
    /// The title as HTML, escaped.
    pub title: String,
    /// Why it is offered.
    pub why: Option<String>,
    /// The passage that was found, as HTML, escaped; empty for none.
    pub snippet: String,
    /// What it is learnt from.
    pub kind: Kind,
    /// Its length.
    pub length: String,
    /// Size, lecturer and so on.
    pub facts: Vec<String>,
    /// Where in it the passage is said.
    pub said: Option<Said>,
}

/// A link to the place in a recording where something is said.
#[derive(Clone, Debug)]
pub struct Said {
    /// The player at that place.
    pub href: String,
    /// `3 分 20 秒处提到`; with 约 when it is told from the transcript's length and not from captions.
    pub label: String,
}

impl Said {
    fn at(slug: &str, ms: i64, exact: bool) -> Self {
        let seconds = ms.max(0) / 1000;
        let about = if exact { "" } else { "约 " };
        let place = match (seconds / 60, seconds % 60) {
            (0, seconds) => format!("{seconds} 秒"),
            (minutes, 0) => format!("{minutes} 分"),
            (minutes, seconds) => format!("{minutes} 分 {seconds} 秒"),
        };
        Self { href: format!("/lessons/{slug}?t={seconds}"), label: format!("{about}{place}处提到，从这里看") }
    }
}

impl Card {
    /// The card of a row and, if it has one, its media.
    pub fn of(row: &lesson::Model, media: Option<&Blob>) -> Self {
        let size = media.map(|media| figures::size(media.size_bytes));
        let lecturer = Some(row.lecturer.clone()).filter(|name| !name.is_empty());
        Self {
            id: row.id,
            href: format!("/lessons/{}", row.slug),
            slug: row.slug.clone(),
            title: parts::escaped(&row.title),
            why: None,
            snippet: String::new(),
            kind: Kind::of(media.map(|media| media.mime.as_str())),
            length: figures::minutes(row.duration_ms),
            facts: size.into_iter().chain(lecturer).collect(),
            said: None,
        }
    }

    /// The card of something found; `media` tells video from audio.
    pub fn found(hit: &Hit, media: Option<&Blob>) -> Self {
        let said = hit.match_at_ms.filter(|_| hit.size_bytes > 0);
        let size = (hit.size_bytes > 0).then(|| match hit.smallest_bytes {
            smallest if smallest > 0 && smallest < hit.size_bytes => {
                format!("{}，最省 {}", figures::size(hit.size_bytes), figures::size(smallest))
            }
            _ => figures::size(hit.size_bytes),
        });
        let lecturer = Some(hit.lecturer.clone()).filter(|name| !name.is_empty());
        let captions = hit.captions.then(|| "有字幕".to_owned());
        Self {
            id: hit.lesson_id,
            href: format!("/lessons/{}", hit.slug),
            title: hit.title_html.clone(),
            why: hit.in_season.then(|| "正当季".to_owned()),
            snippet: hit.snippet.clone(),
            kind: Kind::of(media.map(|media| media.mime.as_str())),
            length: figures::minutes(hit.duration_ms),
            facts: size.into_iter().chain(captions).chain(lecturer).collect(),
            said: said.map(|at| Said::at(&hit.slug, at, hit.match_is_exact)),
            slug: hit.slug.clone(),
        }
    }

    /// The same card with a reason to look at it.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }
}

/// What a list needs to know of a lesson's media.
#[derive(Clone, Debug)]
pub struct Blob {
    /// How many bytes.
    pub size_bytes: i64,
    /// Which type.
    pub mime: String,
}

/// The media of these lessons, by lesson.
///
/// # Errors
/// When the database fails.
pub async fn blobs(db: &impl ConnectionTrait, ids: &[LessonId]) -> Result<HashMap<LessonId, Blob>, DbErr> {
    let named: Vec<(LessonId, Option<String>)> = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::MediaSha256])
        .filter(lesson::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let hashes = named.iter().filter_map(|(_, hash)| hash.clone());
    let media: HashMap<String, Blob> = media::Entity::find()
        .filter(media::Column::Sha256.is_in(hashes))
        .all(db)
        .await?
        .into_iter()
        .map(|media| (media.sha256, Blob { size_bytes: media.size_bytes, mime: media.mime }))
        .collect();
    let of = |(id, hash): (LessonId, Option<String>)| Some((id, media.get(&hash?)?.clone()));
    Ok(named.into_iter().filter_map(of).collect())
}

/// The cards of these rows, in their order.
///
/// # Errors
/// When the database fails.
pub async fn cards(db: &impl ConnectionTrait, rows: &[lesson::Model]) -> Result<Vec<Card>, DbErr> {
    let ids: Vec<LessonId> = rows.iter().map(|row| row.id).collect();
    let media = blobs(db, &ids).await?;
    Ok(rows.iter().map(|row| Card::of(row, media.get(&row.id))).collect())
}
