//! The captions of a lesson as its authors see them: the tracks there are, a file tried out, and putting it in place.
//!
//! The file travels back with the confirmation, so nothing is kept between the two steps. What is typed survives every
//! failure; reading a file is `api::captions`', keeping it the catalog's.

use super::place::Back;
use crate::api::captions::{Reading, url};
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::Choice;
use crate::pages::figures::clock;
use crate::pages::office::form_data::FormData;
use crate::pages::shell::Shell;
use crate::pages::{Done, go};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use catalog::caption::NewCaption;
use catalog::track::Expected;
use content::caption::{Captions, Encoding, MAX_BYTES};
use entity::caption::Cue;
use entity::{CaptionId, LessonId, LessonState, Moment, lesson};

/// A file comes back in base64, a third longer.
const BODY_BYTES: usize = MAX_BYTES / 3 * 4 + (64 << 10);
/// Cues shown of the beginning and of the end of a file.
const SHOWN: (usize, usize) = (8, 3);

#[derive(Template)]
#[template(path = "studio/captions_page.html")]
struct CaptionsPage {
    shell: Shell,
    lesson: lesson::Model,
    /// The list, at the place the lesson was opened from, and what carries that place on.
    list: String,
    back: String,
    notice: Option<&'static str>,
    desk: Desk,
}

/// The part of a page that shows them; the lesson editor has it, too.
#[derive(Template)]
#[template(path = "studio/captions.html")]
pub struct Desk {
    /// Where its forms go, with the place in the list that was come from.
    action: String,
    /// The tracks there are.
    tracks: Vec<Track>,
    /// The lesson is in review and nothing may change.
    locked: bool,
    /// What is wrong.
    problem: Option<String>,
    form: CaptionForm,
    encodings: Vec<Choice>,
    preview: Option<Preview>,
}

struct Track {
    id: CaptionId,
    language: String,
    url: String,
    about: String,
}

/// The fields, as typed.
#[derive(Clone, Debug, Default)]
struct CaptionForm {
    language: String,
    shift: String,
    encoding: String,
    /// The file's name.
    name: String,
    /// The file in base64; blank before one is chosen.
    content: String,
}

/// What the file holds.
struct Preview {
    about: String,
    notes: Vec<String>,
    first: Vec<Line>,
    left_out: usize,
    last: Vec<Line>,
    /// The track it would replace, 0 for none.
    expected: i64,
    replaces: Option<String>,
}

struct Line {
    at: String,
    text: String,
}

/// `GET /studio/lessons/{id}/captions`: the tracks, and the form for another.
///
/// # Errors
/// `not_found` when the lesson is not there or kept beyond the caller's reach.
pub async fn show(
    author: Author,
    id: Path<LessonId>,
    query: Query<Done>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let notice = match query.done.as_str() {
        "saved" => Some("字幕已保存，一秒后就能按字幕里的话搜到这一课。"),
        "removed" => Some("字幕已删除。"),
        _ => None,
    };
    let desk = desk(&db, &lesson, &back).await?;
    crate::pages::draw(&CaptionsPage { notice, ..CaptionsPage::of(&author, lesson, &back, desk) })
}

/// `POST /studio/lessons/{id}/captions`: check a file, save the one that was checked, or remove a track.
///
/// # Errors
/// `not_found`, a form that cannot be read, or the database; what is wrong with the file is said on the page.
pub async fn take(
    author: Author,
    id: Path<LessonId>,
    back: Query<Back>,
    request: HttpRequest,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let form = FormData::read(&request, body, BODY_BYTES).await?;
    let mut desk = desk(&db, &lesson, &back).await?;
    match work(&author, &db, &lesson, &form, &mut desk).await {
        Ok(Some(done)) => Ok(go(&format!("/studio/lessons/{}/captions?done={done}{}", lesson.id, back.carried()))),
        Ok(None) => crate::pages::draw(&CaptionsPage::of(&author, lesson, &back, desk)),
        Err(cause) if speaks(&cause) => {
            desk.problem = Some(format!("{}。", cause.message().trim_end_matches('。')));
            crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &CaptionsPage::of(&author, lesson, &back, desk))
        }
        Err(cause) => Err(cause),
    }
}

impl Desk {
    /// Whether the lesson has captions.
    pub fn has_tracks(&self) -> bool {
        !self.tracks.is_empty()
    }
}

/// The tracks of a lesson and an empty form.
///
/// # Errors
/// When the database fails.
pub async fn desk(db: &Database, lesson: &lesson::Model, back: &Back) -> ApiResult<Desk> {
    let tracks = catalog::caption::of_lesson(&db.read, lesson).await?;
    let track = |row: entity::caption::Model| {
        let cues = row.read_cues();
        let end = cues.iter().map(|Cue(_, to, _)| *to).max().unwrap_or(0);
        let about =
            format!("{} 条，到 {}；来自 {}（{}）", cues.len(), clock(end), row.source_name, row.source_encoding);
        Track { id: row.id, url: url(lesson, &row.language), language: row.language, about }
    };
    Ok(Desk {
        action: format!("/studio/lessons/{}/captions{}", lesson.id, back.only()),
        locked: lesson.state == LessonState::Review,
        problem: None,
        form: CaptionForm { language: lesson.language.clone(), shift: "0".into(), ..CaptionForm::default() },
        encodings: encodings(""),
        preview: None,
        tracks: tracks.into_iter().map(track).collect(),
    })
}

