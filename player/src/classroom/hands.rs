//! Asking the room a question of the lesson: how many hands for each choice, then the right answer.
//!
//! The hands are the site manager's count, not anybody's quiz: they earn nothing. The right answer is given only once
//! hands were counted.

use super::MOST_PEOPLE;
use crate::{Error, Result, session};
use entity::{
    AccountId, LessonId, Moment, PlaybackId, PlaybackMode, QuestionId, QuestionKind, playback, question, room_answer,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

/// A room may be asked until so long after its session.
const AFTER_MS: i64 = 24 * 3_600_000;

/// A question as the room sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub id: QuestionId,
    /// How it is answered.
    pub kind: QuestionKind,
    /// Its words.
    pub text: String,
    /// What may be chosen; of true or false the two words.
    pub choices: Vec<String>,
    /// Hands for each choice; empty before they were counted.
    pub hands: Vec<i32>,
    /// The answer, once hands were counted.
    pub solution: Option<Solution>,
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// The places of the right choices, from 0.
    pub right: Vec<usize>,
    /// Why; may be empty.
    pub explanation: String,
}

/// The questions of the lesson a room watched, with what was counted.
///
/// # Errors
/// [`Error::UnreadableQuestion`] when one cannot be read.
pub async fn questions(db: &impl ConnectionTrait, room: PlaybackId, lesson: LessonId) -> Result<Vec<Asked>> {
    let rows = question::Entity::find()
        .filter(question::Column::LessonId.eq(lesson))
        .order_by_asc(question::Column::Position)
        .order_by_asc(question::Column::Id)
        .limit(200)
        .all(db)
        .await?;
    let hands = hands_of(db, room).await?;
    rows.into_iter().map(|row| asked(row, &hands)).collect()
}

async fn hands_of(db: &impl ConnectionTrait, room: PlaybackId) -> Result<Vec<room_answer::Model>> {
    let counted = room_answer::Entity::find().filter(room_answer::Column::PlaybackId.eq(room));
    Ok(counted.order_by_asc(room_answer::Column::Choice).all(db).await?)
}

fn asked(row: question::Model, hands: &[room_answer::Model]) -> Result<Asked> {
    let hands: Vec<i32> = hands.iter().filter(|hand| hand.question_id == row.id).map(|hand| hand.hands).collect();
    Ok(Asked {
        id: row.id,
        kind: row.kind,
        choices: choices(&row)?,
        solution: if hands.is_empty() { None } else { Some(solution(&row)?) },
        text: row.text,
        hands,
    })
}

fn choices(row: &question::Model) -> Result<Vec<String>> {
    if row.kind == QuestionKind::TrueFalse {
        return Ok(vec!["对".to_owned(), "错".to_owned()]);
    }
    serde_json::from_str(&row.choices).map_err(|_| Error::UnreadableQuestion(row.id))
}

fn solution(row: &question::Model) -> Result<Solution> {
    let right = serde_json::from_str(&row.answer).map_err(|_| Error::UnreadableQuestion(row.id))?;
    Ok(Solution { right, explanation: row.explanation.clone() })
}

/// Notes how many hands were raised for each choice; answers the question with its solution.
///
/// The counts may be changed until those of another question are noted.
///
/// # Errors
/// [`Error::UnknownQuestion`], [`Error::BadHands`], [`Error::QuestionOver`], and those of the room.
pub async fn count(
    db: &DatabaseConnection,
    (room, question): (PlaybackId, QuestionId),
    hands: &[i32],
    by: AccountId,
    now: Moment,
) -> Result<Asked> {
    let txn = entity::writing::begin(db).await?;
    let row = session::locked(&txn, room).await?;
    check_may_ask(&row, by, now)?;
    let found = question::Entity::find_by_id(question).one(&txn).await?;
    let found = found.filter(|found| found.lesson_id == row.lesson_id).ok_or(Error::UnknownQuestion(question))?;
    check_hands(hands, choices(&found)?.len())?;
    check_still_open(&hands_of(&txn, room).await?, question)?;
    put(&txn, (room, question), hands, by, now).await?;
    let answer = asked(found, &hands_of(&txn, room).await?);
    txn.commit().await?;
    answer
}

fn check_may_ask(row: &playback::Model, by: AccountId, now: Moment) -> Result<()> {
    if row.account_id != by {
        Err(Error::NotYours(row.id))
    } else if row.mode != PlaybackMode::Group {
        Err(Error::NotAClassroom(row.id))
    } else if row.closed_at.is_some_and(|closed| now.since(closed) > AFTER_MS) {
        Err(Error::Closed(row.id))
    } else {
        Ok(())
    }
}

fn check_hands(hands: &[i32], choices: usize) -> Result<()> {
    let most = i32::try_from(MOST_PEOPLE).unwrap_or(i32::MAX);
    if hands.len() == choices && hands.iter().all(|count| (0..=most).contains(count)) {
        return Ok(());
    }
    Err(Error::BadHands)
}

/// The counts of a question are settled once a later one was counted.
fn check_still_open(counted: &[room_answer::Model], question: QuestionId) -> Result<()> {
    let when = |hand: &&room_answer::Model| hand.answered_at;
    let Some(mine) = counted.iter().filter(|hand| hand.question_id == question).map(|hand| hand.answered_at).max()
    else {
        return Ok(());
    };
    match counted.iter().filter(|hand| hand.question_id != question).max_by_key(when) {
        Some(other) if other.answered_at >= mine => Err(Error::QuestionOver(question)),
        _ => Ok(()),
    }
}

async fn put(
    db: &impl ConnectionTrait,
    (room, question): (PlaybackId, QuestionId),
    hands: &[i32],
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let rows = (0_i32..).zip(hands).map(|(choice, &hands)| room_answer::ActiveModel {
        playback_id: Set(room),
        question_id: Set(question),
        choice: Set(choice),
        hands: Set(hands),
        answered_by: Set(Some(by)),
        answered_at: Set(now),
    });
    let key = [room_answer::Column::PlaybackId, room_answer::Column::QuestionId, room_answer::Column::Choice];
    let anew = [room_answer::Column::Hands, room_answer::Column::AnsweredBy, room_answer::Column::AnsweredAt];
    let again = OnConflict::columns(key).update_columns(anew).to_owned();
    room_answer::Entity::insert_many(rows).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
