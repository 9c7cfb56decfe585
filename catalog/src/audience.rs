//! Who may see a lesson: the rule as a SQL condition and as search terms, side by side so that both say the same.
//!
//! A published lesson is for everyone of its audience's subtree, and for staff whose scope touches that subtree from
//! above or below. Whatever its state, a lesson is seen by staff over the unit that keeps it.

use entity::{Day, LessonState, Scope, UnitId, lesson, scope};
use sea_orm::{ColumnTrait, Condition};

/// The part of a caller that decides what they may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewer {
    /// Paths of the units the caller belongs to.
    pub homes: Vec<String>,
    /// Where the caller has work to do with lessons: trainer, reviewer and so on.
    pub staff: Scope,
}

impl Viewer {
    /// Someone who sees everything below this unit: background jobs and tests.
    pub fn staff_of(path: &str) -> Self {
        Self { homes: Vec::new(), staff: Scope::of([path.to_owned()]) }
    }

    /// Units that, as an audience, include a home of the caller or all of a staff scope.
    fn audiences_above(&self) -> Vec<UnitId> {
        let paths = self.homes.iter().chain(self.staff.paths());
        let mut units: Vec<UnitId> = paths.flat_map(|path| scope::ancestors_of(path)).collect();
        units.sort_unstable();
        units.dedup();
        units
    }
}

/// A condition on `lesson` rows: published, still valid on `today`, and for this viewer.
pub fn published_for(viewer: &Viewer, today: Day) -> Condition {
    let audience = Condition::any()
        .add(lesson::Column::AudienceUnitId.is_in(viewer.audiences_above()))
        .add(viewer.staff.reaches((lesson::Entity, lesson::Column::AudienceUnitId)));
    Condition::all()
        .add(lesson::Column::State.eq(LessonState::Published))
        .add(Condition::any().add(lesson::Column::ValidUntil.is_null()).add(lesson::Column::ValidUntil.gte(today)))
        .add(audience)
}

/// A condition on `lesson` rows: kept by a unit in the viewer's staff scope, in whatever state.
pub fn kept_by_staff(viewer: &Viewer) -> Condition {
    viewer.staff.reaches((lesson::Entity, lesson::Column::UnitId))
}

/// The search terms a lesson carries, given the path of its audience unit. Published lessons alone are indexed.
pub(crate) fn terms_of(audience_path: &str) -> Vec<String> {
    let units = scope::ancestors_of(audience_path);
    let own = units.last().map(|unit| format!("for:{unit}"));
    units.iter().map(|unit| format!("in:{unit}")).chain(own).collect()
}

/// The search terms of which a lesson must carry one to be for this viewer: the same rule as [`published_for`].
pub(crate) fn terms_for(viewer: &Viewer) -> Vec<String> {
    let above = viewer.audiences_above().into_iter().map(|unit| format!("for:{unit}"));
    let tops = viewer.staff.paths().iter().filter_map(|path| scope::ancestors_of(path).pop());
    above.chain(tops.map(|unit| format!("in:{unit}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sees(viewer: &Viewer, audience_path: &str) -> bool {
        let terms = terms_of(audience_path);
        terms_for(viewer).iter().any(|term| terms.contains(term))
    }

    #[test]
    fn a_learner_sees_what_is_for_their_village_or_any_unit_above() {
        let learner = Viewer { homes: vec!["/1/2/3/".into()], staff: Scope::default() };
        assert!(sees(&learner, "/1/"));
        assert!(sees(&learner, "/1/2/3/"));
        assert!(!sees(&learner, "/1/2/4/"));
        assert!(!sees(&learner, "/1/2/3/9/"));
    }

    #[test]
    fn staff_see_their_subtree_and_what_reaches_it_from_above() {
        let staff = Viewer::staff_of("/1/2/");
        assert!(sees(&staff, "/1/"));
        assert!(sees(&staff, "/1/2/3/"));
        assert!(!sees(&staff, "/1/5/"));
    }

    #[test]
    fn nobody_sees_nothing() {
        assert!(!sees(&Viewer::default(), "/1/"));
    }
}
