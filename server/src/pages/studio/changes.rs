//! Changing many lessons at once: what is to be done with those chosen in the list, what that will do, doing it, and
//! taking it back.

mod form;

use self::form::Forms;
use super::editor::REVIEWERS;
use super::place::{Back, Place};
use crate::auth::identity::{Author, Identity};
use crate::database::Database;
use crate::error::{ApiError, ApiResult};
use crate::pages::choose::{Errors, unit};
use crate::pages::go;
use crate::pages::pairs::Pairs;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use catalog::bulk::{self, Chosen, Deed, Doer, LeftOut, Outcome};
use entity::{BulkId, Moment, Scope, bulk_change};

#[derive(Template)]
#[template(path = "studio/changes.html")]
struct ChangesPage {
    shell: Shell,
    list: String,
    chosen: u64,
    problem: Option<String>,
    errors: Errors,
    step: Step,
}

/// How far a change is.
enum Step {
    /// What is to be done is being said.
    Saying(Box<Forms>),
    /// What it will do is being looked at.
    Looking { deed: String, outcome: Shown },
    /// It is done, and may be taken back until a day has passed.
    Done { deed: String, outcome: Shown, until: Option<String> },
    /// It was taken back.
    Undone { deed: String, outcome: Shown },
}

/// What changes, and what is left out.
struct Shown {
    changed: u64,
    left_out: u64,
    named: Vec<Named>,
}

struct Named {
    href: String,
    title: String,
    why: String,
}

/// `POST /studio/changes`: the lessons ticked in the list, or all that it holds.
///
/// # Errors
/// `not_found` when the list is of a unit beyond the caller's reach.
pub async fn choose(author: Author, form: Form<Pairs>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (place, now) = (Place::parse(&form.text("place")), Moment::now());
    let chosen = match form.text("which").as_str() {
        "all" => all_of(&db, &author, &place).await?,
        _ => Chosen::These(form.all("lesson").filter_map(|id| id.parse().ok()).collect()),
    };
    match bulk::choose(&db.write, &doer(&author), chosen, &place.query(), now).await {
        Ok(bulk) => Ok(go(&format!("/studio/changes/{}", bulk.id))),
        Err(catalog::Error::Invalid { .. }) if form.text("which") == "all" => Ok(go(&place.after("done", "too-many"))),
        Err(catalog::Error::Invalid { .. }) => Ok(go(&place.after("done", "unticked"))),
        Err(cause) => Err(cause.into()),
    }
}

/// `GET /studio/changes/{id}`: the change, at the step it is at.
///
/// # Errors
/// `not_found` for a change of somebody else, or one no longer kept.
pub async fn show(author: Author, id: Path<BulkId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    page(&author, &db, *id, &Pairs::default(), Errors::default()).await
}

