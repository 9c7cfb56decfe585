//! Whether the hours did anything: beside every table of hours, so that nobody is ranked by hours alone.

use super::{Lines, Someone, Sum};
use crate::Result;
use crate::effect::{self, Effect};
use crate::report::sheets::{Table, columns, count, hours, text};
use crate::report::{Cell, Frame};

impl Sum<Effect> for Effect {
    fn take(&mut self, other: &Effect) {
        self.add(other);
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

pub(super) async fn table(frame: &Frame, lines: &Lines, people: &[Someone]) -> Result<Table> {
    let (scope, when) = (&frame.roster.scope, (&frame.slice, frame.judged_on));
    let credited = people.iter().map(|someone| (someone.unit, someone.sums.all().credited_ms));
    let units = effect::of_units(&frame.db, &frame.book, scope, when, credited).await?;
    let (rows, whole) = lines.fold::<_, Effect>(units.iter().map(|(unit, effect)| (*unit, effect)));
    let share = |share: Option<crate::Hundredths>| share.map_or(Cell::Empty, Cell::Amount);
    let row = |name: &str, effect: &Effect| {
        vec![
            text(name),
            hours(effect.credited_ms),
            count(effect.retried),
            share(effect.gain()),
            count(effect.requests),
            share(effect.answered_percent()),
            share(effect.late_percent()),
            count(effect.together),
        ]
    };
    Ok(Table {
        title: "学习实效",
        note: "测验提升是同一课重考后比第一次高的百分点；诉求是申诉和没搜到的词，已处理或后来能搜到的算办结；\
               末十日是期内最后十天；同秒是本单位三人以上在同一秒打开同一课。这些数只提示去看一看，不扣学时。"
            .to_owned(),
        columns: columns(&[
            ("单位", 16),
            ("有效学习小时", 12),
            ("重考人课数", 10),
            ("测验提升（百分点）", 12),
            ("诉求数", 8),
            ("诉求办结率（%）", 12),
            ("末十日学时占比（%）", 12),
            ("同秒学习场次", 10),
        ]),
        units: rows.iter().map(|line| line.unit).collect(),
        rows: rows.iter().map(|line| row(line.name, &line.sum)).collect(),
        totals: row("合计", &whole),
    })
}
