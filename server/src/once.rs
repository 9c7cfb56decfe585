//! What creates something is done once, however often it is asked: over a thin line the answer is lost and the request is
//! repeated, by a program or by a person who presses again.
//!
//! A route of the table marked `once` honours a key: a program names its request in `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header-07), a form of ours carries one in its address, `?once=`. Keys are each
//! account's own and mean one request of one address for a day. Without one a request is done as ever.
//!
//! - What wrote nothing is not kept, whatever its answer: it may be mended and asked again under the same key. A file that
//!   was stored before the rest was refused counts as nothing, since it is stored by its content.
//! - What wrote something is answered again as it was the first time, with `Idempotent-Replayed: true`.
//! - A process or a handler that dies before the handler's transaction is committed has done nothing; the next attempt, a
//!   minute after that one began, does it. One that dies after it, before the answer is kept, has: the next attempt is told so
//!   (`done_before`), and that the answer is not there. The two are told apart by the handler's own transaction, which
//!   notes in the row of the key that it acts (`entity::kept_answer`); so is an attempt that comes back too late, whose
//!   transaction is refused.
//! - What was too long to be kept (64 KiB) is `done_before` as well.

mod answers;
mod key;

pub use answers::forget_old;
pub use key::PATTERN as KEY_PATTERN;

use crate::auth::access::identify;
use crate::auth::address;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use actix_web::http::{StatusCode, header::HeaderName};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{Error, HttpMessage, HttpResponse, Route};
use answers::{Found, Kept};
use entity::kept_answer::Attempt;
use entity::{AccountId, Moment};
use futures_util::{StreamExt, stream};
use key::{Key, READ};
use std::time::Duration;
use tokio::time::Instant;

/// The longest body that is kept.
const MOST_KEPT: usize = 64 << 10;
/// When a program may ask again what became of a request that is still being worked on, in seconds.
const SOON_S: u64 = 2;
/// How long a person who pressed twice waits for the first press to be answered, and between two looks.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Have this route honour the keys of requests.
pub fn once(route: Route) -> Route {
    route.wrap(from_fn(keyed))
}

/// A key for a form that is being drawn.
pub fn fresh() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The middleware: whoever has no key, or is not signed in, goes on as ever.
async fn keyed(db: Data<Database>, request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let Some(key) = Key::of(request.request()) else { return next.call(request).await };
    let Ok(caller) = identify(request.request()).await else { return next.call(request).await };
    let (account, asked_from) = (caller.account_id, address::of(request.request()).to_string());
    request.extensions_mut().insert(caller); // the handler need not look again
    // A client that goes away meanwhile stops nothing: it will ask again what became of it.
    let work = entity::audit::asked_from(asked_from, answered(db, request, next, key, account));
    actix_web::rt::spawn(work).await.unwrap_or_else(|cause| Err(ApiError::internal(cause).into()))
}

async fn answered(
    db: Data<Database>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
    key: ApiResult<Key>,
    account: AccountId,
) -> Result<ServiceResponse, Error> {
    let refused = match found(&db, &mut request, key, account).await {
        Ok(Found::Nothing(attempt)) => return done(&db, request, next, attempt).await,
        Ok(Found::Done(kept)) => return Ok(request.into_response(again(kept))),
        Ok(Found::DoneUnseen) => ApiError::new(Code::DoneBefore),
        Ok(Found::Running) => ApiError::new(Code::StillRunning).retry_after(SOON_S),
        Ok(Found::AnotherThing) => ApiError::new(Code::KeyReused),
        Err(refused) => refused,
    };
    Ok(request.error_response(refused))
}

/// What became of the request that this key names. Behind a page somebody waits, who can do nothing but press again.
async fn found(
    db: &Database,
    request: &mut ServiceRequest,
    key: ApiResult<Key>,
    account: AccountId,
) -> ApiResult<Found> {
    let key = key?;
    let beginning = beginning(request).await?;
    let (asked, began) = (key.asks(account, request.request(), &beginning), Instant::now());
    loop {
        match answers::find(db, &asked, Moment::now()).await? {
            Found::Running if key.is_of_a_form() && began.elapsed() < PATIENCE => tokio::time::sleep(LOOK_EVERY).await,
            found => return Ok(found),
        }
    }
}

