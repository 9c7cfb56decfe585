//! Searching and suggesting, off the async workers and never more at once than the machine has cores for.

pub mod offer;
pub mod shape;

use crate::auth::identity::{Identity, SignedIn, SignedInOrRoom};
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, Query};
use catalog::Viewer;
use catalog::asked::Asked;
use catalog::search::{Answer, Index, SearchQuery};
use entity::{Day, Moment, SearchTier, UnitId};
use offer::{SuggestAnswer, SuggestParams, SuggestionAnswer};
use shape::{SearchAnswer, SearchParams};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// What lets searches run: as many at once as there are cores, a bounded number waiting, and no more.
pub struct Searches {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

/// Searches that may wait for each that runs.
const WAITING_EACH: usize = 16;
/// How long a search may wait before the caller is sent away.
const PATIENCE: Duration = Duration::from_secs(2);

impl Default for Searches {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { running: Arc::new(Semaphore::new(cores)), waiting: Semaphore::new(cores * WAITING_EACH) }
    }
}

impl Searches {
    /// Run a search off the workers when its turn comes.
    ///
    /// # Errors
    /// `busy` when too many wait already or the turn does not come; whatever the search fails with.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> catalog::Result<T> + Send + 'static,
    ) -> ApiResult<T> {
        let busy = || ApiError::new(Code::Busy).retry_after(1);
        let waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let turn = tokio::time::timeout(PATIENCE, self.running.clone().acquire_owned()).await.map_err(|_| busy())?;
        drop(waiting);
        // The turn goes with the work: a caller who hangs up does not make room before it is done.
        let done = web::block(move || {
            let done = work();
            drop(turn);
            done
        });
        Ok(done.await??)
    }
}

/// Search the lessons the caller may see.
#[utoipa::path(get, path = "/api/v1/search", tag = "catalog", params(SearchParams), responses(
    (status = 200, description = "a page of hits", body = SearchAnswer<'static>),
    (status = 400, description = "invalid_request: a parameter is wrong or the query too long", body = ErrorBody),
    (status = 503, description = "busy, with Retry-After", body = ErrorBody),
))]
pub async fn search(
    caller: SignedIn,
    params: Query<SearchParams>,
    index: Data<Index>,
    searches: Data<Searches>,
    asked: Data<Asked>,
) -> ApiResult<HttpResponse> {
    let query = params.into_inner().parse()?;
    let (size, today, begun) = (query.size, Moment::now().day(), Instant::now());
    let answer = ask(&caller, query, today, index, &searches, &asked).await?;
    Ok(HttpResponse::Ok().json(SearchAnswer::of(&answer, size, begun.elapsed())))
}

/// Searches for this caller when its turn comes, and notes what was asked and how it could be answered.
///
/// # Errors
/// `busy`, or whatever the search fails with.
pub async fn ask(
    caller: &Identity,
    query: SearchQuery,
    today: Day,
    index: Data<Index>,
    searches: &Searches,
    asked: &Asked,
) -> ApiResult<Arc<Answer>> {
    let viewer = caller.viewer();
    let (query, answer) = match index.remembered(&query, &viewer, today) {
        Some(answer) => (query, answer),
        None => searches.run(move || search_once(&index, &query, &viewer, today).map(|answer| (query, answer))).await?,
    };
    if !query.is_narrowed() && !query.literal {
        note(caller, &query.q, &answer, asked, today);
    }
    Ok(answer)
}

/// Searches, unless somebody before in the queue has asked the same: a hall asks at one time.
fn search_once(index: &Index, query: &SearchQuery, viewer: &Viewer, today: Day) -> catalog::Result<Arc<Answer>> {
    index.remembered(query, viewer, today).map_or_else(|| index.search(query, viewer, today), Ok)
}

/// Notes what was asked, when this is the first page of the answer to it.
pub fn note(caller: &Identity, q: &str, answer: &Answer, asked: &Asked, today: Day) {
    if let Some(unit) = unit_of(caller).filter(|_| answer.page == 1) {
        asked.note(q, tier_of(answer), unit, caller.account_id, today);
    }
}

/// The unit for whose county a caller's wishes count.
pub fn unit_of(caller: &Identity) -> Option<UnitId> {
    caller.home.as_ref().map(|(unit, _)| *unit).or_else(|| caller.grants.first().map(|grant| grant.unit_id))
}

/// The path of that unit.
pub fn path_of(caller: &Identity) -> &str {
    let home = caller.home.as_ref().map(|(_, path)| path.as_str());
    home.or_else(|| caller.grants.first().map(|grant| grant.path.as_str())).unwrap_or_default()
}

fn tier_of(answer: &Answer) -> SearchTier {
    match (answer.total, answer.weak_total) {
        (0, _) => SearchTier::None,
        (total, weak) if total == weak => SearchTier::Weak,
        _ => SearchTier::Full,
    }
}

/// Suggest words while somebody types.
#[utoipa::path(get, path = "/api/v1/suggest", tag = "catalog", params(SuggestParams), responses(
    (status = 200, description = "suggestions", body = SuggestAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 503, description = "busy, with Retry-After", body = ErrorBody),
))]
pub async fn suggest(
    caller: SignedInOrRoom,
    params: Query<SuggestParams>,
    index: Data<Index>,
    searches: Data<Searches>,
    asked: Data<Asked>,
) -> ApiResult<Json<SuggestAnswer>> {
    let SuggestParams { q, size } = params.into_inner();
    let (viewer, today, most) = (caller.viewer(), Moment::now().day(), size.get() as usize);
    let hot = asked.hot.of(path_of(&caller));
    let found = searches.run(move || index.suggest_among(&q, &viewer, today, most, &hot)).await?;
    Ok(Json(SuggestAnswer { suggestions: found.into_iter().map(SuggestionAnswer::from).collect() }))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use actix_web::rt::{spawn, task::yield_now};
    use std::sync::mpsc::channel;

    #[actix_web::test]
    async fn a_search_beyond_those_that_may_wait_is_sent_away_at_once_and_the_others_get_their_turn() {
        let searches = Arc::new(Searches { running: Arc::new(Semaphore::new(1)), waiting: Semaphore::new(2) });
        let begin = |work: Box<dyn FnOnce() -> catalog::Result<u8> + Send>| {
            let searches = searches.clone();
            spawn(async move { searches.run(work).await })
        };
        let (go, gate) = channel::<()>();
        let slow = begin(Box::new(move || Ok(gate.recv().map_or(0, |()| 1))));
        while searches.running.available_permits() > 0 {
            yield_now().await;
        }
        let patient = [begin(Box::new(|| Ok(2))), begin(Box::new(|| Ok(3)))];
        while searches.waiting.available_permits() > 0 {
            yield_now().await;
        }
        let refused = searches.run(|| Ok(4)).await.unwrap_err().error_response();
        assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
        go.send(()).unwrap();
        assert_eq!(slow.await.unwrap().unwrap(), 1);
        for waiting in patient {
            assert!(waiting.await.unwrap().is_ok());
        }
    }
}
