use super::judging::{is_enough, tidy};
use super::*;
use crate::testing::{LESSON, OTHER_LESSON, START, Town, at};
use entity::{QuestionId, QuestionKind};
use proptest::prelude::*;
use sea_orm::{IntoActiveModel, TransactionTrait};

const LIMITS: Limits = Limits { attempts_a_day: 2, pass_percent: 60 };
const WHO: PersonId = PersonId(1);

fn row(lesson_id: LessonId, position: i32, kind: QuestionKind, choices: &str, answer: &str) -> question::ActiveModel {
    question::ActiveModel {
        id: NotSet,
        lesson_id: Set(lesson_id),
        position: Set(position),
        kind: Set(kind),
        text: Set(format!("第 {position} 问")),
        choices: Set(choices.to_owned()),
        answer: Set(answer.to_owned()),
        explanation: Set("因为如此".to_owned()),
        created_by: Set(None),
        created_at: Set(START),
    }
}

/// Two people, and a quiz of three questions of every kind.
async fn town() -> Town {
    let town = Town::with_people(2).await.unwrap();
    let three = r#"["甲","乙","丙"]"#;
    for new in [
        row(LESSON, 1, QuestionKind::Single, three, "[1]"),
        row(LESSON, 2, QuestionKind::Multiple, three, "[0,2]"),
        row(LESSON, 3, QuestionKind::TrueFalse, "[]", "[1]"),
    ] {
        new.insert(&town.db).await.unwrap();
    }
    town
}

async fn hand(town: &Town, id: QuizAttemptId, who: PersonId, answers: &[&[usize]], now: Moment) -> Result<Graded> {
    let answers: Vec<Vec<usize>> = answers.iter().map(|places| places.to_vec()).collect();
    let txn = town.db.begin().await?;
    let graded = hand_in(&txn, (id, who, LESSON), &answers, LIMITS.pass_percent, now).await?;
    txn.commit().await?;
    Ok(graded)
}

#[tokio::test]
async fn a_try_is_begun_handed_in_once_and_judged() {
    let town = town().await;
    let sheet = begin(&town.db, WHO, LESSON, LIMITS, at(0)).await.unwrap();
    assert_eq!(sheet.questions[2].choices, ["对", "错"]);
    let graded = hand(&town, sheet.id, WHO, &[&[1], &[2, 0, 0], &[]], at(60)).await.unwrap();
    assert_eq!((graded.right, graded.passed, graded.submitted_at), (2, true, at(60)));
    assert_eq!(graded.marked.iter().map(|one| one.right).collect::<Vec<_>>(), [true, true, false]);
    let again = hand(&town, sheet.id, WHO, &[&[1], &[0, 2], &[]], at(90)).await.unwrap();
    assert_eq!(again, graded, "the same answers again answer the same");
    assert!(matches!(hand(&town, sheet.id, WHO, &[&[1], &[0, 2], &[1]], at(95)).await, Err(Error::HandedIn(_))));
    assert_eq!(result(&town.db, (sheet.id, WHO, LESSON)).await.unwrap(), graded);
}

#[tokio::test]
async fn an_open_try_is_answered_again_and_is_one_of_the_day() {
    let town = town().await;
    let (one, two) =
        tokio::join!(begin(&town.db, WHO, LESSON, LIMITS, at(0)), begin(&town.db, WHO, LESSON, LIMITS, at(0)));
    let first = one.unwrap();
    assert_eq!(first, two.unwrap(), "two tabs are one try");
    let left = |standing: Standing| (standing.left_today, standing.open);
    let today = START.day();
    let now = standing(&town.db, WHO, LESSON, LIMITS, today).await.unwrap();
    assert_eq!(left(now), (1, Some(first.id)));
    hand(&town, first.id, WHO, &[&[0], &[], &[0]], at(1)).await.unwrap();
    let second = begin(&town.db, WHO, LESSON, LIMITS, at(2)).await.unwrap();
    assert_ne!(second.id, first.id);
    hand(&town, second.id, WHO, &[&[1], &[], &[0]], at(3)).await.unwrap();
    assert!(matches!(begin(&town.db, WHO, LESSON, LIMITS, at(4)).await, Err(Error::NoAttemptsLeft(_))));
    let now = standing(&town.db, WHO, LESSON, LIMITS, today).await.unwrap();
    assert_eq!((now.left_today, now.best, now.passed_at, now.last), (0, Some((1, 3)), None, Some(second.id)));
    assert!(begin(&town.db, PersonId(2), LESSON, LIMITS, at(5)).await.is_ok(), "everybody has their own");
    assert!(begin(&town.db, WHO, LESSON, LIMITS, at(86_400)).await.is_ok(), "and every day");
}

