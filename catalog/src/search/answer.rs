//! What may be asked of the index and what it answers. Plain data; the server shapes the JSON.

use super::bands::{LengthBand, SizeBand};
use super::cursor::Cursor;
use entity::{Category, CourseId, Day, LessonId, Level};

/// A search. Empty `q` lists everything the filters leave. A filter with several values takes any of them.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// What people typed.
    pub q: String,
    /// Only these categories.
    pub category: Vec<Category>,
    /// Only lessons taught in one of these languages.
    pub language: Vec<String>,
    /// Only these levels.
    pub level: Vec<Level>,
    /// Only these crops or animals.
    pub crop: Vec<String>,
    /// Only lessons this long.
    pub length: Vec<LengthBand>,
    /// Only lessons with captions, or only those without.
    pub captions: Option<bool>,
    /// Only lessons whose smallest form is this large.
    pub size_band: Vec<SizeBand>,
    /// The order of the hits.
    pub sort: Sort,
    /// Which page, from 1. A cursor goes before it.
    pub page: u64,
    /// Hits a page, at most [`MAX_PAGE_SIZE`](crate::MAX_PAGE_SIZE).
    pub size: u64,
    /// What was shown before: the answer goes on behind it.
    pub cursor: Option<Cursor>,
    /// Take the words as they are typed: no pinyin or homophone reading.
    pub literal: bool,
}

impl SearchQuery {
    /// The first twenty hits for these words.
    pub fn of(q: &str) -> Self {
        Self { q: q.to_owned(), page: 1, size: 20, ..Self::default() }
    }

    /// Whether any filter narrows it.
    pub fn is_narrowed(&self) -> bool {
        let texts = [&self.language, &self.crop];
        !self.category.is_empty()
            || !self.level.is_empty()
            || !self.length.is_empty()
            || !self.size_band.is_empty()
            || self.captions.is_some()
            || texts.iter().any(|texts| !texts.is_empty())
    }
}

/// The order of hits. The weaker tier comes after the others in every order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Best match first.
    #[default]
    Relevance,
    /// Latest published first.
    Newest,
    /// Most watched first.
    Plays,
    /// Shortest first.
    Shortest,
    /// Fewest bytes first, by the smallest form that can be played; article lessons have none.
    Smallest,
}

impl Sort {
    /// The order with this name in the API.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "relevance" => Some(Self::Relevance),
            "newest" => Some(Self::Newest),
            "plays" => Some(Self::Plays),
            "shortest" => Some(Self::Shortest),
            "smallest" => Some(Self::Smallest),
            _ => None,
        }
    }
}

/// One page of hits.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// How many lessons match, of both tiers, for this viewer.
    pub total: u64,
    /// How many of them match only weakly.
    pub weak_total: u64,
    /// The number of this page, from 1.
    pub page: u64,
    /// What the next page is asked with; `None` when nothing is left.
    pub next_cursor: Option<String>,
    /// The hits of the page.
    pub hits: Vec<Hit>,
    /// What the hits could be narrowed by, each counted without its own filter.
    pub facets: Facets,
    /// What typed pinyin, or a word nobody wrote, was read as ("did you mean"); `literal` goes back.
    pub read_as: Option<String>,
}

/// One lesson found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The lesson.
    pub lesson_id: LessonId,
    /// Its name in addresses.
    pub slug: String,
    /// Its course.
    pub course_id: CourseId,
    /// Its title as written.
    pub title: String,
    /// Its title as HTML: escaped, matches in `<mark>`.
    pub title_html: String,
    /// The part of summary or transcript that matches best, as HTML: escaped, matches in `<mark>`.
    pub snippet: String,
    /// Its category.
    pub category: Category,
    /// Its level.
    pub level: Level,
    /// The language it is taught in.
    pub language: String,
    /// Who teaches.
    pub lecturer: String,
    /// Its crop or animal.
    pub crop: Option<String>,
    /// Its length.
    pub duration_ms: i64,
    /// Bytes of its media; 0 for an article lesson.
    pub size_bytes: i64,
    /// Bytes of its smallest form that can be played, such as its sound alone.
    pub smallest_bytes: i64,
    /// It has captions.
    pub captions: bool,
    /// The day it was first published.
    pub published: Option<Day>,
    /// How often it was played.
    pub plays: i64,
    /// Where in the recording the passage of the snippet is said: the begin of its caption. Without captions it is
    /// told from the passage's place in the transcript, in proportion to the length; an article has none.
    pub match_at_ms: Option<i64>,
    /// The place is that of a caption, not told from the transcript.
    pub match_is_exact: bool,
    /// It belongs to the labelled weaker tier.
    pub weak: bool,
    /// Its season fits today.
    pub in_season: bool,
    /// The score it was ranked by; only comparable within one answer.
    pub score: f32,
}

/// What an answer could be narrowed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// By category, as stored words.
    pub category: Vec<FacetCount>,
    /// By crop or animal, the twenty most frequent and those chosen.
    pub crop: Vec<FacetCount>,
    /// By level, as stored words.
    pub level: Vec<FacetCount>,
    /// By language.
    pub language: Vec<FacetCount>,
    /// By length, the shortest band first.
    pub length: Vec<FacetCount>,
    /// With (`true`) and without (`false`) captions.
    pub captions: Vec<FacetCount>,
    /// By the size of the smallest form, the smallest band first.
    pub size_band: Vec<FacetCount>,
}

/// How many hits one value would leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCount {
    /// The value as the filter takes it.
    pub value: String,
    /// The value as people read it.
    pub label: String,
    /// How many hits have it.
    pub count: u64,
}

/// Something to offer while people type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The words to search for.
    pub text: String,
    /// The same as HTML: escaped, what was typed in `<mark>`.
    pub html: String,
    /// What they are.
    pub kind: SuggestionKind,
    /// The name of a course in addresses.
    pub slug: Option<String>,
}

/// What a suggestion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuggestionKind {
    /// Something many people search for.
    Hot,
    /// A crop or animal.
    Crop,
    /// A tag.
    Tag,
    /// A lecturer's name.
    Lecturer,
    /// A course's title.
    Course,
    /// A lesson's title.
    Title,
}

impl SuggestionKind {
    /// The stable name of the kind in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Crop => "crop",
            Self::Tag => "tag",
            Self::Lecturer => "lecturer",
            Self::Course => "course",
            Self::Title => "title",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hot => "热词",
            Self::Crop => "作物",
            Self::Tag => "话题",
            Self::Lecturer => "讲师",
            Self::Course => "课程",
            Self::Title => "课时",
        }
    }
}
