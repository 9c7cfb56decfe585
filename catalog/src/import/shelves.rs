//! Where imported lessons go: into the course a line names, else into one course a category.

use super::Row;
use crate::course::{self, NewCourse};
use crate::trail::Change;
use crate::{Error, Result, lesson};
use entity::{Category, CourseId, UnitId, course as course_row};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::BTreeMap;

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
        if let Some(found) = query.filter(course_row::Column::UnitId.eq(self.unit)).one(txn).await? {
            return Ok(found.id);
        }
        let new = NewCourse {
            slug: None,
            title: title.to_owned(),
            summary: String::new(),
            category,
            unit_id: self.unit,
            audience_unit_id: None,
        };
        Ok(course::insert(txn, new, self.change).await?.id)
    }
}
