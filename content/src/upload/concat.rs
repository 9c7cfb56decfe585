//! The `Upload-Concat` header of tus: parts that are sent beside each other and become one file.
//!
//! A part is an upload like any other that never becomes media by itself. A final upload takes no bytes: it names its
//! parts in order, and `finish` lays them into its file. Its parts are dropped once it is media.

use super::clear::remove_files;
use super::{Uploads, blocking};
use crate::{Error, Result};
use entity::{AccountId, Moment, UploadState, upload};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;
use std::fs::File;

/// What an announced upload is in a concatenation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Concat {
    /// A file of its own.
    #[default]
    Whole,
    /// A part of a final upload still to come.
    Partial,
    /// Made of these parts, in this order.
    Final(Vec<String>),
}

/// Most parts of one final upload.
const MOST_PARTS: usize = 100;

impl Concat {
    /// Parse the header: `partial`, or `final;` and the addresses of the parts, absolute or not, apart by spaces.
    pub fn parse(header: &str) -> Result<Self> {
        let header = header.trim();
        if header == "partial" {
            return Ok(Self::Partial);
        }
        let addresses = header.strip_prefix("final;").ok_or(Error::BadConcat)?;
        let parts: Option<Vec<String>> = addresses.split_whitespace().map(id_of).collect();
        match parts {
            Some(parts) if (1..=MOST_PARTS).contains(&parts.len()) => Ok(Self::Final(parts)),
            _ => Err(Error::BadConcat),
        }
    }

    /// As a row keeps it: nothing, `partial`, or `final;` and ids.
    pub(super) fn kept(&self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Partial => Some("partial".to_owned()),
            Self::Final(parts) => Some(format!("final;{}", parts.join(" "))),
        }
    }

    /// What a row is in a concatenation.
    pub fn of(row: &upload::Model) -> Self {
        row.concat.as_deref().and_then(|kept| Self::parse(kept).ok()).unwrap_or_default()
    }

    /// The header that answers a `HEAD`, with addresses below `/uploads`.
    pub fn header(&self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Partial => Some("partial".to_owned()),
            Self::Final(parts) => {
                let addresses: Vec<String> = parts.iter().map(|id| format!("/uploads/{id}")).collect();
                Some(format!("final;{}", addresses.join(" ")))
            }
        }
    }
}

/// The id in the address of a part, or alone as a row keeps it.
fn id_of(address: &str) -> Option<String> {
    let (above, id) = address.rsplit_once('/').unwrap_or(("/uploads", address));
    let named = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (named && above.ends_with("/uploads")).then(|| id.to_owned())
}

/// The length of a file made of these parts. All of them must be this account's, be parts, and be whole; they are then
/// kept for as long as the final upload may need.
pub(super) async fn length_of(
    db: &impl ConnectionTrait,
    ids: &[String],
    account: AccountId,
    now: Moment,
    keep_until: Moment,
) -> Result<u64> {
    let rows = upload::Entity::find().filter(upload::Column::Id.is_in(ids.iter().map(String::as_str))).all(db).await?;
    let rows: HashMap<&str, &upload::Model> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut length = 0_u64;
    for id in ids {
        let part = rows.get(id.as_str()).filter(|part| {
            let whole = part.state == UploadState::Complete && part.expires_at > now;
            whole && part.account_id == account && Concat::of(part) == Concat::Partial
        });
        let part = part.ok_or(Error::PartMissing)?;
        length = length.saturating_add(u64::try_from(part.length).unwrap_or(0));
    }
    upload::Entity::update_many()
        .col_expr(upload::Column::ExpiresAt, Expr::value(keep_until))
        .filter(upload::Column::Id.is_in(ids.iter().map(String::as_str)))
        .exec(db)
        .await?;
    Ok(length)
}

/// Lay the parts of a final upload into its file, from the beginning; what an earlier try left is written over.
pub(super) async fn join(uploads: &Uploads, row: &upload::Model, parts: &[String]) -> Result<()> {
    let target = uploads.part(&row.id);
    let sources: Vec<_> = parts.iter().map(|id| uploads.part(id)).collect();
    blocking(move || {
        if !sources.iter().all(|source| source.exists()) {
            return Err(Error::NoSuchUpload);
        }
        let mut whole = File::create(target)?;
        for source in sources {
            // The kernel copies, or shares the blocks where the file system can.
            std::io::copy(&mut File::open(source)?, &mut whole)?;
        }
        Ok(whole.sync_all()?)
    })
    .await
}

/// Whether the bytes of an upload lie on this server.
pub(super) fn is_here(uploads: &Uploads, row: &upload::Model) -> bool {
    match Concat::of(row) {
        Concat::Final(parts) => uploads.part(&row.id).exists() || parts.iter().all(|id| uploads.part(id).exists()),
        Concat::Whole | Concat::Partial => uploads.part(&row.id).exists(),
    }
}

/// Drop the parts that became a file.
pub(super) async fn drop_parts(db: &impl ConnectionTrait, uploads: &Uploads, parts: &[String]) -> Result<()> {
    upload::Entity::delete_many().filter(upload::Column::Id.is_in(parts.iter().map(String::as_str))).exec(db).await?;
    for id in parts {
        remove_files(uploads, id).await?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_either_kind_name_parts() {
        let parts = Concat::Final(vec!["a1".to_owned(), "b2".to_owned()]);
        assert_eq!(Concat::parse("final;/uploads/a1 http://h:8080/uploads/b2").unwrap(), parts);
        assert_eq!(Concat::parse(&parts.kept().unwrap()).unwrap(), parts);
        assert_eq!(parts.header().unwrap(), "final;/uploads/a1 /uploads/b2");
        assert_eq!(Concat::parse("partial").unwrap(), Concat::Partial);
    }

    #[test]
    fn what_names_no_parts_is_refused() {
        for header in
            ["", "final", "final;", "final; ", "final;/uploads/../../etc", "final;/", "whole", "final;/uploads/a.b"]
        {
            assert!(matches!(Concat::parse(header), Err(Error::BadConcat)), "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_parsed_header_is_kept_as_what_it_says(header in "(final;)?[a-z0-9 /:;.]{0,60}") {
            if let Ok(concat) = Concat::parse(&header) {
                prop_assert_eq!(Concat::parse(&concat.kept().unwrap()).unwrap(), concat);
            }
        }
    }
}
