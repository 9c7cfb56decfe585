//! The captions of lessons: who may change them is the server's business, what a file means is `content`'s.
//!
//! A lesson has one track of each language. Every change leaves its audit row and has the search entry made anew, in one
//! transaction, because what is said in a lesson is found by its captions.

use crate::track::{Expected, MAX_TRACKS, changeable, language};
use crate::trail::{self, Change};
use crate::{Error, Result};
use entity::caption::{Column, Cue, Entity};
use entity::{AccountId, CaptionId, LessonId, Moment, Verb, caption, lesson};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, SqlErr,
};

/// Most cues of a track.
pub const MAX_CUES: usize = 20_000;
/// Most characters kept of a file's name.
const NAME: usize = 200;

/// A track to be put.
#[derive(Clone, Debug)]
pub struct NewCaption {
    /// 普通话, 壮语 and so on.
    pub language: String,
    /// The name of the file it came from.
    pub source_name: String,
    /// The character encoding of that file.
    pub source_encoding: String,
    /// The cues in order of time.
    pub cues: Vec<Cue>,
}

/// Puts the track of a language in the place of the one before. In review nothing may change.
///
/// # Errors
/// [`Error::Invalid`] for a bad language, no or bad cues, or too many tracks; [`Error::CaptionChanged`] when something else
/// is there than the caller expected; [`Error::WrongState`].
pub async fn put(
    db: &DatabaseConnection,
    id: LessonId,
    new: NewCaption,
    expected: Expected<CaptionId>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<caption::Model> {
    let txn = entity::writing::begin(db).await?;
    let made = put_within(&txn, id, new, expected, by, now).await?;
    txn.commit().await?;
    Ok(made)
}

/// [`put`] within a transaction of the caller's.
///
/// # Errors
/// Those of [`put`].
pub async fn put_within(
    txn: &impl ConnectionTrait,
    id: LessonId,
    new: NewCaption,
    expected: Expected<CaptionId>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<caption::Model> {
    let language = language(&new.language)?;
    check(&new.cues)?;
    changeable(txn, id).await?;
    let replaced = take(txn, id, &language, expected).await?;
    if replaced.is_none() && Entity::find().filter(Column::LessonId.eq(id)).count(txn).await? >= MAX_TRACKS {
        return Err(Error::invalid("language", format!("一课最多{MAX_TRACKS}种语言的字幕")));
    }
    let row = caption::ActiveModel {
        id: NotSet,
        lesson_id: Set(id),
        language: Set(language.clone()),
        source_name: Set(one_line(&new.source_name)),
        source_encoding: Set(one_line(&new.source_encoding)),
        cues: Set(serde_json::to_string(&new.cues).unwrap_or_default()),
        created_by: Set(by),
        created_at: Set(now),
    };
    let made = row.insert(txn).await.map_err(|cause| match cause.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::CaptionChanged, // somebody was faster
        _ => cause.into(),
    })?;
    let detail = format!("{language}：{} 条，{}", new.cues.len(), made.source_name);
    trail::lesson(txn, id, Verb::CaptionPut, &detail, Change { by, now }).await?;
    Ok(made)
}

/// Removes the track of a language.
///
/// # Errors
/// [`Error::CaptionNotFound`]; [`Error::CaptionChanged`] when it is not the one the caller expected; [`Error::WrongState`].
pub async fn remove(
    db: &DatabaseConnection,
    id: LessonId,
    language: &str,
    expected: Expected<CaptionId>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    changeable(&txn, id).await?;
    let gone = take(&txn, id, language, expected).await?.ok_or(Error::CaptionNotFound)?;
    trail::lesson(&txn, id, Verb::CaptionRemove, &gone.language, Change { by, now }).await?;
    txn.commit().await?;
    Ok(())
}

/// The tracks of a lesson, the one in its own language first.
pub async fn of_lesson(db: &impl ConnectionTrait, lesson: &lesson::Model) -> Result<Vec<caption::Model>> {
    let mut tracks =
        Entity::find().filter(Column::LessonId.eq(lesson.id)).order_by_asc(Column::Language).all(db).await?;
    tracks.sort_by_key(|track| track.language != lesson.language);
    Ok(tracks)
}

/// The track of a lesson in one language.
///
/// # Errors
/// [`Error::CaptionNotFound`] when there is none.
pub async fn track(db: &impl ConnectionTrait, id: LessonId, language: &str) -> Result<caption::Model> {
    of_language(id, language).one(db).await?.ok_or(Error::CaptionNotFound)
}

/// Whether a transcript holds nothing that the cues do not say: then the cues stand for it, with their times.
pub fn covers(cues: &[Cue], transcript: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let said: String = cues.iter().map(|Cue(_, _, text)| letters(text)).collect();
    said.contains(&letters(transcript))
}

/// Removes every track of a lesson that is deleted itself.
pub(crate) async fn drop_all(txn: &impl ConnectionTrait, id: LessonId) -> Result<()> {
    Entity::delete_many().filter(Column::LessonId.eq(id)).exec(txn).await?;
    Ok(())
}

fn of_language(id: LessonId, language: &str) -> sea_orm::Select<Entity> {
    Entity::find().filter(Column::LessonId.eq(id)).filter(Column::Language.eq(language))
}

/// Takes the track of a language away and returns it, if there is one.
async fn take(
    txn: &impl ConnectionTrait,
    id: LessonId,
    language: &str,
    expected: Expected<CaptionId>,
) -> Result<Option<caption::Model>> {
    let found = of_language(id, language).one(txn).await?;
    if !expected.holds(found.as_ref().map(|found| &found.id)) {
        return Err(Error::CaptionChanged);
    }
    if let Some(found) = &found
        && Entity::delete_by_id(found.id).exec(txn).await?.rows_affected == 0
    {
        return Err(Error::CaptionChanged); // somebody was faster
    }
    Ok(found)
}

fn check(cues: &[Cue]) -> Result<()> {
    let sound = |Cue(from, to, text): &Cue| *from >= 0 && to > from && !text.trim().is_empty();
    if cues.is_empty() || cues.len() > MAX_CUES {
        return Err(Error::invalid("cues", format!("字幕应有 1 到 {MAX_CUES} 条")));
    }
    if !cues.iter().all(sound) || !cues.is_sorted_by_key(|Cue(from, ..)| *from) {
        return Err(Error::invalid("cues", "每条字幕要有文字，结束晚于开始，并按时间排列"));
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(from: i64, to: i64, text: &str) -> Cue {
        Cue(from, to, text.to_owned())
    }

    #[test]
    fn cues_have_text_and_length_and_come_in_order() {
        assert!(check(&[cue(0, 1, "一"), cue(0, 9, "二")]).is_ok());
        for bad in [
            vec![],
            vec![cue(1, 1, "一")],
            vec![cue(-1, 1, "一")],
            vec![cue(0, 1, " ")],
            vec![cue(5, 6, "一"), cue(0, 1, "二")],
        ] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn captions_that_say_the_transcript_stand_for_it() {
        let cues = [cue(0, 1, "大家好"), cue(1, 2, "先看叶子"), cue(2, 3, "再看果")];
        assert!(covers(&cues, "先看叶子，再看果。") && covers(&cues, ""));
        assert!(!covers(&cues, "先看叶子。详见附表"));
    }
}
