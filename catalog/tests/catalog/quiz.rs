//! The in-class quiz of a lesson, as it is written.

use crate::shelf::{AUTHOR, REVIEWER, county_course, published};
use crate::town::{NOW, city};
use catalog::Error;
use catalog::lesson::{self, NewLesson};
use entity::{LessonState, audit};
use sea_orm::{EntityTrait, PaginatorTrait};

fn question(text: &str, right: usize) -> catalog::quiz::Question {
    let choices = ["剪枝", "喷药", "施肥"].map(str::to_owned);
    catalog::quiz::Question::parse(entity::QuestionKind::Single, text, &choices, &[right], "先剪后喷").unwrap()
}

#[tokio::test]
async fn a_quiz_changes_with_its_lesson_and_the_same_twice_changes_nothing() {
    use catalog::quiz::{Quiz, of_lesson, put};
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let made = lesson::create(&db, NewLesson::titled(course.id, "清园"), AUTHOR, NOW).await.unwrap();
    let quiz = Quiz {
        required: true,
        questions: vec![(None, question("先做什么", 0)), (None, question("后做什么", 1))],
    };
    let v2 = put(&db, made.id, quiz, made.version, AUTHOR, NOW).await.unwrap();
    assert_eq!((v2.version, v2.quiz_required), (made.version + 1, true));
    let rows = of_lesson(&db, made.id).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.position, row.read_answer())).collect::<Vec<_>>(),
        [(1, vec![0]), (2, vec![1])]
    );
    let kept = Quiz::of(&db, &v2).await.unwrap();
    let noted = audit::Entity::find().count(&db).await.unwrap();
    assert_eq!(put(&db, made.id, kept.clone(), v2.version, AUTHOR, NOW).await.unwrap(), v2);
    assert_eq!(audit::Entity::find().count(&db).await.unwrap(), noted);
    let stale = put(&db, made.id, Quiz { required: false, ..kept.clone() }, made.version, AUTHOR, NOW).await;
    assert!(matches!(stale, Err(Error::Stale { current: 2 })));
    let empty = put(&db, made.id, Quiz { required: true, questions: vec![] }, 2, AUTHOR, NOW).await;
    assert!(matches!(empty, Err(Error::Invalid { field: "required", .. })));
    let mut twice = kept.clone();
    twice.questions.push((None, question("先做什么", 2)));
    assert!(matches!(put(&db, made.id, twice, 2, AUTHOR, NOW).await, Err(Error::Invalid { field: "text", .. })));
    let mut turned = kept;
    turned.questions.reverse();
    let v3 = put(&db, made.id, turned, 2, AUTHOR, NOW).await.unwrap();
    let after = of_lesson(&db, made.id).await.unwrap();
    assert_eq!(after.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[1].id, rows[0].id], "a question keeps its id");
    lesson::delete(&db, made.id, v3.version, AUTHOR, NOW).await.unwrap();
    assert_eq!(entity::question::Entity::find().count(&db).await.unwrap(), 0);
}

#[tokio::test]
async fn of_a_published_lesson_a_key_is_mended_and_the_switch_stays() {
    use catalog::quiz::{Quiz, put};
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let out = published(&db, &course, "清园").await;
    let quiz = |required, right| Quiz { required, questions: vec![(None, question("先做什么", right))] };
    let v = put(&db, out.id, quiz(false, 1), out.version, AUTHOR, NOW).await.unwrap().version;
    assert!(matches!(
        put(&db, out.id, quiz(true, 0), v, AUTHOR, NOW).await,
        Err(Error::WrongState { state: LessonState::Published })
    ));
    let mended = put(&db, out.id, quiz(false, 0), v, AUTHOR, NOW).await.unwrap();
    let withdrawn = lesson::withdraw(&db, out.id, "要加测验", REVIEWER, NOW).await.unwrap();
    let asked = put(&db, out.id, quiz(true, 0), withdrawn.version, AUTHOR, NOW).await.unwrap();
    assert!(asked.quiz_required && asked.version > mended.version);
    let review = lesson::submit(&db, out.id, AUTHOR, NOW).await.unwrap();
    assert!(matches!(
        put(&db, out.id, quiz(true, 1), review.version, AUTHOR, NOW).await,
        Err(Error::WrongState { state: LessonState::Review })
    ));
}
