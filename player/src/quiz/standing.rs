//! How somebody stands with a quiz: tries left, the best result, the first pass. Reads only.

use super::{Limits, count, tries};
use crate::Result;
use entity::person_merge::of_one;
use entity::quiz_attempt::{Column, Entity};
use entity::{Day, LessonId, Moment, PersonId, QuizAttemptId, question, quiz_attempt};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

/// How a person stands with the quiz of a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many questions there are now.
    pub questions: u64,
    /// How often they may still begin today.
    pub left_today: i64,
    /// Most right answers so far, and of how many; the share decides.
    pub best: Option<(i32, i32)>,
    /// When they first passed.
    pub passed_at: Option<Moment>,
    /// The last try handed in.
    pub last: Option<QuizAttemptId>,
    /// A try of today that is still open.
    pub open: Option<QuizAttemptId>,
}

/// How this person stands with the quiz of this lesson.
///
/// # Errors
/// When the database fails.
pub async fn standing(
    db: &impl ConnectionTrait,
    person: PersonId,
    lesson: LessonId,
    limits: Limits,
    today: Day,
) -> Result<Standing> {
    let questions = question::Entity::find().filter(question::Column::LessonId.eq(lesson)).count(db).await?;
    let rows = tries(db, person, lesson).await?;
    let of_today: Vec<_> = rows.iter().filter(|row| row.day == today).cloned().collect();
    let open = of_today.iter().find(|row| row.submitted_at.is_none()).map(|row| row.id);
    let handed_in: Vec<_> = rows.iter().filter(|row| row.submitted_at.is_some()).collect();
    Ok(Standing {
        questions,
        left_today: (limits.attempts_a_day - count(&of_today)).max(0),
        best: best(&handed_in),
        passed_at: handed_in.iter().filter(|row| row.passed).filter_map(|row| row.submitted_at).min(),
        last: handed_in.iter().max_by_key(|row| row.submitted_at).map(|row| row.id),
        open,
    })
}

/// The best result of a person in each of these lessons: lesson, right, of how many, passed.
///
/// # Errors
/// When the database fails.
pub async fn best_of(
    db: &impl ConnectionTrait,
    person: PersonId,
    lessons: &[LessonId],
) -> Result<Vec<(LessonId, i32, i32, bool)>> {
    let rows = Entity::find()
        .filter(of_one(Column::PersonId, person))
        .filter(Column::LessonId.is_in(lessons.iter().copied()))
        .filter(Column::SubmittedAt.is_not_null())
        .all(db)
        .await?;
    let of = |lesson: &LessonId| {
        let mine: Vec<_> = rows.iter().filter(|row| row.lesson_id == *lesson).collect();
        best(&mine).map(|(right, all)| (*lesson, right, all, mine.iter().any(|row| row.passed)))
    };
    Ok(lessons.iter().filter_map(of).collect())
}

/// The greatest share of right answers.
fn best(rows: &[&quiz_attempt::Model]) -> Option<(i32, i32)> {
    let share =
        |row: &&&quiz_attempt::Model| i64::from(row.right_count) * 10_000 / i64::from(row.question_count.max(1));
    rows.iter().max_by_key(share).map(|row| (row.right_count, row.question_count))
}
