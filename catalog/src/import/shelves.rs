//! Where imported lessons go: into the course a line names, else into one course a category; and lines about courses.

use super::line::Line;
use super::plan::FieldChange;
use super::row::{category_of, in_words};
use super::{Row, Terms};
use crate::course::{self, CoursePatch, NewCourse};
use crate::trail::Change;
use crate::{Error, Result, fields, lesson, slug};
use entity::{Category, CourseId, UnitId, course as course_row, org_unit};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::BTreeMap;

/// What a line about a course would do.
#[derive(Clone, Debug)]
pub struct CoursePlan {
    /// Its name in addresses, and what tells it apart.
    pub slug: String,
    /// Its title, by which the lines of its lessons name it.
    pub title: String,
    /// What it teaches.
    pub summary: String,
    /// What it is about.
    pub category: Category,
    /// The course that is here, and the version the plan was made against.
    pub here: Option<(CourseId, i32)>,
    /// What would change in it.
    pub fields: Vec<FieldChange>,
}

impl CoursePlan {
    /// Whether the course is here, exactly so.
    pub fn is_unchanged(&self) -> bool {
        self.here.is_some() && self.fields.is_empty()
    }

    /// Reads a line and looks for its course.
    ///
    /// The inner error says in Chinese why the line cannot be taken.
    pub(super) async fn of(
        db: &impl ConnectionTrait,
        raw: &Line,
        terms: &Terms,
    ) -> Result<std::result::Result<Self, String>> {
        let mut plan = match Self::parse(raw) {
            Ok(plan) => plan,
            Err(wrong) => return Ok(Err(in_words(wrong))),
        };
        let found = course_row::Entity::find().filter(course_row::Column::Slug.eq(&plan.slug)).one(db).await?;
        let Some(old) = found else { return Ok(Ok(plan)) };
        let unit = org_unit::Entity::find_by_id(old.unit_id).one(db).await?.ok_or(Error::UnitNotFound)?;
        if !terms.reaches(&unit.path) {
            return Ok(Err(format!("课程编号“{}”已被别的单位使用，请另写一个", plan.slug)));
        }
        let pairs = [
            ("课程名", &old.title, &plan.title),
            ("课程简介", &old.summary, &plan.summary),
            ("课程类别", &old.category.label().to_owned(), &plan.category.label().to_owned()),
        ];
        plan.fields = pairs
            .iter()
            .filter(|(_, old, new)| old != new)
            .map(|(name, old, new)| FieldChange::new(name, old, new))
            .collect();
        plan.here = Some((old.id, old.version));
        Ok(Ok(plan))
    }

    fn parse(raw: &Line) -> Result<Self> {
        let title = fields::title(raw.title.as_deref().unwrap_or_default())?;
        let slug = raw.id.as_deref().map_or_else(|| Ok(slug::from_title(&title, 1)), slug::parse)?;
        let (summary, category) = (fields::summary(&raw.summary)?, category_of(raw.category.as_deref())?);
        Ok(Self { slug, title, summary, category, here: None, fields: Vec::new() })
    }
}

/// The courses new lessons go to, and the next free place of each.
pub(super) struct Shelves {
    /// The unit that keeps them.
    pub unit: UnitId,
    /// Who imports, and when.
    pub change: Change,
    /// Course and next place, by the course's title.
    pub places: BTreeMap<String, (CourseId, i32)>,
}

impl Shelves {
    /// Makes or changes the courses that lines describe.
    pub async fn arrange(&mut self, txn: &impl ConnectionTrait, plans: &[CoursePlan]) -> Result<()> {
        for plan in plans {
            let id = match plan.here {
                None => self.make(txn, Some(plan.slug.clone()), &plan.title, &plan.summary, plan.category).await?,
                Some((id, _)) if plan.fields.is_empty() => id,
                Some((id, version)) => {
                    let patch = CoursePatch {
                        title: Some(plan.title.clone()),
                        summary: Some(plan.summary.clone()),
                        category: Some(plan.category),
                        ..CoursePatch::default()
                    };
                    course::update_within(txn, id, patch, version, self.change).await?.id
                }
            };
            self.places.insert(plan.title.clone(), (id, lesson::end_of(txn, id).await?));
        }
        Ok(())
    }

    /// The course and the place of a row; a course that is not there is made.
    pub async fn place(&mut self, txn: &impl ConnectionTrait, row: &Row) -> Result<(CourseId, i32)> {
        let title = row.course.clone().unwrap_or_else(|| format!("{}课程", row.category.label()));
        if !self.places.contains_key(&title) {
            let course = self.course(txn, &title, row.category).await?;
            self.places.insert(title.clone(), (course, lesson::end_of(txn, course).await?));
        }
        let Some((course, next)) = self.places.get_mut(&title) else { return Err(Error::CourseNotFound) };
        let position = row.position.unwrap_or(*next);
        *next = position.max(*next).saturating_add(1);
        Ok((*course, position))
    }

    async fn course(&self, txn: &impl ConnectionTrait, title: &str, category: Category) -> Result<CourseId> {
        let query = course_row::Entity::find().filter(course_row::Column::Title.eq(title));
        match query.filter(course_row::Column::UnitId.eq(self.unit)).one(txn).await? {
            Some(found) => Ok(found.id),
            None => self.make(txn, None, title, "", category).await,
        }
    }

    async fn make(
        &self,
        txn: &impl ConnectionTrait,
        slug: Option<String>,
        title: &str,
        summary: &str,
        category: Category,
    ) -> Result<CourseId> {
        let new = NewCourse {
            slug,
            title: title.to_owned(),
            summary: summary.to_owned(),
            category,
            unit_id: self.unit,
            audience_unit_id: None,
        };
        Ok(course::insert(txn, new, self.change).await?.id)
    }
}
