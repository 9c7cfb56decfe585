//! Small priors: use, recency, season. At most a tenth together, so that they only part near-ties.

use super::document::season_bit;
use super::view::{Serving, days};
use crate::Result;
use crate::season::InSeason;
use std::collections::HashMap;

/// What much use adds at most.
const USED: f32 = 0.04;
/// What being new adds at most.
const FRESH: f32 = 0.03;
/// What being in season adds.
const SEASON: f32 = 0.03;
/// Plays from which on a lesson counts as used as much as any.
const MANY_PLAYS: f32 = 20_000.0;
/// Days after which half of what being new adds is left.
const HALF_NEW: f32 = 730.0;

/// What each lesson's score is multiplied by, from 1 to 1.1, by number. Worked out once for many searches.
pub(crate) fn of_all(serving: &Serving, plays: &HashMap<i64, i64>, season: &InSeason) -> Result<Vec<f32>> {
    let (ids, plays_then) = (serving.numbers("id")?, serving.numbers("plays")?);
    let (published, seasons, crops) = (serving.numbers("published")?, serving.codes("season")?, serving.texts("crop")?);
    let crops_now: Vec<bool> = crops.all().iter().map(|crop| season.has_crop(crop)).collect();
    let (today, bit) = (days(season.day()), season_bit(season.day()));
    let prior = |number: u32| {
        let live = ids.of(number).and_then(|id| plays.get(&id)).copied().unwrap_or(0);
        let plays = live.max(plays_then.of(number).unwrap_or(0)).max(0) as f32;
        let used = (plays.ln_1p() / MANY_PLAYS.ln_1p()).min(1.0);
        let age_days = (today - published.of(number).unwrap_or(0)).max(0) as f32;
        let in_season = match seasons.of(number).unwrap_or(0) {
            0 => crops.place(number).and_then(|place| crops_now.get(place)) == Some(&true),
            bits => bits & bit != 0,
        };
        1.0 + USED * used + FRESH / (1.0 + age_days / HALF_NEW) + if in_season { SEASON } else { 0.0 }
    };
    Ok((0..serving.len).map(|number| prior(u32::try_from(number).unwrap_or(u32::MAX))).collect())
}
