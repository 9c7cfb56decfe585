//! Everything that can go wrong while playing, in the words of the domain.

use entity::{LessonId, PersonId, PlaybackId};
use sea_orm::DbErr;

/// Why a playback could not begin, go on or end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such lesson.
    #[error("lesson {0} does not exist")]
    UnknownLesson(LessonId),
    /// The lesson has no length yet, so nothing of it can be credited.
    #[error("lesson {0} has no length")]
    NothingToPlay(LessonId),
    /// A solo session needs a person who learns; a classroom's login has none.
    #[error("a solo session needs a learner")]
    NoLearner,
    /// Somebody on the roster does not exist.
    #[error("person {0} does not exist")]
    UnknownPerson(PersonId),
    /// More people than one room holds.
    #[error("a roster holds at most {most} people")]
    RosterTooLong {
        /// The limit.
        most: usize,
    },
    /// There is no such playback.
    #[error("playback {0} does not exist")]
    UnknownPlayback(PlaybackId),
    /// The playback belongs to another account; to be answered as if it did not exist.
    #[error("playback {0} belongs to somebody else")]
    NotYours(PlaybackId),
    /// People come and go in a classroom only.
    #[error("playback {0} is not a classroom's")]
    NotAClassroom(PlaybackId),
    /// The playback has ended.
    #[error("playback {0} is closed")]
    Closed(PlaybackId),
    /// Beats are numbered from 1 and a session has fewer than two thousand million.
    #[error("the number of a beat must lie in 1..={}", crate::beat::MOST_SEQ)]
    BadSeq,
    /// The playhead stands before the beginning.
    #[error("a position must not be negative")]
    BadPosition,
    /// A speed no player of ours offers.
    #[error("a rate must lie in 0.25..=3")]
    BadRate,
    /// More beats wait than can be written soon; the same beat may be sent again.
    #[error("too many beats are waiting")]
    Busy,
    /// The writer of beats has stopped.
    #[error("the recorder has stopped")]
    Stopped,
    /// The derived columns of a playback cannot be read.
    #[error("playback {id} holds unreadable totals")]
    Unreadable {
        /// Which playback.
        id: PlaybackId,
        /// What is wrong with them.
        source: serde_json::Error,
    },
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbErr),
}
