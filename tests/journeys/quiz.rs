//! The in-class quiz: written in the studio, tried on a phone, and what a pass does to hours. And who tries to cheat it.

use reqwest::Method;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use std::collections::HashSet;
use tests::browser::Browser;
use tests::{Answer, City, Client};

/// Stands in an explanation and nowhere else.
const WHY: &str = "剪完再喷药才透";

fn three() -> Value {
    json!([
        {"kind": "single", "text": "冬天先做什么", "choices": ["喷药", "剪病虫枝", "施肥"], "answer": [1], "explanation": WHY},
        {"kind": "multiple", "text": "哪些天不喷药", "choices": ["大风天", "阴天", "雨前"], "answer": [0, 2], "explanation": WHY},
        {"kind": "true_false", "text": "药瓶可以装水喝", "answer": [1], "explanation": WHY},
    ])
}

/// Right for [`three`].
pub fn right() -> Value {
    json!({"answers": [[1], [0, 2], [1]]})
}

fn wrong() -> Value {
    json!({"answers": [[0], [0, 1, 2], []]})
}

async fn put(client: &Client, lesson: &str, body: Value) -> Answer {
    let path = format!("/api/v1/lessons/{lesson}/quiz");
    client.send(client.request(Method::PUT, &path).json(&body)).await
}

async fn version(client: &Client, lesson: &str) -> i64 {
    client.get(&format!("/api/v1/lessons/{lesson}/quiz")).await.must(200).json()["version"].as_i64().unwrap()
}

/// The lesson `east`, published, with a quiz of three questions.
pub async fn city(required: bool) -> City {
    let city = City::start().await;
    let (trainer, reviewer) = (city.client("trainer").await, city.client("reviewer").await);
    reviewer.post("/api/v1/lessons/east/withdraw", json!({"reason": "加随堂测验"})).await.must(200);
    let version = version(&trainer, "east").await;
    put(&trainer, "east", json!({"version": version, "required": required, "questions": three()})).await.must(200);
    trainer.post("/api/v1/lessons/east/submit", json!({})).await.must(200);
    reviewer.post("/api/v1/lessons/east/publish", json!({})).await.must(200);
    city
}

pub async fn begin(client: &Client) -> i64 {
    let begun = client.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(200).json();
    begun["attempt_id"].as_i64().unwrap()
}

pub async fn hand_in(client: &Client, attempt: i64, answers: Value) -> Answer {
    client.post(&format!("/api/v1/lessons/east/quiz/attempts/{attempt}"), answers).await
}

