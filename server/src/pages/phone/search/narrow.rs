//! The filters of the search page: what its address means, and the links that add a filter, take it away or sort.

use crate::api::search::shape::{several, yes_or_no};
use crate::pages::parts::encoded;
use catalog::search::{Answer, Cursor, FacetCount, LengthBand, SearchQuery, SizeBand, Sort};
use entity::{Category, Level};
use serde::Deserialize;
use std::fmt::Write;

/// What the form and the links of the page send. A filter holds several values apart by commas.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    /// What was typed.
    pub q: String,
    category: String,
    crop: String,
    level: String,
    language: String,
    length: String,
    captions: String,
    size_band: String,
    /// The order.
    pub sort: String,
    literal: String,
    cursor: String,
    told: String,
}

/// A way to narrow the answer.
pub struct Facet {
    /// What it is called.
    pub name: &'static str,
    /// Its values.
    pub choices: Vec<Choice>,
}

/// A value of a facet; its link adds it, or takes it away when it is chosen.
pub struct Choice {
    /// What people read.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Hits it would leave.
    pub count: u64,
    /// It is chosen.
    pub current: bool,
}

/// A word that leads somewhere.
pub struct Chip {
    /// What people read.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

/// The orders, as the address and as people say them.
pub const SORTS: &[(&str, &str)] =
    &[("", "最相关"), ("newest", "最新"), ("plays", "最多人看"), ("shortest", "最短"), ("smallest", "最省流量")];

/// Values of a facet shown.
const CHOICES: usize = 12;

/// The filters, by name and as people say them.
const FILTERS: [(&str, &str); 7] = [
    ("category", "类别"),
    ("crop", "作物"),
    ("length", "时长"),
    ("size_band", "流量"),
    ("level", "难度"),
    ("language", "语言"),
    ("captions", "字幕"),
];

impl Params {
    /// The query they mean. What is no value of a filter narrows nothing, and a cursor of another query is left out.
    pub fn query(&self, size: u64) -> SearchQuery {
        let query = SearchQuery {
            q: self.q.clone(),
            category: values(&self.category, Category::parse),
            language: values(&self.language, |text| Some(text.to_owned())),
            level: values(&self.level, Level::parse),
            crop: values(&self.crop, |text| Some(text.to_owned())),
            length: values(&self.length, LengthBand::parse),
            captions: yes_or_no(&self.captions),
            size_band: values(&self.size_band, SizeBand::parse),
            sort: Sort::parse(&self.sort).unwrap_or_default(),
            page: 1,
            size,
            cursor: None,
            literal: self.literal == "1",
        };
        let cursor = Cursor::parse(&self.cursor).filter(|cursor| cursor.is_of(&query));
        SearchQuery { cursor, ..query }
    }

    /// Whether a wish has just been taken (`true`), or could not be kept.
    pub fn told(&self) -> Option<bool> {
        yes_or_no(&self.told)
    }

    /// The parameters that stay when another order is chosen.
    pub fn kept(&self) -> Vec<(&'static str, String)> {
        let pairs = self.pairs().into_iter().filter(|(name, value)| *name != "sort" && !value.is_empty());
        pairs.map(|(name, value)| (name, value.to_owned())).collect()
    }

    fn pairs(&self) -> [(&'static str, &str); 10] {
        [
            ("q", self.q.as_str()),
            ("category", &self.category),
            ("crop", &self.crop),
            ("level", &self.level),
            ("language", &self.language),
            ("length", &self.length),
            ("captions", &self.captions),
            ("size_band", &self.size_band),
            ("sort", &self.sort),
            ("literal", &self.literal),
        ]
    }

    /// The address of this search with one parameter changed, at its first page.
    pub fn with(&self, name: &str, value: &str) -> String {
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

    /// The address of the page behind this cursor.
    pub fn after(&self, cursor: &str) -> String {
        let href = self.with("", "");
        let joint = if href.contains('?') { '&' } else { '?' };
        format!("{href}{joint}cursor={cursor}")
    }

    fn chosen(&self, name: &str) -> Vec<&str> {
        let value = self.pairs().into_iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        value.split(',').map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// The address with this value of a filter added, or taken away when it is there.
    fn turned(&self, name: &str, value: &str) -> String {
        let mut values = self.chosen(name);
        match values.iter().position(|chosen| *chosen == value) {
            Some(at) => drop(values.remove(at)),
            None if name == "captions" => values = vec![value],
            None => values.push(value),
        }
        self.with(name, &values.join(","))
    }
}

fn values<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let found = several("", Some(text.to_owned()), |value| Some(parse(value)));
    found.unwrap_or_default().into_iter().flatten().collect()
}

fn counts<'a>(answer: &'a Answer, name: &str) -> &'a [FacetCount] {
    let facets = &answer.facets;
    match name {
        "category" => &facets.category,
        "crop" => &facets.crop,
        "length" => &facets.length,
        "size_band" => &facets.size_band,
        "level" => &facets.level,
        "language" => &facets.language,
        _ => &facets.captions,
    }
}

/// The facets worth showing: those that part the hits, or are chosen.
pub fn facets(params: &Params, answer: &Answer) -> Vec<Facet> {
    let facet = |(key, name): (&'static str, &'static str)| {
        let chosen = params.chosen(key);
        let counts = counts(answer, key);
        let choice = |count: &FacetCount| Choice {
            label: count.label.clone(),
            href: params.turned(key, &count.value),
            count: count.count,
            current: chosen.contains(&count.value.as_str()),
        };
        let choices: Vec<Choice> = counts.iter().take(CHOICES).map(choice).collect();
        (choices.len() > 1 || !chosen.is_empty()).then_some(Facet { name, choices })
    };
    FILTERS.into_iter().filter_map(facet).collect()
}

/// The filters that are on, each with the address without it.
pub fn chosen(params: &Params, answer: &Answer) -> Vec<Chip> {
    let chip = |key: &str, value: &str| {
        let label = counts(answer, key).iter().find(|count| count.value == value).map(|count| count.label.clone());
        Chip { label: label.unwrap_or_else(|| named(key, value)), href: params.turned(key, value) }
    };
    let of = |(key, _): (&'static str, _)| {
        params.chosen(key).into_iter().map(move |value| chip(key, value)).collect::<Vec<_>>()
    };
    FILTERS.into_iter().flat_map(of).collect()
}

/// A value that no hit has, as people say it.
fn named(key: &str, value: &str) -> String {
    let label = match key {
        "category" => Category::parse(value).map(Category::label),
        "level" => Level::parse(value).map(Level::label),
        "length" => LengthBand::parse(value).map(LengthBand::label),
        "size_band" => SizeBand::parse(value).map(SizeBand::label),
        "captions" => yes_or_no(value).map(|with| if with { "有字幕" } else { "无字幕" }),
        _ => None,
    };
    label.map_or_else(|| value.to_owned(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_adds_a_value_takes_it_away_and_forgets_the_page() {
        let params = Params { q: "桔".into(), level: "entry".into(), cursor: "x".into(), ..Params::default() };
        assert_eq!(params.turned("level", "expert"), "/search?q=%E6%A1%94&level=entry%2Cexpert");
        assert_eq!(params.turned("level", "entry"), "/search?q=%E6%A1%94");
    }

    #[test]
    fn what_is_no_value_narrows_nothing() {
        let params = Params { category: "nonsense,law".into(), cursor: "nonsense".into(), ..Params::default() };
        let query = params.query(10);
        assert_eq!((query.category.len(), query.cursor), (1, None));
    }
}
