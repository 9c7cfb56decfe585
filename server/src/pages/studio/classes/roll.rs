//! Calling the roll: a table of people and half-days with boxes, sent as one form.

use super::one::after;
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::{ApiError, ApiResult};
use crate::pages::pairs::Pairs;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use archive::classes::list;
use archive::classes::sign_in::{self, Mark};
use entity::{ClassId, Moment, PersonId};
use std::collections::BTreeSet;

/// `POST /studio/classes/{id}/roll`: write the boxes down that were changed on the page.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn call(
    trainer: Trainer,
    id: Path<ClassId>,
    form: Form<Pairs>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    let marks = changed(&form);
    let outcome = sign_in::call_roll(&db.write, *id, &marks, trainer.account_id, Moment::now()).await;
    after(&trainer, &db, *id, outcome.map(drop).map_err(ApiError::from), "roll").await
}

/// The boxes ticked now that were not when the page was drawn, and the other way round. A box is `person:half_day`.
fn changed(form: &Pairs) -> Vec<Mark> {
    let boxes = |name: &str| -> BTreeSet<(i64, i32)> {
        let read = |text: &str| {
            let (who, half_day) = text.split_once(':')?;
            Some((who.parse().ok()?, half_day.parse().ok()?))
        };
        form.all(name).filter_map(read).collect()
    };
    let (was, is) = (boxes("was"), boxes("there"));
    let mark = |(who, half_day): &(i64, i32), there| Mark { person_id: PersonId(*who), half_day: *half_day, there };
    let came = is.difference(&was).map(|one| mark(one, true));
    came.chain(was.difference(&is).map(|one| mark(one, false))).collect()
}
