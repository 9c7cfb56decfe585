//! The monthly bulletin (通报): who studied, for how long, which stations ran, what was looked for.
//!
//! Every table has a row for each unit right below the one it is about, and one for what belongs to that unit itself,
//! so that the rows always add up to the totals. Hours are those of the ledger view.

use super::sheets::{Table, columns, count, hours, hours_each, percent, text};
use super::{Cell, Frame};
use crate::classes::study::KINDS;
use crate::view::{self, PersonSums, Total};
use crate::{CreditHours, Result};
use entity::{PersonId, PostKind, Scope, Source, UnitId, account, person};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use std::collections::{BTreeSet, HashMap, HashSet};

mod effect;
mod lines;
mod rhythm;
mod stations;
mod words;

use lines::{Lines, Sum};
use stations::Stations;

/// The facts of every unit with stations.
type StationsOf = HashMap<UnitId, Stations>;

/// The tables of a bulletin over these subtrees.
pub(super) async fn tables(frame: &Frame, scope: &Scope) -> Result<Vec<Table>> {
    let lines = Lines::load(frame, scope).await?;
    let people = people(frame).await?;
    let stations = stations::of_units(frame).await?;
    Ok(vec![
        participation(&lines, &people),
        study(&lines, &people),
        effect::table(frame, &lines, &people).await?,
        stations::table(&lines, &stations),
        kinds(&people),
        rhythm::days(frame).await?,
        rhythm::categories(frame).await?,
        words::lessons(frame).await?,
        words::hot(frame).await?,
        words::missing(frame).await?,
    ])
}

/// A kind of user. Everybody is of one: the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Cadre,
    Hamlet,
    Member,
    Other,
}

impl Group {
    const ALL: [Self; 4] = [Self::Cadre, Self::Hamlet, Self::Member, Self::Other];

    fn label(self) -> &'static str {
        match self {
            Self::Cadre => "村干部",
            Self::Hamlet => "屯组干部",
            Self::Member => "党员",
            Self::Other => "其他人员",
        }
    }

    fn of(posts: &BTreeSet<PostKind>) -> Self {
        use PostKind as P;
        let holds = |kinds: &[PostKind]| kinds.iter().any(|kind| posts.contains(kind));
        if holds(&[P::VillageSecretary, P::VillageDirector, P::CommitteeMember, P::GraduateOfficial, P::FirstSecretary])
        {
            Self::Cadre
        } else if holds(&[P::HamletHead, P::HamletSecretary]) {
            Self::Hamlet
        } else if posts.contains(&P::Member) {
            Self::Member
        } else {
            Self::Other
        }
    }
}

/// One person in the period.
pub(super) struct Someone {
    unit: UnitId,
    group: Group,
    /// On the roster at some time of the period; others are here only for their hours.
    listed: bool,
    has_account: bool,
    sums: PersonSums,
}

impl Someone {
    fn studied(&self) -> bool {
        self.listed && self.sums.all().credited_ms > 0
    }
}

async fn people(frame: &Frame) -> Result<Vec<Someone>> {
    let (db, slice) = (&frame.db, &frame.slice);
    let mut sums = view::sums(db, &frame.book, slice).await?;
    let posts = view::posts(db, slice).await?;
    let accounts = with_accounts(frame).await?;
    let within = frame.roster.scope.reaches((person::Entity, person::Column::UnitId));
    let rows = person::Entity::find().filter(within).all(db).await?;
    let none = BTreeSet::new();
    let people = rows.into_iter().map(|row| Someone {
        unit: row.unit_id,
        group: Group::of(posts.get(&row.id).unwrap_or(&none)),
        listed: row.left_on.is_none_or(|left| left >= slice.from) && slice.merges.kept(row.id) == row.id,
        has_account: accounts.contains(&row.id),
        sums: sums.remove(&row.id).unwrap_or_default(),
    });
    Ok(people.collect())
}

async fn with_accounts(frame: &Frame) -> Result<HashSet<PersonId>> {
    let people = person::Entity::find().select_only().column(person::Column::Id);
    let people = people.filter(frame.roster.scope.reaches((person::Entity, person::Column::UnitId))).into_query();
    let rows: Vec<Option<PersonId>> = account::Entity::find()
        .select_only()
        .column(account::Column::PersonId)
        .filter(account::Column::PersonId.in_subquery(people))
        .filter(account::Column::DisabledAt.is_null())
        .into_tuple()
        .all(&frame.db)
        .await?;
    Ok(rows.into_iter().flatten().map(|person| frame.slice.merges.kept(person)).collect())
}

/// People as they are counted.
#[derive(Clone, Debug, Default)]
struct Counted {
    people: u64,
    accounts: u64,
    studied: u64,
    /// By kind: people, and those who studied.
    kinds: [(u64, u64); 4],
    by_source: std::collections::BTreeMap<Source, Total>,
}

