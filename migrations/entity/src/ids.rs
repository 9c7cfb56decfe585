//! A type for every table's key, so that a person's id is never taken for a lesson's.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

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
    /// One dated version of the rules of hours.
    RuleId;
    /// A row of the audit log.
    AuditId;
    /// A row of the search index's outbox.
    OutboxId;
    /// One thing to be made of a recording.
    JobId;
    /// One thing that was made of a recording.
    RenditionId;
    /// The captions of a lesson in one language.
    CaptionId;
}
