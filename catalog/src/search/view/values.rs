//! Values kept beside the lessons in columns, read by the number of the lesson across segments.

use crate::Result;
use tantivy::columnar::{Column, StrColumn};

/// One field's values, by the number of the lesson.
pub(crate) struct Values<T> {
    pub(super) columns: Vec<(u32, Column<T>)>,
}

impl<T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static> Values<T> {
    /// The value of a lesson, if it has one.
    pub fn of(&self, number: u32) -> Option<T> {
        let (base, column) = self.columns.get(self.place(number))?;
        column.first(number.checked_sub(*base)?)
    }

    fn place(&self, number: u32) -> usize {
        self.columns.partition_point(|(base, _)| *base <= number).saturating_sub(1)
    }
}

/// One field's texts, by the number of the lesson.
pub(crate) struct Texts {
    pub(super) texts: Vec<String>,
    pub(super) places: Vec<Vec<usize>>,
    pub(super) ords: Values<u64>,
}

impl Texts {
    /// The text of a lesson, if it has one.
    pub fn of(&self, number: u32) -> Option<&str> {
        let ord = usize::try_from(self.ords.of(number)?).ok()?;
        let place = self.places.get(self.ords.place(number))?.get(ord)?;
        self.texts.get(*place).map(String::as_str)
    }
}

/// The place in `texts` of every text of a column; those not there yet are added.
pub(super) fn place_all(column: &StrColumn, texts: &mut Vec<String>) -> Result<Vec<usize>> {
    let mut places = Vec::new();
    let mut text = String::new();
    for ord in 0..column.num_terms() as u64 {
        column.ord_to_str(ord, &mut text)?;
        places.push(texts.iter().position(|known| *known == text).unwrap_or_else(|| {
            texts.push(text.clone());
            texts.len() - 1
        }));
    }
    Ok(places)
}