#[tokio::test]
async fn a_try_belongs_to_one_person_and_lesson_and_its_time_ends() {
    let town = town().await;
    let sheet = begin(&town.db, WHO, LESSON, LIMITS, at(0)).await.unwrap();
    let all: &[&[usize]] = &[&[1], &[0, 2], &[1]];
    assert!(matches!(hand(&town, sheet.id, PersonId(2), all, at(1)).await, Err(Error::UnknownAttempt(_))));
    assert!(matches!(result(&town.db, (sheet.id, WHO, LESSON)).await, Err(Error::UnknownAttempt(_))), "not before");
    assert!(matches!(day_of(&town.db, (sheet.id, WHO, OTHER_LESSON)).await, Err(Error::UnknownAttempt(_))));
    let bad: [&[&[usize]]; 4] = [&[&[1], &[0]], &[&[3], &[], &[]], &[&[0, 1], &[], &[]], &[&[], &[], &[2]]];
    for bad in bad {
        assert!(matches!(hand(&town, sheet.id, WHO, bad, at(1)).await, Err(Error::BadAnswers)), "{bad:?}");
    }
    assert!(matches!(hand(&town, sheet.id, WHO, all, at(86_401)).await, Err(Error::AttemptOver(_))));
    assert!(hand(&town, sheet.id, WHO, all, at(86_400)).await.unwrap().passed, "the next day is not too late");
    assert!(matches!(begin(&town.db, WHO, OTHER_LESSON, LIMITS, at(1)).await, Err(Error::NoQuiz(_))));
}

#[tokio::test]
async fn a_change_of_the_questions_does_not_touch_a_try_that_was_begun() {
    let town = town().await;
    let sheet = begin(&town.db, WHO, LESSON, LIMITS, at(0)).await.unwrap();
    let mut first = question::Entity::find().one(&town.db).await.unwrap().unwrap().into_active_model();
    first.answer = Set("[0]".to_owned());
    first.update(&town.db).await.unwrap();
    question::Entity::delete_many().filter(question::Column::Position.eq(3)).exec(&town.db).await.unwrap();
    let graded = hand(&town, sheet.id, WHO, &[&[1], &[0, 2], &[1]], at(60)).await.unwrap();
    assert_eq!((graded.right, graded.marked.len()), (3, 3));
    let next = begin(&town.db, WHO, LESSON, LIMITS, at(70)).await.unwrap();
    assert_eq!((next.questions.len(), next.questions[0].answer.as_slice()), (2, &[0][..]));
}

fn question(kind: QuestionKind, choices: usize, answer: Vec<usize>) -> Kept {
    let choices = (0..choices).map(|place| place.to_string()).collect();
    Kept { id: QuestionId(1), kind, text: "问".to_owned(), choices, answer, explanation: String::new() }
}

prop_compose! {
    fn asked()(choices in 2_usize..7)(
        choices in Just(choices),
        answer in prop::collection::btree_set(0..choices, 1..=choices),
    ) -> Kept {
        let kind = if answer.len() == 1 { QuestionKind::Single } else { QuestionKind::Multiple };
        question(kind, choices, answer.into_iter().collect())
    }
}

proptest! {
    #[test]
    fn exactly_the_right_choices_in_whatever_order_are_right(
        questions in prop::collection::vec(asked(), 1..9),
        given in prop::collection::vec(prop::collection::vec(0_usize..6, 0..5), 9),
    ) {
        let key: Vec<Vec<usize>> = questions.iter().map(|q| q.answer.iter().rev().copied().collect()).collect();
        let tidied = tidy(&questions, &key).unwrap();
        prop_assert!(judge(&questions, &tidied).into_iter().all(|right| right));
        let given = &given[..questions.len()];
        if let Some(given) = tidy(&questions, given) {
            for ((question, chosen), right) in questions.iter().zip(&given).zip(judge(&questions, &given)) {
                prop_assert_eq!(right, *chosen == question.answer);
            }
        }
        prop_assert_eq!(judge(&questions, &[]), vec![false; questions.len()], "what is left out is not right");
    }

    #[test]
    fn one_more_right_answer_never_fails_who_passed(right in 0_usize..20, of in 1_usize..20, percent in 1_i64..=100) {
        prop_assert!(!is_enough(right, of, percent) || is_enough(right + 1, of, percent));
        prop_assert!(is_enough(of, of, percent) && !is_enough(0, of, percent));
    }
}