impl CaptionsPage {
    fn of(author: &Author, lesson: lesson::Model, back: &Back, desk: Desk) -> Self {
        Self {
            shell: Shell::new(author, format!("字幕：{}", lesson.title), "/studio"),
            list: back.place().at(lesson.id),
            back: back.only(),
            notice: None,
            desk,
            lesson,
        }
    }
}

/// Does what the pressed button says. Returns what was done, or nothing when the page is to be drawn with the check.
async fn work(
    author: &Author,
    db: &Database,
    lesson: &lesson::Model,
    form: &FormData,
    desk: &mut Desk,
) -> ApiResult<Option<&'static str>> {
    let (by, now) = (Some(author.account_id), Moment::now());
    let expected = form.text("expected").parse().unwrap_or(0);
    if form.text("action") == "remove" {
        let track = Expected::Track(CaptionId(expected));
        catalog::caption::remove(&db.write, lesson.id, form.text("language"), track, by, now).await?;
        return Ok(Some("removed"));
    }
    let (name, bytes) = file(form).unwrap_or_default();
    desk.form = CaptionForm {
        language: form.text("language").trim().to_owned(),
        shift: form.text("shift").trim().to_owned(),
        encoding: form.text("encoding").to_owned(),
        content: STANDARD.encode(&bytes),
        name,
    };
    desk.encodings = encodings(&desk.form.encoding);
    if bytes.is_empty() {
        return Err(ApiError::say(Code::Unprocessable, "请先选择一个字幕文件"));
    }
    let reading = Reading::parse(Some(&desk.form.encoding), shift_ms(&desk.form.shift)?)?;
    let found = reading.read(bytes, lesson).await?;
    // What is saved is what was seen: a file, or a language, that was not checked is checked first.
    let seen = form.text("checked") == desk.form.language && form.file("file").is_none();
    if form.text("action") == "save" && seen {
        let new = NewCaption {
            language: desk.form.language.clone(),
            source_name: desk.form.name.clone(),
            source_encoding: found.encoding.as_str().to_owned(),
            cues: found.cues,
        };
        let expected = Expected::said(Some(expected), CaptionId);
        catalog::caption::put(&db.write, lesson.id, new, expected, by, now).await?;
        return Ok(Some("saved"));
    }
    desk.preview = Some(preview(found, desk));
    Ok(None)
}

/// The file that was chosen, or the one that came back with the confirmation.
fn file(form: &FormData) -> Option<(String, Bytes)> {
    form.file("file").or_else(|| {
        let content = STANDARD.decode(form.text("content")).ok()?;
        (!content.is_empty()).then(|| (form.text("name").to_owned(), content.into()))
    })
}

/// Seconds as typed, in milliseconds; blank is none.
fn shift_ms(text: &str) -> ApiResult<i64> {
    let seconds: f64 = match text {
        "" => 0.0,
        text => text.parse().unwrap_or(f64::NAN),
    };
    if (-36_000.0..=36_000.0).contains(&seconds) {
        Ok((seconds * 1000.0).round() as i64)
    } else {
        Err(ApiError::say(Code::Unprocessable, "平移的秒数应是 -36000 到 36000 之间的数，如 1.5 或 -2"))
    }
}

fn preview(found: Captions, desk: &Desk) -> Preview {
    let (total, (most_first, most_last)) = (found.cues.len(), SHOWN);
    let replaced = desk.tracks.iter().find(|track| track.language == desk.form.language);
    let all = total <= most_first + most_last;
    let first = if all { total } else { most_first };
    let last = if all { total } else { total - most_last };
    let lines = |from: usize, to: usize| found.cues.get(from..to).unwrap_or_default().iter().map(Line::of).collect();
    let note = |note: &content::caption::Note| match note.line {
        Some(line) => format!("第 {line} 行：{}", note.text),
        None => note.text.clone(),
    };
    Preview {
        about: format!("{}，编码 {}，共 {total} 条", found.format.as_str(), found.encoding.as_str()),
        notes: found.notes.iter().map(note).collect(),
        first: lines(0, first),
        left_out: last - first,
        last: lines(last, total),
        expected: replaced.map_or(0, |track| track.id.0),
        replaces: replaced.map(|track| format!("现有的{}字幕（{}）", track.language, track.about)),
    }
}

impl Line {
    fn of(Cue(from, to, text): &Cue) -> Self {
        Self { at: format!("{} – {}", clock(*from), clock(*to)), text: text.replace('\n', " ") }
    }
}

fn encodings(chosen: &str) -> Vec<Choice> {
    let found = Choice::new("", "自动识别", chosen);
    std::iter::once(found).chain(Encoding::ALL.iter().map(|e| Choice::new(e.as_str(), e.as_str(), chosen))).collect()
}

/// Whether an error is about what was sent, so that the page says it.
fn speaks(cause: &ApiError) -> bool {
    let ours = [Code::Unprocessable, Code::TooLarge, Code::InvalidRequest, Code::VersionConflict, Code::WrongState];
    ours.contains(&cause.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_as_typed_and_nonsense_is_told() {
        let ms = |text| shift_ms(text).ok();
        assert_eq!([ms(""), ms("1.5"), ms("-2"), ms("0.0004")], [Some(0), Some(1_500), Some(-2_000), Some(0)]);
        assert!(["1e9", "nan", "inf", "一", "36001"].iter().all(|text| ms(text).is_none()));
    }
}
