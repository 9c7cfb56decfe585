//! The invented cadres: names, roster numbers, posts.
//!
//! Pure: the same source of chance gives the same people. Names stand in `demo/people.toml`. Telephone numbers begin
//! with 154, which no operator hands out.

use super::city::City;
use super::{Error, Result};
use chrono::{Datelike, Days};
use entity::{Day, PostKind, UnitLevel};
use fastrand::Rng;
use serde::Deserialize;

/// A cadre to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Cadre {
    /// Eight digits: county, township, serial number; those of the first nine counties begin with a zero.
    pub code: String,
    /// The name; some people share one.
    pub name: String,
    /// The village, by its place in the city's list.
    pub village: usize,
    /// `男` or `女`.
    pub gender: &'static str,
    /// The civil year of birth.
    pub birth_year: i32,
    /// Eleven digits.
    pub phone: String,
    /// The posts held now and since when.
    pub posts: Vec<(PostKind, Day)>,
    /// How keen on learning, from 0 to 1.
    pub zeal: f64,
}

#[derive(Deserialize)]
struct NameParts {
    surname: Vec<Surnames>,
    given: Given,
}

#[derive(Deserialize)]
struct Surnames {
    weight: usize,
    names: String,
}

#[derive(Deserialize)]
struct Given {
    male_first: String,
    male_last: String,
    female_first: String,
    female_last: String,
    male_single: String,
    female_single: String,
}

/// Make the cadres of every village, as they are in office on `today`.
///
/// # Errors
/// [`Error::Data`] when `demo/people.toml` is broken.
pub fn cadres(city: &City, today: Day, rng: &mut Rng) -> Result<Vec<Cadre>> {
    let parts: NameParts = toml::from_str(include_str!("../../demo/people.toml"))?;
    let names = Names::of(&parts);
    let mut cadres = Vec::new();
    let (mut township, mut serial) = (None, 0);
    for (village, unit) in city.of_level(UnitLevel::Village) {
        if township != unit.parent {
            (township, serial) = (unit.parent, 0);
        }
        for kinds in offices(unit.cadres, rng) {
            serial += 1;
            cadres.push(cadre(village, roster_number(&unit.code, serial)?, &kinds, &names, today, rng)?);
        }
    }
    Ok(cadres)
}

/// County and township from the village's code, then a serial number: `459903102205` gives `0302` + `0001`.
fn roster_number(village_code: &str, serial: usize) -> Result<String> {
    match (village_code.get(4..6), village_code.get(7..9)) {
        (Some(county), Some(township)) => Ok(format!("{county}{township}{serial:04}")),
        _ => Err(Error::Data("a village's code is too short")),
    }
}

/// Who holds what in a village of `count` cadres. In most the secretary is also the director (一肩挑).
fn offices(count: usize, rng: &mut Rng) -> Vec<Vec<PostKind>> {
    use PostKind::*;
    let mut offices = if rng.f64() < 0.75 {
        vec![vec![VillageSecretary, VillageDirector]]
    } else {
        vec![vec![VillageSecretary], vec![VillageDirector, CommitteeMember]]
    };
    if rng.f64() < 0.25 {
        offices.push(vec![FirstSecretary]);
    }
    if rng.f64() < 0.06 {
        offices.push(vec![GraduateOfficial]);
    }
    offices.extend([vec![CommitteeMember], vec![CommitteeMember], vec![CommitteeMember], vec![ReserveCadre]]);
    for _ in offices.len()..count {
        offices.push(vec![if rng.f64() < 0.7 { HamletHead } else { HamletSecretary }]);
    }
    offices.truncate(count);
    offices
}

fn cadre(
    village: usize,
    code: String,
    kinds: &[PostKind],
    names: &Names<'_>,
    today: Day,
    rng: &mut Rng,
) -> Result<Cadre> {
    let woman = rng.f64() < 0.27;
    let young = kinds.iter().any(|kind| matches!(kind, PostKind::GraduateOfficial | PostKind::ReserveCadre));
    let age = if young { rng.i32(23..36) } else { rng.i32(30..63) };
    let since = appointed(kinds, today, rng);
    Ok(Cadre {
        code,
        name: names.pick(woman, rng).ok_or(Error::Data("no names of people"))?,
        village,
        gender: if woman { "女" } else { "男" },
        birth_year: today.year() - age,
        phone: format!("154{:08}", rng.u32(0..100_000_000)),
        posts: kinds.iter().map(|kind| (*kind, since)).collect(),
        zeal: 0.35 + 0.65 * rng.f64(),
    })
}

