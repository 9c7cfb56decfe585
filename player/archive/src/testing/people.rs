//! People of the roster, their accounts, and who is found to be one with whom.

use super::{City, OFFICE, START, VILLAGE, day};
use entity::{AccountId, PersonId, PostKind, UnitId, account, person, person_merge, post};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, IntoActiveModel};

impl City {
    pub(crate) async fn person(&self, id: i64, unit_id: UnitId, kind: PostKind) {
        let row = person::Model {
            id: PersonId(id),
            code: format!("0{:05}", 100 - id),
            name: format!("韦{id}"),
            pinyin: "wei".to_owned(),
            unit_id,
            gender: None,
            birth_year: None,
            phone: None,
            left_on: None,
            created_at: START,
        };
        row.into_active_model().insert(&self.db).await.unwrap();
        let term = post::ActiveModel {
            id: NotSet,
            person_id: Set(PersonId(id)),
            kind: Set(kind),
            appointed_on: Set(day("2021-01-01")),
            ended_on: Set(None),
        };
        term.insert(&self.db).await.unwrap();
    }

    /// An account of this person.
    pub(crate) async fn account(&self, id: AccountId, who: i64) {
        let row = account::Model {
            id,
            login: format!("account-{id}"),
            password_hash: String::new(),
            person_id: Some(PersonId(who)),
            device_id: None,
            must_change_password: false,
            session_epoch: 0,
            disabled_at: None,
            created_at: START,
        };
        row.into_active_model().insert(&self.db).await.unwrap();
    }

    /// The second of these people is found to be the first.
    pub(crate) async fn merge(&self, kept: i64, merged: i64) {
        let row = person_merge::ActiveModel {
            kept_id: Set(PersonId(kept)),
            merged_id: Set(PersonId(merged)),
            reason: Set("同一个人".to_owned()),
            merged_by: Set(OFFICE),
            merged_at: Set(START),
            before_seq: Set(0),
            since_seq: Set(0),
            unit_id: Set(VILLAGE),
            posts: Set("[]".to_owned()),
            exemptions: Set("[]".to_owned()),
            ..Default::default()
        };
        row.insert(&self.db).await.unwrap();
        let left =
            person::ActiveModel { id: Set(PersonId(merged)), left_on: Set(Some(START.day())), ..Default::default() };
        left.update(&self.db).await.unwrap();
    }
}
