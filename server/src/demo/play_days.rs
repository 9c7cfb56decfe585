//! The play days of the demo: the city's fixed dates, and the county's, of which today is one.

use super::{Logins, Result};
use catalog::Viewer;
use catalog::play_day::{NewPlayDay, create};
use chrono::Datelike;
use entity::{AccountId, Day, LessonId, Moment, UnitId, lesson};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};

/// They were set so long ago.
const SET_BEFORE_MS: i64 = 30 * 24 * 3600 * 1000;

const OF_THE_CITY: &[&str] = &["policy-homestead-approve", "party-member-develop", "mediate-basics"];
const OF_THE_COUNTY: &[&str] = &["shatangju-huanglongbing", "rice-bingchonghai", "pack-express"];

/// Set them, some while ago.
///
/// # Errors
/// When the catalog refuses one.
pub async fn bring(db: &DatabaseConnection, logins: &Logins, root: UnitId, now: Moment) -> Result<()> {
    let before = now.plus_ms(-SET_BEFORE_MS);
    let county = tens_around(now.day());
    for (unit_id, title, days, at, slugs, by) in [
        (root, "全市政策讲堂", "5,15,25", "20:30", OF_THE_CITY, logins.office),
        (logins.county, "农家夜校", county.as_str(), "19:30", OF_THE_COUNTY, logins.trainer),
    ] {
        let lessons = by_slug(db, slugs).await?;
        let viewer = Viewer::staff_of("/");
        let valid_from = before.day().succ_opt().unwrap_or(before.day());
        let new = NewPlayDay { unit_id, title, days, at, valid_from, lessons: &lessons, viewer: &viewer };
        create(db, new, Some::<AccountId>(by), before).await?;
    }
    Ok(())
}

/// Today's date and those ten days apart from it, as a county chooses its three a month.
fn tens_around(today: Day) -> String {
    let date = today.day();
    let dates = (1..=31).filter(|other| other % 10 == date % 10).map(|date: u32| date.to_string());
    dates.collect::<Vec<_>>().join(",")
}

async fn by_slug(db: &DatabaseConnection, slugs: &[&str]) -> Result<Vec<LessonId>> {
    let found = lesson::Entity::find().filter(lesson::Column::Slug.is_in(slugs.iter().copied())).all(db).await?;
    let id_of = |slug: &&str| found.iter().find(|row| row.slug == *slug).map(|row| row.id);
    Ok(slugs.iter().filter_map(id_of).collect())
}
