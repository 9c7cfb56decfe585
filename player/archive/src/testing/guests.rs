//! Guests of a room, and whom they are found to be.

use super::City;
use entity::{MarkedHow, Moment, PersonId, PlaybackId, guest, presence};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};

impl City {
    /// A guest of a room whom nobody knows yet.
    pub(crate) async fn guest(&self, room: PlaybackId, arrived_at: Moment, left_at: Moment) -> guest::Model {
        let row = guest::ActiveModel {
            id: NotSet,
            playback_id: Set(room),
            name: Set("来宾 1".to_owned()),
            place: Set(String::new()),
            phone: Set(None),
            arrived_at: Set(arrived_at),
            left_at: Set(Some(left_at)),
            marked_by: Set(None),
            person_id: Set(None),
            merged_by: Set(None),
            merged_at: Set(None),
        };
        row.insert(&self.db).await.unwrap()
    }

    /// The guest's stay as this person's, as the player writes it: never in the place of another stay of theirs.
    pub(crate) async fn seat(&self, guest: &guest::Model, who: i64) {
        let theirs = presence::Entity::find()
            .filter(presence::Column::PlaybackId.eq(guest.playback_id))
            .filter(presence::Column::PersonId.eq(PersonId(who)))
            .all(&self.db)
            .await
            .unwrap();
        let taken = |at: &i64| theirs.iter().any(|stay| stay.arrived_at.0 == *at);
        let arrived_at = (guest.arrived_at.0..).find(|at| !taken(at)).map_or(guest.arrived_at, Moment);
        let stay = presence::ActiveModel {
            id: NotSet,
            playback_id: Set(guest.playback_id),
            person_id: Set(PersonId(who)),
            arrived_at: Set(arrived_at),
            left_at: Set(guest.left_at),
            marked_by: Set(None),
            marked_how: Set(MarkedHow::Guest),
            guest_id: Set(Some(guest.id)),
        };
        stay.insert(&self.db).await.unwrap();
    }
}
