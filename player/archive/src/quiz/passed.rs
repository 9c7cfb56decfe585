//! Who has passed which quiz, and since when: of a session that is posted, and of the entries that are proved.

use super::waiting_ms;
use crate::Result;
use crate::merges::Merges;
use entity::{
    LessonId, LessonState, Moment, PersonId, PlaybackMode, Source, ledger_entry, lesson, playback, quiz_attempt,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeSet, HashMap};

/// Keys in one statement.
const CHUNK: usize = 400;

/// Whether a session still waits for the quiz of its lesson, and since when it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quiz {
    /// The lesson counts only with a pass, and there is none.
    pub(crate) withheld: bool,
    passed_at: Option<Moment>,
}

impl Quiz {
    /// How it is with a session now.
    pub(crate) async fn of(db: &impl ConnectionTrait, session: &playback::Model) -> Result<Self> {
        let (PlaybackMode::Solo, Some(person)) = (session.mode, session.person_id) else { return Ok(Self::default()) };
        let passed_at = passed_at(db, &one_with(db, person).await?, session.lesson_id).await?;
        if passed_at.is_some() {
            return Ok(Self { withheld: false, passed_at });
        }
        let lesson = lesson::Entity::find_by_id(session.lesson_id).one(db).await?;
        Ok(Self { withheld: lesson.is_some_and(|lesson| lesson.quiz_required), passed_at })
    }

    /// When an entry that knows this may be dated.
    pub(crate) fn dated(self, now: Moment) -> Moment {
        self.passed_at.map_or(now, |passed| now.max(passed))
    }
}

/// What is known of the quizzes behind many entries, for the walk that proves them.
#[derive(Debug, Default)]
pub(crate) struct Quizzes {
    passed: HashMap<(PersonId, LessonId), Moment>,
    merges: Merges,
    /// Since when, and whether it asks for a pass: only of lessons that are published, so that it has not changed since.
    asks: HashMap<LessonId, (Moment, bool)>,
}

impl Quizzes {
    /// Read what these entries need.
    pub(crate) async fn load(db: &impl ConnectionTrait, entries: &[ledger_entry::Model]) -> Result<Self> {
        let merges = Merges::ever(db).await?;
        let people = merges.ever_one(entries.iter().map(|entry| entry.person_id).collect::<BTreeSet<_>>());
        let lessons: BTreeSet<_> = entries.iter().filter_map(|entry| entry.lesson_id).collect();
        let passed = passes(db, &people.into_iter().collect()).await?;
        Ok(Self { passed, merges, asks: asks(db, &lessons).await? })
    }

    /// Whether somebody, or whom they were one with, had passed by the time the entry was added.
    pub(crate) fn passed(&self, entry: &ledger_entry::Model) -> bool {
        let Some(lesson) = entry.lesson_id else { return false };
        let people = self.merges.one_with(entry.person_id, Some(entry.seq));
        let mut passes = people.into_iter().filter_map(|person| self.passed.get(&(person, lesson)));
        passes.any(|at| *at <= entry.posted_at)
    }

    /// Whether the entry of a session had to wait.
    pub(crate) fn withheld(&self, entry: &ledger_entry::Model) -> bool {
        if entry.source != Source::Solo || self.passed(entry) {
            return false;
        }
        match entry.lesson_id.and_then(|lesson| self.asks.get(&lesson)) {
            Some((since, asks)) if entry.posted_at > *since => *asks,
            _ => waiting_ms(entry).is_ok_and(|ms| ms > 0),
        }
    }
}

/// When each of these first passed each quiz.
pub(super) async fn passes(
    db: &impl ConnectionTrait,
    people: &BTreeSet<PersonId>,
) -> Result<HashMap<(PersonId, LessonId), Moment>> {
    let people: Vec<_> = people.iter().copied().collect();
    let mut first: HashMap<(PersonId, LessonId), Moment> = HashMap::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<(PersonId, LessonId, Moment)> = quiz_attempt::Entity::find()
            .select_only()
            .columns([
                quiz_attempt::Column::PersonId,
                quiz_attempt::Column::LessonId,
                quiz_attempt::Column::SubmittedAt,
            ])
            .filter(quiz_attempt::Column::PersonId.is_in(chunk.iter().copied()))
            .filter(quiz_attempt::Column::Passed.eq(true))
            .filter(quiz_attempt::Column::SubmittedAt.is_not_null())
            .into_tuple()
            .all(db)
            .await?;
        for (person, lesson, at) in rows {
            first.entry((person, lesson)).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
    }
    Ok(first)
}

async fn asks(db: &impl ConnectionTrait, lessons: &BTreeSet<LessonId>) -> Result<HashMap<LessonId, (Moment, bool)>> {
    let lessons: Vec<_> = lessons.iter().copied().collect();
    let mut asks = HashMap::new();
    for chunk in lessons.chunks(CHUNK) {
        let rows: Vec<(LessonId, Moment, bool)> = lesson::Entity::find()
            .select_only()
            .columns([lesson::Column::Id, lesson::Column::UpdatedAt, lesson::Column::QuizRequired])
            .filter(lesson::Column::Id.is_in(chunk.iter().copied()))
            .filter(lesson::Column::State.eq(LessonState::Published))
            .into_tuple()
            .all(db)
            .await?;
        asks.extend(rows.into_iter().map(|(lesson, since, asks)| (lesson, (since, asks))));
    }
    Ok(asks)
}

/// Everybody this person is one with now, whichever of their numbers it is.
pub(super) async fn one_with(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<PersonId>> {
    Ok(Merges::now(db).await?.one_with(person, None))
}

/// When one of these, who are one person, first passed the quiz of this lesson.
pub(super) async fn passed_at(
    db: &impl ConnectionTrait,
    people: &[PersonId],
    lesson: LessonId,
) -> Result<Option<Moment>> {
    let first: Option<Option<Moment>> = quiz_attempt::Entity::find()
        .select_only()
        .column_as(quiz_attempt::Column::SubmittedAt.min(), "first")
        .filter(quiz_attempt::Column::PersonId.is_in(people.iter().copied()))
        .filter(quiz_attempt::Column::LessonId.eq(lesson))
        .filter(quiz_attempt::Column::Passed.eq(true))
        .into_tuple()
        .one(db)
        .await?;
    Ok(first.flatten())
}
