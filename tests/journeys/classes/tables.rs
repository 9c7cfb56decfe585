//! Tables of a class: its roster and its attendance, from a program or a spreadsheet, all of one or nothing.

use super::{announced, hidden, parts};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::{City, Client};

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
