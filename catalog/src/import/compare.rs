//! Lines beside what is here: new, changed field by field, unchanged, or not to be taken.

use super::extras::{self, Kept};
use super::files::Files;
use super::plan::{BadRow, FieldChange, Plan, RowChange};
use super::{Row, Terms};
use crate::{Result, fields};
use entity::{LessonState, UnitId, lesson, media, org_unit};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};
use std::collections::HashMap;

/// Puts each of these rows where it belongs in the plan.
pub(super) async fn compare(
    db: &impl ConnectionTrait,
    rows: &[Row],
    files: &Files,
    terms: &Terms,
    plan: &mut Plan,
) -> Result<()> {
    let slugs = rows.iter().map(|row| row.slug.as_str());
    let found = lesson::Entity::find().filter(lesson::Column::Slug.is_in(slugs)).all(db).await?;
    let kept = Kept::of(db, &found).await?;
    let blobs = media_lengths(db, rows, files).await?;
    let units = Units::of(db, rows, &found).await?;
    let here: HashMap<&str, &lesson::Model> = found.iter().map(|old| (old.slug.as_str(), old)).collect();
    for row in rows {
        let mut row = row.clone();
        let outcome = resolve(&mut row, &blobs, &units, terms).and_then(|()| {
            let Some(old) = here.get(row.slug.as_str()) else { return new(&row).map(|()| None) };
            units.may_change(old, terms)?;
            let mut changes = differences(&row, old);
            changes.extend(kept.changes(&row, old));
            may_become(old, &row, &changes, terms).map(|()| Some((*old, changes)))
        });
        match outcome {
            Err(reason) => plan.bad.push(BadRow { line: row.line, reason }),
            Ok(None) => plan.adds.push(row),
            Ok(Some((_, fields))) if fields.is_empty() => plan.unchanged += 1,
            Ok(Some((old, fields))) => {
                plan.changes.push(RowChange { lesson_id: old.id, version: old.version, fields, row });
            }
        }
    }
    Ok(())
}

/// Fills in what only the database knows: the length of the media, the id of the audience.
fn resolve(
    row: &mut Row,
    blobs: &HashMap<String, Option<i64>>,
    units: &Units,
    terms: &Terms,
) -> std::result::Result<(), String> {
    if let Some(sha256) = &row.media_sha256 {
        let recorded = blobs.get(sha256).ok_or_else(|| format!("没有这个媒体文件：{sha256}"))?;
        row.duration_ms = recorded.unwrap_or(row.duration_ms);
    }
    if let Some(code) = &row.audience_code {
        let unknown = || format!("没有这个单位：{code}");
        let unit = units.by_code.get(code).ok_or_else(unknown)?;
        if !terms.reaches(units.path(*unit)) {
            return Err(unknown());
        }
        row.audience_unit = Some(*unit);
    }
    Ok(())
}

/// A lesson in review takes no captions, voices or quiz, so none comes in with them.
fn new(row: &Row) -> std::result::Result<(), String> {
    let bare = row.captions.is_empty() && row.voices.is_empty() && row.quiz.is_none();
    if row.state == LessonState::Review && !bare {
        Err("待审核的课不能带字幕、配音和测验导入，请把状态写成草稿".to_owned())
    } else {
        Ok(())
    }
}

/// What the state of a lesson forbids.
fn may_become(
    old: &lesson::Model,
    row: &Row,
    changes: &[FieldChange],
    terms: &Terms,
) -> std::result::Result<(), String> {
    let hangs = changes.iter().any(|change| extras::FIELDS.contains(&change.field));
    let switches = row.quiz.as_ref().is_some_and(|quiz| quiz.required != old.quiz_required);
    match (old.state, terms) {
        _ if changes.is_empty() => Ok(()),
        (LessonState::Review, Terms::Author(_)) => Err("这一课正在审核，现在不能改".to_owned()),
        (LessonState::Published, Terms::Author(_)) => Err("这一课已经发布，请先撤回再导入".to_owned()),
        (LessonState::Review, Terms::Operator) if hangs => Err("这一课正在审核，不能改字幕、配音和测验".to_owned()),
        (LessonState::Published, Terms::Operator) if switches => {
            Err("这一课已经发布，不能改变“通过测验才计学时”，请先撤回".to_owned())
        }
        _ => Ok(()),
    }
}

