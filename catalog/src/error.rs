//! What can go wrong in the catalog, in the words of its users. The server decides which status each becomes.

use entity::LessonState;

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such lesson, or not for this caller.
    #[error("no such lesson")]
    LessonNotFound,
    /// No such course.
    #[error("no such course")]
    CourseNotFound,
    /// No such unit.
    #[error("no such unit")]
    UnitNotFound,
    /// No such play day.
    #[error("no such play day")]
    PlayDayNotFound,
    /// No such training plan.
    #[error("no such plan")]
    PlanNotFound,
    /// This version of the lesson is not kept.
    #[error("no such version")]
    VersionNotFound,
    /// No such remark on this lesson.
    #[error("no such remark")]
    NoteNotFound,
    /// No such change of many lessons, or somebody else's.
    #[error("no such change of many lessons")]
    BulkNotFound,
    /// A change of many lessons can no longer be undone.
    #[error("too late to undo")]
    TooLate,
    /// No such saved view, or somebody else's.
    #[error("no such view")]
    ViewNotFound,
    /// No blob with this SHA-256 is in the store.
    #[error("no such media")]
    MediaNotFound,
    /// The lesson has no captions in this language.
    #[error("no such captions")]
    CaptionNotFound,
    /// Somebody else changed the captions first.
    #[error("the captions changed in the meantime")]
    CaptionChanged,
    /// The lesson has no voice in this language.
    #[error("no such voice")]
    VoiceNotFound,
    /// Somebody else changed the voice first.
    #[error("the voice changed in the meantime")]
    VoiceChanged,
    /// A field breaks its rule; `reason` is Chinese and meant for people.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field's name in the API.
        field: &'static str,
        /// What is wrong, in Chinese.
        reason: String,
    },
    /// Somebody else changed it first; the caller should read it again.
    #[error("changed in the meantime, now at version {current}")]
    Stale {
        /// The version it is at now.
        current: i32,
    },
    /// The lesson is not in a state that allows this.
    #[error("not possible for a lesson in state {state}")]
    WrongState {
        /// The state it is in.
        state: LessonState,
    },
    /// Nobody reviews their own lesson.
    #[error("a lesson is reviewed by somebody other than its author")]
    OwnLesson,
    /// Another lesson or course has this name in addresses.
    #[error("the slug {0} is taken")]
    SlugTaken(String),
    /// The course still has lessons.
    #[error("the course still has {0} lessons")]
    CourseNotEmpty(u64),
    /// The import has rows that cannot be taken; nothing was written.
    #[error("{0} bad rows in the import")]
    BadRows(usize),
    /// The query is longer than [`search::MAX_QUERY_CHARS`](crate::search::MAX_QUERY_CHARS) after folding.
    #[error("the query is too long")]
    QueryTooLong,
    /// The page or its size is out of bounds.
    #[error("the page is out of range")]
    PageOutOfRange,
    /// The cursor was made for another query, other filters or another order.
    #[error("the cursor belongs to another query")]
    CursorOfAnother,
    /// Another process holds the index for writing.
    #[error("the index is being written by another process")]
    IndexBusy,
    /// The search index failed; it can be rebuilt from the database.
    #[error("search index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// A file of the index or the synonyms could not be read or written.
    #[error("search files: {0}")]
    Io(#[from] std::io::Error),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sea_orm::DbErr),
}

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What an insert failed with: somebody else may have taken the slug a moment ago.
    pub(crate) fn of_insert(cause: sea_orm::DbErr, slug: &str) -> Self {
        match cause.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Self::SlugTaken(slug.to_owned()),
            _ => cause.into(),
        }
    }

    /// A field that breaks its rule.
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }
}
