//! A person's training archive, the same record they see themselves, ready to print; and its corrections.

use crate::api::seals::may_amend;
use crate::auth::identity::{Assessor, MATCHERS, MERGERS, Reader};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Errors, Tab, crumbs};
use crate::pages::go;
use crate::pages::parts::Bar;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use archive::Hundredths;
use archive::record::Record;
use askama::Template;
use entity::{Day, Moment, PersonId, Role, ledger_entry};
use sea_orm::EntityTrait;
use serde::Deserialize;

use super::declared::{self, StudyView};
use super::import::Tile;
use super::late::LateView;
use super::seal::Amended;

mod view;

use view::{EntryView, StandingView, tiles};

/// Pages of entries drawn at most: a thousand entries are more than a year of study every day.
const PAGES: u64 = 20;

/// Which year, and which entry is being corrected.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PersonQuery {
    year: String,
    correct: String,
    done: String,
}

/// A correction, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CorrectionForm {
    seq: String,
    minutes: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "office/person.html")]
struct PersonPage {
    shell: Shell,
    crumbs: Vec<Tab>,
    notice: Option<&'static str>,
    id: PersonId,
    name: String,
    code: String,
    unit: String,
    posts: Vec<&'static str>,
    year: i32,
    years: Vec<Tab>,
    credit: String,
    minutes: String,
    claimed: String,
    credited: String,
    standings: Vec<StandingView>,
    tiles: Vec<Tile>,
    months: Vec<Bar>,
    entries: Vec<EntryView>,
    may_correct: bool,
    may_give_pin: bool,
    may_merge: bool,
    correction: Option<Correction>,
    errors: Errors,
    sealed: Option<Sealed>,
    late: Vec<LateView>,
    studies: Vec<StudyView>,
}

/// The seal on the shown year.
struct Sealed {
    line: Option<i64>,
    day: Option<Day>,
    amendments: Vec<Amended>,
}

struct Correction {
    seq: i64,
    about: String,
    minutes: String,
    reason: String,
}

/// `GET /office/people/{id}`: the archive of a year.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn show(
    reader: Reader,
    id: Path<PersonId>,
    query: Query<PersonQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let year = year_of(&query.year);
    let listed = reach::listed(&db, &reader.reach(), *id).await?;
    if listed != *id {
        return Ok(go(&format!("/office/people/{listed}?year={year}")));
    }
    let mut page = page(&reader, &db, *id, year).await?;
    page.notice = match query.done.as_str() {
        "corrected" => Some("更正已记入档案。"),
        "declared" => Some("已登记，等考核办审核；审核以后才计学时。"),
        _ => None,
    };
    page.choose(query.correct.parse().ok(), &CorrectionForm::default());
    crate::pages::draw(&page)
}

