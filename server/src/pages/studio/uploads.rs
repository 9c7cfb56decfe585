//! The page of several files: each goes up by itself and becomes a lesson of its own.

use crate::auth::identity::Author;
use crate::error::ApiResult;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use askama::Template;

#[derive(Template)]
#[template(path = "studio/uploads.html")]
struct UploadsPage {
    shell: Shell,
}

/// `GET /studio/uploads`: a queue of files; the work is `assets/upload.js`'s, against the tus server.
///
/// # Errors
/// When the page cannot be drawn.
pub async fn show(author: Author) -> ApiResult<HttpResponse> {
    crate::pages::draw(&UploadsPage { shell: Shell::new(&author, "上传多个文件", "/studio") })
}
