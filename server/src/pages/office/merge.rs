//! People who stand on the roster twice: who may be one with this person, the two side by side, merging and parting.

use crate::api::merges::NAMED;
use crate::auth::identity::Merger;
use crate::auth::known::Known;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::merging;
use crate::pages::choose::{page_number, typed};
use crate::pages::figures::minutes;
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use crate::readings::note_archive;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use entity::{MergeId, Moment, PersonId, person, person_merge};
use roster::people::{PeopleFilter, PersonRow, merge as merges, twins};
use serde::Deserialize;

/// Merges on one page.
const PAGE: u64 = 20;

/// With whom somebody is compared, or who is looked for; what was just done; which page of the merges that were.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MergeQuery {
    with: String,
    q: String,
    done: String,
    page: String,
}

/// A merge, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct JoinForm {
    with: String,
    keep: String,
    reason: String,
}

/// A parting, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PartForm {
    reason: String,
}

#[derive(Template)]
#[template(path = "office/merge.html")]
struct MergePage {
    shell: Shell,
    notice: Option<&'static str>,
    problem: Option<String>,
    id: PersonId,
    name: String,
    q: String,
    candidates: Vec<PersonRow>,
    pair: Option<Vec<Side>>,
    keep: PersonId,
    reason: String,
    past: Vec<Past>,
    pager: Pager,
}

/// One of the two beside each other.
struct Side {
    id: PersonId,
    name: String,
    code: String,
    unit: String,
    born: String,
    gender: String,
    phone: String,
    posts: Vec<String>,
    login: String,
    /// Credit hours of this year and the two before.
    years: Vec<(i32, String)>,
}

/// A merge this person was in.
struct Past {
    id: MergeId,
    other: String,
    day: String,
    reason: String,
    taken: String,
    parted: Option<(String, String)>,
}

/// `GET /office/people/{id}/merge`: who may be one with this person, or the comparison with one of them.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn show(
    merger: Merger,
    id: Path<PersonId>,
    query: Query<MergeQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let listed = reach::listed(&db, &merger.reach(), *id).await?;
    if listed != *id {
        return Ok(go(&format!("/office/people/{listed}/merge")));
    }
    let mut page = page(&merger, &db, *id, &query).await?;
    page.notice = match query.done.as_str() {
        "merged" => Some("已合并。两个编号的学时、职务、免除都算在一起，名单上只有一个人。"),
        "merged-sealed" => Some("已合并。已封存的年度保持原样，其中重复的时间没有扣；要改请按修订更正。"),
        "parted" => Some("已拆分，两人都和合并以前一样。"),
        _ => None,
    };
    crate::pages::draw(&page)
}

/// `POST /office/people/{id}/merge`: merge the two who were compared.
///
/// # Errors
/// `not_found` when one of them lies beyond the caller's reach.
pub async fn join(
    merger: Merger,
    id: Path<PersonId>,
    form: Form<JoinForm>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let with: PersonId = form.with.parse().map_err(|_| ApiError::new(Code::NotFound))?;
    let people = if form.keep == form.with { (with, *id) } else { (*id, with) };
    let made =
        merging::join((db.get_ref(), known.get_ref()), &merger.reach(), people, &form.reason, merger.account_id).await;
    let refusal = match made {
        Ok((row, joined)) => {
            let done = if joined.sealed_years.is_empty() { "merged" } else { "merged-sealed" };
            return Ok(go(&format!("/office/people/{}/merge?done={done}", row.kept_id)));
        }
        Err(refusal) => refusal,
    };
    let query = MergeQuery { with: form.with.clone(), ..MergeQuery::default() };
    let mut page = match refusal.can_be_mended() {
        true => page(&merger, &db, *id, &query).await?,
        false => return Err(refusal),
    };
    (page.keep, page.reason) = (people.0, form.reason.clone());
    refused(page, &refusal)
}

/// `POST /office/merges/{merge}/part`: take a merge back.
///
/// # Errors
/// `not_found` for a merge beyond the caller's reach.
pub async fn part(
    merger: Merger,
    id: Path<MergeId>,
    form: Form<PartForm>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let kept = merging::within(&db, &merger.reach(), *id).await?.kept_id;
    match merging::part((db.get_ref(), known.get_ref()), &merger.reach(), *id, &form.reason, merger.account_id).await {
        Ok(_) => Ok(go(&format!("/office/people/{kept}/merge?done=parted"))),
        Err(refusal) if refusal.can_be_mended() => {
            refused(page(&merger, &db, kept, &MergeQuery::default()).await?, &refusal)
        }
        Err(other) => Err(other),
    }
}

