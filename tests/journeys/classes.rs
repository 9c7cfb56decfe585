//! Classes in person from their announcement to the record, and other study that waits for the county.

use entity::{Day, Moment};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tests::browser::Browser;
use tests::client::Answer;
use tests::{City, Client};

/// A file that begins like a photograph.
const PHOTOGRAPH: &[u8] = b"\x89PNG\r\n\x1a\n a certificate";

fn today() -> Day {
    Moment::now().day()
}

fn class_of(city: &City, unit: &str, title: &str) -> Value {
    json!({"unit_id": city.units[unit], "title": title, "starts_on": today(), "ends_on": today(), "half_days": 2})
}

async fn announced(city: &City, trainer: &Client, title: &str) -> i64 {
    let made = trainer.post("/api/v1/classes", class_of(city, "东江县", title)).await.must(201).json();
    made["id"].as_i64().unwrap()
}

async fn form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::POST, path).form(fields)).await
}

async fn parts(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form = fields.iter().fold(Form::new(), |form, (name, value)| form.text(name.to_string(), value.to_string()));
    client.send(client.request(Method::POST, path).multipart(form)).await
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let from = page.find(&start).unwrap_or_else(|| panic!("no {name} in {page}")) + start.len();
    page[from..].split('"').next().unwrap().to_owned()
}

/// What counts of the cadre's year: milliseconds in the archive.
async fn credited(city: &City, year: i32) -> i64 {
    let path = format!("/api/v1/people/{}/archive?year={year}", city.people["甲村韦大山"]);
    let record = city.client("cadre").await.get(&path).await.must(200).json();
    record["entries"].as_array().unwrap().iter().map(|entry| entry["credited_ms"].as_i64().unwrap()).sum()
}

