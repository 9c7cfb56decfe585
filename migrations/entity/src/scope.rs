//! The subtree filter: which units a caller reaches.
//!
//! A role granted at a unit reaches that unit and all below it. A `Scope` is the union of such subtrees; an empty
//! one reaches nothing.

use crate::{ids::UnitId, org_unit};
use sea_orm::sea_query::{ExprTrait, IntoColumnRef, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

/// A union of subtrees of the org tree, each by the path of its top unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    paths: Vec<String>,
}

impl Scope {
    /// The subtrees below these unit paths (`/1/12/`).
    pub fn of(paths: impl IntoIterator<Item = String>) -> Self {
        Self { paths: paths.into_iter().collect() }
    }

    /// Whether the unit with this path lies in the scope.
    pub fn contains(&self, path: &str) -> bool {
        self.paths.iter().any(|top| path.starts_with(top.as_str()))
    }

    /// Whether nothing at all lies in the scope.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The paths of the top units.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The part of this scope that lies below `path`: that subtree, the smaller subtrees inside it, or nothing.
    #[must_use]
    pub fn within(&self, path: &str) -> Self {
        if self.contains(path) {
            return Self::of([path.to_owned()]);
        }
        Self::of(self.paths.iter().filter(|top| top.starts_with(path)).cloned())
    }

    /// A condition on `org_unit` rows: the unit lies in the scope.
    pub fn of_units(&self) -> Condition {
        self.paths
            .iter()
            .fold(Condition::any().add(never()), |any, top| any.add(org_unit::Column::Path.starts_with(top.as_str())))
    }

    /// A condition on any table with a unit column: that unit lies in the scope.
    pub fn reaches(&self, unit_column: impl IntoColumnRef) -> Condition {
        Condition::all().add(sea_orm::sea_query::Expr::col(unit_column).in_subquery(self.unit_ids()))
    }

    fn unit_ids(&self) -> SelectStatement {
        org_unit::Entity::find().select_only().column(org_unit::Column::Id).filter(self.of_units()).into_query()
    }
}

/// A condition no unit meets, so that an empty scope reaches nothing (an empty `any` would be left out of the query).
fn never() -> sea_orm::sea_query::SimpleExpr {
    org_unit::Column::Id.eq(UnitId(0))
}

/// The units from the root down to the unit with this path, itself included.
pub fn ancestors_of(path: &str) -> Vec<UnitId> {
    path.split('/').filter_map(|part| part.parse().ok()).map(UnitId).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reaches_its_unit_and_all_below_but_no_neighbour() {
        let county = Scope::of(["/1/12/".to_owned()]);
        assert!(county.contains("/1/12/"));
        assert!(county.contains("/1/12/345/"));
        assert!(!county.contains("/1/123/"));
        assert!(!county.contains("/1/"));
        assert!(!Scope::default().contains("/1/"));
    }

    #[test]
    fn a_scope_narrows_to_what_lies_in_both() {
        let two = Scope::of(["/1/2/".to_owned(), "/1/3/".to_owned()]);
        assert_eq!(two.within("/1/2/9/").paths(), ["/1/2/9/"]);
        assert_eq!(two.within("/1/").paths(), ["/1/2/", "/1/3/"]);
        assert!(two.within("/1/4/").is_empty());
    }
}
