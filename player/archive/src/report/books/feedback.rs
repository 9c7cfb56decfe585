//! The feedback book (信息反馈记录簿): hands raised in the room, wishes for which nothing was found, and appeals.
//!
//! One after the other, each by its date. Wishes are counted by county, never by person, so a village's book shows those
//! of its county.

use super::{Frame, Places, Totals, count, viewing::whole};
use crate::appeals::{Listed, listed};
use crate::report::Cell;
use crate::{Result, names};
use entity::{
    Moment, PlaybackId, QuestionId, QuestionKind, SearchTier, UnitId, UnitLevel, appeal, org_unit, playback, question,
    room_answer, scope, search_count,
};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
};
use std::collections::{BTreeMap, HashMap};

pub(super) const COLUMNS: &[(&str, u8)] = &[
    ("日期", 12),
    ("县区", 14),
    ("乡镇", 14),
    ("村", 16),
    ("类别", 12),
    ("内容", 50),
    ("反馈情况", 40),
    ("处理结果", 40),
    ("人次", 8),
];

pub(super) async fn sums(frame: &Frame) -> Result<(u64, Totals)> {
    let parts = counts(frame).await?;
    let db = &frame.db;
    let hands = room_answer::Entity::find().select_only().filter(answers(frame));
    let hands: Option<i64> = hands
        .column_as(whole(room_answer::Column::Hands.sum()), "hands")
        .into_tuple::<Option<i64>>()
        .one(db)
        .await?
        .flatten();
    let asked: Option<i64> = search_count::Entity::find()
        .select_only()
        .column_as(whole(search_count::Column::Asked.sum()), "asked")
        .filter(wishes(frame))
        .into_tuple::<Option<i64>>()
        .one(db)
        .await?
        .flatten();
    let appeals = i64::try_from(parts[2]).unwrap_or(i64::MAX);
    let people = hands.unwrap_or(0).saturating_add(asked.unwrap_or(0)).saturating_add(appeals);
    Ok((parts.iter().sum(), vec![("人次", Cell::Count(people))]))
}

pub(super) async fn batch(frame: &Frame, places: &Places, first: u64, most: u64) -> Result<Vec<Vec<Cell>>> {
    let [answers, wishes, _] = counts(frame).await?;
    let mut rows = Vec::new();
    let left = |rows: &Vec<Vec<Cell>>| most.saturating_sub(u64::try_from(rows.len()).unwrap_or(most));
    if first < answers {
        rows.extend(answer_rows(frame, places, first, left(&rows)).await?);
    }
    if left(&rows) > 0 && first < answers + wishes {
        rows.extend(wish_rows(frame, places, first.saturating_sub(answers), left(&rows)).await?);
    }
    if left(&rows) > 0 {
        rows.extend(appeal_rows(frame, places, first.saturating_sub(answers + wishes), left(&rows)).await?);
    }
    Ok(rows)
}

/// How many rows each of the three has.
async fn counts(frame: &Frame) -> Result<[u64; 3]> {
    Ok([
        asked_questions(frame).count(&frame.db).await?,
        grouped_wishes(frame).count(&frame.db).await?,
        appeal::Entity::find().filter(appeals(frame)).count(&frame.db).await?,
    ])
}

fn answers(frame: &Frame) -> Condition {
    let (began, after) = frame.instants();
    let rooms: SelectStatement = playback::Entity::find()
        .select_only()
        .column(playback::Column::Id)
        .filter(frame.roster.scope.reaches((playback::Entity, playback::Column::UnitId)))
        .into_query();
    Condition::all()
        .add(room_answer::Column::AnsweredAt.gte(began))
        .add(room_answer::Column::AnsweredAt.lt(after))
        .add(room_answer::Column::PlaybackId.in_subquery(rooms))
}

/// One row for each question that was put to a room.
fn asked_questions(frame: &Frame) -> Select<room_answer::Entity> {
    room_answer::Entity::find()
        .select_only()
        .columns([room_answer::Column::PlaybackId, room_answer::Column::QuestionId])
        .column_as(room_answer::Column::AnsweredAt.max(), "last_at")
        .filter(answers(frame))
        .group_by(room_answer::Column::PlaybackId)
        .group_by(room_answer::Column::QuestionId)
}

