//! Finding a lesson: works as a plain form, and says what to do when nothing is found.

use super::card::{Card, blobs};
use crate::api::search::Searches;
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::parts::{Pager, encoded};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use catalog::search::{Answer, FacetCount, Index, SearchQuery, Sort};
use entity::{Category, Level, Moment};
use serde::Deserialize;
use std::fmt::Write;

/// What the form and the links of the page send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    q: String,
    category: String,
    level: String,
    language: String,
    crop: String,
    sort: String,
    page: String,
    literal: String,
}

#[derive(Template)]
#[template(path = "phone/search.html")]
struct SearchPage {
    shell: Shell,
    q: String,
    read_as: Option<String>,
    literal: String,
    facets: Vec<Facet>,
    narrowed: bool,
    sorted: bool,
    everything: String,
    total: u64,
    strong: Vec<Card>,
    weak: Vec<Card>,
    pager: Pager,
}

/// One way to narrow or order the answer.
struct Facet {
    name: &'static str,
    choices: Vec<Choice>,
}

struct Choice {
    label: String,
    href: String,
    count: Option<u64>,
    current: bool,
}

/// Hits on one page: few enough for metered data.
const SIZE: u64 = 10;
/// Beyond this page nobody reads, and the index refuses.
const LAST_PAGE: u64 = 1_000;

const SORTS: &[(&str, &str)] =
    &[("", "最相关"), ("newest", "最新"), ("plays", "最多人看"), ("shortest", "最短"), ("smallest", "最省流量")];

/// The search page.
pub async fn search(
    caller: SignedIn,
    params: Query<Params>,
    index: Data<Index>,
    searches: Data<Searches>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let params = params.into_inner();
    let answer = ask(&caller, &params, index, &searches).await?;
    let ids: Vec<_> = answer.hits.iter().map(|hit| hit.lesson_id).collect();
    let media = blobs(&db.read, &ids).await?;
    let facets = facets(&params, &answer);
    let (weak, strong): (Vec<_>, Vec<_>) = answer.hits.into_iter().partition(|hit| hit.weak);
    let cards = |hits: Vec<catalog::search::Hit>| -> Vec<Card> {
        hits.into_iter()
            .map(|hit| {
                let blob = media.get(&hit.lesson_id);
                Card::found(hit, blob)
            })
            .collect()
    };
    let page = params.page();
    crate::pages::draw(&SearchPage {
        shell: Shell::new(&caller, if params.q.is_empty() { "找课" } else { &params.q }, "/search"),
        read_as: answer.read_as,
        literal: params.with("literal", "1"),
        facets,
        narrowed: params.narrowed(),
        sorted: !params.sort.is_empty(),
        everything: format!("/search?q={}", encoded(&params.q)),
        total: answer.total,
        strong: cards(strong),
        weak: cards(weak),
        pager: Pager::new("/search", &params.pairs(), page, SIZE, answer.total.min(LAST_PAGE * SIZE)),
        q: params.q,
    })
}

async fn ask(caller: &SignedIn, params: &Params, index: Data<Index>, searches: &Searches) -> ApiResult<Answer> {
    let query = SearchQuery {
        q: params.q.clone(),
        category: Category::parse(&params.category),
        language: Some(params.language.clone()).filter(|text| !text.is_empty()),
        level: Level::parse(&params.level),
        crop: Some(params.crop.clone()).filter(|text| !text.is_empty()),
        sort: Sort::parse(&params.sort).unwrap_or_default(),
        page: params.page(),
        size: SIZE,
        literal: params.literal == "1",
    };
    let (viewer, today) = (caller.viewer(), Moment::now().day());
    searches.run(move || index.search(&query, &viewer, today)).await
}

impl Params {
    fn page(&self) -> u64 {
        self.page.parse().unwrap_or(1).clamp(1, LAST_PAGE)
    }

    fn pairs(&self) -> [(&str, &str); 7] {
        [
            ("q", self.q.as_str()),
            ("category", &self.category),
            ("level", &self.level),
            ("language", &self.language),
            ("crop", &self.crop),
            ("sort", &self.sort),
            ("literal", &self.literal),
        ]
    }

    fn narrowed(&self) -> bool {
        self.pairs().iter().any(|(name, value)| !["q", "sort", "literal"].contains(name) && !value.is_empty())
    }

    /// The address of this search with one parameter changed, at its first page.
    fn with(&self, name: &str, value: &str) -> String {
        let mut href = "/search?".to_owned();
        for (known, old) in self.pairs() {
            let value = if known == name { value } else { old };
            if !value.is_empty() {
                let _ = write!(href, "{known}={}&", encoded(value));
            }
        }
        href.pop();
        href
    }

    fn value(&self, name: &str) -> &str {
        self.pairs().into_iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

fn facets(params: &Params, answer: &Answer) -> Vec<Facet> {
    let found = &answer.facets;
    let mut facets: Vec<Facet> = [
        ("类别", "category", &found.category),
        ("作物", "crop", &found.crop),
        ("难度", "level", &found.level),
        ("语言", "language", &found.language),
    ]
    .into_iter()
    .map(|(name, key, counts)| Facet { name, choices: choices(params, key, counts) })
    .filter(|facet| facet.choices.len() > 1)
    .collect();
    if answer.total > 1 {
        facets.push(Facet {
            name: "排序",
            choices: SORTS.iter().map(|(value, label)| order(params, value, label)).collect(),
        });
    }
    facets
}

fn choices(params: &Params, key: &str, counts: &[FacetCount]) -> Vec<Choice> {
    let chosen = params.value(key);
    let all = (!chosen.is_empty()).then(|| Choice {
        label: "不限".into(),
        href: params.with(key, ""),
        count: None,
        current: false,
    });
    let choice = |count: &FacetCount| Choice {
        label: count.label.clone(),
        href: params.with(key, &count.value),
        count: Some(count.count),
        current: count.value == chosen,
    };
    all.into_iter().chain(counts.iter().take(9).map(choice)).collect()
}

fn order(params: &Params, value: &str, label: &str) -> Choice {
    Choice { label: label.to_owned(), href: params.with("sort", value), count: None, current: params.sort == value }
}
