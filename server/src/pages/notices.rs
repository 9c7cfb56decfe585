//! What a person is told on their first page and on the studio's, until they have seen it.

use crate::auth::identity::{Identity, SignedIn};
use crate::database::Database;
use crate::error::{ApiResult, Code};
use crate::pages::go;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use entity::{Moment, NoticeId, notice};
use serde::Deserialize;

/// Notices shown at most.
const SHOWN: u64 = 20;

/// One notice as pages show it.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its key, which the form sends.
    pub id: NoticeId,
    /// What is told.
    pub text: String,
    /// Since when, `11-29 17:20`.
    pub at: String,
}

/// What this person has not seen yet.
///
/// # Errors
/// When the database fails.
pub async fn unseen(db: &Database, identity: &Identity) -> ApiResult<Vec<Notice>> {
    let rows = catalog::notice::unseen(&db.read, identity.account_id, 1, SHOWN).await?.items;
    let shown = |row: notice::Model| Notice {
        id: row.id,
        text: row.text,
        at: row.created_at.local().format("%m-%d %H:%M").to_string(),
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Where a notice leads.
pub fn href_of(notice: &notice::Model) -> String {
    match notice.kind.split('.').next() {
        Some("lesson") => format!("/studio/lessons/{}", notice.subject_id),
        Some("class") => format!("/studio/classes/{}", notice.subject_id),
        Some("study") => "/record#studies".to_owned(),
        Some("wish") => format!("/lessons/{}", notice.subject_id),
        _ => "/home".to_owned(),
    }
}

/// What was pressed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SeenForm {
    /// The notice to look into; blank for all.
    id: String,
    /// The page it was pressed on: `/studio`, or else `/home`.
    back: String,
}

/// `POST /notices`: look into one, or have seen all.
///
/// # Errors
/// `not_found` for what is no notice's key.
pub async fn seen(caller: SignedIn, form: Form<SeenForm>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let one = match form.id.as_str() {
        "" => None, // all of them
        id => Some(id.parse().map_err(|_| Code::NotFound)?),
    };
    let found = catalog::notice::seen(&db.write, caller.account_id, one, Moment::now()).await?;
    let back = if form.back == "/studio" { "/studio" } else { "/home" };
    Ok(go(&found.as_ref().map_or_else(|| back.to_owned(), href_of)))
}
