//! Table `person`.

use crate::ids::{PersonId, UnitId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;

/// Someone who learns and is assessed. Same names are normal: `code` tells people apart.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PersonId,
    /// The roster number; unique, text, leading zeros matter.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// The name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The name in toneless pinyin, syllables separated by spaces, for roll-call by initial.
    #[sea_orm(column_type = "Text")]
    pub pinyin: String,
    /// The unit they belong to now.
    pub unit_id: UnitId,
    /// `男` or `女`.
    #[sea_orm(column_type = "Text", nullable)]
    pub gender: Option<String>,
    /// The civil year of birth.
    pub birth_year: Option<i32>,
    /// A phone number; shown only masked in lists.
    #[sea_orm(column_type = "Text", nullable)]
    pub phone: Option<String>,
    /// The day they left the roster.
    pub left_on: Option<Day>,
    /// When the row was made.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}

/// A roster number as anybody may see it: where it is an identity number (GB 11643: seventeen digits and a check
/// character, formerly fifteen digits) only its ends are shown.
pub fn masked(code: &str) -> String {
    let identity = match code.as_bytes() {
        [digits @ .., last] if digits.len() == 17 => {
            digits.iter().all(u8::is_ascii_digit) && (last.is_ascii_digit() || matches!(last, b'X' | b'x'))
        }
        all => all.len() == 15 && all.iter().all(u8::is_ascii_digit),
    };
    match (identity, code.get(..4), code.get(code.len().saturating_sub(4)..)) {
        (true, Some(head), Some(tail)) => format!("{head}{}{tail}", "*".repeat(code.len() - 8)),
        _ => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn identity_numbers_show_their_ends_and_other_numbers_are_whole() {
        assert_eq!(masked("45122019900101123X"), "4512**********123X");
        assert_eq!(masked("451220900101123"), "4512*******1123");
        for plain in ["0451", "P-0451", "", "030200010001", "4512201990010112345", "韦大山韦大山"] {
            assert_eq!(masked(plain), plain);
        }
    }
}
