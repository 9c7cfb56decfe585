//! The page and the year of a query: one rule for every list. A number beyond its bounds is refused, never bent into
//! them, and the API's document says the bounds and what is taken when nothing is said.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, Number, PartialSchema};

/// The pages that may be asked for; one past the end of a list is empty.
const PAGES: RangeInclusive<u64> = 1..=1_000_000;

/// Which page of a list, of those that need to be told nothing else.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Which page, from 1.
    #[param(inline)]
    page: PageNumber,
    /// Rows of a page, 1 to 100; 20 when absent.
    #[param(inline)]
    size: PageSize<20, 100>,
}

impl PageQuery {
    /// The number of the page, and its size.
    pub fn numbers(self) -> (u64, u64) {
        (self.page.get(), self.size.get())
    }
}

/// The number of a page, from 1; the first when absent.
#[derive(Clone, Copy, Debug)]
pub struct PageNumber(u64);

/// The rows of a page: `USUAL` when absent, and at most `MOST`.
#[derive(Clone, Copy, Debug)]
pub struct PageSize<const USUAL: u64, const MOST: u64>(u64);

/// A civil year of which the archive can tell.
#[derive(Clone, Copy, Debug)]
pub struct Year(i32);

impl PageNumber {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl<const USUAL: u64, const MOST: u64> PageSize<USUAL, MOST> {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl Year {
    /// The number.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Default for PageNumber {
    fn default() -> Self {
        Self(1)
    }
}

impl<const USUAL: u64, const MOST: u64> Default for PageSize<USUAL, MOST> {
    fn default() -> Self {
        Self(USUAL)
    }
}

impl<'de> Deserialize<'de> for PageNumber {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        within(text, &PAGES, "页码").map(Self)
    }
}

impl<'de, const USUAL: u64, const MOST: u64> Deserialize<'de> for PageSize<USUAL, MOST> {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        within(text, &(1..=MOST), "每页条数").map(Self)
    }
}

impl<'de> Deserialize<'de> for Year {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        within(text, &archive::YEARS, "年份").map(Self)
    }
}

impl PartialSchema for PageNumber {
    fn schema() -> RefOr<Schema> {
        documented(KnownFormat::Int64, &PAGES).default(Some(Self::default().get().into())).into()
    }
}

impl<const USUAL: u64, const MOST: u64> PartialSchema for PageSize<USUAL, MOST> {
    fn schema() -> RefOr<Schema> {
        documented(KnownFormat::Int64, &(1..=MOST)).default(Some(USUAL.into())).into()
    }
}

impl PartialSchema for Year {
    fn schema() -> RefOr<Schema> {
        documented(KnownFormat::Int32, &archive::YEARS).into()
    }
}

/// The number that a query's text says, when it lies within these bounds; `what` is its Chinese name.
fn within<'de, D, N>(text: D, bounds: &RangeInclusive<N>, what: &str) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: FromStr + PartialOrd + Display,
{
    let number = String::deserialize(text)?.parse::<N>().ok().filter(|number| bounds.contains(number));
    let beyond = || D::Error::custom(format!("{what}须在 {} 到 {} 之间", bounds.start(), bounds.end()));
    number.ok_or_else(beyond)
}

fn documented<N: Copy + Into<Number>>(format: KnownFormat, bounds: &RangeInclusive<N>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(format)))
        .minimum(Some(*bounds.start()))
        .maximum(Some(*bounds.end()))
}

#[cfg(test)]
mod tests {
    use super::{PageQuery, Year};
    use crate::error::ApiError;
    use actix_web::web::Query;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct YearQuery {
        year: Option<Year>,
    }

    #[test]
    fn a_page_is_one_from_the_first_on_with_at_most_a_hundred_rows() {
        let numbers = |query: &str| Query::<PageQuery>::from_query(query).ok().map(|query| query.numbers());
        assert_eq!(numbers(""), Some((1, 20)));
        assert_eq!(numbers("page=7&size=100"), Some((7, 100)));
        assert_eq!(numbers("page=1000000&size=1"), Some((1_000_000, 1)));
        for wrong in
            ["page=0", "size=0", "page=1000001", "size=101", "page=-1", "page=9223372036854775808", "size=", "size=x"]
        {
            assert_eq!(numbers(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_year_is_one_the_archive_knows_or_none() {
        let year = |query: &str| Query::<YearQuery>::from_query(query).ok().map(|query| query.year.map(Year::get));
        assert_eq!([year(""), year("year=1949"), year("year=9998")], [Some(None), Some(Some(1949)), Some(Some(9998))]);
        assert_eq!(["year=1948", "year=9999", "year=-2147483648", "year="].map(year), [None; 4]);
    }

    #[test]
    fn what_is_refused_is_told_with_its_bounds() {
        let told =
            Query::<PageQuery>::from_query("size=101").map_err(|cause| ApiError::from(cause).message().to_owned());
        assert_eq!(told.err().as_deref(), Some("查询参数有误：每页条数须在 1 到 100 之间"));
    }
}
