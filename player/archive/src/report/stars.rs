//! The star rating as two tables: every village with its points and stars, and what each point rests on.

use super::sheets::{Table, columns, count, text};
use super::{Cell, Column, Frame};
use crate::Result;
use crate::stars::{Rating, Scheme, ratings};
use chrono::Datelike;
use entity::{Day, UnitId};
use std::collections::HashMap;

pub(super) async fn tables(frame: &Frame, today: Day) -> Result<Vec<Table>> {
    let scheme = Scheme::preset()?;
    let rated = ratings(&frame.db, &frame.roster.scope, frame.slice.from.year(), today).await?;
    let mut by_unit: HashMap<UnitId, Rating> = rated.into_iter().map(|rating| (rating.unit.id, rating)).collect();
    // In the order of the tree, as every report.
    let places: Vec<_> =
        frame.roster.places.iter().filter_map(|place| Some((place, by_unit.remove(&place.unit_id)?))).collect();
    let note = format!("{}。{}。满分 100 分，未评分的项目暂不计分。", scheme.name, scheme.clause);
    let mut titles = columns(&[("县区", 14), ("乡镇", 14), ("村", 16), ("星级", 8), ("总分", 10)]);
    titles.extend(scheme.items.iter().map(|item| Column::new(format!("{}（{} 分）", item.name, item.points), 14)));
    let overall = places.iter().map(|(place, rating)| {
        let mut cells = Vec::from(place.cells());
        cells.extend([count(rating.stars), Cell::Amount(rating.points)]);
        cells.extend(rating.items.iter().map(|item| item.points.map_or(Cell::Empty, Cell::Amount)));
        cells
    });
    let basis = places.iter().flat_map(|(place, rating)| {
        rating.items.iter().map(move |rated| {
            let mut cells = Vec::from(place.cells());
            cells.push(text(rated.item.name.clone()));
            cells.push(count(rated.item.points));
            cells.push(rated.points.map_or(Cell::Empty, Cell::Amount));
            cells.push(text(rated.basis.clone()));
            cells
        })
    });
    let overall = Table {
        title: "星级总表",
        note,
        columns: titles,
        units: places.iter().map(|(place, _)| Some(place.unit_id)).collect(),
        rows: overall.collect(),
        totals: Vec::new(),
    };
    let basis = Table {
        title: "得分依据",
        note: "数据项目由系统按实际记录计分；人工项目由考核办凭证据评分，证据存档备查。".to_owned(),
        columns: columns(&[
            ("县区", 14),
            ("乡镇", 14),
            ("村", 16),
            ("项目", 14),
            ("满分", 8),
            ("得分", 8),
            ("依据", 60),
        ]),
        units: Vec::new(),
        rows: basis.collect(),
        totals: Vec::new(),
    };
    Ok(vec![overall, basis])
}
