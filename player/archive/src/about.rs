//! What entries are about: a lesson, a course, a class, or all that a training plan requires.

use crate::Result;
use entity::{
    ClassId, CourseId, LessonId, PlanId, class_run, course, ledger_entry, lesson, training_plan, training_plan_item,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

/// The part of the ledger a report is about. Corrections belong to what they correct.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    /// All of it.
    #[default]
    Everything,
    /// One lesson.
    Lesson(LessonId),
    /// The lessons that stand in a course now.
    Course(CourseId),
    /// One class.
    Class(ClassId),
    /// The lessons a plan requires, and the classes that bear a title it requires.
    Plan(PlanId),
}

impl About {
    /// The condition on `ledger_entry` rows.
    pub(crate) fn entries(self) -> Condition {
        let all = Condition::all();
        let (of_lesson, of_class) = (ledger_entry::Column::LessonId, ledger_entry::Column::ClassRunId);
        match self {
            Self::Everything => all,
            Self::Lesson(id) => all.add(of_lesson.eq(id)),
            Self::Course(id) => {
                let lessons = lesson::Entity::find().select_only().column(lesson::Column::Id);
                all.add(of_lesson.in_subquery(lessons.filter(lesson::Column::CourseId.eq(id)).into_query()))
            }
            Self::Class(id) => all.add(of_class.eq(id)),
            Self::Plan(id) => {
                let items = |column: training_plan_item::Column| {
                    let items = training_plan_item::Entity::find().select_only().column(column);
                    items.filter(training_plan_item::Column::PlanId.eq(id)).filter(column.is_not_null()).into_query()
                };
                let titled = class_run::Column::Title.in_subquery(items(training_plan_item::Column::ClassTitle));
                let classes = class_run::Entity::find().select_only().column(class_run::Column::Id).filter(titled);
                Condition::any()
                    .add(of_lesson.in_subquery(items(training_plan_item::Column::LessonId)))
                    .add(of_class.in_subquery(classes.into_query()))
            }
        }
    }

    /// What people call it; `None` for everything, and for what is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn title(self, db: &impl ConnectionTrait) -> Result<Option<String>> {
        Ok(match self {
            Self::Everything => None,
            Self::Lesson(id) => lesson::Entity::find_by_id(id).one(db).await?.map(|row| row.title),
            Self::Course(id) => course::Entity::find_by_id(id).one(db).await?.map(|row| row.title),
            Self::Class(id) => class_run::Entity::find_by_id(id).one(db).await?.map(|row| row.title),
            Self::Plan(id) => training_plan::Entity::find_by_id(id).one(db).await?.map(|row| row.title),
        })
    }
}
