//! The voices of lessons (语言配音): a second sound in another language, heard in the place of the recording's own.
//!
//! A lesson has one voice of each language and none in its own. Which blob an author may use is the server's business,
//! that it sounds is `content`'s. Every change leaves its audit row in its own transaction.

use crate::track::{Expected, MAX_TRACKS, changeable, language};
use crate::trail::{self, Change};
use crate::{Error, Result, fields};
use entity::voice::{self, Column, Entity};
use entity::{AccountId, LessonId, Moment, Verb, VoiceId, lesson, media};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};

/// A voice to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVoice {
    /// 壮语, 侗语, 桂柳话 and so on.
    pub language: String,
    /// The recording's SHA-256.
    pub media_sha256: String,
}

/// Puts the voice of a language in the place of the one before. In review nothing may change.
///
/// # Errors
/// [`Error::Invalid`] for a bad language or that of the lesson itself, a lesson that plays nothing, a blob that is no
/// sound recording, or too many voices; [`Error::VoiceChanged`] when something else is there than the caller expected;
/// [`Error::WrongState`].
pub async fn put(
    db: &DatabaseConnection,
    id: LessonId,
    new: NewVoice,
    expected: Expected<VoiceId>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<voice::Model> {
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
    new: NewVoice,
    expected: Expected<VoiceId>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<voice::Model> {
    let language = language(&new.language)?;
    let lesson = changeable(txn, id).await?;
    fits(lesson.media_sha256.is_some(), &lesson.language, &language)?;
    let sound = sound(txn, &new.media_sha256).await?;
    let replaced = take(txn, id, &language, expected).await?;
    if replaced.is_none() && Entity::find().filter(Column::LessonId.eq(id)).count(txn).await? >= MAX_TRACKS {
        return Err(Error::invalid("language", format!("一课最多{MAX_TRACKS}种语言的配音")));
    }
    let row = voice::ActiveModel {
        id: NotSet,
        lesson_id: Set(id),
        language: Set(language.clone()),
        media_sha256: Set(sound.sha256),
        created_by: Set(by),
        created_at: Set(now),
    };
    let made = row.insert(txn).await.map_err(|cause| match cause.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::VoiceChanged, // somebody was faster
        _ => cause.into(),
    })?;
    trail::lesson(txn, id, Verb::VoicePut, &format!("{language}：{}", sound.filename), Change { by, now }).await?;
    Ok(made)
}

/// Removes the voice of a language. Its recording stays.
///
/// # Errors
/// [`Error::VoiceNotFound`]; [`Error::VoiceChanged`] when it is not the one the caller expected; [`Error::WrongState`].
pub async fn remove(
    db: &DatabaseConnection,
    id: LessonId,
    language: &str,
    expected: Expected<VoiceId>,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    changeable(&txn, id).await?;
    let gone = take(&txn, id, language, expected).await?.ok_or(Error::VoiceNotFound)?;
    trail::lesson(&txn, id, Verb::VoiceRemove, &gone.language, Change { by, now }).await?;
    txn.commit().await?;
    Ok(())
}

/// The voices of a lesson by the name of their language, each with its recording; but for one in the language that the
/// lesson is in itself by now.
pub async fn of_lesson(db: &impl ConnectionTrait, lesson: &lesson::Model) -> Result<Vec<(voice::Model, media::Model)>> {
    let others = Entity::find().filter(Column::LessonId.eq(lesson.id)).filter(Column::Language.ne(&lesson.language));
    let voices = others.order_by_asc(Column::Language).all(db).await?;
    if voices.is_empty() {
        return Ok(Vec::new());
    }
    let hashes = voices.iter().map(|voice| voice.media_sha256.clone());
    let found = media::Entity::find().filter(media::Column::Sha256.is_in(hashes)).all(db).await?;
    let of = |voice: voice::Model| {
        let media = found.iter().find(|media| media.sha256 == voice.media_sha256)?.clone();
        Some((voice, media))
    };
    Ok(voices.into_iter().filter_map(of).collect())
}

/// Removes every voice of a lesson that is deleted itself.
pub(crate) async fn drop_all(txn: &impl ConnectionTrait, id: LessonId) -> Result<()> {
    Entity::delete_many().filter(Column::LessonId.eq(id)).exec(txn).await?;
    Ok(())
}

/// A voice is heard beside what is played, in a language that is not there yet.
pub(crate) fn fits(plays: bool, own: &str, language: &str) -> Result<()> {
    if !plays {
        return Err(Error::invalid("lesson", "这一课没有音视频，不能配音"));
    }
    if own == language {
        return Err(Error::invalid("language", format!("这一课本来就是{language}，配音请选别的语言")));
    }
    Ok(())
}

async fn sound(txn: &impl ConnectionTrait, sha256: &str) -> Result<media::Model> {
    // Held until the voice is saved, so that nobody forgets the recording as unused meanwhile.
    let found = media::Entity::find_by_id(fields::sha256(sha256)?).lock_shared().one(txn).await?;
    match found {
        None => Err(Error::invalid("media_sha256", "没有这个文件，请先上传")),
        Some(media) if !is_sound(&media.mime) => {
            Err(Error::invalid("media_sha256", "配音须是录音文件，如 MP3、M4A、WAV"))
        }
        Some(media) => Ok(media),
    }
}

/// Whether a type is that of a sound recording.
pub(crate) fn is_sound(mime: &str) -> bool {
    mime.starts_with("audio/")
}

/// Takes the voice of a language away and returns it, if there is one.
async fn take(
    txn: &impl ConnectionTrait,
    id: LessonId,
    language: &str,
    expected: Expected<VoiceId>,
) -> Result<Option<voice::Model>> {
    let of_language = Entity::find().filter(Column::LessonId.eq(id)).filter(Column::Language.eq(language));
    let found = of_language.one(txn).await?;
    if !expected.holds(found.as_ref().map(|found| &found.id)) {
        return Err(Error::VoiceChanged);
    }
    if let Some(found) = &found
        && Entity::delete_by_id(found.id).exec(txn).await?.rows_affected == 0
    {
        return Err(Error::VoiceChanged); // somebody was faster
    }
    Ok(found)
}