/// Most came with the election of the term, some were added later, a few are new this half-year.
fn appointed(kinds: &[PostKind], today: Day, rng: &mut Rng) -> Day {
    let sent = kinds.iter().any(|kind| matches!(kind, PostKind::FirstSecretary | PostKind::GraduateOfficial));
    let days_ago = match rng.u32(0..100) {
        0..8 => rng.u64(10..170),
        8..30 => rng.u64(200..900),
        _ if sent => rng.u64(400..800),
        _ => rng.u64(1700..1800),
    };
    today.checked_sub_days(Days::new(days_ago)).unwrap_or(today)
}

/// The parts of names, split once.
struct Names<'a> {
    surnames: Vec<&'a str>,
    men: [Vec<&'a str>; 3],
    women: [Vec<&'a str>; 3],
}

impl<'a> Names<'a> {
    fn of(parts: &'a NameParts) -> Self {
        let split = |text: &'a str| text.split_whitespace().collect::<Vec<_>>();
        let given = &parts.given;
        Self {
            surnames: parts.surname.iter().flat_map(|some| split(&some.names).repeat(some.weight)).collect(),
            men: [split(&given.male_first), split(&given.male_last), split(&given.male_single)],
            women: [split(&given.female_first), split(&given.female_last), split(&given.female_single)],
        }
    }

    fn pick(&self, woman: bool, rng: &mut Rng) -> Option<String> {
        let surname = rng.choice(&self.surnames)?;
        let [first, last, single] = if woman { &self.women } else { &self.men };
        if rng.f64() < 0.13 {
            return Some(format!("{surname}{}", rng.choice(single)?));
        }
        let first = rng.choice(first)?;
        let fitting: Vec<&&str> = last.iter().filter(|last| *last != first).collect();
        Some(format!("{surname}{first}{}", rng.choice(fitting)?))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::super::city;
    use super::*;
    use std::collections::BTreeSet;

    fn people() -> Vec<Cadre> {
        let mut rng = Rng::with_seed(1);
        let city = city::build(&mut rng).unwrap();
        cadres(&city, "2026-11-23".parse().unwrap(), &mut rng).unwrap()
    }

    #[test]
    fn there_are_as_many_cadres_as_in_the_report_and_each_has_a_number_of_their_own() {
        let people = people();
        assert_eq!(people.len(), 8898);
        let codes: BTreeSet<_> = people.iter().map(|cadre| cadre.code.as_str()).collect();
        assert_eq!(codes.len(), 8898);
        assert!(codes.iter().all(|code| code.len() == 8));
        assert!(codes.iter().filter(|code| code.starts_with('0')).count() > 7000);
    }

    #[test]
    fn every_village_has_one_secretary_and_every_cadre_a_post_begun_by_today() {
        let people = people();
        let secretary = |cadre: &&Cadre| cadre.posts.iter().any(|(kind, _)| *kind == PostKind::VillageSecretary);
        let villages: BTreeSet<_> = people.iter().filter(secretary).map(|cadre| cadre.village).collect();
        assert_eq!((villages.len(), people.iter().filter(secretary).count()), (938, 938));
        let today = "2026-11-23".parse().unwrap();
        assert!(people.iter().all(|cadre| !cadre.posts.is_empty() && cadre.posts.iter().all(|(_, day)| *day <= today)));
    }

    #[test]
    fn some_people_share_a_name_and_most_do_not() {
        let people = people();
        let names: BTreeSet<_> = people.iter().map(|cadre| cadre.name.as_str()).collect();
        assert!((5000..8898).contains(&names.len()), "{}", names.len());
        assert!(names.iter().all(|name| (2..=3).contains(&name.chars().count())));
    }

    #[test]
    fn the_same_seed_gives_the_same_people() {
        assert_eq!(people(), people());
    }
}
