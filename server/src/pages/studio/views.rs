//! Views of the list that somebody keeps: filters and order under a name, as links over the list.

use super::place::Place;
use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::typed;
use crate::pages::go;
use crate::pages::parts::encoded;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use entity::{Moment, ViewId, saved_view};
use serde::Deserialize;

/// What is typed and pressed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ViewForm {
    name: String,
    place: String,
    action: String,
}

/// A kept view as the list shows it.
pub struct View {
    /// Which.
    pub id: ViewId,
    /// What its owner calls it.
    pub name: String,
    /// The list as it was kept.
    pub href: String,
    /// This is what is being shown.
    pub current: bool,
}

impl View {
    /// As seen from this place.
    pub fn of(row: saved_view::Model, place: &Place) -> Self {
        let kept = Place::parse(&row.query);
        Self { current: kept == kept_of(place), href: kept.address(), id: row.id, name: row.name }
    }
}

/// `POST /studio/views`: keep the filters and the order of this place under a name.
///
/// # Errors
/// When the database fails.
pub async fn keep(author: Author, form: Form<ViewForm>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let place = Place::parse(&form.place);
    let query = kept_of(&place).query();
    match catalog::view::keep(&db.write, author.account_id, &form.name, &query, Moment::now()).await {
        Err(catalog::Error::Invalid { .. }) => Ok(go(&refused(&place, &form.name))),
        done => done.map(|_| go(&place.after("done", "view-kept"))).map_err(Into::into),
    }
}

/// `POST /studio/views/{id}`: rename a view, or forget it.
///
/// # Errors
/// `not_found` for a view of somebody else.
pub async fn change(
    author: Author,
    id: Path<ViewId>,
    form: Form<ViewForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let place = Place::parse(&form.place);
    let done = match form.action.as_str() {
        "forget" => catalog::view::forget(&db.write, author.account_id, *id).await.map(|()| "view-forgotten"),
        _ => catalog::view::rename(&db.write, author.account_id, *id, &form.name).await.map(|()| "view-kept"),
    };
    match done {
        Ok(done) => Ok(go(&place.after("done", done))),
        Err(catalog::Error::Invalid { .. }) => Ok(go(&refused(&place, &form.name))),
        Err(cause) => Err(cause.into()),
    }
}

/// The list again, with the name that could not be taken as it was typed.
fn refused(place: &Place, name: &str) -> String {
    format!("{}&name={}#keep", place.after("done", "view-refused"), encoded(&typed(name)))
}

/// What of a place is kept: everything but the page.
pub fn kept_of(place: &Place) -> Place {
    place.with(|_| ())
}
