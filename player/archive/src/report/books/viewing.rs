//! The viewing record (学习收看记录簿): every group session with what was played, to whom, by whom, and how sure it is.

use super::{Frame, Places, Totals, count};
use crate::report::Cell;
use crate::{Result, flags, names};
use entity::{PersonId, PlaybackId, PlaybackMode, guest, ledger_entry, playback, presence, presence_check};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) const COLUMNS: &[(&str, u8)] = &[
    ("日期", 12),
    ("开始时间", 20),
    ("结束时间", 20),
    ("县区", 14),
    ("乡镇", 14),
    ("村", 16),
    ("课程", 36),
    ("播放分钟", 10),
    ("人数", 8),
    ("计入分钟", 12),
    ("学员", 60),
    ("操作人", 12),
    ("抽点核对", 24),
    ("提示", 14),
    ("场次号", 10),
];

pub(super) async fn sums(frame: &Frame) -> Result<(u64, Totals)> {
    let db = &frame.db;
    let sessions = playback::Entity::find().filter(sessions(frame)).count(db).await?;
    let played: Option<i64> = playback::Entity::find()
        .select_only()
        .column_as(whole(playback::Column::CreditedMs.sum()), "played")
        .filter(self::sessions(frame))
        .into_tuple::<Option<i64>>()
        .one(db)
        .await?
        .flatten();
    let credited: Option<i64> = ledger_entry::Entity::find()
        .select_only()
        .column_as(whole(ledger_entry::Column::CreditedMs.sum()), "credited")
        .filter(ledger_entry::Column::PlaybackId.in_subquery(ids(frame)))
        .filter(ledger_entry::Column::Seq.lte(frame.slice.upto_seq))
        .into_tuple::<Option<i64>>()
        .one(db)
        .await?
        .flatten();
    let visits = presence::Entity::find()
        .select_only()
        .columns([presence::Column::PlaybackId, presence::Column::PersonId])
        .distinct()
        .filter(presence::Column::PlaybackId.in_subquery(ids(frame)))
        .count(db)
        .await?;
    let totals = vec![
        ("播放分钟", Cell::minutes(played.unwrap_or(0))),
        ("人数", count(visits)),
        ("计入分钟", Cell::minutes(credited.unwrap_or(0))),
    ];
    Ok((sessions, totals))
}

pub(super) async fn batch(frame: &Frame, places: &Places, first: u64, most: u64) -> Result<Vec<Vec<Cell>>> {
    let db = &frame.db;
    let sessions = playback::Entity::find()
        .filter(sessions(frame))
        .order_by_asc(playback::Column::Day)
        .order_by_asc(playback::Column::StartedAt)
        .order_by_asc(playback::Column::Id)
        .offset(first)
        .limit(most)
        .all(db)
        .await?;
    let told = Told::of(frame, &sessions).await?;
    Ok(sessions.iter().map(|session| told.row(places, session)).collect())
}

/// The group sessions of the period in rooms of the report's units.
fn sessions(frame: &Frame) -> Condition {
    Condition::all()
        .add(playback::Column::Mode.eq(PlaybackMode::Group))
        .add(playback::Column::Day.between(frame.slice.from, frame.slice.to))
        .add(frame.roster.scope.reaches((playback::Entity, playback::Column::UnitId)))
}

fn ids(frame: &Frame) -> SelectStatement {
    playback::Entity::find().select_only().column(playback::Column::Id).filter(sessions(frame)).into_query()
}

/// What other tables tell of some sessions.
struct Told {
    titles: HashMap<entity::LessonId, String>,
    operators: HashMap<entity::AccountId, String>,
    people: HashMap<PlaybackId, Vec<String>>,
    guests: HashMap<PlaybackId, Vec<String>>,
    credited: HashMap<PlaybackId, i64>,
    drawn: HashMap<PlaybackId, (i64, i64)>,
    unserved: HashSet<PlaybackId>,
}

impl Told {
    async fn of(frame: &Frame, sessions: &[playback::Model]) -> Result<Self> {
        let db = &frame.db;
        let ids: Vec<_> = sessions.iter().map(|session| session.id).collect();
        Ok(Self {
            titles: names::of_lessons(db, sessions.iter().map(|session| session.lesson_id).collect()).await?,
            operators: names::of_accounts(db, sessions.iter().map(|session| session.account_id).collect()).await?,
            people: people(db, &ids).await?,
            guests: guests(db, &ids).await?,
            credited: credited(db, &ids, frame.slice.upto_seq).await?,
            drawn: drawn(db, &ids).await?,
            unserved: flags::unserved(db, ids).await?,
        })
    }

