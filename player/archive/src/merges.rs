//! Who is one with whom: rows of the roster that an office found to be the same person.
//!
//! A merge touches no entry of the ledger. Each keeps the person it was posted for, and whoever sums, lists or judges
//! takes the entries of all who are one, under the one who is kept: the union is made on reading. So parting them needs
//! nothing but to be written down. What is read is as of a moment (a seal's), or of an entry (the one that is proved),
//! so that what was judged before a merge, or after it was taken back, stays as it was judged.
//!
//! What both were credited with is taken back by corrections (`ledger::merge`). A quiz that was passed under one number
//! counts for the person, and what waited for it under the other is given (`quiz`).

use crate::Result;
use entity::{AccountId, Moment, PersonId, account, person_merge};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

pub(crate) mod proof;

/// Merges, the oldest first; nobody is in two of them that stand at once but as the one who is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merges(Vec<person_merge::Model>);

/// Who this person is one with as the one who is kept; themselves when nobody found them twice.
///
/// # Errors
/// Only those of the database.
pub async fn kept(db: &impl ConnectionTrait, person: PersonId) -> Result<PersonId> {
    Ok(Merges::now(db).await?.kept(person))
}

/// Everybody this person is one with, themselves included: whose entries are theirs.
///
/// # Errors
/// Only those of the database.
pub async fn all_of(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<PersonId>> {
    Ok(Merges::now(db).await?.all(&[person]))
}

/// Whose account this is, as the one who is kept; nobody's for a terminal and for an office without a name.
pub(crate) async fn of_account(db: &impl ConnectionTrait, id: AccountId) -> Result<Option<PersonId>> {
    match account::Entity::find_by_id(id).one(db).await?.and_then(|account| account.person_id) {
        Some(person) => Ok(Some(kept(db, person).await?)),
        None => Ok(None),
    }
}

/// Whether the account is this person's, by whichever of their numbers either is known: nobody decides their own case.
pub(crate) async fn is_own(db: &impl ConnectionTrait, account: AccountId, person: PersonId) -> Result<bool> {
    Ok(of_account(db, account).await? == Some(kept(db, person).await?))
}

impl Merges {
    /// All there ever were.
    pub(crate) async fn ever(db: &impl ConnectionTrait) -> Result<Self> {
        Ok(Self(person_merge::Entity::find().order_by_asc(person_merge::Column::Id).all(db).await?))
    }

    /// Those that stand.
    pub(crate) async fn now(db: &impl ConnectionTrait) -> Result<Self> {
        let standing = person_merge::Entity::find().filter(person_merge::Column::PartedAt.is_null());
        Ok(Self(standing.order_by_asc(person_merge::Column::Id).all(db).await?))
    }

    /// Those that stood at a moment.
    pub(crate) async fn at(db: &impl ConnectionTrait, moment: Moment) -> Result<Self> {
        let Self(mut rows) = Self::ever(db).await?;
        rows.retain(|merge| merge.holds_at(moment));
        Ok(Self(rows))
    }

    /// Who is kept of those this person is one with.
    pub(crate) fn kept(&self, person: PersonId) -> PersonId {
        self.0.iter().find(|merge| merge.merged_id == person).map_or(person, |merge| merge.kept_id)
    }

    /// These people and all who were merged into them, by their keys.
    pub(crate) fn all(&self, people: &[PersonId]) -> Vec<PersonId> {
        let merged = self.0.iter().filter(|merge| people.contains(&merge.kept_id)).map(|merge| merge.merged_id);
        let mut all: Vec<_> = people.iter().copied().chain(merged).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Those who are listed no more, because they are one with somebody.
    pub(crate) fn merged(&self) -> Vec<PersonId> {
        self.0.iter().map(|merge| merge.merged_id).collect()
    }

    /// Those with whom somebody is one.
    pub(crate) fn keeping(&self) -> Vec<PersonId> {
        self.0.iter().map(|merge| merge.kept_id).collect()
    }

    /// Everybody who ever was one with one of these, and they themselves.
    pub(crate) fn ever_one(&self, people: impl IntoIterator<Item = PersonId>) -> Vec<PersonId> {
        let mut all: Vec<_> = people.into_iter().collect();
        let kept: Vec<_> =
            self.0.iter().filter(|merge| all.contains(&merge.merged_id)).map(|one| one.kept_id).collect();
        all.extend(kept);
        self.all(&all)
    }

    /// With whom this person is one now, or was when the entry with this number was posted; they themselves included.
    pub(crate) fn one_with(&self, person: PersonId, entry: Option<i64>) -> Vec<PersonId> {
        let holds = |merge: &&person_merge::Model| match entry {
            Some(seq) => merge.holds_for_entry(seq),
            None => merge.parted_at.is_none(),
        };
        let standing = || self.0.iter().filter(holds);
        let kept = standing().find(|merge| merge.merged_id == person).map_or(person, |merge| merge.kept_id);
        let merged = standing().filter(|merge| merge.kept_id == kept).map(|merge| merge.merged_id);
        std::iter::once(kept).chain(merged).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::Error;
    use crate::exemptions::{NewExemption, grant};
    use crate::testing::{City, OFFICE, START};
    use entity::ExemptionKind;

    #[tokio::test]
    async fn an_account_is_its_persons_under_every_number_they_have() {
        let city = City::with_people(3).await;
        city.account(OFFICE, 2).await;
        let own = async |who: i64| is_own(&city.db, OFFICE, PersonId(who)).await.unwrap();
        assert_eq!([own(1).await, own(2).await, own(3).await], [false, true, false]);
        city.merge(1, 2).await;
        city.merge(1, 3).await;
        assert_eq!([own(1).await, own(2).await, own(3).await], [true, true, true]);
        assert!(!is_own(&city.db, AccountId(901), PersonId(1)).await.unwrap(), "nobody's account");
    }

    #[tokio::test]
    async fn nobody_exempts_another_number_of_theirs() {
        let city = City::with_people(2).await;
        city.account(OFFICE, 2).await;
        city.merge(1, 2).await;
        let (today, reason) = (START.day(), "县医院证明".to_owned());
        let sick = NewExemption {
            person_id: PersonId(1),
            kind: ExemptionKind::Sick,
            begins_on: today,
            ends_on: today,
            reason,
        };
        assert!(matches!(grant(&city.db, sick, OFFICE, START).await, Err(Error::OwnExemption)));
    }
}
