//! Everything that can go wrong while playing, in the words of the domain.

use entity::{GuestId, LessonId, PersonId, PlaybackId, PresenceCheckId, QuestionId, QuizAttemptId};
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
    /// What was told of a guest is wrong; the Chinese text says what.
    #[error("{0}")]
    BadGuest(&'static str),
    /// There is no such guest.
    #[error("guest {0} does not exist")]
    UnknownGuest(GuestId),
    /// More guests than one session notes.
    #[error("a session notes at most {most} guests")]
    TooManyGuests {
        /// The limit.
        most: usize,
    },
    /// The guest is matched with somebody else already.
    #[error("guest {0} is matched with somebody else")]
    GuestMatched(GuestId),
    /// Taking a match back needs a reason of 1 to 200 characters.
    #[error("a match is taken back with a reason of 1 to 200 characters")]
    NoReason,
    /// No open room within reach shows this code.
    #[error("no open room shows this code")]
    WrongCode,
    /// No such name was drawn in this session.
    #[error("check {0} does not exist")]
    UnknownCheck(PresenceCheckId),
    /// The lesson has no such question.
    #[error("question {0} does not exist")]
    UnknownQuestion(QuestionId),
    /// A question's choices or answer cannot be read.
    #[error("question {0} cannot be read")]
    UnreadableQuestion(QuestionId),
    /// Hands are counted for every choice, and no room holds so many.
    #[error("hands do not fit the choices")]
    BadHands,
    /// Another question has been asked since.
    #[error("question {0} is over")]
    QuestionOver(QuestionId),
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
    /// More beats than may come together.
    #[error("at most {most} beats may come together")]
    TooManyBeats {
        /// The limit.
        most: usize,
    },
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
    /// The lesson has no in-class quiz.
    #[error("lesson {0} has no quiz")]
    NoQuiz(LessonId),
    /// The person has tried the quiz as often today as the rule allows.
    #[error("no attempts left today at the quiz of lesson {0}")]
    NoAttemptsLeft(LessonId),
    /// There is no such try at a quiz, or it is somebody else's.
    #[error("quiz attempt {0} does not exist")]
    UnknownAttempt(QuizAttemptId),
    /// It was handed in with other answers.
    #[error("quiz attempt {0} was handed in")]
    HandedIn(QuizAttemptId),
    /// Its time is over.
    #[error("quiz attempt {0} is over")]
    AttemptOver(QuizAttemptId),
    /// The answers do not fit the questions.
    #[error("the answers do not fit the questions")]
    BadAnswers,
    /// A stored try cannot be read.
    #[error("quiz attempt {id} cannot be read")]
    UnreadableAttempt {
        /// Which one.
        id: QuizAttemptId,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbErr),
}
