//! A course as a package to be saved.

use crate::api::courses::within_reach;
use crate::api::reports::attachment;
use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::ApiResult;
use crate::package::{Exporting, write};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use content::package::Writer;
use content::store::Store;

/// `GET /studio/courses/{id}/package.zip`: the course and those of its lessons that units within reach keep.
///
/// # Errors
/// `not_found` for a course beyond the caller's reach. A failure later cuts the connection, and the file is not whole.
pub async fn download(
    author: Author,
    id: Path<String>,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let course = within_reach(&db, &author, &id).await?;
    let lessons = catalog::course::lesson_ids(&db.read, course.id, Some(&author.reach())).await?;
    let name = format!("{}.zip", content::intake::clean_filename(&course.title));
    let (zip, bytes) = Writer::into_stream();
    actix_web::rt::spawn(async move {
        let exporting = Exporting { course, lessons };
        if let Err(cause) = write(&db, &store, &exporting, zip).await {
            tracing::warn!(course = %exporting.course.id, %cause, "a package broke off");
        }
    });
    Ok(attachment(&name).content_type("application/zip").streaming(bytes))
}
