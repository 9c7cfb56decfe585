//! A course: its lessons in order.

use super::card::{Card, cards};
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::figures;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use entity::{Moment, course};

#[derive(Template)]
#[template(path = "phone/course.html")]
struct CoursePage {
    shell: Shell,
    course: course::Model,
    lessons: Vec<Card>,
    length: String,
}

/// The page of a course.
pub async fn course(caller: SignedIn, name: Path<String>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (today, viewer) = (Moment::now().day(), caller.viewer());
    let course = catalog::course::visible(&db.read, &viewer, &name, today).await?;
    let rows = catalog::course::outline(&db.read, &viewer, course.id, today).await?;
    let total_ms = rows.iter().fold(0_i64, |sum, row| sum.saturating_add(row.duration_ms));
    crate::pages::draw_for_back(&CoursePage {
        shell: Shell::new(&caller, course.title.clone(), "/search"),
        lessons: cards(&db.read, &rows).await?,
        length: figures::minutes(total_ms),
        course,
    })
}