async fn answer_rows(frame: &Frame, places: &Places, first: u64, most: u64) -> Result<Vec<Vec<Cell>>> {
    let db = &frame.db;
    let asked: Vec<(PlaybackId, QuestionId, Moment)> = asked_questions(frame)
        .order_by(room_answer::Column::AnsweredAt.max(), Order::Asc)
        .order_by_asc(room_answer::Column::PlaybackId)
        .order_by_asc(room_answer::Column::QuestionId)
        .offset(first)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    let rooms = playback::Entity::find().filter(playback::Column::Id.is_in(asked.iter().map(|asked| asked.0)));
    let rooms: HashMap<_, _> = rooms.all(db).await?.into_iter().map(|room| (room.id, room)).collect();
    let questions = question::Entity::find().filter(question::Column::Id.is_in(asked.iter().map(|asked| asked.1)));
    let questions: HashMap<_, _> = questions.all(db).await?.into_iter().map(|row| (row.id, row)).collect();
    let titles = names::of_lessons(db, rooms.values().map(|room| room.lesson_id).collect()).await?;
    let mut hands: HashMap<(PlaybackId, QuestionId), BTreeMap<i32, i32>> = HashMap::new();
    let given = room_answer::Entity::find()
        .filter(room_answer::Column::PlaybackId.is_in(asked.iter().map(|asked| asked.0)))
        .all(db)
        .await?;
    for row in given {
        hands.entry((row.playback_id, row.question_id)).or_default().insert(row.choice, row.hands);
    }
    let row = |(room, question, at): &(PlaybackId, QuestionId, Moment)| {
        let unit = rooms.get(room).map_or(UnitId(0), |room| room.unit_id);
        let title = rooms.get(room).and_then(|room| titles.get(&room.lesson_id)).cloned().unwrap_or_default();
        let raised = hands.get(&(*room, *question)).cloned().unwrap_or_default();
        answer_row(places.cells(unit), (*at, &title), questions.get(question), &raised)
    };
    Ok(asked.iter().map(row).collect())
}

fn answer_row(
    [county, township, village]: [Cell; 3],
    (at, title): (Moment, &str),
    question: Option<&question::Model>,
    raised: &BTreeMap<i32, i32>,
) -> Vec<Cell> {
    let kind = question.map_or(QuestionKind::Single, |question| question.kind);
    let given: Vec<_> = raised.iter().map(|(choice, hands)| format!("{} {hands} 人", label(kind, *choice))).collect();
    let right: Vec<i32> = question.and_then(|question| serde_json::from_str(&question.answer).ok()).unwrap_or_default();
    let right: Vec<_> = right.into_iter().map(|choice| label(kind, choice)).collect();
    vec![
        Cell::Date(at.day()),
        county,
        township,
        village,
        Cell::Text("课堂举手".to_owned()),
        Cell::Text(format!("《{title}》{}", question.map_or("", |question| question.text.as_str()))),
        Cell::Text(given.join("；")),
        Cell::Text(if right.is_empty() { String::new() } else { format!("正确答案 {}", right.join("、")) }),
        count(raised.values().map(|hands| i64::from(*hands)).sum::<i64>()),
    ]
}

/// What a choice is called: a letter, or true or false.
fn label(kind: QuestionKind, choice: i32) -> String {
    match (kind, u8::try_from(choice)) {
        (QuestionKind::TrueFalse, Ok(0)) => "对".to_owned(),
        (QuestionKind::TrueFalse, _) => "错".to_owned(),
        (_, Ok(place @ 0..26)) => char::from(b'A' + place).to_string(),
        (_, _) => (i64::from(choice) + 1).to_string(),
    }
}

