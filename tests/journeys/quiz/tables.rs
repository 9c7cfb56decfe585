//! Questions from a table: checked first, taken whole or not at all, and hostile ones refused.

use reqwest::Method;
use rust_xlsxwriter::Workbook;
use serde_json::json;
use tests::{Answer, City, Client};

/// A workbook with these rows below the headings.
pub(super) fn workbook(rows: &[[&str; 6]]) -> Vec<u8> {
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

pub(super) const GOOD: &[[&str; 6]] = &[
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
