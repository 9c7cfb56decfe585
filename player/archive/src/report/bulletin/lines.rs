//! The rows of the tables: a line for each unit right below the one it is about, and what adds up to them.

use super::Frame;
use crate::Result;
use entity::{Scope, UnitId, org_unit, scope};
use sea_orm::{EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

/// The rows of the tables by unit, and to which of them each unit belongs.
pub(super) struct Lines {
    heads: Vec<(Option<UnitId>, String)>,
    of_unit: HashMap<UnitId, usize>,
}

impl Lines {
    pub(super) async fn load(frame: &Frame, scope: &Scope) -> Result<Self> {
        let units = org_unit::Entity::find().filter(scope.of_units()).order_by_asc(org_unit::Column::Code);
        let units = units.all(&frame.db).await?;
        let tops: Vec<_> = units.iter().filter(|unit| scope.paths().contains(&unit.path)).collect();
        let heads: Vec<&org_unit::Model> = match tops.as_slice() {
            [top] => units.iter().filter(|unit| unit.parent_id == Some(top.id)).collect(),
            several => several.to_vec(),
        };
        let places: HashMap<UnitId, usize> = heads.iter().zip(0..).map(|(unit, place)| (unit.id, place)).collect();
        let mut heads: Vec<_> = heads.iter().map(|unit| (Some(unit.id), unit.name.clone())).collect();
        let own = heads.len();
        heads.push((None, if own == 0 { frame.roster.scope_name.clone() } else { "本级".to_owned() }));
        let place = |unit: &org_unit::Model| {
            scope::ancestors_of(&unit.path).iter().find_map(|id| places.get(id).copied()).unwrap_or(own)
        };
        Ok(Self { of_unit: units.iter().map(|unit| (unit.id, place(unit))).collect(), heads })
    }

    /// Add up what belongs to units into lines, and all of it.
    pub(super) fn fold<'a, T, S>(&self, items: impl IntoIterator<Item = (UnitId, &'a T)>) -> (Vec<Line<'_, S>>, S)
    where
        T: 'a,
        S: Default + Clone + Sum<T>,
    {
        let (mut lines, mut whole) = (vec![S::default(); self.heads.len()], S::default());
        for (unit, item) in items {
            whole.take(item);
            if let Some(line) = self.of_unit.get(&unit).and_then(|place| lines.get_mut(*place)) {
                line.take(item);
            }
        }
        let named = self.heads.iter().zip(lines);
        let lines = named.map(|((unit, name), sum)| Line { unit: *unit, name, sum });
        // What belongs to the unit itself is told only when there is some, or when there is nothing below it.
        let alone = self.heads.len() == 1;
        (lines.filter(|line| alone || line.unit.is_some() || !line.sum.is_empty()).collect(), whole)
    }
}

/// One row: the unit, unless it is what belongs to the unit above itself, and its sum.
pub(super) struct Line<'a, S> {
    pub(super) unit: Option<UnitId>,
    pub(super) name: &'a str,
    pub(super) sum: S,
}

/// A sum of things.
pub(super) trait Sum<T> {
    /// Add one.
    fn take(&mut self, item: &T);
    /// Whether nothing was added that is worth a row.
    fn is_empty(&self) -> bool;
}
