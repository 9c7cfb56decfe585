//! Finding a lesson: works as a plain form, narrows by links, and says what to do when nothing is found.

mod narrow;

use super::card::{Card, blobs};
use crate::api::search::offer::SuggestionAnswer;
use crate::api::search::{Searches, ask, path_of, unit_of};
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::parts::encoded;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use catalog::asked::Asked;
use catalog::search::{Answer, Hit, Index, Suggestion};
use entity::{Category, Moment, SearchTier};
use narrow::{Chip, Facet, Params, SORTS, chosen, facets};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "phone/search.html")]
struct SearchPage {
    shell: Shell,
    q: String,
    read_as: Option<String>,
    literal: String,
    told: Option<bool>,
    facets: Vec<Facet>,
    chosen: Vec<Chip>,
    everything: String,
    kept: Vec<(&'static str, String)>,
    sorts: &'static [(&'static str, &'static str)],
    sort: String,
    total: u64,
    strong: Vec<Card>,
    weak: Vec<Card>,
    only_weak: bool,
    page: u64,
    first: String,
    next: Option<String>,
    similar: Vec<Chip>,
    hot: Vec<Chip>,
    categories: &'static [Category],
}

/// Hits on one page: few enough for metered data.
const SIZE: u64 = 10;
/// Words offered when nothing was found.
const SIMILAR: usize = 6;

/// The search page.
///
/// # Errors
/// `busy`, or the index or the database fails.
pub async fn search(
    caller: SignedIn,
    params: Query<Params>,
    index: Data<Index>,
    searches: Data<Searches>,
    asked: Data<Asked>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let params = params.into_inner();
    let today = Moment::now().day();
    let answer = ask(&caller, params.query(SIZE), today, index.clone(), &searches, &asked).await?;
    let similar = match answer.total {
        0 => similar(&caller, params.q.clone(), index, &searches).await?,
        _ => Vec::new(),
    };
    let hot = asked.hot.of(path_of(&caller));
    let word = |word: &String| Chip { label: word.clone(), href: format!("/search?q={}", encoded(word)) };
    let page = SearchPage {
        shell: Shell::new(&caller, if params.q.is_empty() { "找课" } else { &params.q }, "/search"),
        read_as: answer.read_as.clone(),
        literal: params.with("literal", "1"),
        told: params.told(),
        facets: facets(&params, &answer),
        chosen: chosen(&params, &answer),
        everything: format!("/search?q={}", encoded(&params.q)),
        kept: params.kept(),
        sorts: SORTS,
        sort: params.sort.clone(),
        total: answer.total,
        only_weak: answer.total == answer.weak_total,
        page: answer.page,
        first: params.with("", ""),
        next: answer.next_cursor.as_ref().map(|cursor| params.after(cursor)),
        similar,
        hot: if params.q.is_empty() { hot.iter().map(word).collect() } else { Vec::new() },
        categories: Category::ALL,
        q: params.q,
        strong: Vec::new(),
        weak: Vec::new(),
    };
    let (strong, weak) = cards(&db, &answer).await?;
    crate::pages::draw_for_back(&SearchPage { strong, weak, ..page })
}

async fn cards(db: &Database, answer: &Answer) -> ApiResult<(Vec<Card>, Vec<Card>)> {
    let ids: Vec<_> = answer.hits.iter().map(|hit| hit.lesson_id).collect();
    let media = blobs(&db.read, &ids).await?;
    let card = |hit: &Hit| Card::found(hit, media.get(&hit.lesson_id));
    let (weak, strong): (Vec<_>, Vec<_>) = answer.hits.iter().partition(|hit| hit.weak);
    Ok((strong.into_iter().map(card).collect(), weak.into_iter().map(card).collect()))
}

/// What begins like the words that found nothing.
async fn similar(caller: &SignedIn, q: String, index: Data<Index>, searches: &Searches) -> ApiResult<Vec<Chip>> {
    let (viewer, today) = (caller.viewer(), Moment::now().day());
    let found = searches.run(move || {
        let mut found: Vec<Suggestion> = Vec::new();
        let most = q.chars().count().saturating_sub(1).min(4);
        for length in (1..=most).rev().filter(|length| *length > 1 || q.chars().count() < 4) {
            let begin: String = q.chars().take(length).collect();
            let more = index.suggest(&begin, &viewer, today, SIMILAR)?;
            for more in more {
                if found.iter().all(|known| known.text != more.text) {
                    found.push(more);
                }
            }
        }
        found.truncate(SIMILAR);
        Ok(found)
    });
    let chip = |found: Suggestion| {
        let label = found.text.clone();
        let href = SuggestionAnswer::from(found).href.unwrap_or_else(|| format!("/search?q={}", encoded(&label)));
        Chip { label, href }
    };
    Ok(found.await?.into_iter().map(chip).collect())
}

/// A wish to learn something, for the county's request list.
#[derive(Deserialize)]
pub struct WishForm {
    q: String,
}

/// `POST /search`: tells the county what somebody would like to learn, not who; who it was is told of the answer.
///
/// # Errors
/// When the database fails.
pub async fn wish(
    caller: SignedIn,
    form: Form<WishForm>,
    asked: Data<Asked>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let today = now.day();
    // A wish counts beside the search that led to it.
    let asker = ("wish", caller.account_id);
    let fit = catalog::asked::Wish::of(&form.q).is_some();
    if let Some(unit) = unit_of(&caller) {
        asked.note(&form.q, SearchTier::None, unit, asker, today);
        catalog::asked::wish(&db.write, caller.account_id, unit, &form.q, now).await?;
    }
    let q: String = form.q.chars().take(catalog::search::MAX_QUERY_CHARS).collect();
    Ok(crate::pages::go(&format!("/search?q={}&told={}", encoded(&q), u8::from(fit))))
}
