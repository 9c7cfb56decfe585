//! The in-class quizzes of some sample lessons: questions that their texts answer.

use super::Result;
use catalog::quiz::{Question, Quiz};
use entity::{Moment, QuestionKind, lesson};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;

const QUIZZES: &str = include_str!("../../demo/quizzes.json");

#[derive(Deserialize)]
struct Written {
    lesson: String,
    required: bool,
    questions: Vec<WrittenQuestion>,
}

#[derive(Deserialize)]
struct WrittenQuestion {
    kind: QuestionKind,
    text: String,
    choices: Vec<String>,
    answer: Vec<usize>,
    explanation: String,
}

/// Put the questions to their lessons.
///
/// # Errors
/// When the catalog refuses them.
pub async fn bring(txn: &impl ConnectionTrait, lessons: &[lesson::Model], now: Moment) -> Result<()> {
    let written: Vec<Written> = serde_json::from_str(QUIZZES)?;
    for quiz in &written {
        let Some(lesson) = lessons.iter().find(|lesson| lesson.slug == quiz.lesson) else { continue };
        let questions = quiz.questions.iter().map(question).collect::<catalog::Result<Vec<_>>>()?;
        let asked = Quiz { required: false, questions: questions.into_iter().map(|one| (None, one)).collect() };
        catalog::quiz::put_within(txn, lesson.id, asked, lesson.version, None, now).await?;
    }
    // The lessons are published as they are made, without the review in which this is decided elsewhere.
    let required = written.iter().filter(|quiz| quiz.required).map(|quiz| quiz.lesson.clone());
    lesson::Entity::update_many()
        .col_expr(lesson::Column::QuizRequired, Expr::value(true))
        .filter(lesson::Column::Slug.is_in(required))
        .exec(txn)
        .await?;
    Ok(())
}

fn question(written: &WrittenQuestion) -> catalog::Result<Question> {
    let WrittenQuestion { kind, text, choices, answer, explanation } = written;
    Question::parse(*kind, text, choices, answer, explanation)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn every_quiz_belongs_to_a_sample_lesson_and_every_question_can_be_asked() {
        let lessons = include_str!("../../demo/lessons.jsonl");
        for quiz in serde_json::from_str::<Vec<Written>>(QUIZZES).unwrap() {
            assert!(lessons.contains(&format!("\"id\": \"{}\"", quiz.lesson)), "{}", quiz.lesson);
            assert!(quiz.questions.len() > 1 && quiz.questions.iter().all(|written| question(written).is_ok()));
        }
    }
}
