//! The crop calendar (农事历): when the people of a county have work with a crop, from a text file that is edited there.
//!
//! A lesson that states a season of its own is judged by that; one that only names a crop by the calendar of the unit
//! nearest to who asks.

use super::fits;
use crate::edited::{self, EditedFile};
use crate::{Result, Viewer};
use entity::{Day, UnitId, org_unit, scope};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// What a new data folder starts with.
const DEFAULT: &str = include_str!("../../data/calendar.txt");

/// The name that stands for every unit.
const EVERYWHERE: &str = "全市";

/// The calendar in use.
pub(crate) struct Calendar {
    file: EditedFile<Vec<Line>>,
    by_unit: RwLock<Arc<ByUnit>>,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    unit: String,
    crop: String,
    /// Months and solar terms.
    season: String,
}

/// The lines of each unit.
pub(crate) type ByUnit = HashMap<UnitId, Vec<Line>>;

/// What is in season on a day for somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InSeason {
    day: Day,
    /// Crops there is work with, by their folded names.
    crops: BTreeMap<String, String>,
}

impl InSeason {
    /// Whether a lesson of this season and crop belongs to the day.
    pub fn fits(&self, season: Option<&str>, crop: Option<&str>) -> bool {
        match season.filter(|season| !season.trim().is_empty()) {
            Some(season) => fits(season, self.day),
            None => crop.is_some_and(|crop| self.has_crop(crop)),
        }
    }

    /// The day.
    pub fn day(&self) -> Day {
        self.day
    }

    /// Whether there is work with this crop.
    pub(crate) fn has_crop(&self, crop: &str) -> bool {
        !self.crops.is_empty() && self.crops.contains_key(&crate::search::folded(crop))
    }

    /// The crops there is work with, as the file names them.
    pub(crate) fn crops(&self) -> impl Iterator<Item = &str> {
        self.crops.values().map(String::as_str)
    }
}

impl Calendar {
    /// Opens `calendar.txt` in a folder, writing the default one when there is none.
    pub async fn open(folder: &Path, db: &impl ConnectionTrait) -> Result<Self> {
        let file = EditedFile::open(folder.join("calendar.txt"), DEFAULT, parse)?;
        let calendar = Self { file, by_unit: RwLock::default() };
        calendar.find_units(db).await?;
        Ok(calendar)
    }

    /// Reads the file again when it has changed, and looks its units up then or when `anyway`.
    pub async fn refresh(&self, db: &impl ConnectionTrait, anyway: bool) -> Result<()> {
        if self.file.refresh() || anyway { self.find_units(db).await } else { Ok(()) }
    }

    async fn find_units(&self, db: &impl ConnectionTrait) -> Result<()> {
        let lines = self.file.said();
        let names = lines.iter().map(|line| line.unit.as_str());
        let named = org_unit::Column::Name.is_in(names).or(org_unit::Column::ParentId.is_null());
        let mut fresh = ByUnit::new();
        for unit in org_unit::Entity::find().filter(named).all(db).await? {
            let of_unit =
                |line: &&Line| line.unit == unit.name || (line.unit == EVERYWHERE && unit.parent_id.is_none());
            fresh.entry(unit.id).or_default().extend(lines.iter().filter(of_unit).cloned());
        }
        let mut known = self.by_unit.write().unwrap_or_else(PoisonError::into_inner);
        if **known != fresh {
            *known = Arc::new(fresh);
        }
        Ok(())
    }

    /// The lines in use; another pointer when they have changed.
    pub fn by_unit(&self) -> Arc<ByUnit> {
        self.by_unit.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is in season for this viewer: a nearer unit's lines on a crop stand in place of those of the units above.
pub(crate) fn in_season(calendar: &ByUnit, viewer: &Viewer, day: Day) -> InSeason {
    let path = viewer.homes.first().or_else(|| viewer.staff.paths().first());
    let above = path.map(|path| scope::ancestors_of(path)).unwrap_or_default();
    let mut by_crop: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for lines in above.iter().filter_map(|unit| calendar.get(unit)) {
        let mut nearer: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
        for line in lines {
            nearer.entry(crate::search::folded(&line.crop)).or_default().push(line);
        }
        by_crop.extend(nearer);
    }
    let now = |lines: &Vec<&Line>| lines.iter().any(|line| fits(&line.season, day));
    by_crop.retain(|_, lines| now(lines));
    let named = |(folded, lines): (String, Vec<&Line>)| Some((folded, lines.first()?.crop.clone()));
    InSeason { day, crops: by_crop.into_iter().filter_map(named).collect() }
}

/// Reads lines of unit, crop, and months or solar terms; what has fewer parts says nothing.
fn parse(text: &str) -> Vec<Line> {
    let line = |row: Vec<&str>| match row.as_slice() {
        [unit, crop, season @ ..] if !unit.is_empty() && !crop.is_empty() && !season.is_empty() => {
            Some(Line { unit: (*unit).to_owned(), crop: (*crop).to_owned(), season: season.join("、") })
        }
        _ => None,
    };
    edited::rows(text).filter_map(line).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    fn calendar() -> ByUnit {
        let lines = parse("# 说明\n全市，砂糖橘，11月至次年1月\n甲县,红薯,3-5月,霜降\n甲县,沙糖桔,2月\n乱写一行\n");
        assert_eq!(lines.len(), 3);
        let (city, county): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.unit == EVERYWHERE);
        HashMap::from([(UnitId(1), city), (UnitId(2), county)])
    }

    fn learner(path: &str) -> Viewer {
        Viewer { homes: vec![path.to_owned()], ..Viewer::default() }
    }

    #[test]
    fn a_crop_is_in_season_where_the_calendar_says_so_and_the_nearer_unit_decides() {
        let on = |path: &str, month, date| {
            let day = Day::from_ymd_opt(2026, month, date).unwrap();
            let now = in_season(&calendar(), &learner(path), day);
            ["沙糖桔", "红薯", "水稻"].map(|crop| now.fits(None, Some(crop)))
        };
        assert_eq!(on("/1/2/9/", 12, 1), [false, false, false]);
        assert_eq!(on("/1/2/9/", 2, 1), [true, false, false]);
        assert_eq!(on("/1/3/9/", 12, 1), [true, false, false]);
        assert_eq!(on("/1/2/", 4, 1), [false, true, false]);
        assert_eq!(on("/1/2/", 10, 25), [false, true, false]);
        assert_eq!(on("/7/", 12, 1), [false, false, false]);
    }

    #[test]
    fn a_lesson_that_states_its_season_is_judged_by_that() {
        let now = in_season(&calendar(), &learner("/1/3/"), Day::from_ymd_opt(2026, 12, 1).unwrap());
        assert!(now.fits(Some(""), Some("砂糖橘")) && now.fits(Some("12月"), None));
        assert!(!now.fits(Some("3-5月"), Some("砂糖橘")));
    }
}
