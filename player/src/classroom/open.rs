//! The room that somebody runs and nobody has ended: where they go on after a power cut.

use crate::Result;
use entity::{AccountId, PlaybackMode, playback};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

/// The newest open room of this account, however long nothing was heard of it.
///
/// # Errors
/// When the database fails.
pub async fn open_room_of(db: &impl ConnectionTrait, by: AccountId) -> Result<Option<playback::Model>> {
    let open = playback::Entity::find()
        .filter(playback::Column::Mode.eq(PlaybackMode::Group))
        .filter(playback::Column::ClosedAt.is_null())
        .filter(playback::Column::AccountId.eq(by));
    Ok(open.order_by_desc(playback::Column::Id).one(db).await?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use crate::session::close;
    use crate::testing::{LESSON, OPERATOR, START, Town, account, at};

    #[tokio::test]
    async fn the_newest_room_that_nobody_ended_is_found_again_by_who_runs_it_alone() {
        let town = Town::with_people(2).await.unwrap();
        let open = async |by| open_room_of(&town.db, by).await.unwrap().map(|row| row.id);
        assert_eq!(open(OPERATOR).await, None);
        town.solo(1, LESSON, START).await.unwrap();
        let older = town.group(&[1], at(60)).await.unwrap().playback.id;
        let newer = town.group(&[2], at(120)).await.unwrap().playback.id;
        assert_eq!(open(OPERATOR).await, Some(newer));
        assert_eq!(open(account(1)).await, None, "what somebody watches alone is no room");
        close(&town.db, newer, OPERATOR, at(180)).await.unwrap();
        assert_eq!(open(OPERATOR).await, Some(older));
        close(&town.db, older, OPERATOR, at(180)).await.unwrap();
        assert_eq!(open(OPERATOR).await, None);
    }
}
