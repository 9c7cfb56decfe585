//! Where somebody stands in the list of lessons: what it is narrowed to, in which order, which page of which size.
//!
//! All of it is in the address. It goes along into a lesson and back, so that nobody looks for their place again.

use crate::pages::choose::{page_number, typed};
use crate::pages::parts::encoded;
use actix_web::web::Query;
use catalog::lesson::{Lack, LessonFilter, Order, Preparation};
use entity::{Category, LessonId, LessonState, Level, Scope};
use serde::Deserialize;

/// How many lessons a page may hold.
pub const SIZES: [u64; 3] = [50, 20, 100];

/// A place in the list, as its address says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The state's word.
    pub state: String,
    /// The category's word.
    pub category: String,
    /// The course's id.
    pub course: String,
    /// The language.
    pub language: String,
    /// The level's word.
    pub level: String,
    /// What is lacking.
    pub lack: String,
    /// Where the preparation stands.
    pub preparation: String,
    /// The id of the unit that keeps it, or of one above.
    pub unit: String,
    /// What the title holds.
    pub q: String,
    /// The order's word.
    pub sort: String,
    /// Lessons of a page.
    pub size: String,
    /// Which page.
    pub page: String,
}

/// The place a page was come to from, as its address carries it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Back {
    back: String,
}

impl Place {
    /// The place this query of an address says; the beginning of the whole list when it says none.
    pub fn parse(query: &str) -> Self {
        Query::<Self>::from_query(query).map(Query::into_inner).unwrap_or_default()
    }

    /// Every parameter, in the order of the address.
    pub fn parameters(&self) -> [(&'static str, &str); 12] {
        [
            ("state", &self.state),
            ("category", &self.category),
            ("course", &self.course),
            ("language", &self.language),
            ("level", &self.level),
            ("lack", &self.lack),
            ("preparation", &self.preparation),
            ("unit", &self.unit),
            ("q", &self.q),
            ("sort", &self.sort),
            ("size", &self.size),
            ("page", &self.page),
        ]
        .map(|(name, value)| (name, value.as_str()))
    }

    /// The query of its address, without what says nothing.
    pub fn query(&self) -> String {
        let said = self.parameters().into_iter().filter(|(_, value)| !value.is_empty());
        said.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
    }

    /// Its address.
    pub fn address(&self) -> String {
        let query = self.query();
        if query.is_empty() { "/studio".to_owned() } else { format!("/studio?{query}") }
    }

    /// Its address, and what was done just before.
    pub fn after(&self, name: &str, done: &str) -> String {
        match self.query() {
            query if query.is_empty() => format!("/studio?{name}={done}"),
            query => format!("/studio?{query}&{name}={done}"),
        }
    }

    /// Its address, at the row of a lesson.
    pub fn at(&self, lesson: LessonId) -> String {
        format!("{}#lesson-{lesson}", self.address())
    }

    /// The same list, narrowed otherwise: from its first page.
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut place = Self { page: String::new(), ..self.clone() };
        change(&mut place);
        place
    }

    /// Every lesson, in the same order.
    pub fn unfiltered(&self) -> Self {
        Self { sort: self.sort.clone(), size: self.size.clone(), ..Self::default() }
    }

    /// Whether it is the beginning of the whole list.
    pub fn is_plain(&self) -> bool {
        *self == self.unfiltered()
    }

    /// The state it is narrowed to.
    pub fn state(&self) -> Option<LessonState> {
        LessonState::parse(&self.state)
    }

    /// Which page, from 1.
    pub fn page(&self) -> u64 {
        page_number(Some(&self.page))
    }

    /// How many lessons a page holds.
    pub fn size(&self) -> u64 {
        self.size.parse().ok().filter(|size| SIZES.contains(size)).unwrap_or(SIZES[0])
    }

    /// The filter it means, over what units of this scope keep. What it does not understand narrows nothing.
    pub fn filter(&self, unit: Scope) -> LessonFilter {
        LessonFilter {
            state: self.state(),
            kept: true,
            category: Category::parse(&self.category),
            course_id: self.course.parse().ok(),
            language: Some(typed(&self.language)).filter(|language| !language.is_empty()),
            level: Level::parse(&self.level),
            lack: Lack::parse(&self.lack),
            preparation: Preparation::parse(&self.preparation),
            created_by: None,
            unit: Some(unit),
            q: Some(typed(&self.q)),
            order: Order::parse(&self.sort).unwrap_or_default(),
        }
    }
}

impl Back {
    /// The place that was come from.
    pub fn place(&self) -> Place {
        Place::parse(&self.back)
    }

    /// What carries it on in an address that has other parameters.
    pub fn carried(&self) -> String {
        match self.place().query() {
            query if query.is_empty() => query,
            query => format!("&back={}", encoded(&query)),
        }
    }

    /// The same, in an address without other parameters.
    pub fn only(&self) -> String {
        self.carried().replacen('&', "?", 1)
    }
}

impl From<&Place> for Back {
    fn from(place: &Place) -> Self {
        Self { back: place.query() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_address() {
        let place = Place { q: "沙糖桔 &x".into(), page: "3".into(), lack: "captions".into(), ..Place::default() };
        assert_eq!(Place::parse(&place.query()), place);
        assert_eq!(Back::from(&place).place(), place);
        assert_eq!(Place::parse("%%%"), Place::default());
    }

    #[test]
    fn nothing_but_the_list_can_be_come_back_to() {
        let back = Back { back: "//evil.example/?x=1\r\nSet-Cookie: a=b".into() };
        assert_eq!((back.place().address(), back.carried()), ("/studio".to_owned(), String::new()));
    }

    #[test]
    fn narrowing_begins_at_the_first_page() {
        let place = Place { page: "7".into(), sort: "plays".into(), ..Place::default() };
        assert_eq!(place.with(|place| place.level = "entry".into()).address(), "/studio?level=entry&sort=plays");
        assert!(!place.is_plain() && place.unfiltered().is_plain());
    }
}
