use super::*;
use crate::testing::{LESSON, OPERATOR, OTHER_LESSON, Town, at};
use sea_orm::{ActiveModelTrait, NotSet};

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

async fn question(
    town: &Town,
    lesson: LessonId,
    kind: QuestionKind,
    choices: &str,
    answer: &str,
) -> Result<QuestionId> {
    let row = question::ActiveModel {
        id: NotSet,
        lesson_id: Set(lesson),
        position: Set(1),
        kind: Set(kind),
        text: Set("保果什么时候开始？".to_owned()),
        choices: Set(choices.to_owned()),
        answer: Set(answer.to_owned()),
        explanation: Set("谢花后七天".to_owned()),
        created_by: Set(None),
        created_at: Set(at(0)),
    };
    Ok(row.insert(&town.db).await?.id)
}

#[tokio::test]
async fn the_answer_is_told_only_once_hands_are_counted() -> Outcome {
    let town = Town::with_people(2).await?;
    let room = town.group(&[1, 2], at(0)).await?.playback.id;
    let first = question(&town, LESSON, QuestionKind::Single, r#"["开花时","谢花后"]"#, "[1]").await?;
    question(&town, LESSON, QuestionKind::TrueFalse, "[]", "[0]").await?;
    let before = questions(&town.db, room, LESSON).await?;
    assert!(before.iter().all(|asked| asked.solution.is_none() && asked.hands.is_empty()));
    assert_eq!(before.get(1).map(|asked| asked.choices.clone()), Some(vec!["对".to_owned(), "错".to_owned()]));
    let counted = count(&town.db, (room, first), &[3, 9], OPERATOR, at(5)).await?;
    assert_eq!(counted.solution.map(|known| known.right), Some(vec![1]));
    assert_eq!(counted.hands, [3, 9]);
    let after = questions(&town.db, room, LESSON).await?;
    assert_eq!(after.iter().map(|asked| asked.solution.is_some()).collect::<Vec<_>>(), [true, false]);
    Ok(())
}

#[tokio::test]
async fn counts_may_be_changed_until_the_next_question() -> Outcome {
    let town = Town::with_people(1).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    let first = question(&town, LESSON, QuestionKind::TrueFalse, "[]", "[0]").await?;
    let second = question(&town, LESSON, QuestionKind::TrueFalse, "[]", "[1]").await?;
    count(&town.db, (room, first), &[1, 0], OPERATOR, at(5)).await?;
    count(&town.db, (room, first), &[0, 1], OPERATOR, at(6)).await?;
    count(&town.db, (room, second), &[1, 1], OPERATOR, at(7)).await?;
    let late = count(&town.db, (room, first), &[1, 1], OPERATOR, at(8)).await;
    assert!(matches!(late, Err(Error::QuestionOver(id)) if id == first));
    assert_eq!(count(&town.db, (room, second), &[2, 0], OPERATOR, at(9)).await?.hands, [2, 0]);
    Ok(())
}

#[tokio::test]
async fn hands_must_fit_the_question_the_room_and_the_day() -> Outcome {
    let town = Town::with_people(1).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    let ours = question(&town, LESSON, QuestionKind::TrueFalse, "[]", "[0]").await?;
    let foreign = question(&town, OTHER_LESSON, QuestionKind::TrueFalse, "[]", "[0]").await?;
    for wrong in [&[1][..], &[1, 2, 3], &[-1, 0], &[501, 0]] {
        assert!(matches!(count(&town.db, (room, ours), wrong, OPERATOR, at(5)).await, Err(Error::BadHands)));
    }
    let other = count(&town.db, (room, foreign), &[1, 0], OPERATOR, at(5)).await;
    assert!(matches!(other, Err(Error::UnknownQuestion(_))));
    let stranger = count(&town.db, (room, ours), &[1, 0], AccountId(1), at(5)).await;
    assert!(matches!(stranger, Err(Error::NotYours(_))));
    session::close(&town.db, room, OPERATOR, at(10)).await?;
    count(&town.db, (room, ours), &[1, 0], OPERATOR, at(20)).await?;
    let next_day = count(&town.db, (room, ours), &[1, 0], OPERATOR, at(10 + 25 * 3600)).await;
    assert!(matches!(next_day, Err(Error::Closed(_))));
    Ok(())
}
