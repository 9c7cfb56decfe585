//! Classes in person (集中培训) on the trainer's desk: those there are, and what is said of one. Nothing needs a script.

mod form;
pub mod one;
pub mod people;
pub mod roll;
pub mod wall;

use crate::auth::identity::{Identity, Reader, Trainer};
use crate::auth::reach;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Errors, Tab, desk, page_number, tabs, unit, units};
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use archive::classes;
use archive::classes::list::{self, Filter, Listed};
use askama::Template;
use entity::{ClassId, ClassState, Moment, Role, class_run, org_unit};
use form::DraftForm;
use serde::Deserialize;

const PAGE: u64 = 20;

/// Whoever runs classes.
pub(crate) const RUNNERS: &[Role] = &[Role::Trainer, Role::Admin];

/// What the list is narrowed to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClassesQuery {
    unit: String,
    state: String,
    page: String,
}

#[derive(Template)]
#[template(path = "studio/classes.html")]
struct ClassesPage {
    shell: Shell,
    tabs: Vec<Tab>,
    units: Vec<Choice>,
    states: Vec<Choice>,
    may_run: bool,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: ClassId,
    title: String,
    unit: String,
    days: String,
    half_days: i32,
    people: u64,
    state: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "studio/class_form.html")]
struct FormPage {
    shell: Shell,
    tabs: Vec<Tab>,
    /// The class that is edited; none for a new one.
    id: Option<ClassId>,
    unit: String,
    units: Vec<Choice>,
    form: DraftForm,
    errors: Errors,
}

/// `GET /studio/classes`: a page of the classes of the caller's reach.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(reader: Reader, query: Query<ClassesQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let reach = reader.reach();
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let state = ClassState::ALL.iter().copied().find(|state| state.as_str() == query.state);
    let below = (!query.unit.trim().is_empty()).then(|| at.path.clone());
    let filter = Filter { reach: reach.clone(), below, state };
    let found = list::classes(&db.read, &filter, page_number(Some(&query.page)), PAGE).await?;
    let kept = [("unit", query.unit.as_str()), ("state", query.state.as_str())];
    let all = std::iter::once(Choice::new("", "全部", &query.state));
    let states = ClassState::ALL.iter().map(|state| Choice::new(state.as_str(), state.label(), &query.state));
    crate::pages::draw(&ClassesPage {
        shell: Shell::new(&reader, "培训班", desk(&reader)),
        tabs: tabs(&reader, "/studio/classes"),
        units: units(&db.read, &reach, &at).await?,
        states: all.chain(states).collect(),
        may_run: reader.has(RUNNERS),
        pager: Pager::new("/studio/classes", &kept, found.page, PAGE, found.total),
        rows: found.rows.into_iter().map(Row::of).collect(),
    })
}

/// `GET /studio/classes/new`: the empty form.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn new(trainer: Trainer, query: Query<ClassesQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &trainer.reach(), Some(&query.unit)).await?;
    let form = DraftForm::empty(at.id, Moment::now().day());
    crate::pages::draw(&form_page(&trainer, &db, (None, at), form, Errors::default()).await?)
}

/// `POST /studio/classes`: announce one; what was typed is kept when it is refused.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn create(trainer: Trainer, form: Form<DraftForm>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &trainer.reach(), Some(&form.unit_id)).await?;
    let made = match form.to_draft(at.id) {
        Ok(draft) => classes::create(&db.write, draft, trainer.account_id, Moment::now()).await,
        Err(field) => Err(archive::Error::BadClass(field)),
    };
    match made {
        Ok(made) => Ok(go(&format!("/studio/classes/{}?done=created", made.id))),
        Err(cause) => refused(&trainer, &db, (None, at), form.into_inner(), cause).await,
    }
}

/// `GET /studio/classes/{id}/edit`: the form of an open class.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn edit_form(trainer: Trainer, id: Path<ClassId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (class, at) = own(&trainer, *id, &db).await?;
    let form = DraftForm::of(&class);
    crate::pages::draw(&form_page(&trainer, &db, (Some(class.id), at), form, Errors::default()).await?)
}

/// `POST /studio/classes/{id}/edit`: change what is said of it.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach, `wrong_state` for one that is no longer open.
pub async fn edit(
    trainer: Trainer,
    id: Path<ClassId>,
    form: Form<DraftForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (class, at) = own(&trainer, *id, &db).await?;
    let edited = match form.to_draft(at.id) {
        Ok(draft) => classes::edit(&db.write, class.id, draft, trainer.account_id, Moment::now()).await,
        Err(field) => Err(archive::Error::BadClass(field)),
    };
    match edited {
        Ok(edited) => Ok(go(&format!("/studio/classes/{}?done=edited", edited.id))),
        Err(cause) => refused(&trainer, &db, (Some(class.id), at), form.into_inner(), cause).await,
    }
}

/// The class and its unit, when it lies where the caller runs classes.
async fn own(trainer: &Trainer, id: ClassId, db: &Database) -> ApiResult<(class_run::Model, org_unit::Model)> {
    let class = list::one(&db.read, &trainer.reach(), id).await?;
    let at = reach::unit(db, &trainer.reach(), class.unit_id).await?;
    Ok((class, at))
}

/// The form again, with what was typed and what is wrong with it.
async fn refused(
    trainer: &Trainer,
    db: &Database,
    about: (Option<ClassId>, org_unit::Model),
    form: DraftForm,
    cause: archive::Error,
) -> ApiResult<HttpResponse> {
    let archive::Error::BadClass(field) = cause else { return Err(cause.into()) };
    let mut errors = Errors::default();
    errors.put(form::place_of(field), crate::error::bad_class(field));
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &form_page(trainer, db, about, form, errors).await?)
}

async fn form_page(
    trainer: &Trainer,
    db: &Database,
    (id, at): (Option<ClassId>, org_unit::Model),
    form: DraftForm,
    errors: Errors,
) -> ApiResult<FormPage> {
    Ok(FormPage {
        shell: Shell::new(trainer, if id.is_some() { "修改培训班" } else { "新建培训班" }, desk(trainer)),
        tabs: tabs(trainer, "/studio/classes"),
        id,
        units: units(&db.read, &trainer.reach(), &at).await?,
        unit: at.name,
        form,
        errors,
    })
}

/// Where a class stands, and its colour: one that came back says so.
fn state_of(class: &class_run::Model) -> (&'static str, &'static str) {
    match class.state {
        ClassState::Open if class.decided_at.is_some() => ("被退回", "bad"),
        ClassState::Open => (ClassState::Open.label(), ""),
        ClassState::HandedIn => (ClassState::HandedIn.label(), "warn"),
        ClassState::Approved => (ClassState::Approved.label(), "ok"),
        ClassState::Refused if class.person_id.is_none() => ("已取消", "off"),
        ClassState::Refused => (ClassState::Refused.label(), "off"),
    }
}

/// Whether this class is one that the caller runs.
fn runs(identity: &Identity, unit: &org_unit::Model) -> bool {
    identity.scope(RUNNERS).contains(&unit.path)
}

impl Row {
    fn of(listed: Listed) -> Self {
        let class = listed.class;
        Self {
            id: class.id,
            state: state_of(&class),
            days: days(&class),
            unit: listed.unit,
            half_days: class.half_days,
            people: listed.people,
            title: class.title,
        }
    }
}

/// From when to when.
pub(crate) fn days(class: &class_run::Model) -> String {
    match class.starts_on == class.ends_on {
        true => class.starts_on.to_string(),
        false => format!("{} 至 {}", class.starts_on, class.ends_on),
    }
}
