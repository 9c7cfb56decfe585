//! The feedback book.

use super::{book, column, rows_of};
use crate::appeals;
use crate::ledger::post_closed;
use crate::record;
use crate::report::{Cell, Kind};
use crate::testing::{City, FAR_VILLAGE, LESSON, OFFICE, OTHER_LESSON, START, VILLAGE, at, day, watched};
use entity::{AccountId, PersonId, QuestionId, QuestionKind, SearchTier, UnitId, question, room_answer, search_count};
use sea_orm::{ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set};

/// A question put to a room, a wish of the county and of another, an appeal and its refusal.
pub(super) async fn feedback(city: &City) {
    let room = city.room(OTHER_LESSON, at(50_000), &[watched((0, 300), (0, 300))], &[(1, 0, None)]).await;
    let asked = question::ActiveModel {
        id: NotSet,
        lesson_id: Set(OTHER_LESSON),
        position: Set(1),
        kind: Set(QuestionKind::Single),
        text: Set("几月施肥？".to_owned()),
        choices: Set("[\"三月\",\"六月\"]".to_owned()),
        answer: Set("[1]".to_owned()),
        explanation: Set(String::new()),
        created_by: Set(None),
        created_at: Set(START),
    };
    let question_id: QuestionId = asked.insert(&city.db).await.unwrap().id;
    for (choice, hands) in [(1, 12), (0, 3)] {
        let hands = room_answer::ActiveModel {
            playback_id: Set(room),
            question_id: Set(question_id),
            choice: Set(choice),
            hands: Set(hands),
            answered_by: Set(None),
            answered_at: Set(at(50_400)),
        };
        hands.insert(&city.db).await.unwrap();
    }
    let wishes = [
        (2, SearchTier::None, "hongshu", "红薯窖藏", 4),
        (2, SearchTier::None, "hongshu", "红署窖藏", 1),
        (2, SearchTier::Full, "shatangju", "沙糖桔", 9),
        (5, SearchTier::None, "baixiangguo", "百香果", 2),
    ];
    for (number, (unit, tier, meaning, spelling, asked)) in (1..).zip(wishes) {
        let count = search_count::ActiveModel {
            day: Set(day(&format!("2025-11-{:02}", 10 + number))),
            unit_id: Set(UnitId(unit)),
            tier: Set(tier),
            meaning: Set(meaning.to_owned()),
            query: Set(spelling.to_owned()),
            asked: Set(asked),
        };
        count.insert(&city.db).await.unwrap();
    }
    city.solo(1, LESSON, at(60_000), &[watched((0, 300), (0, 300))]).await;
    post_closed(&city.db, at(95_000)).await.unwrap();
    let entries = record::entries(&city.db, PersonId(1), 2025, 1).await.unwrap();
    let seq = entries.rows.iter().find(|row| row.corrects_seq.is_none()).unwrap().seq;
    let made = appeals::make(&city.db, PersonId(1), seq, "当时停电", AccountId(7), at(96_000)).await.unwrap();
    let refused =
        appeals::Decision { verdict: appeals::Verdict::Refused, reason: "没有旁证", by: OFFICE, clock_only: false };
    appeals::decide(&city.db, made.id, &refused, at(97_000)).await.unwrap();
}

#[tokio::test]
async fn the_feedback_book_holds_hands_wishes_of_the_county_and_appeals() {
    let city = City::with_people(1).await;
    feedback(&city).await;
    let report = book(&city, Kind::Feedback, VILLAGE).await;
    let at = ["类别", "内容", "反馈情况", "处理结果", "人次", "县区"].map(|title| column(&report, title));
    assert_eq!(report.totals[at[4]], Cell::Count(15 + 5 + 1));
    let rows = rows_of(report).await;
    let line = |row: &Vec<String>| at.map(|place| row[place].clone()).join("|");
    assert_eq!(line(&rows[0]), "课堂举手|《沃柑保果2》几月施肥？|A 3 人；B 12 人|正确答案 B|15|东兰县");
    assert_eq!(line(&rows[1]), "想学未找到|红薯窖藏|课程库里没有找到||5|东兰县");
    assert!(line(&rows[2]).starts_with("学时申诉|韦1：当时停电|2025-11-28《沃柑保果1》"), "{:?}", rows[2]);
    assert!(line(&rows[2]).contains("不予补记：没有旁证"));
    assert_eq!(rows.len(), 3, "another county's wish, and one that was answered, are not here");
    let far = rows_of(book(&city, Kind::Feedback, FAR_VILLAGE).await).await;
    assert_eq!(far.iter().map(|row| row[at[1]].as_str()).collect::<Vec<_>>(), ["百香果"]);
}