/// The first bytes of the body, which the handler still reads whole.
async fn beginning(request: &mut ServiceRequest) -> ApiResult<Bytes> {
    let (mut body, mut read) = (request.take_payload(), BytesMut::new());
    while read.len() < READ {
        let Some(piece) = body.next().await else { break };
        read.extend_from_slice(&piece.map_err(|_| Code::InvalidRequest)?);
    }
    let read = read.freeze();
    let whole = stream::iter([Ok(read.clone())]).chain(body);
    request.set_payload(Payload::Stream { payload: Box::pin(whole) });
    Ok(read)
}

/// Have the handler do it, and keep what it answers. What was answered is not taken back because it could not be kept.
async fn done(
    db: &Database,
    request: ServiceRequest,
    next: Next<BoxBody>,
    attempt: Attempt,
) -> Result<ServiceResponse, Error> {
    let (answer, kept) = match attempt.at(next.call(request)).await {
        Ok(answer) => {
            let (answer, kept) = opened(answer);
            (Ok(answer), kept)
        }
        Err(cause) => (Err(cause), Kept::unseen(StatusCode::INTERNAL_SERVER_ERROR)),
    };
    if let Err(cause) = answers::settle(&db.write, attempt, kept).await {
        tracing::warn!(%cause, "could not keep an answer");
    }
    answer
}

/// The answer, and of one that is no refusal what is kept of it.
fn opened(answer: ServiceResponse) -> (ServiceResponse, Kept) {
    let status = answer.status();
    if status.is_client_error() || status.is_server_error() {
        return (answer, Kept::unseen(status));
    }
    let (request, response) = answer.into_parts();
    let (head, body) = response.into_parts();
    let field = |name| head.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (location, content_type) = (field(LOCATION), field(CONTENT_TYPE));
    let (text, body) = match body.try_into_bytes() {
        Ok(bytes) => {
            let short = Some(&bytes).filter(|bytes| bytes.len() <= MOST_KEPT);
            let text = short.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
            (text, BoxBody::new(bytes))
        }
        Err(streamed) => (None, streamed),
    };
    let kept = Kept { status, location, content_type, body: text };
    (ServiceResponse::new(request, head.set_body(body)), kept)
}

/// The answer as it was given the first time.
fn again(kept: Kept) -> HttpResponse {
    let mut answer = HttpResponse::build(kept.status);
    for (name, value) in [(LOCATION, kept.location), (CONTENT_TYPE, kept.content_type)] {
        if let Some(value) = value {
            answer.insert_header((name, value));
        }
    }
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((REPLAYED, "true"));
    answer.body(kept.body.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::routes::ROUTES;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every form of every template that posts to somewhere: where, with `{}` for what is filled in, and the whole tag.
    fn forms(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                found.extend(forms(&entry.path()));
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            for form in text.split("<form ").skip(1).filter(|form| form.contains("method=\"post\"")) {
                let Some((_, action)) = form.split_once("action=\"") else { continue };
                found.push((filled(action), action.split_once('>').map_or("", |(tag, _)| tag).to_owned()));
            }
        }
        found
    }

    /// `/office/people/{}/merge` for `/office/people/{{ id }}/merge?once={{ … }}" …`.
    fn filled(action: &str) -> String {
        let mut parts = action.split("{{");
        let mut path = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            path += "{}";
            path += part.split_once("}}").map_or("", |(_, rest)| rest);
        }
        path.split(['?', '#', '"']).next().unwrap_or_default().to_owned()
    }

    fn pattern(path: &str) -> String {
        path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn every_form_that_creates_something_carries_a_key() {
        let once: BTreeSet<String> =
            ROUTES.iter().filter(|route| route.once).map(|route| pattern(route.path)).collect();
        // One page takes two kinds of forms: a try that is handed in says which one it is.
        let without = ["/lessons/{}/quiz"];
        let forms = forms(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"));
        let mut keyed = 0;
        for (path, tag) in &forms {
            if once.contains(path) && !without.contains(&path.as_str()) {
                assert!(tag.contains("once={{ crate::once::fresh() }}"), "{path}: {tag}");
                keyed += 1;
            }
        }
        assert!(keyed > 10, "{keyed} of {}", forms.len());
    }
}
