//! Who may read which blob, and how it is presented to them. A yes is remembered for a minute, so that a player's
//! stream of ranges asks the database once.

use crate::auth::identity::{Identity, READERS, UPLOADERS};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, Code};
use actix_web::http::header::HeaderValue;
use catalog::audience::{kept_by_staff, published_for};
use content::probe::shows_in_place;
use entity::{
    AccountId, Moment, Role, class_evidence, class_run, lesson, media, org_unit, person_merge, rendition, star_mark,
    voice,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a yes is remembered: a withdrawn lesson can be read on for so long.
const REMEMBERED_MS: i64 = 60_000;

/// Answers remembered at most, about 20 MB: every member of the city with one lesson each.
const MOST: usize = 100_000;

/// The answers given lately.
#[derive(Default)]
pub struct Watched {
    // A std mutex: it is held for one map operation and never across an await.
    answers: Mutex<Answers>,
}

type Answers = HashMap<(AccountId, [u8; 32]), (Moment, Arc<Served>)>;

/// How a blob is presented.
#[derive(Debug)]
pub struct Served {
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The type it is served as.
    pub mime: HeaderValue,
    /// `Content-Disposition`, with the name it came with.
    pub disposition: HeaderValue,
    /// Whether it is a handout, which a browser must not let do anything.
    pub sandboxed: bool,
    /// Whether it was told, in the minute this answer is remembered, that bytes went out.
    pub told: AtomicBool,
}

/// How the blob is presented to the caller.
///
/// # Errors
/// `not_found` when there is none, or it is not for them.
pub async fn may_read(
    db: &Database,
    watched: &Watched,
    caller: &Identity,
    sha256: &str,
    now: Moment,
) -> ApiResult<Arc<Served>> {
    let key = (caller.account_id, hash_of(sha256).ok_or(Code::NotFound)?);
    if let Some(served) = watched.fresh(&key, now) {
        return Ok(served);
    }
    let served = Arc::new(served(db, caller, sha256, now).await?.ok_or(Code::NotFound)?);
    watched.remember(key, now, served.clone());
    Ok(served)
}

/// The blob as a recording or handout, or as something made of a recording, whichever is for the caller.
async fn served(db: &Database, caller: &Identity, sha256: &str, now: Moment) -> ApiResult<Option<Served>> {
    /// The same bytes are made of two recordings only when these differ in nothing that is seen or heard.
    const MOST_SOURCES: u64 = 8;
    if let Some(row) = media::Entity::find_by_id(sha256).one(&db.read).await?
        && is_for(db, caller, &row, now).await?
    {
        return Ok(Some(Served::of(&row)));
    }
    let made = rendition::Entity::find().filter(rendition::Column::BlobSha256.eq(sha256)).limit(MOST_SOURCES);
    for made in made.all(&db.read).await? {
        let source = media::Entity::find_by_id(&made.media_sha256).one(&db.read).await?;
        if let Some(source) = source
            && is_for(db, caller, &source, now).await?
        {
            return Ok(Some(Served::of_rendition(&made, &source)));
        }
    }
    Ok(None)
}

async fn is_for(db: &Database, caller: &Identity, row: &media::Model, now: Moment) -> ApiResult<bool> {
    if reach::brought(db, caller, row).await? {
        return Ok(true);
    }
    let viewer = caller.viewer();
    let seen = Condition::any().add(published_for(&viewer, now.day())).add(kept_by_staff(&viewer));
    let spoken = voice::Entity::find().select_only().column(voice::Column::LessonId);
    let spoken = spoken.filter(voice::Column::MediaSha256.eq(&row.sha256));
    let used = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .filter(
            Condition::any()
                .add(lesson::Column::MediaSha256.eq(&row.sha256))
                .add(lesson::Column::CoverSha256.eq(&row.sha256))
                .add(lesson::Column::Id.in_subquery(spoken.into_query())),
        )
        .filter(seen)
        .into_tuple::<i64>()
        .one(&db.read)
        .await?;
    if used.is_some() {
        return Ok(true);
    }
    // What proves a mark of the star rating is for those who read the village's reports.
    let proves = star_mark::Entity::find()
        .filter(star_mark::Column::EvidenceSha256.eq(&row.sha256))
        .filter(caller.scope(READERS).reaches((star_mark::Entity, star_mark::Column::UnitId)));
    if proves.one(&db.read).await?.is_some() {
        return Ok(true);
    }
    // What proves a class or another study is for those who read the unit's records, and for whose study it is.
    let their_own = caller.person_id.map(|person| person_merge::of_one(class_run::Column::PersonId, person));
    let read = caller.scope(READERS).reaches((class_run::Entity, class_run::Column::UnitId));
    let classes = class_run::Entity::find()
        .select_only()
        .column(class_run::Column::Id)
        .filter(Condition::any().add(read).add_option(their_own));
    let proves = class_evidence::Entity::find()
        .filter(class_evidence::Column::Sha256.eq(&row.sha256))
        .filter(class_evidence::Column::ClassRunId.in_subquery(classes.into_query()));
    if proves.one(&db.read).await?.is_some() {
        return Ok(true);
    }
    let keepers = caller.scope(&[UPLOADERS, &[Role::Auditor]].concat());
    if keepers.is_empty() {
        return Ok(false);
    }
    let unit = org_unit::Entity::find_by_id(row.unit_id).one(&db.read).await?;
    Ok(unit.is_some_and(|unit| keepers.contains(&unit.path)))
}

impl Watched {
    /// The answer that was given to a reader of a blob within the last minute, when it was a yes.
    pub fn fresh(&self, key: &(AccountId, [u8; 32]), now: Moment) -> Option<Arc<Served>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, served) = answers.get(key)?;
        (0..REMEMBERED_MS).contains(&now.since(*at)).then(|| served.clone())
    }

    fn remember(&self, key: (AccountId, [u8; 32]), now: Moment, served: Arc<Served>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.retain(|_, (at, _)| (0..REMEMBERED_MS).contains(&now.since(*at)));
        }
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(key, (now, served));
    }
}