/// `POST /office/people/{id}/corrections`: add a correction of an entry.
///
/// # Errors
/// `not_found` for a person beyond the caller's reach, or an entry that is not theirs.
pub async fn correct(
    reader: Reader,
    assessor: Assessor,
    id: Path<PersonId>,
    query: Query<PersonQuery>,
    form: Form<CorrectionForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let year = year_of(&query.year);
    let seq: i64 = form.seq.parse().map_err(|_| ApiError::new(Code::NotFound))?;
    let entry = ledger_entry::Entity::find_by_id(seq).one(&db.read).await?;
    let own = archive::merges::all_of(&db.read, *id).await?;
    let entry = entry.filter(|entry| own.contains(&entry.person_id)).ok_or(Code::NotFound)?;
    let person = roster::people::person(&db.read, *id).await?;
    let unit = roster::org::unit(&db.read, person.unit_id).await?;
    if !assessor.reach().contains(&unit.path) {
        return Err(ApiError::new(Code::NotFound));
    }
    let mut errors = Errors::default();
    if let Some(delta_ms) = delta_ms(&form.minutes, &mut errors) {
        let by = assessor.account_id;
        let entry_year = chrono::Datelike::year(&entry.day);
        let outcome = match archive::seal::closed(&db.read, entry.person_id, entry_year).await? {
            None => archive::ledger::correct(&db.write, seq, delta_ms, &form.reason, by, Moment::now()).await,
            Some(_) => {
                may_amend(&db, &assessor, entry.person_id, entry_year).await?;
                archive::ledger::amend(&db.write, seq, delta_ms, &form.reason, by, Moment::now()).await
            }
        };
        match outcome {
            Ok(_) => return Ok(go(&format!("/office/people/{id}?year={year}&done=corrected"))),
            Err(cause) => say(cause, &mut errors)?,
        }
    }
    let mut page = page(&reader, &db, *id, year).await?;
    page.choose(Some(seq), &form);
    page.errors = errors;
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// The year people asked for; this one when they asked for none.
pub fn year_of(text: &str) -> i32 {
    text.parse().unwrap_or_else(|_| Moment::now().year())
}

/// This year and the two before, and the shown one when it is another, as links to `href` with the year appended.
pub fn years(shown: i32, href: &str) -> Vec<Tab> {
    let now = Moment::now().year();
    let mut years = vec![now, now - 1, now - 2, shown];
    years.sort_unstable();
    years.dedup();
    let tab = |year: i32| Tab { href: format!("{href}{year}"), label: format!("{year} 年"), current: year == shown };
    years.into_iter().map(tab).collect()
}

/// A month's bar says its hours without decimals when there are many, so that twelve fit beside each other.
pub fn months(totals: impl IntoIterator<Item = Hundredths>) -> Vec<Bar> {
    let bar = |(month, amount): (usize, Hundredths)| {
        let text = match amount.0 {
            0 => "0".into(),
            1..10_000 => amount.to_string(),
            more => (more / 100).to_string(),
        };
        (format!("{}月", month + 1), amount.0, text)
    };
    Bar::chart(totals.into_iter().enumerate().map(bar))
}

fn delta_ms(minutes: &str, errors: &mut Errors) -> Option<i64> {
    let delta = minutes.trim().parse::<i64>().ok().filter(|minutes| *minutes != 0 && minutes.abs() <= 100_000);
    if delta.is_none() {
        errors.put("minutes", "请填一个不为 0 的整数，如 30 或 -15");
    }
    delta.map(|minutes| minutes * 60_000)
}

/// What the archive says of a correction, beside the field it says it of.
fn say(cause: archive::Error, errors: &mut Errors) -> ApiResult<()> {
    match cause {
        archive::Error::NoReason => errors.put("reason", "请写明原因，1 到 500 字"),
        archive::Error::CorrectsCorrection(_) => errors.put("minutes", "这一笔本身是更正；请更正它所更正的那一笔"),
        archive::Error::CorrectionOutOfBounds { most_ms } => {
            errors.put("minutes", format!("更正后这一笔应在 0 到 {} 分钟之间", most_ms / 60_000));
        }
        other => return Err(other.into()),
    }
    Ok(())
}

async fn page(reader: &Reader, db: &Database, id: PersonId, year: i32) -> ApiResult<PersonPage> {
    let mut record = archive::record::of_person(&db.read, id, year, Moment::now().day()).await?;
    if !reader.reach().contains(&record.unit_path) {
        return Err(ApiError::new(Code::NotFound));
    }
    for number in 2..=record.entries.pages.min(PAGES) {
        let more = archive::record::entries(&db.read, id, year, number).await?;
        record.entries.rows.extend(more.rows);
    }
    let unit = roster::org::unit(&db.read, record.unit_id).await?;
    let gap = archive::gap::of_person(&db.read, id, year, Moment::now().day()).await?;
    Ok(PersonPage {
        shell: Shell::new(reader, format!("{} 培训档案", record.name), "/office"),
        crumbs: way_to(reader, db, &record, year).await?,
        notice: None,
        id,
        unit: roster::org::full_name(&db.read, &unit).await?,
        posts: record.posts.iter().map(|post| post.label()).collect(),
        year,
        years: years(year, "?year="),
        credit: record.total.credit.to_string(),
        minutes: crate::pages::figures::minutes(record.total.credited_ms),
        claimed: Hundredths::minutes(record.total.claimed_ms).to_string(),
        credited: Hundredths::minutes(record.total.credited_ms).to_string(),
        standings: gap.targets.iter().map(StandingView::of).collect(),
        tiles: tiles(&record),
        months: months(record.months.iter().map(|total| total.credit.hundredths())),
        entries: record.entries.rows.iter().map(EntryView::of).collect(),
        may_correct: reader.has(&[Role::Assessor]),
        may_give_pin: reader.has(MATCHERS),
        may_merge: reader.has(MERGERS),
        correction: None,
        errors: Errors::default(),
        sealed: sealed(db, id, year).await?,
        studies: declared::of_person(db, id).await?,
        late: archive::late::of_person(&db.read, id, year).await?.into_iter().map(LateView::from).collect(),
        name: record.name,
        code: record.code,
    })
}

async fn sealed(db: &Database, id: PersonId, year: i32) -> ApiResult<Option<Sealed>> {
    let Some(closed) = archive::seal::closed(&db.read, id, year).await? else { return Ok(None) };
    let amendments = archive::seal::amendments(&db.read, &closed.seal, Some(id)).await?;
    let amendments = amendments.into_iter().map(Amended::from).collect();
    Ok(Some(Sealed { line: closed.line, day: closed.seal.sealed_at.map(Moment::day), amendments }))
}

/// The units above the person, then the person.
async fn way_to(reader: &Reader, db: &Database, record: &Record, year: i32) -> ApiResult<Vec<Tab>> {
    let href = format!("/office?year={year}&unit=");
    let mut way = crumbs(&db.read, &reader.reach(), &record.unit_path, &href).await?;
    way.iter_mut().for_each(|crumb| crumb.current = false);
    way.push(Tab { href: String::new(), label: record.name.clone(), current: true });
    Ok(way)
}

impl PersonPage {
    /// Open the form for an entry, with what was typed; for a correction or an unknown entry it stays closed.
    fn choose(&mut self, seq: Option<i64>, typed: &CorrectionForm) {
        let Some(seq) = seq.filter(|_| self.may_correct) else { return };
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.seq == seq && entry.correctable) else { return };
        entry.chosen = true;
        self.correction = Some(Correction {
            seq,
            about: format!(
                "{} {}《{}》，申报 {} 分钟，计入 {} 分钟。",
                entry.day, entry.source, entry.note, entry.claimed, entry.credited
            ),
            minutes: typed.minutes.clone(),
            reason: typed.reason.clone(),
        });
    }
}