impl Sum<Someone> for Counted {
    fn take(&mut self, someone: &Someone) {
        self.people += u64::from(someone.listed);
        self.accounts += u64::from(someone.listed && someone.has_account);
        self.studied += u64::from(someone.studied());
        if let Some((all, studied)) = self.kinds.get_mut(someone.group as usize) {
            *all += u64::from(someone.listed);
            *studied += u64::from(someone.studied());
        }
        for (source, total) in &someone.sums.by_source {
            self.by_source.entry(*source).or_default().add(*total);
        }
    }

    fn is_empty(&self) -> bool {
        self.people == 0 && self.by_source.is_empty()
    }
}

impl Counted {
    fn credited_ms(&self) -> i64 {
        Total::over(self.by_source.values()).credited_ms
    }

    fn credit(&self) -> CreditHours {
        Total::over(self.by_source.values()).credit
    }
}

fn participation(lines: &Lines, people: &[Someone]) -> Table {
    let (rows, whole) = lines.fold::<_, Counted>(people.iter().map(|someone| (someone.unit, someone)));
    let row = |name: &str, counted: &Counted| {
        let mut cells = vec![text(name), count(counted.people), count(counted.accounts), count(counted.studied)];
        cells.push(percent(counted.studied, counted.people));
        cells.extend(counted.kinds.iter().map(|(all, studied)| percent(*studied, *all)));
        cells
    };
    let mut titles =
        columns(&[("单位", 16), ("在册人数", 10), ("开通账号", 10), ("参学人数", 10), ("参学率（%）", 10)]);
    titles.extend(Group::ALL.iter().map(|group| super::Column::new(format!("{}参学率（%）", group.label()), 12)));
    Table {
        title: "参学情况",
        note: "参学率＝期内有有效学习的人数÷期内在册人数；按参学率之外还要看学习效果。".to_owned(),
        columns: titles,
        units: rows.iter().map(|line| line.unit).collect(),
        rows: rows.iter().map(|line| row(line.name, &line.sum)).collect(),
        totals: row("合计", &whole),
    }
}

/// What stands in one column: other study of every kind together, since paper has no room for each.
const TOGETHER: [(&str, &[Source]); 5] = [
    ("自学", &[Source::Solo]),
    ("集体学习", &[Source::Group]),
    ("集中培训", &[Source::Class]),
    ("其他学习", &KINDS),
    ("更正", &[Source::Correction]),
];

fn study(lines: &Lines, people: &[Someone]) -> Table {
    let (rows, whole) = lines.fold::<_, Counted>(people.iter().map(|someone| (someone.unit, someone)));
    let row = |name: &str, counted: &Counted| {
        let of = |source: &Source| counted.by_source.get(source).map_or(0, |total| total.credited_ms);
        let mut cells = vec![text(name), hours(counted.credited_ms())];
        cells.extend(TOGETHER.iter().map(|(_, sources)| hours(sources.iter().map(of).sum())));
        cells.push(Cell::Amount(counted.credit().hundredths()));
        cells.push(hours_each(counted.credited_ms(), counted.people));
        cells
    };
    let mut titles = columns(&[("单位", 16), ("有效学习小时", 12)]);
    titles.extend(TOGETHER.iter().map(|(label, _)| super::Column::new(format!("{label}小时"), 12)));
    titles.extend(columns(&[("折合学时", 12), ("人均小时", 10)]));
    Table {
        title: "学习时长",
        note: "有效学习时长取自学时台账，与个人档案是同一笔数。".to_owned(),
        columns: titles,
        units: rows.iter().map(|line| line.unit).collect(),
        rows: rows.iter().map(|line| row(line.name, &line.sum)).collect(),
        totals: row("合计", &whole),
    }
}

fn kinds(people: &[Someone]) -> Table {
    let mut whole = Counted::default();
    people.iter().for_each(|someone| whole.take(someone));
    let row = |name: &str, counted: &Counted| {
        let shares = [percent(counted.accounts, counted.people), percent(counted.studied, counted.people)];
        let [opened, studied] = shares;
        vec![
            text(name),
            count(counted.people),
            count(counted.accounts),
            opened,
            count(counted.studied),
            studied,
            hours(counted.credited_ms()),
            hours_each(counted.credited_ms(), counted.people),
        ]
    };
    let of = |group: Group| {
        let mut counted = Counted::default();
        people.iter().filter(|someone| someone.group == group).for_each(|someone| counted.take(someone));
        row(group.label(), &counted)
    };
    Table {
        title: "用户分类",
        note: "一人有几种职务的，按村干部、屯组干部、党员的次序归入一类。".to_owned(),
        columns: columns(&[
            ("类别", 12),
            ("在册人数", 10),
            ("开通账号", 10),
            ("开通率（%）", 10),
            ("参学人数", 10),
            ("参学率（%）", 10),
            ("有效学习小时", 12),
            ("人均小时", 10),
        ]),
        units: Vec::new(),
        rows: Group::ALL.into_iter().map(of).collect(),
        totals: row("合计", &whole),
    }
}