async fn watch(city: &City, client: &Client, minutes: i64) {
    let id = client.play(city.lesson("east")).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    client.beat(id, 2, minutes * 60_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

async fn archive(city: &City, client: &Client) -> Value {
    let path = format!("/api/v1/people/{}/archive", city.people["甲村韦大山"]);
    client.get(&path).await.must(200).json()
}

fn credited_minutes(record: &Value) -> i64 {
    let entries = record["entries"].as_array().unwrap();
    let (credited, claimed, reasons) = entries.iter().fold((0, 0, 0), |(credited, claimed, reasons), entry| {
        let of = |name: &str| entry[name].as_i64().unwrap();
        let some: i64 = entry["reasons"].as_object().unwrap().values().map(|ms| ms.as_i64().unwrap()).sum();
        (credited + of("credited_ms"), claimed + of("claimed_ms"), reasons + some)
    });
    assert_eq!(credited + reasons, claimed, "{record}");
    credited / 60_000
}

async fn sound(city: &City) {
    let findings = archive::verify::ledger(&city.db.write, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_reaches_anybody_before_it_was_given() {
    let city = city(true).await;
    let (cadre, site, expert) = (city.client("cadre").await, city.client("site").await, city.client("expert").await);
    let begun = cadre.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(200);
    let question = &begun.json()["questions"][0];
    let names: HashSet<_> = question.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, HashSet::from(["kind", "text", "choices"]), "nothing else of a question is told");
    let id = city.lesson("east");
    let mut bodies = vec![("begin", begun.text())];
    for client in [&cadre, &site, &expert] {
        for path in [
            format!("/api/v1/lessons/{id}"),
            "/api/v1/lessons?size=100".into(),
            "/api/v1/lessons/east/quiz/attempts".into(),
            format!("/api/v1/courses/{}", 1),
            "/api/v1/search?q=冬天先做什么".into(),
            "/api/v1/suggest?q=剪完".into(),
            "/openapi.json".into(),
            "/home".into(),
            "/lessons/east".into(),
            "/lessons/east/quiz".into(),
            "/courses/course-0".into(),
            "/search?q=剪病虫枝".into(),
            "/record".into(),
            "/classroom".into(),
            "/classroom/east".into(),
        ] {
            bodies.push(("page", client.get(&path).await.text()));
        }
        client.get("/api/v1/lessons/east/quiz").await.must(403);
        client.get(&format!("/studio/lessons/{id}/quiz")).await.must(403);
        client.get(&format!("/studio/lessons/{id}/quiz/template.xlsx")).await.must(403);
        put(client, "east", json!({"version": 1, "questions": []})).await.must(403);
    }
    for (what, body) in &bodies {
        assert!(!body.contains(WHY) && !body.contains("正确答案") && !body.contains("\"answer\":["), "{what}: {body}");
    }
    let found = cadre.get(&format!("/api/v1/search?q={WHY}")).await.must(200).json();
    let hits = found["hits"].as_array().unwrap();
    assert!(hits.iter().all(|hit| !hit.to_string().contains(WHY)), "explanations are not searched: {found}");
    let sheet = cadre.get("/lessons/east/quiz").await.must(200).text();
    assert!(sheet.contains("剪病虫枝") && !sheet.contains("checked"), "{sheet}");
    let attempt = begin(&cadre).await;
    cadre.get(&format!("/lessons/east/quiz?attempt={attempt}")).await.must(404);
    let told = hand_in(&cadre, attempt, wrong()).await.must(200);
    assert!(told.text().contains(WHY));
    let told = told.json();
    assert_eq!(
        (&told["right"], &told["passed"], &told["questions"][0]["answer"]),
        (&json!(0), &json!(false), &json!([1]))
    );
    let page = cadre.get(&format!("/lessons/east/quiz?attempt={attempt}")).await.must(200).text();
    assert!(page.contains(WHY) && page.contains("正确答案") && page.contains("还没通过"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_from_their_beginning_and_no_tab_wins_one() {
    let city = city(false).await;
    let cadre = city.client("cadre").await;
    let (one, two) = tokio::join!(begin(&cadre), begin(&cadre));
    assert_eq!(one, two, "two tabs share the open try");
    let left = |answer: Answer| answer.must(200).json()["attempts_left"].as_i64().unwrap();
    assert_eq!(left(cadre.get("/api/v1/lessons/east/quiz/attempts").await), 2);
    for bad in [json!({"answers": []}), json!({"answers": [[9], [], []]}), json!({"answers": [[0, 1], [], []]})] {
        hand_in(&cadre, one, bad).await.must(400);
    }
    hand_in(&cadre, one, json!({})).await.must(400);
    let first = hand_in(&cadre, one, wrong()).await.must(200);
    let again = hand_in(&cadre, one, wrong()).await.must(200);
    assert_eq!(first.json(), again.json(), "handed in twice is handed in once");
    assert_eq!(hand_in(&cadre, one, right()).await.must(409).code(), "wrong_state");
    for _ in 0..2 {
        let (attempt, other) = (begin(&cadre).await, begin(&cadre).await);
        assert_eq!(attempt, other);
        let (a, b) = tokio::join!(hand_in(&cadre, attempt, right()), hand_in(&cadre, attempt, wrong()));
        let mut status = [a.status.as_u16(), b.status.as_u16()];
        status.sort_unstable();
        assert_eq!(status, [200, 409], "one of two different sheets counts");
    }
    let refused = cadre.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(409);
    assert!(refused.text().contains("明天再来"));
    let form = cadre.request(Method::POST, "/lessons/east/quiz").form(&[("x", "y")]);
    cadre.send(form).await.must(409);
    assert_eq!(left(cadre.get("/api/v1/lessons/east/quiz/attempts").await), 0);
    use sea_orm::{EntityTrait, PaginatorTrait};
    assert_eq!(entity::quiz_attempt::Entity::find().count(&city.db.read).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_is_its_owners_and_a_quiz_is_for_learners_who_see_the_lesson() {
    let city = city(false).await;
    let (cadre, other) = (city.client("cadre").await, city.learner(1).await);
    let attempt = begin(&cadre).await;
    hand_in(&other, attempt, right()).await.must(404);
    other.get(&format!("/lessons/east/quiz?attempt={attempt}")).await.must(404);
    city.client("trainer")
        .await
        .post(&format!("/api/v1/lessons/east/quiz/attempts/{attempt}"), right())
        .await
        .must(404);
    let wrong_lesson = format!("/api/v1/lessons/video/quiz/attempts/{attempt}");
    cadre.post(&wrong_lesson, right()).await.must(404);
    for (login, status) in [("cadre-b", 404), ("trainer-b", 404), ("site", 409), ("trainer", 409)] {
        let client = city.client(login).await;
        client.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(status);
        client.get("/api/v1/lessons/east/quiz/attempts").await.must(status);
        client.get("/lessons/east/quiz").await.must(status);
    }
    let stranger = city.client("trainer-b").await;
    stranger.get("/api/v1/lessons/east/quiz").await.must(404);
    put(&stranger, "east", json!({"version": 1, "questions": three()})).await.must(404);
    let id = city.lesson("east");
    for path in [format!("/studio/lessons/{id}/quiz"), format!("/studio/lessons/{id}/quiz/template.xlsx")] {
        stranger.get(&path).await.must(404);
    }
    let add = stranger.request(Method::POST, &format!("/studio/lessons/{id}/quiz")).form(&[("action", "add")]);
    stranger.send(add).await.must(404);
    let draft = version(&city.client("trainer").await, "draft").await;
    put(&city.client("trainer").await, "draft", json!({"version": draft, "questions": three()})).await.must(200);
    cadre.post("/api/v1/lessons/draft/quiz/attempts", json!({})).await.must(404);
    cadre.post("/api/v1/lessons/video/quiz/attempts", json!({})).await.must(404);
    assert!(!cadre.get("/lessons/video").await.must(200).text().contains("随堂测验"));
    hand_in(&cadre, attempt, right()).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_after_the_fact_touches_nobody_who_has_begun() {
    let city = city(false).await;
    let (cadre, trainer) = (city.client("cadre").await, city.client("trainer").await);
    let attempt = begin(&cadre).await;
    let kept = trainer.get("/api/v1/lessons/east/quiz").await.must(200).json();
    let mut changed = kept.clone();
    changed["questions"][0]["answer"] = json!([0]);
    changed["questions"].as_array_mut().unwrap().pop();
    let now = put(&trainer, "east", changed.clone()).await.must(200).json();
    assert_eq!(now["questions"][0]["id"], kept["questions"][0]["id"]);
    put(&trainer, "east", changed).await.must(409);
    assert_eq!(put(&trainer, "east", now.clone()).await.must(200).json(), now, "the same twice changes nothing");
    let mut switched = now.clone();
    switched["required"] = json!(true);
    assert_eq!(put(&trainer, "east", switched).await.must(409).code(), "wrong_state");
    let judged = hand_in(&cadre, attempt, right()).await.must(200).json();
    assert_eq!((&judged["right"], &judged["total"], &judged["passed"]), (&json!(3), &json!(3), &json!(true)));
    let next = cadre.post("/api/v1/lessons/east/quiz/attempts", json!({})).await.must(200).json();
    assert_eq!(next["questions"].as_array().unwrap().len(), 2);
    for bad in [
        json!([{"kind": "single", "text": "问", "choices": ["甲"], "answer": [0]}]),
        json!([{"kind": "single", "text": "问", "choices": ["甲", "乙"], "answer": [2]}]),
        json!([{"kind": "essay", "text": "问", "answer": [0]}]),
        json!([{"id": 99_999, "kind": "true_false", "text": "问", "answer": [0]}]),
        json!(vec![json!({"kind": "true_false", "text": "问", "answer": [0]}); 101]),
    ] {
        let body = json!({"version": now["version"], "questions": bad});
        assert_eq!(put(&trainer, "east", body).await.must(400).code(), "invalid_request");
    }
    assert_eq!(trainer.get("/api/v1/lessons/east/quiz").await.json(), now, "nothing is half done");
    use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
    let changes = entity::audit::Entity::find().filter(entity::audit::Column::Action.eq("lesson.quiz"));
    assert_eq!(changes.count(&city.db.read).await.unwrap(), 2, "who wrote it and who changed the key is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_wait_for_the_pass_and_come_with_it() {
    let city = city(true).await;
    let cadre = city.client("cadre").await;
    let page = cadre.get("/lessons/east").await.must(200).text();
    assert!(page.contains("才计学时") && page.contains("3 题，答对 2 题通过"), "{page}");
    watch(&city, &cadre, 5).await;
    let before = archive(&city, &cadre).await;
    assert_eq!((credited_minutes(&before), &before["entries"][0]["reasons"]["QUIZ_NOT_PASSED"]), (0, &json!(300_000)));
    sound(&city).await;
    hand_in(&cadre, begin(&cadre).await, wrong()).await.must(200);
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 0);
    let attempt = begin(&cadre).await;
    let two_of_three = json!({"answers": [[1], [2, 0], [0]]});
    let (one, two) =
        tokio::join!(hand_in(&cadre, attempt, two_of_three.clone()), hand_in(&cadre, attempt, two_of_three.clone()));
    assert_eq!(
        (one.must(200).json()["passed"].clone(), two.must(200).json()["passed"].clone()),
        (json!(true), json!(true))
    );
    let after = archive(&city, &cadre).await;
    assert_eq!((credited_minutes(&after), after["entries"].as_array().unwrap().len()), (5, 2), "{after}");
    assert!(after.to_string().contains("随堂测验通过"), "{after}");
    assert!(after["reasons"].get("QUIZ_NOT_PASSED").is_none_or(|ms| ms == 0), "{}", after["reasons"]);
    sound(&city).await;
    watch(&city, &cadre, 7).await;
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 7, "watched again, only what is new counts");
    hand_in(&cadre, begin(&cadre).await, right()).await.must(200);
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 7, "a second pass gives nothing");
    sound(&city).await;
    let record = cadre.get("/record").await.must(200).text();
    assert!(record.contains("随堂测验 3/3 通过") && !record.contains("-5 分钟"), "{record}");
    let lesson = cadre.get("/lessons/east").await.must(200).text();
    assert!(
        lesson.contains("已通过") && !lesson.contains("才计学时") && !lesson.contains("随堂测验尚未通过"),
        "{lesson}"
    );
    let office = city.client("office").await;
    let query = format!("unit={}&year={}", city.units["东江县"], entity::Moment::now().year());
    let csv = office.get(&format!("/api/v1/reports/attendance.csv?{query}")).await.must(200).text();
    assert!(csv.contains("随堂测验通过"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_earns_its_hours_without_the_quiz() {
    let city = city(true).await;
    let site = city.client("site").await;
    let roster = json!({"lesson_id": city.lesson("east"), "mode": "group", "roster": [city.people["甲村韦大山"]]});
    let id = site.post("/api/v1/playback", roster).await.must(200).json()["session_id"].as_i64().unwrap();
    site.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    use sea_orm::sea_query::{Expr, ExprTrait};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    entity::presence::Entity::update_many()
        .col_expr(entity::presence::Column::ArrivedAt, Expr::col(entity::presence::Column::ArrivedAt).sub(300_000))
        .filter(entity::presence::Column::PlaybackId.eq(id))
        .exec(&city.db.write)
        .await
        .unwrap();
    site.beat(id, 2, 300_000, true).await.must(200);
    site.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    assert_eq!(credited_minutes(&archive(&city, &city.client("cadre").await).await), 5);
    sound(&city).await;
}

/// A workbook with these rows below the headings.
fn workbook(rows: &[[&str; 6]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(std::iter::once(&["题型", "题目", "选项A", "选项B", "答案", "解析"]).chain(rows))
    {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

const GOOD: &[[&str; 6]] = &[
    ["单选", "窖里低于几度会冻坏", "十度", "二十度", "A", "低于十度会冻"],
    ["判断题", "湿度太高会发霉", "", "", "对", ""],
];

async fn import(client: &Client, lesson: i64, name: &str, bytes: Vec<u8>) -> Answer {
    let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().text("action", "check").part("file", part);
    let path = format!("/studio/lessons/{lesson}/quiz/import");
    client.send(client.request(Method::POST, &path).multipart(form)).await
}

/// The value of a hidden field behind a mark.
fn hidden(page: &str, name: &str) -> String {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

async fn confirm(client: &Client, lesson: i64, checked: &str) -> Answer {
    let behind = checked.split("name=\"content\"").next().unwrap().rsplit("/quiz/import").next().unwrap();
    let form = reqwest::multipart::Form::new()
        .text("action", "confirm")
        .text("version", hidden(behind, "version"))
        .text("name", hidden(behind, "name"))
        .text("content", hidden(checked, "content"));
    let path = format!("/studio/lessons/{lesson}/quiz/import");
    client.send(client.request(Method::POST, &path).multipart(form)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_checked_then_taken_whole_and_twice_changes_nothing() {
    let city = City::start().await;
    let (trainer, draft) = (city.client("trainer").await, city.lesson("draft"));
    let quiz = || trainer.get("/api/v1/lessons/draft/quiz");
    let empty = quiz().await.must(200).json();
    let mut rows = GOOD.to_vec();
    rows.push(["单选", "答案写错的题", "甲", "乙", "D", ""]);
    let bad = import(&trainer, draft, "题库.xlsx", workbook(&rows)).await.must(422).text();
    assert!(bad.contains("<td class=\"num\">4</td>") && !bad.contains("确认导入"), "{bad}");
    let checked = import(&trainer, draft, "题库.xlsx", workbook(GOOD)).await.must(200).text();
    assert!(checked.contains("新增 <b>2</b> 题") && checked.contains("确认导入"), "{checked}");
    assert_eq!(quiz().await.json(), empty, "checking changes nothing");
    confirm(&trainer, draft, &checked).await.must(303);
    let kept = quiz().await.json();
    assert_eq!(kept["questions"].as_array().unwrap().len(), 2);
    assert_eq!(kept["questions"][1]["answer"], json!([0]));
    let again = import(&trainer, draft, "题库.xlsx", workbook(GOOD)).await.must(200).text();
    assert!(again.contains("不用导入") && !again.contains("确认导入"));
    assert_eq!(confirm(&trainer, draft, &checked).await.status, 409, "what was checked is no longer what is there");
    assert_eq!(quiz().await.json(), kept);
    let csv = "题型,题目,选项A,选项B,答案,解析\n单选,窖里低于几度会冻坏,十度,二十度,B,\n判断,甘薯怕冷,,,√,\n";
    let gbk = encoding_rs::GBK.encode(csv).0.into_owned();
    let checked = import(&trainer, draft, "题库.csv", gbk).await.must(200).text();
    assert!(checked.contains("新增 <b>1</b> 题，更改 <b>1</b> 题"), "{checked}");
    confirm(&trainer, draft, &checked).await.must(303);
    assert_eq!(quiz().await.json()["questions"][0]["answer"], json!([1]));
    let template = trainer.get(&format!("/studio/lessons/{draft}/quiz/template.xlsx")).await.must(200);
    assert!(template.header("content-type").contains("spreadsheetml"));
    let page = import(&trainer, draft, "模板.xlsx", template.body).await.must(200).text();
    assert!(page.contains("新增 <b>0</b> 题"), "an untouched template brings no examples: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_tables_are_refused() {
    let city = City::start().await;
    let (trainer, draft) = (city.client("trainer").await, city.lesson("draft"));
    let many: Vec<String> = (0..101).map(|n| format!("第 {n} 问")).collect();
    let many: Vec<[&str; 6]> = many.iter().map(|text| ["判断", text, "", "", "对", ""]).collect();
    for (name, bytes, status) in [
        ("空.xlsx", vec![], 422),
        ("假.xlsx", b"not a workbook".to_vec(), 422),
        ("旧.xls", vec![0xD0, 0xCF, 0x11, 0xE0, 0, 0, 0, 0], 422),
        ("断.xlsx", workbook(GOOD)[..400].to_vec(), 422),
        ("影片.csv", city.video.clone(), 422),
        ("无表头.csv", "单选,问,甲,乙,A\n".into(), 422),
        ("太多.xlsx", workbook(&many), 422),
        ("太大.csv", vec![b'a'; (2 << 20) + 1], 422),
        ("更大.csv", vec![b'a'; 4 << 20], 413),
    ] {
        let answer = import(&trainer, draft, name, bytes).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text());
        assert!(!answer.text().contains("确认导入"), "{name}");
    }
    let formula = workbook(&[["单选", "<script>alert(1)</script>", "=1+1", "@x", "A", ""]]);
    let page = import(&trainer, draft, "公式.xlsx", formula).await.must(200).text();
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script>alert"));
}

async fn post_form(client: &Client, lesson: i64, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::POST, &format!("/studio/lessons/{lesson}/quiz")).form(fields)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_studio_keeps_every_typed_word_and_puts_questions_in_order() {
    let city = City::start().await;
    let (trainer, draft) = (city.client("trainer").await, city.lesson("draft"));
    let quiz = || trainer.get("/api/v1/lessons/draft/quiz");
    let now = async || version(&trainer, "draft").await.to_string();
    let typed =
        [("kind", "multiple"), ("text", "哪些要带去医院"), ("choice-A", "药瓶"), ("choice-B", "病历"), ("right", "0")];
    let mut fields = vec![("action", "add"), ("version", "1"), ("explanation", "医生要看药瓶")];
    fields.extend(typed);
    let refused = post_form(&trainer, draft, &fields).await.must(422).text();
    assert!(refused.contains("至少有两个正确选项"), "{refused}");
    for kept in ["哪些要带去医院", "value=\"药瓶\"", "value=\"病历\"", "医生要看药瓶", "value=\"0\" checked"]
    {
        assert!(refused.contains(kept), "{kept} is lost: {refused}");
    }
    fields.push(("right", "1"));
    post_form(&trainer, draft, &fields).await.must(303);
    let stale = post_form(
        &trainer,
        draft,
        &[("action", "add"), ("version", "1"), ("kind", "true_false"), ("text", "晚到的题"), ("truth", "true")],
    );
    let stale = stale.await.must(409).text();
    assert!(stale.contains("晚到的题") && stale.contains("已被他人修改"), "{stale}");
    let version = now().await;
    post_form(
        &trainer,
        draft,
        &[("action", "add"), ("version", &version), ("kind", "true_false"), ("text", "第二题"), ("truth", "false")],
    )
    .await
    .must(303);
    let kept = quiz().await.json();
    let second = kept["questions"][1]["id"].to_string();
    let (version, before) = (now().await, now().await);
    let moved =
        post_form(&trainer, draft, &[("action", "up"), ("version", &version), ("question", &second)]).await.must(303);
    assert!(moved.header("location").ends_with(&format!("moved={second}")), "{}", moved.header("location"));
    assert_eq!(quiz().await.json()["questions"][0]["id"].to_string(), second);
    let page = trainer.get(moved.header("location")).await.must(200).text();
    assert!(page.contains("上移") && page.contains("autofocus"));
    post_form(&trainer, draft, &[("action", "down"), ("version", &before), ("question", &second)]).await.must(409);
    let edit = trainer.get(&format!("/studio/lessons/{draft}/quiz?edit={second}")).await.must(200).text();
    assert!(edit.contains(">第二题</textarea>") && edit.contains("value=\"false\" checked"), "{edit}");
    let version = now().await;
    post_form(
        &trainer,
        draft,
        &[
            ("action", "save"),
            ("version", &version),
            ("question", &second),
            ("kind", "true_false"),
            ("text", "改过的题"),
            ("truth", "true"),
        ],
    )
    .await
    .must(303);
    assert_eq!(quiz().await.json()["questions"][0]["text"], "改过的题");
    let version = now().await;
    post_form(&trainer, draft, &[("action", "require"), ("version", &version), ("required", "on")]).await.must(303);
    assert_eq!(quiz().await.json()["required"], true);
    for _ in 0..2 {
        let (version, first) = (now().await, quiz().await.json()["questions"][0]["id"].to_string());
        post_form(&trainer, draft, &[("action", "remove"), ("version", &version), ("question", &first)]).await;
    }
    assert_eq!(
        quiz().await.json()["questions"].as_array().unwrap().len(),
        1,
        "the last question stays while a pass is asked for"
    );
    trainer.post("/api/v1/lessons/draft/submit", json!({})).await.must(200);
    let version = now().await;
    post_form(&trainer, draft, &[("action", "require"), ("version", &version)]).await.must(409);
    let page = trainer.get(&format!("/studio/lessons/{draft}/quiz")).await.must(200).text();
    assert!(page.contains("正在审核") && !page.contains("添加这道题"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_fails_tries_again_passes_and_sees_the_hours() {
    let city = city(true).await;
    let cadre = city.client("cadre").await;
    watch(&city, &cadre, 5).await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/lessons/east").await;
    phone.picture("lesson-360").await;
    phone.run("document.querySelector('#quiz').scrollIntoView()").await;
    phone.picture("lesson-card-360").await;
    assert!(!phone.overflows().await);
    phone.click("#quiz a.btn").await;
    phone.until("return document.body.innerText.includes('开始测验')").await;
    phone.picture("door-360").await;
    phone.click("main form .btn").await;
    phone.until("return document.querySelectorAll('.quiz-choice').length === 8").await;
    phone.picture("sheet-360").await;
    assert!(!phone.overflows().await);
    let small = "return [...document.querySelectorAll('.quiz-choice, main .btn')].filter(e => e.getBoundingClientRect().height < 44).length";
    assert_eq!(phone.run(small).await, json!(0), "a thumb misses what is lower than 44 px");
    phone.click(".quiz-choice").await;
    phone.picture("sheet-chosen-360").await;
    phone.click("main form > .btn").await;
    phone.until("return document.body.innerText.includes('还没通过')").await;
    phone.picture("failed-360").await;
    assert!(!phone.overflows().await);
    phone.click("main form .btn").await;
    phone.until("return document.querySelectorAll('.quiz-choice').length === 8").await;
    for (question, choice) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
        phone.click(&format!("input[name=q{question}][value=\"{choice}\"]")).await;
    }
    phone.click("main form > .btn").await;
    phone.until("return document.body.innerText.includes('通过了')").await;
    phone.picture("passed-360").await;
    phone.click(".notice a").await;
    phone.until("return document.body.innerText.includes('随堂测验 3/3 通过')").await;
    phone.run("document.querySelector('.rows').scrollIntoView()").await;
    phone.picture("record-360").await;
    assert!(!phone.overflows().await);
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 5);
    phone.goto("/lessons/east").await;
    phone.until("return document.body.innerText.includes('已通过')").await;
    phone.run("document.querySelector('#quiz').scrollIntoView()").await;
    phone.picture("lesson-passed-360").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_desk_writes_a_question_imports_a_table_and_orders_by_keys() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    let page = format!("/studio/lessons/{}/quiz", city.lesson("draft"));
    desk.goto(&page).await;
    desk.picture("studio-empty-1280").await;
    desk.fill("#text", "打药那天最高温不要超过多少度").await;
    desk.fill("[name=choice-A]", "三十度").await;
    desk.fill("[name=choice-B]", "四十度").await;
    desk.click("button[value=add]").await;
    desk.until("return document.body.innerText.includes('请标出正确答案')").await;
    desk.picture("studio-error-1280").await;
    desk.click("[name=right][value=\"0\"]").await;
    desk.click("button[value=add]").await;
    desk.until("return document.querySelectorAll('.quiz-list > li').length === 1").await;
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("题库.xlsx");
    std::fs::write(&path, workbook(GOOD)).unwrap();
    desk.choose("#quiz-file", &path).await;
    desk.click("button[value=check]").await;
    desk.until("return document.body.innerText.includes('确认导入')").await;
    desk.picture("studio-checked-1280").await;
    assert!(!desk.overflows().await);
    desk.click("button[value=confirm]").await;
    desk.until("return document.querySelectorAll('.quiz-list > li').length === 3").await;
    desk.picture("studio-imported-1280").await;
    desk.click(".quiz-list > li:last-child button[value=up]").await;
    desk.until("return document.querySelectorAll('.quiz-list > li')[1].innerText.includes('湿度太高')").await;
    desk.until("return document.activeElement.value === 'up'").await;
    desk.press(thirtyfour::Key::Enter.into()).await; // the same key again moves it on
    desk.until("return document.querySelectorAll('.quiz-list > li')[0].innerText.includes('湿度太高')").await;
    desk.click(".quiz-kinds label:nth-child(3)").await;
    desk.until("return getComputedStyle(document.querySelector('.for-choices')).display === 'none'").await;
    desk.picture("studio-true-false-1280").await;
    assert!(!desk.overflows().await);
    desk.close().await;
}
