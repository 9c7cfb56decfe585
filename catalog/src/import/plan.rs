//! What an import would do, to be shown before it is done.

use super::Row;
use super::shelves::CoursePlan;
use entity::{LessonId, UnitId};

/// Lines of each kind that the text of a plan shows.
const SHOWN: usize = 50;
/// Characters of a value that are shown.
const VALUE: usize = 40;

/// What importing a manifest would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The unit that will keep the lessons, and whose subtree they are for unless a row says otherwise.
    pub unit: Option<UnitId>,
    /// The courses that lines describe.
    pub courses: Vec<CoursePlan>,
    /// Lessons not here yet.
    pub adds: Vec<Row>,
    /// Lessons that are here and differ, with what would change.
    pub changes: Vec<RowChange>,
    /// How many lessons are here already, exactly so.
    pub unchanged: usize,
    /// Lines that cannot be taken.
    pub bad: Vec<BadRow>,
}

/// A lesson that is here and differs from its line.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The lesson.
    pub lesson_id: LessonId,
    /// The version the plan was made against.
    pub version: i32,
    /// The fields that would change.
    pub fields: Vec<FieldChange>,
    /// What the line says.
    pub row: Row,
}

/// A field that would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// What people call it.
    pub field: &'static str,
    /// What it says, cut short.
    pub old: String,
    /// What it would say, cut short.
    pub new: String,
}

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its number, from 1.
    pub line: usize,
    /// Why, in Chinese.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lessons added.
    pub added: usize,
    /// Lessons changed.
    pub changed: usize,
    /// Lessons left as they were.
    pub unchanged: usize,
}

impl Plan {
    /// Whether there is anything to do, and nothing in the way.
    pub fn is_ready(&self) -> bool {
        self.bad.is_empty() && !self.is_empty()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.adds.is_empty() && self.changes.is_empty() && self.courses.iter().all(CoursePlan::is_unchanged)
    }

    /// Whether a lesson that is added or changed needs this blob.
    pub fn needs(&self, sha256: &str) -> bool {
        let of = |row: &Row| {
            let own = [&row.media_sha256, &row.cover_sha256].into_iter().flatten();
            own.chain(row.voices.iter().map(|voice| &voice.media_sha256)).any(|one| one == sha256)
        };
        self.adds.iter().any(of) || self.changes.iter().any(|change| of(&change.row))
    }

    /// The lines that cannot be taken, in their order.
    pub(super) fn in_order(mut self) -> Self {
        self.bad.sort_by_key(|row| row.line);
        self
    }
}

impl FieldChange {
    /// A field with both its values, of which the beginnings are kept.
    pub(super) fn new(field: &'static str, old: &str, new: &str) -> Self {
        let differ = old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count();
        // Long texts are shown from just before where they part, so that there is something to see.
        let from = if differ > VALUE / 2 { differ - VALUE / 4 } else { 0 };
        let cut = |text: &str| {
            let mut cut: String = text.chars().skip(from).take(VALUE).collect();
            if from > 0 {
                cut.insert(0, '…');
            }
            if text.chars().count() > from + VALUE {
                cut.push('…');
            }
            cut.replace('\n', " ")
        };
        Self { field, old: cut(old), new: cut(new) }
    }
}

impl std::fmt::Display for FieldChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_blank = |text: &str| if text.is_empty() { "（空）".to_owned() } else { text.to_owned() };
        write!(f, "{}：{} → {}", self.field, or_blank(&self.old), or_blank(&self.new))
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (adds, changes, bad) = (self.adds.len(), self.changes.len(), self.bad.len());
        write!(f, "新增{adds}课，修改{changes}课，不变{}课，错误{bad}行", self.unchanged)?;
        let told = |fields: &[FieldChange]| fields.iter().map(ToString::to_string).collect::<Vec<_>>().join("；");
        for course in self.courses.iter().filter(|course| !course.is_unchanged()).take(SHOWN) {
            match course.fields.is_empty() {
                true => write!(f, "\n  新增课程 {}", course.title)?,
                false => write!(f, "\n  修改课程 {}：{}", course.title, told(&course.fields))?,
            }
        }
        for row in self.adds.iter().take(SHOWN) {
            write!(f, "\n  新增 第{}行 {}", row.line, row.title)?;
        }
        for change in self.changes.iter().take(SHOWN) {
            write!(f, "\n  修改 第{}行 {}：{}", change.row.line, change.row.title, told(&change.fields))?;
        }
        for row in self.bad.iter().take(SHOWN) {
            write!(f, "\n  错误 第{}行：{}", row.line, row.reason)?;
        }
        if adds.max(changes).max(bad) > SHOWN { write!(f, "\n  ……(其余从略)") } else { Ok(()) }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "已新增{}课，修改{}课，{}课不变", self.added, self.changed, self.unchanged)
    }
}
