//! Lessons that cadres watch alone, on their telephones, in the evenings between the play days.

use super::Stage;
use super::session::{Session, beats};
use crate::demo::settle::{CHUNK, Resident, account_row};
use crate::demo::{Error, Result};
use chrono::{Datelike, Days};
use entity::{AccountId, Day, Moment, PersonId, PlaybackMode, Role, account, lesson, role_grant};
use fastrand::Rng;
use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use std::collections::{BTreeSet, HashMap};

/// One cadre in so many studies alone.
const ONE_IN: usize = 30;

/// How often `cadre` has studied alone; the others less.
const OF_CADRE: usize = 16;

/// Plan the sessions of everyone who studies alone, and give them accounts.
///
/// # Errors
/// When the database fails.
pub async fn plan(txn: &DatabaseTransaction, stage: &Stage<'_>, rng: &mut Rng) -> Result<Vec<Session>> {
    let learners: Vec<&Resident> = stage
        .settled
        .people
        .iter()
        .filter(|person| rng.usize(0..ONE_IN) == 0 || person.id == stage.logins.cadre)
        .collect();
    let accounts = open_accounts(txn, stage, &learners).await?;
    let mut sessions = Vec::new();
    for learner in learners {
        let account = *accounts.get(&learner.id).ok_or(Error::Data("a learner has no account"))?;
        let count = if learner.id == stage.logins.cadre { OF_CADRE } else { rng.usize(2..9) };
        for (number, day) in evenings(stage, count, rng)?.into_iter().enumerate() {
            sessions.extend(session(stage, learner, account, number, day, rng));
        }
    }
    sessions.retain(|session| session.closed() < stage.now);
    Ok(sessions)
}

/// Accounts by roster number, without a password, for those who have none.
async fn open_accounts(
    txn: &DatabaseTransaction,
    stage: &Stage<'_>,
    learners: &[&Resident],
) -> Result<HashMap<PersonId, AccountId>> {
    let mut accounts: HashMap<PersonId, AccountId> = stage.logins.accounts.iter().copied().collect();
    let without: Vec<&&Resident> = learners.iter().filter(|person| !accounts.contains_key(&person.id)).collect();
    for chunk in without.chunks(CHUNK) {
        let rows = chunk.iter().map(|person| account_row(person.code.clone(), Some(person.id), None, stage.now));
        account::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    let opened = account::Entity::find().filter(account::Column::PersonId.is_not_null()).all(txn).await?;
    accounts.extend(opened.into_iter().filter_map(|account| Some((account.person_id?, account.id))));
    for chunk in without.chunks(CHUNK) {
        let rows = chunk.iter().filter_map(|person| Some(grant(*accounts.get(&person.id)?, person, stage.now)));
        role_grant::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(accounts)
}

fn grant(account: AccountId, person: &Resident, now: Moment) -> role_grant::ActiveModel {
    role_grant::ActiveModel {
        id: NotSet,
        account_id: Set(account),
        role: Set(Role::Learner),
        unit_id: Set(person.unit_id),
        granted_at: Set(now),
    }
}

/// Different evenings of this year; none of them a play day, so that no lesson meets itself.
fn evenings(stage: &Stage<'_>, count: usize, rng: &mut Rng) -> Result<BTreeSet<Day>> {
    let first = super::day(stage.year(), 1, 1)?;
    let length = u64::try_from((stage.now.day() - first).num_days()).unwrap_or(0);
    let drawn = (0..count).filter_map(|_| first.checked_add_days(Days::new(rng.u64(0..=length))));
    Ok(drawn.filter(|day| day.day() % 10 != 5).collect())
}

/// One session alone. Some stop before the end; a few jump over a part, a few look in for a minute only.
fn session(
    stage: &Stage<'_>,
    learner: &Resident,
    account: AccountId,
    number: usize,
    day: Day,
    rng: &mut Rng,
) -> Option<Session> {
    let recorded = number % 4 == 1;
    let fits = |lesson: &lesson::Model| {
        lesson.published_on.is_some_and(|published| published <= day) && (!recorded || lesson.media_sha256.is_some())
    };
    let there: Vec<_> = stage.lessons.iter().enumerate().filter(|(_, lesson)| fits(lesson)).collect();
    let (at, lesson) = rng.choice(there)?;
    let started = Moment::start_of(day).plus_ms(rng.i64(19 * 3_600_000..21 * 3_600_000));
    let until_ms = match number % 8 {
        3 => 70_000,
        6 => lesson.duration_ms * rng.i64(40..90) / 100,
        _ => lesson.duration_ms,
    };
    let jump_ms = if number % 8 == 5 { lesson.duration_ms / 5 } else { 0 };
    Some(Session {
        mode: PlaybackMode::Solo,
        lesson: at,
        lesson_id: lesson.id,
        duration_ms: lesson.duration_ms,
        person: Some(learner.id),
        account,
        unit_id: learner.unit_id,
        path: learner.path.clone(),
        started,
        beats: beats(started, until_ms.clamp(1, lesson.duration_ms.max(1)), jump_ms, rng),
        stays: Vec::new(),
    })
}
