//! What is under way in the demo, so that its pages show it: a class that people sign in to today, one that waits for the
//! office, and studies of the cadre, one that waits and one that was refused.

use super::settle::Settled;
use super::{Error, Logins, Result};
use archive::classes::decide::{self, Decision};
use archive::classes::sign_in::{self, Mark};
use archive::classes::study::{self, NewStudy};
use archive::classes::{self, Draft, roster};
use chrono::Days;
use content::intake::{Origin, copy_in};
use content::store::Store;
use entity::{ClassId, Day, Moment, PersonId, PostKind, Source};
use sea_orm::DatabaseConnection;

/// A made-up certificate.
const CERTIFICATE: &[u8] = include_bytes!("../../demo/certificate.png");

/// Announce the classes and declare the studies.
///
/// # Errors
/// When the archive refuses one, or the certificate cannot be kept.
pub async fn bring(
    db: &DatabaseConnection,
    store: &Store,
    (settled, logins): (&Settled, &Logins),
    now: Moment,
) -> Result<()> {
    let county = settled.path_of(logins.county);
    let ours = settled.people.iter().filter(|one| one.path.starts_with(county) && one.is(PostKind::VillageSecretary));
    let people: Vec<PersonId> = ours.map(|one| one.id).collect();
    let (today, tomorrow) = (now.day(), now.day() + Days::new(1));
    let open = announced(db, logins, "村党组织书记冬季轮训班", (today, tomorrow, 4), &people, now).await?;
    call(db, logins, open, &people, 1, now).await?;
    sign_in::begin(db, open, Some(2), logins.trainer, now).await?;
    let last_week = today - Days::new(7);
    let over = announced(db, logins, "农产品电商直播培训班", (last_week, last_week, 2), &people, now).await?;
    call(db, logins, over, &people, 1, now).await?;
    call(db, logins, over, &people, 2, now).await?;
    classes::hand_in(db, over, logins.trainer, now).await?;
    studies(db, store, logins, now).await
}

async fn announced(
    db: &DatabaseConnection,
    logins: &Logins,
    title: &str,
    (starts_on, ends_on, half_days): (Day, Day, i32),
    people: &[PersonId],
    now: Moment,
) -> Result<ClassId> {
    let draft = Draft {
        unit_id: logins.county,
        title: title.to_owned(),
        topics: "基层党建、产业发展、矛盾调解".to_owned(),
        teacher: "党校、农业农村局".to_owned(),
        place: "县委党校报告厅".to_owned(),
        starts_on,
        ends_on,
        half_days,
    };
    let class = classes::create(db, draft, logins.trainer, now).await?;
    roster::enroll(db, class.id, people, logins.trainer, now).await?;
    Ok(class.id)
}

/// All but every ninth were there.
async fn call(
    db: &DatabaseConnection,
    logins: &Logins,
    id: ClassId,
    people: &[PersonId],
    half_day: i32,
    now: Moment,
) -> Result<()> {
    let came = people.iter().enumerate().filter(|(number, _)| number % 9 != 4);
    let marks: Vec<Mark> = came.map(|(_, who)| Mark { person_id: *who, half_day, there: true }).collect();
    sign_in::call_roll(db, id, &marks, logins.trainer, now).await?;
    Ok(())
}

async fn studies(db: &DatabaseConnection, store: &Store, logins: &Logins, now: Moment) -> Result<()> {
    let own = logins.accounts.iter().find(|(person, _)| *person == logins.cadre);
    let (_, by) = *own.ok_or(Error::Data("the cadre has no account"))?;
    let file = store.temporary()?;
    tokio::fs::write(file.path(), CERTIFICATE).await?;
    let origin = Origin { filename: "示例证明.png", unit_id: logins.village, by: Some(by) };
    let proof = copy_in(db, store, file.path(), &origin, now).await?.sha256;
    let today = now.day();
    let new = |source, title, days_ago, half_days| NewStudy {
        person_id: logins.cadre,
        source,
        title,
        place: "县职业教育中心",
        starts_on: today - Days::new(days_ago),
        ends_on: today - Days::new(2),
        half_days,
        words: "学了果树栽培和农产品质量安全，回村给两个屯讲了一遍。",
        evidence_sha256: &proof,
    };
    let refused = study::declare(db, new(Source::Secondment, "到镇农业服务中心跟班", 20, 6), by, now).await?;
    let no = Decision {
        approve: false, half_days: None, reason: "证明没有单位盖章，请补好再报", by: logins.office
    };
    decide::decide(db, refused.id, &no, now).await?;
    study::declare(db, new(Source::Degree, "农业技术大专班面授", 9, 8), by, now).await?;
    Ok(())
}
