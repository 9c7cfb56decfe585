//! What captions and voices have in common: one of each language beside a lesson, and none replaced unseen.

use crate::{Error, Result, lesson};
use entity::{LessonId, LessonState};
use sea_orm::ConnectionTrait;

/// Most tracks of one kind that a lesson has.
pub const MAX_TRACKS: u64 = 8;
/// Most characters of a language's name: it stands in addresses.
const LANGUAGE: usize = 20;

/// What the caller believes to be there before a change; every change makes a track with a new id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected<Id> {
    /// Whatever there is.
    Anything,
    /// No track of this language.
    Nothing,
    /// The track with this id.
    Track(Id),
}

impl<Id: PartialEq> Expected<Id> {
    /// As an address or a form says it: nothing at all for whatever there is, 0 for no track.
    pub fn said(id: Option<i64>, track: impl FnOnce(i64) -> Id) -> Self {
        match id {
            None => Self::Anything,
            Some(0) => Self::Nothing,
            Some(id) => Self::Track(track(id)),
        }
    }

    /// Whether that is what was found.
    pub(crate) fn holds(&self, found: Option<&Id>) -> bool {
        match self {
            Self::Anything => true,
            Self::Nothing => found.is_none(),
            Self::Track(id) => found == Some(id),
        }
    }
}

/// In review nothing of a lesson may change.
pub(crate) async fn changeable(txn: &impl ConnectionTrait, id: LessonId) -> Result<entity::lesson::Model> {
    let row = lesson::get(txn, id).await?;
    match row.state {
        state @ LessonState::Review => Err(Error::WrongState { state }),
        LessonState::Draft | LessonState::Published | LessonState::Withdrawn => Ok(row),
    }
}

/// The name of a language, fit to stand in an address.
pub(crate) fn language(text: &str) -> Result<String> {
    let text = text.trim();
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '.' | '?' | '#' | '%');
    if text.is_empty() || text.chars().count() > LANGUAGE || text.contains(odd) {
        return Err(Error::invalid("language", format!("请填写语言，如普通话；最多{LANGUAGE}字，不能有 / . ? 等符号")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_can_stand_in_an_address() {
        assert_eq!(language(" 壮语 ").ok().as_deref(), Some("壮语"));
        assert!(["", "a/b", "普通话.vtt", "a\nb", &"长".repeat(21)].iter().all(|text| language(text).is_err()));
    }

    #[test]
    fn what_was_expected_is_told_from_what_is_there() {
        let said = |id| Expected::said(id, |id| id);
        assert!(said(None).holds(None) && said(None).holds(Some(&7)));
        assert!(said(Some(0)).holds(None) && !said(Some(0)).holds(Some(&7)));
        assert!(said(Some(7)).holds(Some(&7)) && !said(Some(7)).holds(Some(&8)) && !said(Some(7)).holds(None));
    }
}