fn refused(mut page: MergePage, refusal: &ApiError) -> ApiResult<HttpResponse> {
    page.problem = Some(refusal.message().to_owned());
    crate::pages::draw_as(refusal.code().status(), &page)
}

async fn page(merger: &Merger, db: &Database, id: PersonId, query: &MergeQuery) -> ApiResult<MergePage> {
    let reach = merger.reach();
    let person = reach::person(db, &reach, id).await?;
    let q = typed(&query.q);
    let pair = match query.with.parse().ok().filter(|with| *with != id) {
        Some(with) => {
            let other = reach::person(db, &reach, with).await?;
            Some(vec![side(merger, db, &person).await?, side(merger, db, &other).await?])
        }
        None => None,
    };
    let candidates = match pair {
        Some(_) => Vec::new(),
        None => candidates(merger, db, &person, &q).await?,
    };
    let (past, pager) = past(db, id, page_number(Some(&query.page))).await?;
    Ok(MergePage {
        shell: Shell::new(merger, format!("{} 重复的人", person.name), "/office"),
        notice: None,
        problem: None,
        id,
        name: person.name,
        q,
        candidates,
        pair,
        keep: id,
        reason: String::new(),
        past,
        pager,
    })
}

/// Who may be one with this person; those who are looked for when somebody is.
async fn candidates(merger: &Merger, db: &Database, person: &person::Model, q: &str) -> ApiResult<Vec<PersonRow>> {
    let reach = merger.reach();
    if q.is_empty() {
        return Ok(twins(&db.read, &reach, person, NAMED).await?);
    }
    let filter = PeopleFilter { q: Some(q.to_owned()), unit: None };
    let found = roster::people::page(&db.read, &reach, filter, 1, NAMED as u64).await?;
    Ok(found.rows.into_iter().filter(|row| row.id != person.id).collect())
}

/// A page of the merges this person was in.
async fn past(db: &Database, id: PersonId, number: u64) -> ApiResult<(Vec<Past>, Pager)> {
    let found = merges::of_person(&db.read, id, number, PAGE).await?;
    let mut past = Vec::with_capacity(found.rows.len());
    for row in found.rows {
        past.push(told(db, id, row).await?);
    }
    Ok((past, Pager::new(&format!("/office/people/{id}/merge"), &[], found.page, PAGE, found.total)))
}

/// What is known of one of the two. To look at somebody's hours is to read their archive, and is written down.
async fn side(merger: &Merger, db: &Database, person: &person::Model) -> ApiResult<Side> {
    let today = Moment::now().day();
    let this_year = Moment::now().year();
    let mut years = Vec::new();
    for year in [this_year, this_year - 1, this_year - 2] {
        let record = archive::record::of_person(&db.read, person.id, year, today).await?;
        years.push((year, record.total.credit.to_string()));
    }
    if merger.person_id != Some(person.id) {
        note_archive(merger.account_id, person.id, db, Moment::now()).await?;
    }
    let posts = roster::people::posts(&db.read, person.id).await?;
    let post = |post: &entity::post::Model| match post.ended_on {
        None => format!("{}（{} 起）", post.kind.label(), post.appointed_on),
        Some(end) => format!("{}（{} 至 {end}）", post.kind.label(), post.appointed_on),
    };
    let unit = roster::org::unit(&db.read, person.unit_id).await?;
    let account = roster::account::of_person(&db.read, person.id).await?;
    Ok(Side {
        id: person.id,
        name: person.name.clone(),
        code: person::masked(&person.code),
        unit: roster::org::full_name(&db.read, &unit).await?,
        born: person.birth_year.map(|year| year.to_string()).unwrap_or_default(),
        gender: person.gender.clone().unwrap_or_default(),
        phone: person.phone.as_deref().map(roster::people::masked).unwrap_or_default(),
        posts: posts.iter().map(post).collect(),
        login: account.map(|account| person::masked(&account.login)).unwrap_or_default(),
        years,
    })
}

async fn told(db: &Database, id: PersonId, row: person_merge::Model) -> ApiResult<Past> {
    let other = if row.kept_id == id { row.merged_id } else { row.kept_id };
    let other = roster::people::person(&db.read, other).await?;
    Ok(Past {
        id: row.id,
        other: format!("{}（编号 {}）", other.name, person::masked(&other.code)),
        day: row.merged_at.day().to_string(),
        taken: minutes(archive::ledger::merge::taken_back_ms(&db.read, &row).await?),
        parted: row.parted_at.map(|at| (at.day().to_string(), row.part_reason.clone().unwrap_or_default())),
        reason: row.reason,
    })
}
