//! Who is one with whom against what the audit log says of it.

use super::findings::{Fault, Findings};
use crate::Result;
use crate::merges::proof;
use entity::{MergeId, person_merge};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use std::collections::BTreeMap;

/// Hold every merge against the digest that was written down with it. One that is made or taken back meanwhile is looked
/// at again.
pub(super) async fn check(db: &impl ConnectionTrait, findings: &mut Findings) -> Result<()> {
    let mut written = proof::written(db).await?;
    loop {
        let rows = person_merge::Entity::find().order_by_asc(person_merge::Column::Id).all(db).await?;
        let now = proof::written(db).await?;
        if now == written {
            compare(&rows, written, findings);
            return Ok(());
        }
        written = now;
    }
}

fn compare(rows: &[person_merge::Model], mut written: BTreeMap<MergeId, String>, findings: &mut Findings) {
    for row in rows {
        match written.remove(&row.id) {
            None => findings.add(Fault::MergePutIn { merge: row.id }),
            Some(digest) if digest != proof::digest(row) => findings.add(Fault::MergeAltered { merge: row.id }),
            Some(_) => {}
        }
    }
    written.into_keys().for_each(|merge| findings.add(Fault::MergeMissing { merge }));
}
