//! What the list of lessons may be narrowed to, and what it is narrowed to now.

use crate::error::ApiResult;
use crate::pages::choose::{Choice, units};
use crate::pages::studio::place::{Place, SIZES};
use catalog::Viewer;
use catalog::lesson::{Lack, Order, Preparation};
use entity::{Category, CourseId, Level, Scope, course, org_unit};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// What there is to choose from.
pub struct Options {
    /// Categories.
    pub categories: Vec<Choice>,
    /// The courses within reach.
    pub courses: Vec<Choice>,
    /// The languages of the lessons within reach.
    pub languages: Vec<Choice>,
    /// Levels.
    pub levels: Vec<Choice>,
    /// What may be lacking.
    pub lacks: Vec<Choice>,
    /// Where the preparation of a recording may stand.
    pub preparations: Vec<Choice>,
    /// The units that may keep a lesson.
    pub units: Vec<Choice>,
    /// Orders.
    pub sorts: Vec<Choice>,
    /// Sizes of a page.
    pub sizes: Vec<Choice>,
}

/// Something the list is narrowed to.
pub struct Chosen {
    /// What it is.
    pub label: String,
    /// The list without it.
    pub without: String,
}

impl Options {
    /// What this caller may choose from, with what `place` says chosen. `at` is the unit it names, or the highest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(
        db: &impl ConnectionTrait,
        viewer: &Viewer,
        reach: &Scope,
        at: &org_unit::Model,
        place: &Place,
    ) -> ApiResult<Self> {
        let mut languages = catalog::lesson::languages(db, viewer).await?;
        if !place.language.is_empty() && !languages.contains(&place.language) {
            languages.push(place.language.clone());
        }
        let mut kept_by = units(db, reach, at).await?;
        for option in &mut kept_by {
            option.chosen &= !place.unit.is_empty();
        }
        kept_by.insert(0, Choice::new("", "全部单位", &place.unit));
        macro_rules! all {
            ($none:literal, $words:ty, $current:expr) => {
                any_of($none, <$words>::ALL.iter().map(|word| (word.as_str(), word.label())), $current)
            };
        }
        Ok(Self {
            categories: categories("全部类别", &place.category),
            courses: courses(db, reach, "全部课程", &place.course).await?,
            languages: any_of(
                "全部语言",
                languages.iter().map(|language| (language.as_str(), language.as_str())),
                &place.language,
            ),
            levels: all!("全部难度", Level, &place.level),
            lacks: all!("不限", Lack, &place.lack),
            preparations: all!("不限", Preparation, &place.preparation),
            units: kept_by,
            sorts: Order::ALL
                .iter()
                .map(|order| {
                    let word = if *order == Order::default() { "" } else { order.as_str() };
                    Choice::new(word, order.label(), &place.sort)
                })
                .collect(),
            sizes: SIZES
                .iter()
                .map(|size| Choice::new(size.to_string(), format!("每页 {size} 课"), &place.size().to_string()))
                .collect(),
        })
    }

    /// What the list is narrowed to besides a state, each with the way out of it.
    pub fn chosen(&self, place: &Place) -> Vec<Chosen> {
        let label = |options: &[Choice]| {
            let chosen = options.iter().find(|option| option.chosen && !option.value.is_empty());
            chosen.map(|option| option.label.trim().to_owned())
        };
        let titled = Some(format!("标题含“{}”", place.q.trim())).filter(|_| !place.q.trim().is_empty());
        [
            (titled, place.with(|place| place.q.clear())),
            (label(&self.categories), place.with(|place| place.category.clear())),
            (label(&self.courses), place.with(|place| place.course.clear())),
            (label(&self.languages), place.with(|place| place.language.clear())),
            (label(&self.levels), place.with(|place| place.level.clear())),
            (label(&self.lacks), place.with(|place| place.lack.clear())),
            (label(&self.preparations), place.with(|place| place.preparation.clear())),
            (label(&self.units), place.with(|place| place.unit.clear())),
        ]
        .into_iter()
        .filter_map(|(label, without)| Some(Chosen { label: label?, without: without.address() }))
        .collect()
    }

    /// Whether something is chosen that stands among the further conditions.
    pub fn further(&self) -> bool {
        [&self.courses, &self.languages, &self.levels, &self.preparations, &self.units]
            .into_iter()
            .flatten()
            .any(|option| option.chosen && !option.value.is_empty())
    }
}

/// Every category as an option, after one that stands for no choice.
pub fn categories(none: &str, current: &str) -> Vec<Choice> {
    any_of(none, Category::ALL.iter().map(|word| (word.as_str(), word.label())), current)
}

/// The courses kept within reach as options, after one that stands for no choice.
///
/// # Errors
/// When the database fails.
pub async fn courses(db: &impl ConnectionTrait, reach: &Scope, none: &str, current: &str) -> ApiResult<Vec<Choice>> {
    let query = course::Entity::find().filter(reach.reaches((course::Entity, course::Column::UnitId)));
    let query = query.select_only().column(course::Column::Id).column(course::Column::Title);
    let rows: Vec<(CourseId, String)> =
        query.order_by_asc(course::Column::Title).limit(1_000).into_tuple().all(db).await?;
    let rows: Vec<(String, String)> = rows.into_iter().map(|(id, title)| (id.to_string(), title)).collect();
    Ok(any_of(none, rows.iter().map(|(id, title)| (id.as_str(), title.as_str())), current))
}

/// Options, after one that stands for no choice.
pub fn any_of<'a>(none: &'a str, all: impl Iterator<Item = (&'a str, &'a str)>, current: &str) -> Vec<Choice> {
    std::iter::once(("", none)).chain(all).map(|(value, label)| Choice::new(value, label, current)).collect()
}