/// `POST /studio/changes/{id}`: say what is to be done, do it, or take it back.
///
/// # Errors
/// `not_found` for a change of somebody else, `gone` when it is too late to take it back.
pub async fn take(author: Author, id: Path<BulkId>, form: Form<Pairs>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (doer, now, action) = (doer(&author), Moment::now(), form.text("action"));
    let bulk = bulk::get(&db.read, author.account_id, *id).await?;
    if action == "again" {
        return page(&author, &db, bulk.id, &form, Errors::default()).await;
    }
    let after = Place::parse(&bulk.place).after("changed", &bulk.id.to_string());
    let outcome = match action.as_str() {
        "confirm" => bulk::confirm(&db.write, &doer, bulk.id, now).await.map(|()| after),
        "undo" => bulk::undo(&db.write, &doer, bulk.id, now).await.map(|()| after),
        _ => match Deed::parse(&action, &form.text("value")) {
            Ok(deed) => {
                bulk::intend(&db.write, &doer, bulk.id, deed).await.map(|()| format!("/studio/changes/{}", bulk.id))
            }
            Err(cause) => Err(cause),
        },
    };
    match outcome {
        Ok(to) => Ok(go(&to)),
        Err(catalog::Error::Invalid { reason, .. }) => {
            let mut errors = Errors::default();
            errors.put(&action, reason);
            let mut answer = page(&author, &db, bulk.id, &form, errors).await?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
        Err(cause) => Err(ApiError::from(cause)),
    }
}

/// All that the list holds at this place.
///
/// # Errors
/// `not_found` when the list is of a unit beyond the caller's reach.
pub async fn all_of(db: &Database, author: &Author, place: &Place) -> ApiResult<Chosen> {
    let reach = author.reach();
    let kept = match place.unit.is_empty() {
        true => reach,
        false => Scope::of([unit(&db.read, &reach, Some(&place.unit)).await?.path]),
    };
    Ok(Chosen::All(Box::new(place.filter(kept))))
}

/// Who changes many lessons, for the catalog.
pub fn doer(identity: &Identity) -> Doer {
    Doer { account: identity.account_id, viewer: identity.viewer(), reviews: identity.scope(REVIEWERS) }
}

async fn page(
    identity: &Identity,
    db: &Database,
    id: BulkId,
    typed: &Pairs,
    errors: Errors,
) -> ApiResult<HttpResponse> {
    let bulk = bulk::get(&db.read, identity.account_id, id).await?;
    let place = Place::parse(&bulk.place);
    let deed = bulk::deed_of(&bulk).filter(|_| errors.is_empty() && typed.text("action") != "again");
    let step = match (deed, bulk.done_at) {
        (None, _) => Step::Saying(Box::new(Forms::of(db, identity, typed).await?)),
        (Some(deed), None) => {
            let outcome = bulk::preview(&db.read, &doer(identity), &bulk, &deed, Moment::now()).await?;
            Step::Looking { deed: deed.label(), outcome: Shown::of(outcome, &place) }
        }
        (Some(deed), Some(done_at)) => {
            let (deed, outcome) = (deed.label(), Shown::of(bulk::outcome(&db.read, &bulk).await?, &place));
            match bulk.undone_at {
                Some(_) => Step::Undone { deed, outcome },
                None => Step::Done { deed, outcome, until: until(done_at) },
            }
        }
    };
    crate::pages::draw(&ChangesPage {
        shell: Shell::new(identity, "批量修改", "/studio"),
        list: place.address(),
        chosen: bulk::size(&db.read, id).await?,
        problem: (!errors.is_empty()).then(|| "还没有预览，请看下面标红的地方。".to_owned()),
        errors,
        step,
    })
}

/// Until when it may be taken back; `None` when that has passed.
fn until(done_at: Moment) -> Option<String> {
    let until = done_at.plus_ms(bulk::KEPT_MS);
    (Moment::now() < until).then(|| until.local().format("%m-%d %H:%M").to_string())
}

impl Shown {
    fn of(outcome: Outcome, place: &Place) -> Self {
        let back = Back::from(place).only();
        let named = |left: LeftOut| Named {
            href: format!("/studio/lessons/{}{back}", left.lesson),
            title: left.title,
            why: left.why,
        };
        Self {
            changed: outcome.changed,
            left_out: outcome.left_out,
            named: outcome.named.into_iter().map(named).collect(),
        }
    }
}

/// What the list says of a change that was just done or taken back.
pub struct Bar {
    /// What was done.
    pub text: String,
    /// Where to take it back.
    pub undo: Option<String>,
    /// Where to read which lessons were left out.
    pub href: String,
}

impl Bar {
    /// Of this change, if it is the caller's and still kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(db: &Database, identity: &Identity, id: BulkId) -> ApiResult<Option<Self>> {
        match bulk::get(&db.read, identity.account_id, id).await {
            Ok(bulk) => Ok(Some(Self::of(db, &bulk).await?)),
            Err(catalog::Error::BulkNotFound) => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    async fn of(db: &Database, bulk: &bulk_change::Model) -> ApiResult<Self> {
        let outcome = bulk::outcome(&db.read, bulk).await?;
        let deed = bulk::deed_of(bulk).map(|deed| deed.label()).unwrap_or_default();
        let href = format!("/studio/changes/{}", bulk.id);
        let left = |what: &str| match outcome.left_out {
            0 => String::new(),
            left => format!("{left} 课{what}，"),
        };
        Ok(match (bulk.undone_at, bulk.done_at.and_then(until)) {
            (Some(_), _) => {
                Self {
                    text: format!("已撤销，{} 课恢复原样。{}", outcome.changed, left("没有恢复")), undo: None, href
                }
            }
            (None, until) => Self {
                text: format!("已修改 {} 课：{deed}。{}", outcome.changed, left("没有改")),
                undo: until.map(|_| href.clone()),
                href,
            },
        })
    }
}