    fn row(&self, places: &Places, session: &playback::Model) -> Vec<Cell> {
        let text = |text: Option<&String>| text.map_or(Cell::Empty, |text| Cell::Text(text.clone()));
        let (none, id) = (Vec::new(), session.id);
        let (people, guests) = (self.people.get(&id).unwrap_or(&none), self.guests.get(&id).unwrap_or(&none));
        let credited_ms = self.credited.get(&id).copied().unwrap_or(0);
        let flagged = credited_ms > 0 && self.unserved.contains(&id);
        let [county, township, village] = places.cells(session.unit_id);
        vec![
            Cell::Date(session.day),
            Cell::Time(session.started_at),
            session.closed_at.map_or(Cell::Text("进行中".to_owned()), Cell::Time),
            county,
            township,
            village,
            text(self.titles.get(&session.lesson_id)),
            Cell::minutes(session.credited_ms),
            count(people.len()),
            Cell::minutes(credited_ms),
            Cell::Text(who(people, guests)),
            text(self.operators.get(&session.account_id)),
            Cell::Text(confidence(self.drawn.get(&id))),
            if flagged { Cell::Text(flags::UNSERVED.to_owned()) } else { Cell::Empty },
            Cell::Count(id.0),
        ]
    }
}

/// The people of the roster, then the guests whom nobody has matched with a person.
fn who(people: &[String], guests: &[String]) -> String {
    let mut text = people.join("、");
    if !guests.is_empty() {
        text.push_str(&format!("；来宾：{}", guests.join("、")));
    }
    text
}

/// Which share of the names drawn was confirmed; where none was drawn nothing is said.
fn confidence(drawn: Option<&(i64, i64)>) -> String {
    match drawn {
        Some((drawn, present)) if *drawn > 0 => {
            format!("抽 {drawn} 人，到 {present} 人，{}%", present * 100 / drawn)
        }
        _ => "未抽点".to_owned(),
    }
}

async fn people(db: &impl ConnectionTrait, ids: &[PlaybackId]) -> Result<HashMap<PlaybackId, Vec<String>>> {
    let stays: Vec<(PlaybackId, PersonId)> = presence::Entity::find()
        .select_only()
        .columns([presence::Column::PlaybackId, presence::Column::PersonId])
        .distinct()
        .filter(presence::Column::PlaybackId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let known = names::of_people(db, stays.iter().map(|(_, person)| *person).collect()).await?;
    let mut rooms: HashMap<PlaybackId, BTreeMap<String, String>> = HashMap::new();
    for (playback, person) in stays {
        if let Some((name, code)) = known.get(&person) {
            rooms.entry(playback).or_default().insert(code.clone(), name.clone());
        }
    }
    Ok(rooms.into_iter().map(|(id, by_code)| (id, by_code.into_values().collect())).collect())
}

async fn guests(db: &impl ConnectionTrait, ids: &[PlaybackId]) -> Result<HashMap<PlaybackId, Vec<String>>> {
    let rows = guest::Entity::find()
        .filter(guest::Column::PlaybackId.is_in(ids.iter().copied()))
        .filter(guest::Column::PersonId.is_null())
        .order_by_asc(guest::Column::Id)
        .all(db)
        .await?;
    let mut rooms: HashMap<PlaybackId, Vec<String>> = HashMap::new();
    for row in rows {
        let text = if row.place.is_empty() { row.name } else { format!("{}（{}）", row.name, row.place) };
        rooms.entry(row.playback_id).or_default().push(text);
    }
    Ok(rooms)
}

async fn credited(db: &impl ConnectionTrait, ids: &[PlaybackId], upto_seq: i64) -> Result<HashMap<PlaybackId, i64>> {
    let rows: Vec<(PlaybackId, i64)> = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::PlaybackId)
        .column_as(whole(ledger_entry::Column::CreditedMs.sum()), "credited")
        .filter(ledger_entry::Column::PlaybackId.is_in(ids.iter().copied()))
        .filter(ledger_entry::Column::Seq.lte(upto_seq))
        .group_by(ledger_entry::Column::PlaybackId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// How many names were drawn in each session, and how many of them were confirmed.
async fn drawn(db: &impl ConnectionTrait, ids: &[PlaybackId]) -> Result<HashMap<PlaybackId, (i64, i64)>> {
    let rows: Vec<(PlaybackId, Option<bool>)> = presence_check::Entity::find()
        .select_only()
        .columns([presence_check::Column::PlaybackId, presence_check::Column::Present])
        .filter(presence_check::Column::PlaybackId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let mut drawn: HashMap<PlaybackId, (i64, i64)> = HashMap::new();
    for (playback, present) in rows {
        let (all, confirmed) = drawn.entry(playback).or_default();
        *all += 1;
        *confirmed += i64::from(present == Some(true));
    }
    Ok(drawn)
}

/// A sum as BIGINT: PostgreSQL sums BIGINT into NUMERIC.
pub(super) fn whole(sum: impl Into<Expr>) -> SimpleExpr {
    sum.into().cast_as("BIGINT")
}