impl Served {
    fn of(row: &media::Model) -> Self {
        Self::named(row.size_bytes, &row.mime, &row.filename)
    }

    /// Something made of a recording carries its name: `水稻育秧.标清.mp4`.
    fn of_rendition(made: &rendition::Model, source: &media::Model) -> Self {
        let stem = source.filename.rsplit_once('.').map_or(source.filename.as_str(), |(stem, _)| stem);
        let extension = match made.mime.as_str() {
            "audio/mp4" => "m4a",
            "image/jpeg" => "jpg",
            other => other.rsplit('/').next().unwrap_or_default(),
        };
        Self::named(made.size_bytes, &made.mime, &format!("{stem}.{}.{extension}", made.kind.label()))
    }

    fn named(size_bytes: i64, mime: &str, filename: &str) -> Self {
        let opaque = HeaderValue::from_static(content::probe::OPAQUE);
        let plays = mime.starts_with("video/") || mime.starts_with("audio/");
        let place = if shows_in_place(mime) { "inline" } else { "attachment" };
        Self {
            size_bytes: u64::try_from(size_bytes).unwrap_or(0),
            mime: HeaderValue::from_str(mime).unwrap_or(opaque),
            disposition: HeaderValue::from_str(&disposition(place, filename))
                .unwrap_or(HeaderValue::from_static("attachment")),
            sandboxed: !plays,
            told: AtomicBool::new(false),
        }
    }
}

/// The name for those who know RFC 8187 and a plain one for those who do not (RFC 6266, appendix D).
fn disposition(place: &str, filename: &str) -> String {
    let plain: String =
        filename.chars().map(|c| if c.is_ascii_alphanumeric() || " .-_()".contains(c) { c } else { '_' }).collect();
    let encoded: String = filename.bytes().map(encoded).collect();
    format!("{place}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// `attr-char` as it is, anything else percent-encoded (RFC 8187, section 3.2.1).
fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The 32 bytes a blob's name spells in lower-case hex.
pub fn hash_of(sha256: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = sha256.as_bytes().try_into().ok()?;
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().try_fold(0_u8, |value, digit| Some(value << 4 | nibble(*digit)?))?;
    }
    Some(hash)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_name_is_given_in_both_forms() {
        assert_eq!(
            disposition("inline", "水稻 1.mp4"),
            "inline; filename=\"__ 1.mp4\"; filename*=UTF-8''%E6%B0%B4%E7%A8%BB%201.mp4"
        );
        assert!(!disposition("attachment", "a\"\r\nSet-Cookie: x").contains(['\r', '\n']));
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_names_a_blob() {
        assert_eq!(hash_of(&"0f".repeat(32)), Some([15; 32]));
        for bad in ["0F".repeat(32), "0f".repeat(31), "zz".repeat(32), "é".repeat(32), String::new()] {
            assert_eq!(hash_of(&bad), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_is_forgotten_after_its_minute_and_the_memory_is_bounded() {
        let watched = Watched::default();
        let served = Arc::new(Served {
            size_bytes: 1,
            mime: HeaderValue::from_static("video/mp4"),
            disposition: HeaderValue::from_static("inline"),
            sandboxed: false,
            told: AtomicBool::new(false),
        });
        let key = (AccountId(1), [0; 32]);
        watched.remember(key, Moment(0), served.clone());
        assert!(watched.fresh(&key, Moment(REMEMBERED_MS - 1)).is_some());
        assert!(watched.fresh(&key, Moment(REMEMBERED_MS)).is_none());
        assert!(watched.fresh(&(AccountId(2), [0; 32]), Moment(0)).is_none());
        for account in 0..=MOST as i64 {
            watched.remember((AccountId(account), [1; 32]), Moment(REMEMBERED_MS), served.clone());
        }
        assert!(watched.answers.lock().unwrap_or_else(PoisonError::into_inner).len() <= MOST);
    }
}
