//! A type for every table's key, so that a person's id is never taken for a lesson's.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// Ids for an `IN` list, the last one repeated until their number is a power of two: the database then meets few
/// different statements however many ids there are, and has each of them prepared.
pub fn padded<I: Copy>(ids: impl IntoIterator<Item = I>) -> Vec<I> {
    let mut ids: Vec<I> = ids.into_iter().collect();
    if let Some(last) = ids.last().copied() {
        ids.resize(ids.len().next_power_of_two(), last);
    }
    ids
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A node of the org tree: city, county, township, village.
    UnitId;
    /// Someone who learns and has a training archive.
    PersonId;
    /// A term of office of a person.
    PostId;
    /// A login: of a person, or of a classroom device.
    AccountId;
    /// A role given to an account at a unit.
    GrantId;
    /// A row of the refresh-token table.
    RefreshTokenId;
    /// A classroom terminal.
    DeviceId;
    /// An ordered list of lessons.
    CourseId;
    /// One lesson: a video, an audio, or an article.
    LessonId;
    /// One playback session, solo or group.
    PlaybackId;
    /// One stay of a person in a classroom.
    PresenceId;
    /// One concentrated training in person.
    ClassId;
    /// One person's attendance of a class.
    ClassAttendanceId;
    /// One person's sign-in to one half-day of a class.
    ClassSignInId;
    /// A file that proves a class.
    ClassEvidenceId;
    /// One dated version of the rules of hours.
    RuleId;
    /// A mark of the star rating.
    StarMarkId;
    /// A row of the audit log.
    AuditId;
    /// Something a person is told on their pages.
    NoticeId;
    /// A training plan.
    PlanId;
    /// A remark made while a lesson is reviewed.
    ReviewNoteId;
    /// A row of the search index's outbox.
    OutboxId;
    /// A note that an account, or all of them, are to be read anew.
    DirectoryChangeId;
    /// One thing to be made of a recording.
    JobId;
    /// One thing that was made of a recording.
    RenditionId;
    /// The captions of a lesson in one language.
    CaptionId;
    /// The second sound of a lesson in one language.
    VoiceId;
    /// A terminal that asks to be paired.
    PairingId;
    /// One stretch of time in which a terminal was on.
    DeviceRunId;
    /// A county's play days.
    PlayDayId;
    /// Somebody in a classroom who is not on its roster.
    GuestId;
    /// A name drawn during a group session.
    PresenceCheckId;
    /// A question of an in-class quiz.
    QuestionId;
    /// One try at an in-class quiz.
    QuizAttemptId;
    /// An appeal against an entry of a training archive.
    AppealId;
    /// An exemption of a person from what the rules ask.
    ExemptionId;
    /// The closing of a unit's year.
    SealId;
    /// What reached a sealed year too late.
    LatePostingId;
    /// A change of many lessons at once.
    BulkId;
    /// That two rows of the roster are one person.
    MergeId;
    /// A request that is done once, and what was answered to it.
    KeptAnswerId;
    /// A view of a list that somebody keeps.
    ViewId;
}