/// Searches for which nothing was found, in the counties of the report, or in the one above it.
fn wishes(frame: &Frame) -> Condition {
    let above: Vec<UnitId> = frame.roster.scope.paths().iter().flat_map(|path| scope::ancestors_of(path)).collect();
    let county =
        Condition::all().add(org_unit::Column::Level.eq(UnitLevel::County)).add(org_unit::Column::Id.is_in(above));
    let counties: SelectStatement = org_unit::Entity::find()
        .select_only()
        .column(org_unit::Column::Id)
        .filter(Condition::any().add(frame.roster.scope.of_units()).add(county))
        .into_query();
    Condition::all()
        .add(search_count::Column::Tier.eq(SearchTier::None))
        .add(search_count::Column::Day.between(frame.slice.from, frame.slice.to))
        .add(search_count::Column::UnitId.in_subquery(counties))
}

/// One row for each wish of a county, its spellings together.
fn grouped_wishes(frame: &Frame) -> Select<search_count::Entity> {
    search_count::Entity::find()
        .select_only()
        .columns([search_count::Column::UnitId, search_count::Column::Meaning])
        .column_as(search_count::Column::Query.max(), "spelling")
        .column_as(whole(search_count::Column::Asked.sum()), "asked_in_all")
        .column_as(search_count::Column::Day.max(), "last_day")
        .filter(wishes(frame))
        .group_by(search_count::Column::UnitId)
        .group_by(search_count::Column::Meaning)
}

async fn wish_rows(frame: &Frame, places: &Places, first: u64, most: u64) -> Result<Vec<Vec<Cell>>> {
    let found: Vec<(UnitId, String, String, i64, entity::Day)> = grouped_wishes(frame)
        .order_by(search_count::Column::Day.max(), Order::Asc)
        .order_by_asc(search_count::Column::UnitId)
        .order_by_asc(search_count::Column::Meaning)
        .offset(first)
        .limit(most)
        .into_tuple()
        .all(&frame.db)
        .await?;
    let counties = names::of_units(&frame.db, found.iter().map(|wish| wish.0).collect()).await?;
    let row = |(unit, _, spelling, asked, day): (UnitId, String, String, i64, entity::Day)| {
        let [county, township, village] = places.cells(unit);
        let county = match county {
            Cell::Empty => counties.get(&unit).map_or(Cell::Empty, |name| Cell::Text(name.clone())),
            named => named,
        };
        let (kind, found) = ("想学未找到".to_owned(), "课程库里没有找到".to_owned());
        let (kind, wish, found) = (Cell::Text(kind), Cell::Text(spelling), Cell::Text(found));
        vec![Cell::Date(day), county, township, village, kind, wish, found, Cell::Empty, Cell::Count(asked)]
    };
    Ok(found.into_iter().map(row).collect())
}

/// Appeals that were made in the period.
fn appeals(frame: &Frame) -> Condition {
    let (began, after) = frame.instants();
    Condition::all()
        .add(appeal::Column::CreatedAt.gte(began))
        .add(appeal::Column::CreatedAt.lt(after))
        .add(frame.roster.scope.reaches((appeal::Entity, appeal::Column::UnitId)))
}

async fn appeal_rows(frame: &Frame, places: &Places, first: u64, most: u64) -> Result<Vec<Vec<Cell>>> {
    let rows = appeal::Entity::find()
        .filter(appeals(frame))
        .order_by_asc(appeal::Column::CreatedAt)
        .order_by_asc(appeal::Column::Id)
        .offset(first)
        .limit(most)
        .all(&frame.db)
        .await?;
    Ok(listed(&frame.db, rows).await?.into_iter().map(|row| appeal_row(places, row)).collect())
}

fn appeal_row(places: &Places, row: Listed) -> Vec<Cell> {
    let [county, township, village] = places.cells(row.appeal.unit_id);
    let about = row.entry.map(|entry| format!("{}《{}》（台账 {} 号）", entry.day, entry.note, entry.seq));
    let decided = row.appeal.granted.map_or("待处理".to_owned(), |granted| {
        let verdict = if granted { "准予补记" } else { "不予补记" };
        format!("{verdict}：{}", row.appeal.decision.as_deref().unwrap_or_default())
    });
    vec![
        Cell::Date(row.appeal.created_at.day()),
        county,
        township,
        village,
        Cell::Text("学时申诉".to_owned()),
        Cell::Text(format!("{}：{}", row.person, row.appeal.text)),
        Cell::Text(about.unwrap_or_default()),
        Cell::Text(decided),
        Cell::Count(1),
    ]
}
