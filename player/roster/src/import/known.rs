//! The org tree as an import sees it: what the database has, and what the file adds on the way.

use crate::Result;
use crate::org::joined;
use entity::{Scope, UnitId, UnitLevel, org_unit};
use sea_orm::{ConnectionTrait, EntityTrait};
use std::collections::HashMap;

/// How deep the tree may become by an import. It bounds what one file can do to the length of paths.
pub(super) const MAX_DEPTH: usize = 32;

/// A unit that exists or will, once the file is imported.
#[derive(Clone, Debug)]
pub(super) struct KnownUnit {
    /// `None` while it is only in the file.
    pub(super) id: Option<UnitId>,
    pub(super) name: String,
    pub(super) level: UnitLevel,
    /// The code of the unit above.
    pub(super) parent: Option<String>,
    /// How many units stand above it.
    pub(super) depth: usize,
    /// Whether the importer manages it.
    pub(super) in_scope: bool,
}

/// Every unit by its code.
#[derive(Debug, Default)]
pub(super) struct Known {
    units: HashMap<String, KnownUnit>,
    codes: HashMap<UnitId, String>,
    root: Option<String>,
    /// Whether the importer manages the whole tree, and so may make its root.
    pub(super) manages_all: bool,
}

impl Known {
    pub(super) async fn load(db: &impl ConnectionTrait, scope: &Scope) -> Result<Self> {
        let rows = org_unit::Entity::find().all(db).await?;
        let codes: HashMap<UnitId, String> = rows.iter().map(|row| (row.id, row.code.clone())).collect();
        let root = rows.iter().filter(|row| row.parent_id.is_none()).min_by_key(|row| row.id);
        let root = root.map(|row| row.code.clone());
        let known = |row: org_unit::Model| {
            let unit = KnownUnit {
                id: Some(row.id),
                depth: row.path.split('/').count().saturating_sub(3),
                in_scope: scope.contains(&row.path),
                parent: row.parent_id.and_then(|id| codes.get(&id).cloned()),
                name: row.name,
                level: row.level,
            };
            (row.code, unit)
        };
        let units = rows.into_iter().map(known).collect();
        Ok(Self { units, codes, root, manages_all: scope.contains("/") })
    }

    pub(super) fn get(&self, code: &str) -> Option<&KnownUnit> {
        self.units.get(code)
    }

    /// The code of the unit with this id.
    pub(super) fn code_of(&self, id: UnitId) -> Option<&str> {
        self.codes.get(&id).map(String::as_str)
    }

    /// The code of the top of the tree.
    pub(super) fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    /// Takes a unit of the file as known, or an existing one under its new name.
    pub(super) fn put(&mut self, code: String, unit: KnownUnit) {
        if unit.parent.is_none() {
            self.root = Some(code.clone());
        }
        if let Some(id) = unit.id {
            self.codes.insert(id, code.clone());
        }
        self.units.insert(code, unit);
    }

    /// Gives a unit another code, also in the eyes of its children.
    pub(super) fn recode(&mut self, old: &str, new: &str) {
        if let Some(unit) = self.units.remove(old) {
            self.put(new.to_owned(), unit);
        }
        for unit in self.units.values_mut().filter(|unit| unit.parent.as_deref() == Some(old)) {
            unit.parent = Some(new.to_owned());
        }
    }

    /// The names from the county down, as people read them.
    pub(super) fn full_name(&self, code: &str) -> String {
        let line = self.line(code);
        let names = line.iter().rev().map(|unit| (unit.level, unit.name.as_str()));
        joined(names).unwrap_or_else(|| self.get(code).map(|unit| unit.name.clone()).unwrap_or_default())
    }

    /// Counties, townships and villages by their names from the county down; `None` where two units have the same.
    pub(super) fn by_names(&self) -> HashMap<String, Option<&str>> {
        let mut found: HashMap<String, Option<&str>> = HashMap::new();
        for (code, unit) in &self.units {
            if is_named(unit) {
                let names = self.line(code).into_iter().rev().filter(|unit| is_named(unit));
                let key = names_key(names.map(|unit| unit.name.as_str()));
                found.entry(key).and_modify(|code| *code = None).or_insert(Some(code));
            }
        }
        found
    }

    /// The unit and what stands above it, up to the root.
    fn line(&self, code: &str) -> Vec<&KnownUnit> {
        let first = self.get(code);
        std::iter::successors(first, |unit| self.get(unit.parent.as_deref()?)).take(MAX_DEPTH + 1).collect()
    }
}

/// A key for a county, township and village named together. No cell holds the character between them.
pub(super) fn names_key<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.fold(String::new(), |key, name| key + name + "\u{1}")
}

fn is_named(unit: &KnownUnit) -> bool {
    matches!(unit.level, UnitLevel::County | UnitLevel::Township | UnitLevel::Village)
}
