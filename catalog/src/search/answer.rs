//! What may be asked of the index and what it answers. Plain data; the server shapes the JSON.

use entity::{Category, CourseId, Day, LessonId, Level};

/// A search. Empty `q` lists everything the filters leave.
#[derive(Clone, Debug)]
pub struct SearchQuery {
    /// What people typed.
    pub q: String,
    /// Only this category.
    pub category: Option<Category>,
    /// Only lessons taught in this language.
    pub language: Option<String>,
    /// Only this level.
    pub level: Option<Level>,
    /// Only this crop or animal.
    pub crop: Option<String>,
    /// The order of the hits.
    pub sort: Sort,
    /// Which page, from 1.
    pub page: u64,
    /// Hits a page, at most [`MAX_PAGE_SIZE`](crate::MAX_PAGE_SIZE).
    pub size: u64,
    /// Take the words as they are typed: no pinyin or homophone reading.
    pub literal: bool,
}

impl SearchQuery {
    /// The first twenty hits for these words.
    pub fn of(q: &str) -> Self {
        Self {
            q: q.to_owned(),
            category: None,
            language: None,
            level: None,
            crop: None,
            sort: Sort::Relevance,
            page: 1,
            size: 20,
            literal: false,
        }
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
    /// Fewest bytes first; article lessons have none.
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
    /// How long it took.
    pub took_ms: f64,
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
    /// The day it was first published.
    pub published: Option<Day>,
    /// How often it was played.
    pub plays: i64,
    /// Where in the recording the passage of the snippet is said. Without caption times it is told from the
    /// passage's place in the transcript, in proportion to the length: near, not exact.
    pub match_at_ms: Option<i64>,
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
    /// By crop or animal, the twenty most frequent.
    pub crop: Vec<FacetCount>,
    /// By level, as stored words.
    pub level: Vec<FacetCount>,
    /// By language.
    pub language: Vec<FacetCount>,
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
    /// What they are.
    pub kind: SuggestionKind,
}

/// What a suggestion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuggestionKind {
    /// A crop or animal.
    Crop,
    /// A tag.
    Tag,
    /// A lecturer's name.
    Lecturer,
    /// A lesson's title.
    Title,
}

impl SuggestionKind {
    /// The stable name of the kind in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Crop => "crop",
            Self::Tag => "tag",
            Self::Lecturer => "lecturer",
            Self::Title => "title",
        }
    }
}
