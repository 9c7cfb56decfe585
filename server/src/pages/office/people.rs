//! Finding people within reach by name, pinyin, initials or number.

use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, page_number, tabs, unit, units};
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use roster::people::{PeopleFilter, PersonRow};
use serde::Deserialize;

const PAGE: u64 = 50;

/// Who is looked for, and where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PeopleQuery {
    q: String,
    unit: String,
    page: String,
}

#[derive(Template)]
#[template(path = "office/people.html")]
struct PeoplePage {
    shell: Shell,
    tabs: Vec<Tab>,
    q: String,
    units: Vec<Choice>,
    rows: Vec<PersonRow>,
    pager: Pager,
}

/// `GET /office/people`: a page of the people found.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(reader: Reader, query: Query<PeopleQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let reach = reader.reach();
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let filter = PeopleFilter { q: Some(query.q.clone()), unit: Some(at.path.clone()) };
    let found = roster::people::page(&db.read, &reach, filter, page_number(Some(&query.page)), PAGE).await?;
    let kept = [("q", query.q.as_str()), ("unit", &at.id.to_string())];
    crate::pages::draw(&PeoplePage {
        shell: Shell::new(&reader, "人员", "/office"),
        tabs: tabs(&reader, "/office/people"),
        units: units(&db.read, &reach, &at).await?,
        pager: Pager::new("/office/people", &kept, found.page, PAGE, found.total),
        rows: found.rows,
        q: query.q.clone(),
    })
}
