//! What a sealed record says to the outside: a short code on paper, and the little that anyone may learn by it.
//!
//! The code is the first sixty bits of the record's hash, in the digits and letters that nobody confuses on paper
//! (Crockford's base 32). Whoever guesses has one chance in 10^18 for each record.

use super::amend::Body;
use super::snapshot::Snapshot;
use crate::{Error, Hundredths, Result};
use chrono::Datelike;
use entity::{Day, LineKind, Moment, PersonId, SealState, seal, seal_line};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

/// A sealed record, ready for paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// What was sealed.
    pub sealed: Snapshot,
    /// The record as amendments left it; `None` when nothing was amended.
    pub amended: Option<Snapshot>,
    /// The code to check it by, as `4F7K-09QX-M2TB`.
    pub code: String,
    /// When the record was sealed.
    pub sealed_at: Moment,
    /// The number of its line.
    pub line: i64,
}

/// What anyone may learn by a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The name then.
    pub name: String,
    /// The unit then.
    pub unit_name: String,
    /// The civil year.
    pub year: i32,
    /// The credit hours that count now.
    pub credit: Hundredths,
    /// Whether the paper is a certificate (结业证书) now; else it only proves the record.
    pub certificate: bool,
    /// The day on which the record was sealed.
    pub sealed_on: Day,
    /// The day of the last amendment: what is on paper from before it no longer holds.
    pub amended_on: Option<Day>,
}

impl Certificate {
    /// The record that counts now.
    pub fn now(&self) -> &Snapshot {
        self.amended.as_ref().unwrap_or(&self.sealed)
    }
}

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code.
const LENGTH: usize = 12;

/// The code of a record with this hash.
pub(super) fn code_of(hash: &str) -> String {
    let bits = hash.get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0);
    let letter =
        |place: usize| DIGITS.get((bits >> (59 - 5 * place)) as usize & 31).map_or('0', |byte| char::from(*byte));
    (0..LENGTH).map(letter).collect()
}

/// A code in groups of four, as it stands on paper.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A code as typed: without the dashes, and with the letters that people read for others put right.
fn read(typed: &str) -> Option<String> {
    let right = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let code: String = typed.chars().filter(char::is_ascii_alphanumeric).map(right).take(LENGTH + 1).collect();
    (code.len() == LENGTH).then_some(code)
}

/// A person's sealed year, once its seal is closed.
///
/// # Errors
/// [`Error::Unreadable`] for a line that was tampered with.
pub async fn of_person(db: &impl ConnectionTrait, who: PersonId, year: i32) -> Result<Option<Certificate>> {
    let seals =
        seal::Entity::find().filter(seal::Column::Year.eq(year)).filter(seal::Column::State.eq(SealState::Sealed));
    let seals: Vec<_> = seals.all(db).await?.into_iter().map(|seal| seal.id).collect();
    let line = seal_line::Entity::find()
        .filter(seal_line::Column::PersonId.eq(who))
        .filter(seal_line::Column::Kind.eq(LineKind::Record))
        .filter(seal_line::Column::SealId.is_in(seals))
        .one(db)
        .await?;
    match line {
        None => Ok(None),
        Some(line) => of_line(db, &line).await.map(|(certificate, _)| Some(certificate)),
    }
}

/// What stands behind a code as somebody typed it.
///
/// # Errors
/// [`Error::Unreadable`] for a line that was tampered with.
pub async fn by_code(db: &impl ConnectionTrait, typed: &str) -> Result<Option<Checked>> {
    let Some(code) = read(typed) else { return Ok(None) };
    let Some(line) = seal_line::Entity::find().filter(seal_line::Column::CheckCode.eq(code)).one(db).await? else {
        return Ok(None);
    };
    let closed = seal::Entity::find_by_id(line.seal_id).one(db).await?;
    if closed.is_none_or(|seal| seal.state != SealState::Sealed) {
        return Ok(None);
    }
    let (certificate, amended_on) = of_line(db, &line).await?;
    let now = certificate.now();
    Ok(Some(Checked {
        name: now.name.clone(),
        unit_name: now.unit_name.clone(),
        year: now.year,
        credit: Hundredths(now.credit),
        certificate: now.is_met(),
        sealed_on: certificate.sealed_at.day(),
        amended_on,
    }))
}

async fn of_line(db: &impl ConnectionTrait, line: &seal_line::Model) -> Result<(Certificate, Option<Day>)> {
    let unreadable = |_| Error::Unreadable(line.seq);
    let last = seal_line::Entity::find()
        .filter(seal_line::Column::SealId.eq(line.seal_id))
        .filter(seal_line::Column::PersonId.eq(line.person_id))
        .filter(seal_line::Column::Kind.eq(LineKind::Amendment))
        .order_by_desc(seal_line::Column::Seq)
        .one(db)
        .await?;
    let amended = match &last {
        None => None,
        Some(last) => {
            let body: Body = serde_json::from_str(&last.body).map_err(unreadable)?;
            Some(serde_json::from_str(&body.after).map_err(unreadable)?)
        }
    };
    let certificate = Certificate {
        sealed: serde_json::from_str(&line.body).map_err(unreadable)?,
        amended,
        code: grouped(line.check_code.as_deref().unwrap_or_default()),
        sealed_at: line.written_at,
        line: line.seq,
    };
    Ok((certificate, last.map(|last| last.written_at.day())))
}

/// The last civil year that is over on this day: what people ask for when they name none.
pub fn last_year(today: Day) -> i32 {
    today.year() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = code_of("ffffffffffffffff00");
        assert_eq!(grouped(&code), "ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(code_of("0000000000000000"), "000000000000");
        assert_eq!(code_of("0842108421084210ff").as_bytes().first(), Some(&b'1'));
        assert_eq!(read(" 4f7k-o9qx-m2tl ").as_deref(), Some("4F7K09QXM2T1"));
        assert_eq!(read("4f7k"), None);
        assert_eq!(read(&"A".repeat(13)), None);
    }
}
