//! What can go wrong in the archive, in the words of the archive.

use entity::{AppealId, ClassId, ClassState, Day, ExemptionId, LatePostingId, PersonId, PlaybackId, UnitId};

/// Every way a function of this crate can fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// No such playback.
    #[error("no playback {0}")]
    NoSuchPlayback(PlaybackId),
    /// Only a closed playback can be posted.
    #[error("playback {0} is still open")]
    StillOpen(PlaybackId),
    /// No such person.
    #[error("no person {0}")]
    NoSuchPerson(PersonId),
    /// Only attendance and hours can be about one lesson, course, class or plan.
    #[error("this report is always about everything")]
    NotByLesson,
    /// No such unit.
    #[error("no unit {0}")]
    NoSuchUnit(UnitId),
    /// No entry with this number.
    #[error("no ledger entry {0}")]
    NoSuchEntry(i64),
    /// Credited and reasons do not add up to what was claimed, or a part is negative.
    #[error("credited {credited_ms} ms and reasons {reasons_ms} ms do not make {claimed_ms} ms")]
    NotConserved {
        /// What was claimed.
        claimed_ms: i64,
        /// What would count.
        credited_ms: i64,
        /// The sum of the reasons.
        reasons_ms: i64,
    },
    /// A correction cannot itself be corrected; the entry it corrects can, again.
    #[error("entry {0} is itself a correction")]
    CorrectsCorrection(i64),
    /// The correction would leave the entry below zero or above what one entry may hold.
    #[error("a correction must leave the entry between 0 and {most_ms} ms")]
    CorrectionOutOfBounds {
        /// The most this entry may come to.
        most_ms: i64,
    },
    /// A correction needs a reason of 1 to 500 characters.
    #[error("a correction needs a reason of 1 to 500 characters")]
    NoReason,
    /// No appeal with this number.
    #[error("no appeal {0}")]
    NoSuchAppeal(AppealId),
    /// An appeal is a text of 1 to 500 characters.
    #[error("an appeal needs a text of 1 to 500 characters")]
    NoAppealText,
    /// One appeal against this entry waits to be decided.
    #[error("an appeal against entry {0} is still open")]
    AppealOpen(i64),
    /// An entry may be appealed against for a year.
    #[error("the entry of {0} is more than a year old")]
    AppealTooLate(Day),
    /// Somebody has decided it already.
    #[error("appeal {0} is decided")]
    AppealDecided(AppealId),
    /// Nothing of this entry waits for a decision, or an appeal against it has come.
    #[error("entry {0} does not wait")]
    NotWaiting(i64),
    /// Nobody decides their own appeal.
    #[error("nobody decides their own appeal")]
    OwnAppeal,
    /// A grant gives back at least something and at most what was claimed.
    #[error("at most {most_ms} ms can be granted")]
    GrantOutOfBounds {
        /// What is left of the claim.
        most_ms: i64,
    },
    /// The year is sealed for this person: only an amendment may change it.
    #[error("the year {0} is sealed")]
    YearSealed(i32),
    /// An amendment is for a sealed year.
    #[error("the year {0} is not sealed")]
    NotSealed(i32),
    /// Only a year that is over can be sealed.
    #[error("the year {0} is not over")]
    YearNotOver(i32),
    /// Sessions of the year are not in the ledger yet.
    #[error("{0} sessions of the year are not posted")]
    SessionsWait(u64),
    /// Nobody there has a record of that year that is not sealed.
    #[error("nothing to seal")]
    NothingToSeal,
    /// Nothing with this number came too late.
    #[error("no late posting {0}")]
    NoSuchLate(LatePostingId),
    /// Somebody has decided it already.
    #[error("late posting {0} is decided")]
    LateDecided(LatePostingId),
    /// Nobody lets their own hours into a sealed year.
    #[error("nobody decides on their own late hours")]
    OwnLate,
    /// One seal is made after the other.
    #[error("another seal is under way")]
    SealUnderWay,
    /// A year was sealed since two people were found to be one, with the hours of both in one record.
    #[error("the year {0} was sealed with both as one")]
    MergeSealed(i32),
    /// No exemption with this number.
    #[error("no exemption {0}")]
    NoSuchExemption(ExemptionId),
    /// An exemption lasts from one day to a later one, at most ten years, and begins at the earliest last year; it is
    /// ended once, before its last day.
    #[error("not the days of an exemption")]
    BadExemption,
    /// Nobody approves their own exemption.
    #[error("nobody approves their own exemption")]
    OwnExemption,
    /// No rule of hours is in force for that unit on that day.
    #[error("no rule of hours is in force on {0}")]
    NoRule(Day),
    /// The rules are not valid TOML, or say something impossible.
    #[error("rules, line {line}: {reason}")]
    BrokenRules {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A new rule may only begin in the future, so that nothing already judged changes.
    #[error("a rule cannot begin on {0}, which is not in the future")]
    RuleTooEarly(Day),
    /// The city and its counties set rules, nobody below them.
    #[error("only the city and its counties set rules")]
    NoRuleHere,
    /// Another rule of the same unit begins on that day.
    #[error("another rule begins on {0}")]
    RuleDayTaken(Day),
    /// The class or its attendance is impossible; the text says which field.
    #[error("class: {0}")]
    BadClass(&'static str),
    /// No class, or other study, with this number.
    #[error("no class {0}")]
    NoSuchClass(ClassId),
    /// A class in this state allows it not.
    #[error("the class is {0}")]
    ClassState(ClassState),
    /// Nobody approves what they entered, handed in or earn hours by.
    #[error("nobody approves their own class")]
    OwnClass,
    /// No class that lets this person sign in shows this code.
    #[error("no such code")]
    WrongCode,
    /// A mark of the star rating is impossible; the text says which field.
    #[error("mark: {0}")]
    BadMark(&'static str),
    /// A stored entry cannot be read.
    #[error("ledger entry {0} cannot be read")]
    Unreadable(i64),
    /// From lies after to, or the year is not one.
    #[error("not a period")]
    BadPeriod,
    /// A worksheet holds 1,048,576 rows; narrow the report or take CSV.
    #[error("{0} rows do not fit a worksheet")]
    TooManyRows(u64),
    /// The workbook could not be made.
    #[error("workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The file could not be made.
    #[error("file: {0}")]
    File(#[from] std::io::Error),
}