async fn is_sound(city: &City) -> bool {
    archive::verify::ledger(&city.db.read, &|_, _| ()).await.unwrap().is_sound()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_is_announced_signed_in_to_handed_in_and_approved_by_another_before_it_counts() {
    let city = City::start().await;
    let (trainer, cadre, office) =
        (city.client("trainer").await, city.client("cadre").await, city.client("office").await);
    assert!(trainer.get("/studio/classes").await.must(200).text().contains("没有这样的培训班"));
    let county = city.units["东江县"].to_string();
    let (today_text, unit) = (today().to_string(), county.as_str());
    let typed = [
        ("unit_id", unit),
        ("title", ""),
        ("topics", "果园管护"),
        ("starts_on", today_text.as_str()),
        ("ends_on", today_text.as_str()),
        ("half_days", "2"),
    ];
    let refused = form(&trainer, "/studio/classes", &typed).await.must(422).text();
    assert!(refused.contains("请写明名称") && refused.contains("果园管护"), "the form keeps its text");
    let named = typed.map(|(name, value)| if name == "title" { (name, "冬训<b>班</b>") } else { (name, value) });
    let place = form(&trainer, "/studio/classes", &named).await.must(303).header("location").to_owned();
    let class = place.split('?').next().unwrap().to_owned();
    let id: i64 = class.rsplit('/').next().unwrap().parse().unwrap();

    // The roster: one bad line and nobody is added; then all of them.
    let people = format!("{class}/people");
    let looked =
        parts(&trainer, &people, &[("do", "roster"), ("text", "甲村韦大山\n没有这个人\n04501000012001")]).await;
    let looked = looked.must(200).text();
    assert!(looked.contains("<td class=\"num\">2</td><td>本单位和下级没有叫 没有这个人 的人</td>"), "{looked}");
    assert!(!looked.contains("确认加入") && looked.contains("04501000012001</textarea>"), "what was pasted stays");
    let looked = parts(&trainer, &people, &[("do", "roster"), ("text", "甲村韦大山\n04501000012001")]).await;
    let looked = looked.must(200).text();
    assert!(looked.contains("确认加入这 2 人"), "{looked}");
    assert!(trainer.get(&class).await.must(200).text().contains("名单还是空的"), "looking adds nobody");
    parts(&trainer, &people, &[("do", "enroll"), ("what", &hidden(&looked, "what"))]).await.must(303);

    // The code on the wall, and a telephone.
    form(&trainer, &format!("{class}/signing"), &[("half_day", "1")]).await.must(303);
    let wall = trainer.get(&format!("{class}/code")).await.must(200).text();
    assert!(wall.contains("第 1 个半天签到") && wall.contains("http-equiv=\"refresh\""), "{wall}");
    let code = trainer.get(&format!("/api/v1/classes/{id}/signing")).await.must(200).json();
    let digits = code["code"]["digits"].as_str().unwrap();
    let joined = cadre.post("/api/v1/join", json!({"code": digits})).await.must(200).json();
    assert_eq!(joined, json!({"class_id": id, "half_day": 1}));
    let said = form(&cadre, "/join", &[("class", &id.to_string()), ("code", digits)]).await.must(200).text();
    assert!(said.contains("签到成功") && said.contains("第 1 个半天已签到"), "{said}");
    let stranger = city.client("cadre-b").await.post("/api/v1/join", json!({"class": id, "code": digits})).await;
    assert_eq!(stranger.must(404).code(), "wrong_code", "not on the roster");
    trainer
        .send(trainer.request(Method::PUT, &format!("/api/v1/classes/{id}/signing")).json(&json!({"half_day": 2})))
        .await
        .must(200);
    let elapsed = cadre.post("/api/v1/join", json!({"class": id, "code": digits})).await;
    assert_eq!(elapsed.must(404).code(), "wrong_code", "the half-day is over");

    // The roll, and a table of attendance.
    let who = city.people["甲村韦大山"];
    let (was, there) = (format!("{who}:1"), format!("{who}:2"));
    form(&trainer, &format!("{class}/roll"), &[("was", &was), ("there", &was), ("there", &there)]).await.must(303);
    let looked = parts(&trainer, &people, &[("do", "attendance"), ("text", "04501000012001 3\n甲村黄志强 全勤")]).await;
    let looked = looked.must(200).text();
    assert!(looked.contains("出勤半天“3”看不懂") && looked.contains("甲村黄志强 不在这个班的名单里"), "{looked}");
    let looked = parts(&trainer, &people, &[("do", "attendance"), ("text", "04501000012001 1")]).await.must(200).text();
    parts(&trainer, &people, &[("do", "attend"), ("what", &hidden(&looked, "what"))]).await.must(303);
    let detail = trainer.get(&format!("/api/v1/classes/{id}")).await.must(200).json();
    let there: Vec<_> = detail["roster"].as_array().unwrap().iter().map(|row| row["half_days"].clone()).collect();
    assert_eq!(there, [json!([1]), json!([1, 2])], "by name: 覃小梅, 韦大山");

    // What proves it, handing in, and somebody else's decision.
    let file = Part::bytes(PHOTOGRAPH.to_vec()).file_name("sheet.png");
    let proof =
        trainer.request(Method::POST, &format!("{class}/evidence")).multipart(Form::new().part("evidence", file));
    trainer.send(proof).await.must(303);
    let svg = Part::bytes(b"<svg onload=alert(1)>".to_vec()).file_name("sheet.png");
    let bad = trainer.request(Method::POST, &format!("{class}/evidence")).multipart(Form::new().part("evidence", svg));
    assert!(trainer.send(bad).await.must(400).text().contains("请附上证明材料"));
    assert_eq!(credited(&city, Moment::now().year()).await, 0);
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    form(&office, &format!("{class}/decision"), &[("verdict", "return"), ("reason", "")]).await.must(400);
    form(&office, &format!("{class}/decision"), &[("verdict", "return"), ("reason", "签到表没有盖章")]).await.must(303);
    assert!(trainer.get("/studio").await.must(200).text().contains("签到表没有盖章"), "the organiser is told");
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    let approve = json!({"approve": true});
    let decision = format!("/api/v1/classes/{id}/decision");
    trainer.post(&decision, approve.clone()).await.must(403);
    city.client("office-b").await.post(&decision, approve.clone()).await.must(404);
    form(&office, &format!("{class}/decision"), &[("verdict", "approve")]).await.must(303);
    assert_eq!(office.post(&decision, approve).await.must(409).code(), "wrong_state");

    // The same number wherever it is shown, the markup of the title harmless.
    assert_eq!(credited(&city, Moment::now().year()).await, 6 * 3_600_000);
    let record = cadre.get("/record").await.must(200).text();
    assert!(record.contains("冬训&#60;b&#62;班") || record.contains("冬训&lt;b&gt;班"), "{record}");
    assert!(record.contains("（县区级）") && record.contains("<b>8</b><span>集中培训</span>"), "{record}");
    let report = format!("/api/v1/reports/attendance.csv?class={id}");
    let csv = office.get(&report).await.must(200).text();
    assert!(csv.contains("甲村韦大山") && csv.contains("集中培训"), "{csv}");
    assert!(is_sound(&city).await);
}

/// Declares a study as a program does: the query without its evidence.
fn study(source: &str, half_days: i32) -> Vec<(&'static str, String)> {
    let day = today().to_string();
    vec![
        ("source", source.to_owned()),
        ("title", "农学大专第一学期".to_owned()),
        ("starts_on", (today() - chrono::Days::new(9)).to_string()),
        ("ends_on", day),
        ("half_days", half_days.to_string()),
        ("words", "学了土肥".to_owned()),
        ("filename", "成绩单.png".to_owned()),
    ]
}

async fn declare(client: &Client, path: &str, query: &[(&'static str, String)], file: &[u8]) -> Answer {
    client.send(client.request(Method::POST, path).query(query).body(file.to_vec())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_study_waits_counts_as_far_as_it_is_approved_and_a_refusal_says_why() {
    let city = City::start().await;
    let (cadre, office) = (city.client("cadre").await, city.client("office").await);
    let mine = "/api/v1/me/studies";
    for (wrong, file, why) in [
        (study("degree", 4), &b""[..], "without a file"),
        (study("degree", 4), b"<!doctype html><script>alert(1)</script>", "a page is no evidence"),
        (study("home_study", 4), PHOTOGRAPH, "study brought home is entered by those who bring it"),
        (study("class", 4), PHOTOGRAPH, "a class is announced"),
        (study("emperor", 4), PHOTOGRAPH, "no such kind"),
        (study("degree", 21), PHOTOGRAPH, "more than two a day"),
        (study("degree", i32::MAX), PHOTOGRAPH, "a number too large"),
    ] {
        assert_eq!(declare(&cadre, mine, &wrong, file).await.status, StatusCode::BAD_REQUEST, "{why}");
    }
    let first = declare(&cadre, mine, &study("degree", 10), PHOTOGRAPH).await.must(201).json();
    let second = declare(&cadre, mine, &study("secondment", 2), PHOTOGRAPH).await.must(201).json();
    assert_eq!((first["state"].as_str(), credited(&city, Moment::now().year()).await), (Some("handed_in"), 0));
    assert!(cadre.get("/record").await.must(200).text().contains("待县级审核"));

    let waiting = office.get("/api/v1/studies?state=handed_in").await.must(200).json();
    assert_eq!(waiting["total"], 2);
    let queue = office.get("/office/declared").await.must(200).text();
    let url = queue.split("href=\"").find(|part| part.starts_with("/media/")).unwrap().split('"').next().unwrap();
    for (login, status) in [("office", 200), ("auditor", 200), ("cadre", 200), ("office-b", 404), ("cadre-b", 404)] {
        city.client(login).await.get(url).await.must(status);
    }
    let served = office.get(url).await.must(200);
    assert!(served.header("content-security-policy").starts_with("sandbox"), "{:?}", served.headers);
    assert_eq!(served.header("x-content-type-options"), "nosniff");
    let later = Moment::now().plus_ms(1000);
    let gone = content::collect::forget(&city.db.write, later, None, later, true).await.unwrap();
    assert!(gone.iter().all(|media| !url.ends_with(&media.sha256)), "what proves a study is in use");

    let (first, second) = (format!("/office/declared/{}", first["id"]), format!("/office/declared/{}", second["id"]));
    let fewer = [("verdict", "approve"), ("half_days", "4")];
    let refused = form(&office, &first, &fewer).await.must(400).text();
    assert!(refused.contains("请填写理由") && refused.contains("value=\"4\""), "the form keeps its text: {refused}");
    form(&city.client("office-b").await, &first, &fewer).await.must(404);
    form(&city.client("auditor").await, &first, &fewer).await.must(403);
    form(&office, &first, &[("verdict", "approve"), ("half_days", "11"), ("reason", "多给")]).await.must(400);
    form(&office, &first, &[("verdict", "approve"), ("half_days", "4"), ("reason", "有记录的四个")]).await.must(303);
    form(&office, &second, &[("verdict", "refuse"), ("reason", "没有单位盖章")]).await.must(303);
    form(&office, &second, &[("verdict", "approve")]).await.must(409);

    assert_eq!(credited(&city, Moment::now().year()).await, 12 * 3_600_000, "two days of six hours");
    let home = cadre.get("/home").await.must(200).text();
    assert!(home.contains("没有单位盖章") && home.contains("学时已记入"), "the person is told");
    let record = cadre.get("/record").await.must(200).text();
    assert!(record.contains("<b>16</b><span>学历教育</span>") && record.contains("未通过"), "{record}");
    let hours = office.get(&format!("/api/v1/reports/hours.csv?year={}", Moment::now().year())).await.must(200).text();
    assert!(hours.contains("学历教育分钟"), "{hours}");
    assert!(is_sound(&city).await);

    let path = format!("/api/v1/people/{}/studies", city.people["甲村韦大山"]);
    declare(&city.client("site").await, &path, &study("home_study", 1), b"%PDF-1.7 at home").await.must(201);
    let record = cadre.get("/record").await.must(200).text();
    let shown =
        record.split("href=\"/media/").skip(1).map(|part| format!("/media/{}", part.split('"').next().unwrap()));
    let files: std::collections::BTreeSet<String> = shown.collect();
    assert!(files.len() > 1, "what others brought to prove one's study is shown too: {files:?}");
    for file in files {
        cadre.get(&file).await.must(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_of_a_study_keeps_its_text_and_the_site_manager_enters_study_brought_home() {
    let city = City::start().await;
    let (cadre, site) = (city.client("cadre").await, city.client("site").await);
    cadre.get("/record/declare").await.must(200);
    let file = || Part::bytes(PHOTOGRAPH.to_vec()).file_name("a.png");
    let filled = |words: &str, source: &str| {
        let day = today().to_string();
        let texts = [
            ("source", source),
            ("title", "果园现场教学"),
            ("starts_on", day.as_str()),
            ("ends_on", day.as_str()),
            ("half_days", "1"),
        ];
        let form = texts.iter().fold(Form::new(), |form, (name, value)| form.text(name.to_string(), value.to_string()));
        form.text("words", words.to_owned()).part("evidence", file())
    };
    let send = async |client: &Client, path: &str, form: Form| {
        client.send(client.request(Method::POST, path).multipart(form)).await
    };
    let refused = send(&cadre, "/record/declare", filled("", "field_study")).await.must(422).text();
    assert!(refused.contains("请写明学了什么") && refused.contains("果园现场教学"), "{refused}");
    send(&cadre, "/record/declare", filled("看了嫁接", "field_study")).await.must(303);
    let other = format!("/office/people/{}/study", city.people["甲村蒙秀英"]);
    site.get(&other).await.must(200);
    send(&site, &other, filled("上门送学", "home_study")).await.must(303);
    let beyond = format!("/office/people/{}/study", city.people["丙村蒙秀英"]);
    send(&site, &beyond, filled("上门送学", "home_study")).await.must(404);
    send(&cadre, &other, filled("上门送学", "home_study")).await.must(403);
    let page = city.client("office").await.get("/office/declared").await.must(200).text();
    assert!(page.contains("送学上门") && page.contains("甲村蒙秀英") && page.contains("实地教学"), "{page}");
    let elsewhere = city.client("office-b").await.get("/office/declared").await.must(200).text();
    assert!(elsewhere.contains("没有申报的学习"), "{elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_office_is_counted_on_its_first_page_and_beside_its_tabs() {
    let city = City::start().await;
    let (trainer, cadre) = (city.client("trainer").await, city.client("cadre").await);
    let id = announced(&city, &trainer, "冬训班").await;
    trainer.post(&format!("/api/v1/classes/{id}/roster"), json!({"people": ["甲村韦大山"]})).await.must(200);
    announced(&city, &trainer, "还没有开的班").await;
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    let own = declare(&cadre, "/api/v1/me/studies", &study("degree", 4), PHOTOGRAPH).await.must(201).json();
    let office = city.client("office").await;
    let first = office.get("/office").await.must(200).text();
    for (href, label) in
        [("/studio/classes?state=handed_in", "培训班 1 个"), ("/office/declared?state=handed_in", "其他学习 1 件")]
    {
        assert!(first.contains(&format!("<a href=\"{href}\">{label}</a>")), "{first}");
    }
    assert!(first.contains(">培训班 1<") && first.contains(">其他学习 1<") && first.contains(">申诉<"), "{first}");
    let list = office.get("/studio/classes?state=handed_in").await.must(200).text();
    assert!(list.contains("冬训班") && !list.contains("还没有开的班"), "{list}");
    for login in ["trainer", "office-b", "auditor"] {
        let page = city.client(login).await.get("/office").await.must(200).text();
        assert!(!page.contains("等待您处理") && page.contains(">培训班<"), "{login}: {page}");
    }
    office.post(&format!("/api/v1/classes/{id}/decision"), json!({"approve": true})).await.must(200);
    let next = office.get("/office").await.must(200).text();
    assert!(next.contains(">培训班<") && next.contains("其他学习 1 件"), "decided, and the number is gone at once");
    let no = [("verdict", "refuse"), ("reason", "没有单位盖章")];
    form(&office, &format!("/office/declared/{}", own["id"]), &no).await.must(303);
    assert!(!office.get("/office").await.must(200).text().contains("等待您处理"));
}

/// A table of attendance, as a spreadsheet saves it.
fn workbook(rows: &[[&str; 2]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (line, row) in (0..).zip([["姓名", "出勤半天"]].iter().chain(rows)) {
        for (column, text) in (0..).zip(row) {
            sheet.write_string(line, column, *text).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_brings_a_table_of_attendance_looks_at_it_first_and_all_of_it_or_nothing_is_done() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let id = announced(&city, &trainer, "冬训班").await;
    let class = format!("/api/v1/classes/{id}");
    let people = json!({"people": ["甲村韦大山", "甲村覃小梅"]});
    trainer.post(&format!("{class}/roster"), people).await.must(200);
    let bring = async |client: &Client, query: &str, file: Vec<u8>| {
        client.send(client.request(Method::POST, &format!("{class}/attendance?{query}")).body(file)).await
    };
    let there = async || trainer.get(&class).await.must(200).json()["roster"].clone();
    let none = there().await;
    let half_right = workbook(&[["甲村韦大山", "全勤"], ["甲村黄志强", "1"], ["甲村覃小梅", "3"]]);
    let looked = bring(&trainer, "filename=a.xlsx&dry_run=true", half_right.clone()).await.must(200).json();
    assert_eq!(looked["changed"].as_array().unwrap().len(), 1);
    let lines: Vec<_> = looked["bad"].as_array().unwrap().iter().map(|bad| bad["line"].as_i64().unwrap()).collect();
    assert_eq!(lines, [3, 4]);
    let refused = bring(&trainer, "filename=a.xlsx", half_right).await.must(422);
    assert_eq!(refused.code(), "unprocessable");
    assert!(refused.text().contains("没有改动任何签到，如第 3 行"), "{}", refused.text());
    let good = workbook(&[["甲村韦大山", "全勤"], ["甲村覃小梅", "2"]]);
    bring(&trainer, "filename=a.xlsx&dry_run=true", good.clone()).await.must(200);
    assert_eq!(there().await, none, "looking changes nothing");
    let done = bring(&trainer, "filename=a.xlsx", good.clone()).await.must(200).json();
    let changed = |name: &str| done["changed"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned();
    assert_eq!(changed("甲村韦大山").unwrap()["half_days"], json!([1, 2]));
    assert_eq!(changed("甲村覃小梅").unwrap()["half_days"], json!([2]));
    let again = bring(&trainer, "filename=a.xlsx", good).await.must(200).json();
    assert_eq!((&again["changed"], &again["unchanged"]), (&json!([]), &json!(2)), "twice changes nothing");
    let csv = "姓名,出勤半天\n甲村覃小梅,缺勤\n".as_bytes().to_vec();
    bring(&trainer, "filename=a.csv", csv.clone()).await.must(200);
    assert_eq!(there().await[0]["half_days"], json!([]), "by name: 覃小梅");
    assert_eq!(bring(&trainer, "filename=a.xlsx", vec![0xff; 64]).await.must(422).code(), "unprocessable");
    bring(&trainer, "filename=a.csv", vec![b'a'; 3 << 20]).await.must(413);
    bring(&trainer, "dry_run=true", csv.clone()).await.must(400);
    bring(&city.client("trainer-b").await, "filename=a.csv", csv.clone()).await.must(404);
    bring(&city.client("office").await, "filename=a.csv", csv.clone()).await.must(403);

    let off = format!("{class}/roster/{}", city.people["甲村韦大山"]);
    city.client("trainer-b").await.delete(&off).await.must(404);
    for _ in 0..2 {
        trainer.delete(&off).await.must(204);
    }
    assert_eq!(trainer.get(&class).await.must(200).json()["total"], 1);
    city.client("trainer-b").await.post_empty(format!("{class}/call-off")).await.must(404);
    let over = trainer.post_empty(format!("{class}/call-off")).await.must(200).json();
    assert_eq!(over["state"], "refused");
    for after in ["call-off", "hand-in"] {
        assert_eq!(trainer.post_empty(format!("{class}/{after}")).await.must(409).code(), "wrong_state");
    }
    assert_eq!(bring(&trainer, "filename=a.csv", csv).await.must(409).code(), "wrong_state");
    trainer.delete(&off).await.must(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_adds_what_proves_a_class_once_and_reads_it_back() {
    let city = City::start().await;
    let (trainer, office) = (city.client("trainer").await, city.client("office").await);
    let id = announced(&city, &trainer, "冬训班").await;
    let path = format!("/api/v1/classes/{id}/evidence");
    let bring = async |client: &Client, name: &str, file: &[u8]| {
        let request = client.request(Method::POST, &path).query(&[("filename", name)]);
        client.send(request.body(file.to_vec())).await
    };
    assert_eq!(office.get(&path).await.must(200).json(), json!([]));
    let first = bring(&trainer, "签到表.png", PHOTOGRAPH).await.must(201).json();
    assert_eq!(bring(&trainer, "again.png", PHOTOGRAPH).await.must(201).json(), first, "the same file is there once");
    bring(&trainer, "名单.pdf", b"%PDF-1.7 roster").await.must(201);
    for bad in [&b""[..], b"<svg onload=alert(1)>"] {
        assert_eq!(bring(&trainer, "a.png", bad).await.must(400).code(), "invalid_request");
    }
    bring(&city.client("trainer-b").await, "a.png", PHOTOGRAPH).await.must(404);
    bring(&office, "a.png", PHOTOGRAPH).await.must(403);
    city.client("office-b").await.get(&path).await.must(404);
    let files = office.get(&path).await.must(200).json();
    let names: Vec<_> = files.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["签到表.png", "名单.pdf"]);
    assert_eq!(trainer.get(&format!("/api/v1/classes/{id}")).await.must(200).json()["evidence"], files);
    office.get(files[0]["url"].as_str().unwrap()).await.must(200);
    trainer.post_empty(format!("/api/v1/classes/{id}/call-off")).await.must(200);
    let late = bring(&trainer, "late.png", b"\x89PNG\r\n\x1a\n another").await.must(409);
    assert_eq!(late.code(), "wrong_state");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_year_takes_neither_a_class_nor_a_study() {
    let city = City::start().await;
    let (trainer, office) = (city.client("trainer").await, city.client("office").await);
    let year = Moment::now().year() - 1;
    let day = Day::from_ymd_opt(year, 12, 30).unwrap();
    let body =
        json!({"unit_id": city.units["清水镇"], "title": "年底班", "starts_on": day, "ends_on": day, "half_days": 2});
    let id = trainer.post("/api/v1/classes", body).await.must(201).json()["id"].as_i64().unwrap();
    let enrolled = json!({"people": ["甲村韦大山"]});
    trainer.post(&format!("/api/v1/classes/{id}/roster"), enrolled).await.must(200);
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(200);
    let seal = office.post(&format!("/api/v1/units/{}/seals", city.units["东江县"]), json!({"year": year})).await;
    let seal = seal.must(202).json()["id"].to_string();
    for attempt in 0.. {
        assert!(attempt < 400, "never sealed");
        if office.get(&format!("/api/v1/seals/{seal}")).await.must(200).json()["state"] == "sealed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page =
        form(&office, &format!("/studio/classes/{id}/decision"), &[("verdict", "approve")]).await.must(409).text();
    assert!(page.contains(&format!("{year} 年已封存")), "{page}");
    assert_eq!(credited(&city, year).await, 0);
    let mut query = study("degree", 1);
    for (name, value) in &mut query {
        if name.ends_with("_on") {
            *value = day.to_string();
        }
    }
    let refused = declare(&city.client("cadre").await, "/api/v1/me/studies", &query, PHOTOGRAPH).await.must(409);
    assert!(refused.text().contains("已封存"));
    let returned = [("verdict", "return"), ("reason", "年度已封存")];
    form(&office, &format!("/studio/classes/{id}/decision"), &returned).await.must(303);
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_classes_change_nothing_and_another_county_neither_sees_nor_touches_one() {
    let city = City::start().await;
    let (trainer, foreign) = (city.client("trainer").await, city.client("trainer-b").await);
    for (key, value) in [
        ("title", json!("班".repeat(201))),
        ("title", json!(" \u{0} ")),
        ("ends_on", json!((today() - chrono::Days::new(1)).to_string())),
        ("ends_on", json!("2026-02-30")),
        ("ends_on", json!("9998-12-31")),
        ("half_days", json!(0)),
        ("half_days", json!(3)),
        ("half_days", json!(i64::MAX)),
        ("unit_id", json!(city.units["甲村"])),
    ] {
        let mut body = class_of(&city, "东江县", "冬训班");
        body[key] = value.clone();
        trainer.post("/api/v1/classes", body).await.must(400);
    }
    trainer.post("/api/v1/classes", class_of(&city, "西山县", "冬训班")).await.must(404);
    assert_eq!(trainer.get("/api/v1/classes").await.must(200).json()["total"], 0);
    let id = announced(&city, &trainer, "冬训班").await;
    let class = format!("/studio/classes/{id}");
    for path in [class.clone(), format!("{class}/code"), format!("{class}/edit"), format!("/api/v1/classes/{id}")] {
        foreign.get(&path).await.must(404);
    }
    assert_eq!(foreign.get("/api/v1/classes").await.must(200).json()["total"], 0);
    let outsider = city.people["丙村韦大山"].to_string();
    parts(&trainer, &format!("{class}/people"), &[("do", "enroll"), ("what", &outsider)]).await.must(404);
    let none = json!({"people": ["丙村韦大山"]});
    trainer.post(&format!("/api/v1/classes/{id}/roster"), none).await.must(422);
    let stranger = json!({"marks": [{"person_id": city.people["甲村韦大山"], "half_day": 1, "there": true}]});
    trainer.post(&format!("/api/v1/classes/{id}/roll"), stranger).await.must(400);
    trainer.post_empty(format!("/api/v1/classes/{id}/hand-in")).await.must(400); // nobody is on its roster
    assert_eq!(trainer.get(&format!("/api/v1/classes/{id}")).await.must(200).json()["total"], 0);
    form(&trainer, &format!("{class}/call-off"), &[]).await.must(303);
    let closed = json!({"people": ["甲村韦大山"]});
    assert_eq!(trainer.post(&format!("/api/v1/classes/{id}/roster"), closed).await.must(409).code(), "wrong_state");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_trainer_runs_a_class_and_a_cadre_declares_a_study_without_scripts_in_the_way() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("trainer").await;
    desk.goto("/studio/classes").await;
    desk.picture("classes-empty").await;
    desk.goto("/studio/classes/new").await;
    desk.fill("#title", "村干部冬季轮训班").await;
    desk.fill("#place", "县委党校").await;
    desk.picture("classes-new").await;
    desk.click("form.form .tools .btn").await;
    desk.until("return document.body.innerText.includes('名单还是空的')").await;
    desk.fill("#text", "甲村韦大山\n没有这个人").await;
    desk.click("button[value=roster]").await;
    desk.until("return document.body.innerText.includes('不合格的行')").await;
    desk.picture("classes-bad-line").await;
    desk.click("button[value=unit]").await;
    desk.until("return document.body.innerText.includes('确认加入')").await;
    desk.click("button[value=enroll]").await;
    desk.until("return document.querySelectorAll('.boxes tbody tr').length > 0").await;
    desk.click(".boxes input[type=checkbox]").await;
    desk.click("#roll .btn").await;
    desk.until("return document.body.innerText.includes('签到已保存')").await;
    desk.picture("classes-one").await;
    assert!(!desk.overflows().await);
    desk.click("form[action$=signing] .btn.quiet").await;
    desk.until("return document.querySelector('.wall svg') !== null").await;
    desk.picture("classes-wall").await;
    assert!(!desk.overflows().await);
    let place = desk.run("return location.pathname.replace('/code', '')").await;
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 780).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/record/declare").await;
    let file = city.data.join("a.png");
    std::fs::write(&file, PHOTOGRAPH).unwrap();
    phone.fill("#title", "农业技术大专班").await;
    phone.fill("#words", "学了土肥和植保").await;
    phone.choose("#evidence", &file).await;
    phone.picture("declare-360").await;
    assert!(!phone.overflows().await);
    phone.click("form.form .btn").await;
    phone.until("return document.body.innerText.includes('待县级审核')").await;
    phone.find("#studies").await.scroll_into_view().await.unwrap();
    phone.picture("record-studies-360").await;
    assert!(!phone.overflows().await);
    phone.close().await;
    let Some(office) = Browser::open(&city.url, 1280, 900).await else { return };
    office.sign_in("office").await;
    office.goto("/office/declared").await;
    office.click("summary").await;
    office.picture("declared").await;
    assert!(!office.overflows().await);
    office.goto(place.as_str().unwrap()).await;
    office.picture("classes-office").await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_and_its_attendance_come_from_a_workbook_by_its_headings() {
    let city = City::start().await;
    let trainer = city.client("trainer").await;
    let id = announced(&city, &trainer, "冬训班").await;
    let path = format!("/studio/classes/{id}/people");
    let workbook = |rows: &[[&str; 3]]| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (line, row) in (0..).zip(rows) {
            for (column, text) in (0..).zip(row) {
                sheet.write_string(line, column, *text).unwrap();
            }
        }
        book.save_to_buffer().unwrap()
    };
    let send = async |deed: &'static str, rows: &[[&str; 3]]| {
        let file = Part::bytes(workbook(rows)).file_name("roster.xlsx");
        let form = Form::new().text("do", deed).text("text", "").part("file", file);
        trainer.send(trainer.request(Method::POST, &path).multipart(form)).await.must(200).text()
    };
    let head = ["姓名", "编号", "出勤半天"];
    let bad = send("roster", &[head, ["甲村韦大山", "04501000012000", ""], ["乙村韦大山", "04501000012000", ""]]).await;
    assert!(bad.contains("<td class=\"num\">3</td>") && bad.contains("不是 乙村韦大山"), "{bad}");
    let good = [head, ["甲村韦大山", "04501000012000", "1"], ["", "04501000012001", "全勤"]];
    let looked = send("roster", &good).await;
    parts(&trainer, &path, &[("do", "enroll"), ("what", &hidden(&looked, "what"))]).await.must(303);
    let looked = send("attendance", &good).await;
    parts(&trainer, &path, &[("do", "attend"), ("what", &hidden(&looked, "what"))]).await.must(303);
    let again = send("attendance", &good).await;
    assert!(again.contains("没有要改的"), "the same table twice changes nothing");
    let garbage = Form::new().text("do", "roster").part("file", Part::bytes(vec![0xff; 64]).file_name("a.xlsx"));
    let refused = trainer.send(trainer.request(Method::POST, &path).multipart(garbage)).await.must(422).text();
    assert!(refused.contains("不是 Excel 工作簿"), "{refused}");
    let detail = trainer.get(&format!("/api/v1/classes/{id}")).await.must(200).json();
    assert_eq!(detail["total"], 2);
}
