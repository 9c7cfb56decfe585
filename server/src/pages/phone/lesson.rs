//! One lesson: played or read, with what of it is already in one's archive.

use super::card::{Kind, blobs};
use super::home::nearly_over;
use super::quiz;
use super::transcript::{self, Transcript};
use crate::api::media::sources::{Prepared, SourceAnswer, prepared_of};
use crate::api::voices::{self, VoiceAnswer};
use crate::auth::identity::{Identity, SignedIn};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::figures;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use entity::{
    Day, LessonId, Moment, PersonId, PlaybackMode, Reason, course, ledger_entry, lesson, person_merge, playback,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Where to begin.
#[derive(Deserialize)]
pub struct Start {
    /// Seconds from the beginning.
    t: Option<String>,
}

#[derive(Template)]
#[template(path = "phone/lesson.html")]
struct LessonPage {
    shell: Shell,
    kind: Kind,
    length: String,
    /// Of the form that plays without scripts.
    size: Option<String>,
    facts: Vec<String>,
    start_ms: i64,
    start_clock: String,
    media_url: Option<String>,
    prepared: Prepared,
    paragraphs: Vec<String>,
    transcript: Transcript,
    voices: Vec<VoiceAnswer>,
    chapters: Vec<ChapterItem>,
    poster: Option<String>,
    mine: Option<Mine>,
    quiz: Option<quiz::Card>,
    outline: Vec<OutlineItem>,
    total: usize,
    next: Option<OutlineItem>,
    course: course::Model,
    lesson: lesson::Model,
}

/// What of this lesson is in the reader's archive.
struct Mine {
    credited: String,
    last: Option<Day>,
    reasons: Vec<(&'static str, String)>,
}

/// A chapter as it is listed.
struct ChapterItem {
    at_ms: i64,
    second: i64,
    clock: String,
    title: String,
}

#[derive(Clone)]
struct OutlineItem {
    href: String,
    position: usize,
    title: String,
    length: String,
    current: bool,
}

/// The page of a lesson.
pub async fn lesson(
    caller: SignedIn,
    name: Path<String>,
    start: Query<Start>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (today, viewer) = (Moment::now().day(), caller.viewer());
    let named = catalog::lesson::find(&db.read, &name).await?;
    let lesson = match catalog::lesson::visible(&db.read, &viewer, named.id, today).await {
        Err(catalog::Error::LessonNotFound) => return out_of_date(&caller, &db, &named, today).await,
        found => found?,
    };
    let course = catalog::course::get(&db.read, lesson.course_id).await?;
    let media = blobs(&db.read, &[lesson.id]).await?.remove(&lesson.id);
    let outline = outline(&catalog::course::outline(&db.read, &viewer, course.id, today).await?, lesson.id);
    let prepared = prepared_of(&db, lesson.media_sha256.as_deref()).await?;
    // What plays without scripts is the first form, which may be a conversion of what was uploaded.
    let size = prepared.sources.first().map(SourceAnswer::size);
    let as_it_came = || media.as_ref().and(lesson.media_sha256.as_ref()).map(|sha256| format!("/media/{sha256}"));
    let media_url = prepared.media_url().or_else(as_it_came);
    let start_ms = start_ms(&db, &caller, &lesson, start.t.as_deref()).await?;
    // A second that was asked for is found without scripts, too (W3C Media Fragments, section 4.2.1).
    let begin = start.t.as_ref().map(|_| format!("#t={}", start_ms / 1000)).unwrap_or_default();
    let cover = lesson.cover_sha256.as_ref().map(|sha256| format!("/media/{sha256}"));
    crate::pages::draw(&LessonPage {
        shell: Shell::new(&caller, lesson.title.clone(), "/search"),
        poster: cover.or_else(|| prepared.poster_url.clone()),
        kind: Kind::of(media.as_ref().map(|media| media.mime.as_str())),
        length: figures::minutes(lesson.duration_ms),
        size: size.or_else(|| media.as_ref().map(|media| figures::size(media.size_bytes))),
        facts: facts(&lesson),
        start_ms,
        start_clock: figures::clock(start_ms),
        media_url: media_url.map(|url| format!("{url}{begin}")),
        prepared,
        paragraphs: paragraphs(&lesson.body),
        transcript: transcript::of(&db, &lesson).await?,
        voices: voices::of_lesson(&db, &lesson).await?,
        chapters: chapters(&lesson),
        mine: mine(&db.read, caller.person_id, lesson.id).await?,
        quiz: quiz::card(&db, &caller, &lesson, Moment::now()).await?,
        next: outline.iter().skip_while(|item| !item.current).nth(1).cloned(),
        total: outline.len(),
        outline: around(outline),
        course,
        lesson,
    })
}

#[derive(Template)]
#[template(path = "phone/out_of_date.html")]
struct OutOfDatePage {
    shell: Shell,
    title: String,
    until: Day,
    category: entity::Category,
}

/// Whoever could see a lesson until its last day is told that it is over, and where to look on; others are told nothing.
async fn out_of_date(caller: &Identity, db: &Database, lesson: &lesson::Model, today: Day) -> ApiResult<HttpResponse> {
    let until = catalog::lesson::expired(&db.read, &caller.viewer(), lesson, today).await?;
    let until = until.ok_or(catalog::Error::LessonNotFound)?;
    let title = lesson.title.clone();
    let shell = Shell::new(caller, title.clone(), "/search");
    crate::pages::draw_as(StatusCode::GONE, &OutOfDatePage { shell, title, until, category: lesson.category })
}

fn facts(lesson: &lesson::Model) -> Vec<String> {
    let lecturer = Some(format!("讲师 {}", lesson.lecturer)).filter(|_| !lesson.lecturer.is_empty());
    let published = lesson.published_on.map(|day| format!("{day} 发布"));
    let words = [lesson.level.label().to_owned(), lesson.language.clone()];
    lecturer.into_iter().chain(words).chain(published).collect()
}

fn chapters(lesson: &lesson::Model) -> Vec<ChapterItem> {
    let item = |chapter: catalog::chapters::Chapter| ChapterItem {
        at_ms: chapter.at_ms,
        second: chapter.at_ms / 1000,
        clock: figures::clock(chapter.at_ms),
        title: chapter.title,
    };
    catalog::chapters::of(&lesson.chapters)
        .into_iter()
        .filter(|chapter| chapter.at_ms < lesson.duration_ms)
        .map(item)
        .collect()
}

/// The text in paragraphs. One long block of speech is cut after sentences, so that it can be read.
fn paragraphs(body: &str) -> Vec<String> {
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.into_iter().flat_map(cut).collect()
}

fn cut(line: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for sentence in line.split_inclusive(['。', '！', '？']) {
        match paragraphs.last_mut() {
            Some(last) if last.chars().count() < 120 => last.push_str(sentence),
            _ => paragraphs.push(sentence.to_owned()),
        }
    }
    paragraphs
}

/// Where to begin: where the address says, else where this person stopped.
async fn start_ms(db: &Database, caller: &Identity, lesson: &lesson::Model, t: Option<&str>) -> ApiResult<i64> {
    let asked = t.and_then(|seconds| seconds.parse::<i64>().ok()).map(|seconds| seconds.saturating_mul(1000));
    let at = match (asked, caller.person_id) {
        (Some(at), _) => at,
        (None, Some(person)) => stopped_at(&db.read, person, lesson.id).await?,
        (None, None) => 0,
    };
    // Who asks for the last words gets them; who stopped there begins anew.
    let over = if asked.is_some() { at >= lesson.duration_ms } else { nearly_over(at, lesson.duration_ms) };
    Ok(if at < 0 || over { 0 } else { at })
}

async fn stopped_at(db: &impl ConnectionTrait, person: PersonId, lesson: LessonId) -> ApiResult<i64> {
    let last: Option<i64> = playback::Entity::find()
        .select_only()
        .column(playback::Column::LastPositionMs)
        .filter(person_merge::of_one(playback::Column::PersonId, person))
        .filter(playback::Column::LessonId.eq(lesson))
        .filter(playback::Column::Mode.eq(PlaybackMode::Solo))
        .filter(playback::Column::LastSeq.gt(0))
        .order_by_desc(playback::Column::LastBeatAt)
        .order_by_desc(playback::Column::Id)
        .into_tuple()
        .one(db)
        .await?;
    Ok(last.unwrap_or(0))
}

/// The entries of a person for one lesson, added up; `None` for who has no archive or nothing in it yet.
async fn mine(db: &impl ConnectionTrait, person: Option<PersonId>, lesson: LessonId) -> ApiResult<Option<Mine>> {
    let Some(person) = person else { return Ok(None) };
    let entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.is_in(archive::merges::all_of(db, person).await?))
        .filter(ledger_entry::Column::LessonId.eq(lesson))
        .order_by_desc(ledger_entry::Column::Seq)
        .limit(500)
        .all(db)
        .await?;
    let mut reasons: BTreeMap<Reason, i64> = BTreeMap::new();
    for entry in &entries {
        for (reason, ms) in archive::ledger::reasons_of(entry)? {
            *reasons.entry(reason).or_default() += ms;
        }
    }
    let credited = entries.iter().fold(0_i64, |sum, entry| sum.saturating_add(entry.credited_ms));
    Ok((!entries.is_empty()).then(|| Mine {
        credited: figures::minutes(credited),
        last: entries.iter().map(|entry| entry.day).max(),
        reasons: reasons
            .into_iter()
            .filter(|(_, ms)| *ms > 0) // what waited for the quiz may have been given
            .map(|(reason, ms)| (reason.label(), figures::minutes(ms)))
            .collect(),
    }))
}

fn outline(rows: &[lesson::Model], current: LessonId) -> Vec<OutlineItem> {
    let item = |(index, row): (usize, &lesson::Model)| OutlineItem {
        href: format!("/lessons/{}", row.slug),
        position: index + 1,
        title: row.title.clone(),
        length: figures::minutes(row.duration_ms),
        current: row.id == current,
    };
    rows.iter().enumerate().map(item).collect()
}

/// The part of a long course around the lesson shown: a course may hold hundreds.
fn around(outline: Vec<OutlineItem>) -> Vec<OutlineItem> {
    let here = outline.iter().position(|item| item.current).unwrap_or(0);
    outline.into_iter().skip(here.saturating_sub(2)).take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_course_the_lessons_around_the_one_shown_are_listed() {
        let item = |position| OutlineItem {
            href: String::new(),
            position,
            title: String::new(),
            length: String::new(),
            current: position == 50,
        };
        let shown = around((1..=92).map(item).collect());
        assert_eq!(shown.iter().map(|item| item.position).collect::<Vec<_>>(), (48..=55).collect::<Vec<_>>());
    }

    #[test]
    fn a_long_speech_is_cut_after_sentences_and_nothing_is_lost() {
        let speech = "先看叶子，斑驳型黄化左右不对称才是可疑株。".repeat(20);
        let cut = paragraphs(&format!("{speech}\n\n  第二段  "));
        assert!(cut.len() > 2 && cut.iter().all(|text| text.chars().count() < 200));
        assert_eq!(cut.concat(), format!("{speech}第二段"));
        assert!(paragraphs(" \n ").is_empty());
    }
}
