//! The roster (学员花名册): everyone of the units, with what they came to in the period, the archive's own number.

use super::{Frame, Totals};
use crate::report::people::Someone;
use crate::report::{Cell, Rows, Window};
use crate::view::{self, Slice, Total, Whom};
use crate::{Error, Result};
use entity::{Day, PersonId, person, post};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

pub(super) const COLUMNS: &[(&str, u8)] = &[
    ("县区", 14),
    ("乡镇", 14),
    ("村", 16),
    ("人员编号", 20),
    ("姓名", 10),
    ("职务", 18),
    ("任职日期", 12),
    ("性别", 8),
    ("出生年", 8),
    ("电话", 14),
    ("计入分钟", 12),
    ("学时", 10),
];

pub(super) async fn sums(frame: &Frame) -> Result<(u64, Totals)> {
    let total = Total::over(view::by_source(&frame.db, &frame.book, &frame.slice).await?.values());
    let people = frame.roster.count(&frame.db, &frame.slice).await?;
    let totals =
        vec![("计入分钟", Cell::minutes(total.credited_ms)), ("学时", Cell::Amount(total.credit.hundredths()))];
    Ok((people, totals))
}

/// The people stand in the order of the tree, which no query sorts by: those before the window are counted past.
pub(super) fn rows(frame: &Frame, window: Window) -> Rows {
    let frame = frame.clone();
    Box::pin(async_stream::try_stream! {
        let (mut skip, mut left) = (window.first, window.most);
        for group in 0..frame.roster.groups() {
            for people in frame.roster.people(&frame.db, &frame.slice, group).await? {
                let some = taken(&people, &mut skip, &mut left);
                if !some.is_empty() {
                    yield batch_rows(&frame, some).await?;
                }
            }
            if left == 0 {
                break;
            }
        }
    })
}

/// The people of the window among these.
fn taken<'a>(people: &'a [Someone], skip: &mut u64, left: &mut u64) -> &'a [Someone] {
    let before = usize::try_from(*skip).unwrap_or(usize::MAX).min(people.len());
    *skip -= u64::try_from(before).unwrap_or(0);
    let rest = people.get(before..).unwrap_or_default();
    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
    *left -= u64::try_from(most).unwrap_or(0);
    rest.get(..most).unwrap_or_default()
}

async fn batch_rows(frame: &Frame, people: &[Someone]) -> Result<Vec<Vec<Cell>>> {
    let ids: Vec<_> = people.iter().map(|person| person.id).collect();
    let slice = Slice { whom: Whom::These(ids.clone()), ..frame.slice.clone() };
    let mut sums = view::sums(&frame.db, &frame.book, &slice).await?;
    let posts = view::posts(&frame.db, &slice).await?;
    let since = since(&frame.db, &slice, &ids).await?;
    let rows = person::Entity::find().filter(person::Column::Id.is_in(ids)).all(&frame.db).await?;
    let rows: HashMap<PersonId, person::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    let row = |someone: &Someone| {
        let details = rows.get(&someone.id).ok_or(Error::NoSuchPerson(someone.id))?;
        let total = sums.remove(&someone.id).unwrap_or_default().all();
        let text = |text: &Option<String>| text.clone().map_or(Cell::Empty, Cell::Text);
        let mut cells = someone.cells(posts.get(&someone.id));
        cells.extend([
            since.get(&someone.id).map_or(Cell::Empty, |day| Cell::Date(*day)),
            text(&details.gender),
            details.birth_year.map_or(Cell::Empty, |year| Cell::Count(i64::from(year))),
            details.phone.clone().map_or(Cell::Empty, Cell::Id),
            Cell::minutes(total.credited_ms),
            Cell::Amount(total.credit.hundredths()),
        ]);
        Ok(cells)
    };
    people.iter().map(row).collect()
}

/// Since when each person has held a post that was theirs at the end of the period.
async fn since(db: &impl ConnectionTrait, slice: &Slice, ids: &[PersonId]) -> Result<HashMap<PersonId, Day>> {
    let terms = post::Entity::find()
        .filter(post::Column::PersonId.is_in(ids.iter().copied()))
        .filter(post::Column::AppointedOn.lte(slice.to))
        .order_by_asc(post::Column::AppointedOn)
        .all(db)
        .await?;
    let held = terms.into_iter().filter(|term| term.ended_on.is_none_or(|ended| ended >= slice.to));
    let mut since = HashMap::new();
    held.for_each(|term| _ = since.entry(term.person_id).or_insert(term.appointed_on));
    Ok(since)
}
