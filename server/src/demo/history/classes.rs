//! Concentrated training in person: one class of the city, two of each county, two of each township a year.
//!
//! Dates are spread over the year; what has not ended by now has not been held, so late in the year some are still
//! missing their days.

use super::{Stage, day};
use crate::demo::Result;
use crate::demo::settle::Resident;
use archive::classes::{Attended, NewClass};
use chrono::{Datelike, Days};
use entity::{AccountId, Day, PostKind, UnitLevel, org_unit};
use fastrand::Rng;
use std::collections::BTreeMap;

/// Classes as `archive::classes::record_many` takes them, and who enters them.
type Held = (Option<AccountId>, Vec<(NewClass, Vec<Attended>)>);

/// Posts that come to the classes of city and county.
const OFFICIALS: [PostKind; 4] =
    [PostKind::VillageSecretary, PostKind::VillageDirector, PostKind::CommitteeMember, PostKind::GraduateOfficial];

/// Plan every class that has ended by now, by its last day.
pub fn plan(stage: &Stage<'_>, rng: &mut Rng) -> Result<BTreeMap<Day, Vec<Held>>> {
    let mut plan: BTreeMap<Day, Vec<Held>> = BTreeMap::new();
    let year = stage.year();
    let units = &stage.settled.units;
    let home = stage.settled.path_of(stage.logins.village);
    let counties = units.iter().filter(|unit| unit.level == UnitLevel::County);
    for (county, number) in counties.zip(0_u32..) {
        let trainer = home.starts_with(&county.path).then_some(stage.logins.trainer);
        let city = units.first().unwrap_or(county);
        let city_class = Class::of_city(city, county, day(year, 3 + number * 2 / 3, 22)?);
        city_class.hold(stage, Some(stage.logins.office), &mut plan, rng);
        for (year, month, term) in [(year - 1, 11, "秋季"), (year, 4, "春季"), (year, 9, "秋季")] {
            Class::of_county(county, term, day(year, month, 6 + number)?).hold(stage, trainer, &mut plan, rng);
        }
    }
    let townships = units.iter().filter(|unit| unit.level == UnitLevel::Township);
    for (township, number) in townships.zip(0_u32..) {
        let shift = number % 20;
        for (year, month, term) in [(year - 1, 10, "冬季"), (year, 6, "夏季"), (year, 11 + number % 2, "冬季")] {
            Class::of_township(township, term, day(year, month, 2 + shift)?).hold(stage, None, &mut plan, rng);
        }
    }
    Ok(plan)
}

/// A class to be held.
struct Class<'a> {
    /// Who organises it.
    unit: &'a org_unit::Model,
    /// Whose people come.
    from: &'a str,
    title: String,
    place: String,
    teacher: &'static str,
    starts_on: Day,
    days: u32,
}

impl<'a> Class<'a> {
    fn of_city(city: &'a org_unit::Model, county: &'a org_unit::Model, from: Day) -> Self {
        Self {
            unit: city,
            from: &county.path,
            title: format!("{}村“两委”干部示范培训班（{}班）", city.name, county.name),
            place: "市委党校".to_owned(),
            teacher: "市委党校教研室",
            starts_on: monday(from),
            days: 2,
        }
    }

    fn of_county(county: &'a org_unit::Model, term: &str, from: Day) -> Self {
        Self {
            unit: county,
            from: &county.path,
            title: format!("{}{term}村干部轮训班", county.name),
            place: format!("{}党校", county.name),
            teacher: "党校、农业农村局",
            starts_on: monday(from),
            days: 2,
        }
    }

    fn of_township(township: &'a org_unit::Model, term: &str, from: Day) -> Self {
        Self {
            unit: township,
            from: &township.path,
            title: format!("{}{term}村干部集中培训", township.name),
            place: format!("{}政府会议室", township.name),
            teacher: "党校教学点、农业服务中心",
            starts_on: monday(from),
            days: 4,
        }
    }

    /// Draw who comes and put the class into the plan, unless it has not ended yet.
    fn hold(self, stage: &Stage<'_>, by: Option<AccountId>, plan: &mut BTreeMap<Day, Vec<Held>>, rng: &mut Rng) {
        let ends_on = self.starts_on + Days::new(u64::from(self.days) - 1);
        if ends_on >= stage.now.day() {
            return;
        }
        let half_days = i32::try_from(self.days * 2).unwrap_or(2);
        let invited = stage.settled.people.iter().filter(|person| self.invites(person));
        let attendance = invited
            .map(|person| Attended {
                person_id: person.id,
                half_days: if person.id == stage.logins.cadre { half_days } else { came(person, half_days, rng) },
            })
            .collect();
        let class = NewClass {
            level: self.unit.level,
            title: self.title,
            unit_id: self.unit.id,
            place: self.place,
            teacher: self.teacher.to_owned(),
            starts_on: self.starts_on,
            ends_on,
            half_days,
        };
        plan.entry(ends_on).or_default().push((by, vec![(class, attendance)]));
    }

    fn invites(&self, person: &Resident) -> bool {
        let everyone = self.unit.level == UnitLevel::Township && !person.is(PostKind::HamletHead);
        person.path.starts_with(self.from) && (everyone || OFFICIALS.iter().any(|kind| person.is(*kind)))
    }
}

/// Most come all the time; some take half a day's leave; some do not come.
fn came(person: &Resident, half_days: i32, rng: &mut Rng) -> i32 {
    if rng.f64() > 0.45 + 0.5 * person.zeal {
        return 0;
    }
    if rng.f64() < 0.06 { half_days - 1 } else { half_days }
}

/// That day, or the next Monday.
fn monday(day: Day) -> Day {
    let ahead = (7 - day.weekday().num_days_from_monday()) % 7;
    day + Days::new(u64::from(ahead))
}