/// The fields in which a line differs from the lesson that is here.
fn differences(row: &Row, old: &lesson::Model) -> Vec<FieldChange> {
    let day = |day: Option<entity::Day>| day.map_or(String::new(), |day| day.to_string());
    let or_blank = |text: &Option<String>| text.clone().unwrap_or_default();
    let keeps = |new: &Option<String>, old: String| (old.clone(), new.clone().unwrap_or(old));
    let seconds = |ms: i64| format!("{} 秒", ms / 1000);
    let tags = fields::tags_json(&row.tags);
    let state = if row.state_named { row.state } else { old.state };
    let sample = |is: bool| if is { "是" } else { "否" }.to_owned();
    let audience = row.audience_unit.unwrap_or(old.audience_unit_id);
    let pairs = [
        ("标题", (old.title.clone(), row.title.clone())),
        ("简介", (old.summary.clone(), row.summary.clone())),
        ("正文", (old.body.clone(), row.body.clone())),
        ("类别", (old.category.label().to_owned(), row.category.label().to_owned())),
        ("标签", (old.tags.clone(), tags)),
        ("作物或畜禽", (or_blank(&old.crop), or_blank(&row.crop))),
        ("适用时节", keeps(&row.season, or_blank(&old.season))),
        ("难度", (old.level.label().to_owned(), row.level.label().to_owned())),
        ("语言", (old.language.clone(), row.language.clone())),
        ("主讲人", (old.lecturer.clone(), row.lecturer.clone())),
        ("来源与授权", (old.source.clone(), row.source.clone())),
        ("有效期至", (day(old.valid_until), day(row.valid_until))),
        ("音视频", (or_blank(&old.media_sha256), or_blank(&row.media_sha256))),
        ("封面", keeps(&row.cover_sha256, or_blank(&old.cover_sha256))),
        ("章节", keeps(&row.chapters, old.chapters.clone())),
        ("状态", (old.state.label().to_owned(), state.label().to_owned())),
        ("发布日期", (day(old.published_on), day(row.published_on.or(old.published_on)))),
        ("示例内容", (sample(old.is_sample), sample(row.is_sample))),
        ("面向单位", (old.audience_unit_id.to_string(), audience.to_string())),
    ];
    let differ = pairs.iter().filter(|(_, (old, new))| old != new);
    let mut changes: Vec<FieldChange> = differ.map(|(field, (old, new))| FieldChange::new(field, old, new)).collect();
    if row.duration_ms != old.duration_ms {
        changes.push(FieldChange::new("时长", &seconds(old.duration_ms), &seconds(row.duration_ms)));
    }
    changes
}

async fn media_lengths(db: &impl ConnectionTrait, rows: &[Row], files: &Files) -> Result<HashMap<String, Option<i64>>> {
    let mut lengths = files.lengths();
    let named: Vec<&str> = rows.iter().filter_map(|row| row.media_sha256.as_deref()).collect();
    if !named.is_empty() {
        let found = media::Entity::find().filter(media::Column::Sha256.is_in(named)).all(db).await?;
        lengths.extend(found.into_iter().map(|media| (media.sha256, media.duration_ms)));
    }
    Ok(lengths)
}

/// The units that rows name and that keep the lessons which are here.
struct Units {
    by_code: HashMap<String, UnitId>,
    paths: HashMap<UnitId, String>,
}

impl Units {
    async fn of(db: &impl ConnectionTrait, rows: &[Row], lessons: &[lesson::Model]) -> Result<Self> {
        let codes = rows.iter().filter_map(|row| row.audience_code.as_deref());
        let keeping = lessons.iter().map(|lesson| lesson.unit_id);
        let wanted = org_unit::Column::Code.is_in(codes).or(org_unit::Column::Id.is_in(keeping));
        let found = org_unit::Entity::find().filter(wanted).all(db).await?;
        let paths = found.iter().map(|unit| (unit.id, unit.path.clone())).collect();
        Ok(Self { by_code: found.into_iter().map(|unit| (unit.code, unit.id)).collect(), paths })
    }

    fn path(&self, unit: UnitId) -> &str {
        self.paths.get(&unit).map_or("", String::as_str)
    }

    /// A lesson of another county is not told apart from one that merely has the same name.
    fn may_change(&self, old: &lesson::Model, terms: &Terms) -> std::result::Result<(), String> {
        match terms.reaches(self.path(old.unit_id)) {
            true => Ok(()),
            false => Err(format!("编号“{}”已被别的单位使用，请在“编号”栏另写一个", old.slug)),
        }
    }
}
