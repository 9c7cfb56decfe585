//! Every report opens right in another program than ours.

use super::{ZEROS, busy_city};
use serde_json::Value;
use std::process::Command;

/// Where `tests/run` puts openpyxl. In CI it must be there.
const PYTHON: &str = "/usr/bin/python3";

fn has_openpyxl() -> bool {
    let tried = Command::new(PYTHON).args(["-c", "import openpyxl"]).output();
    let works = tried.is_ok_and(|tried| tried.status.success());
    assert!(works || std::env::var("CI").is_err(), "openpyxl must be there in CI: run tests/run");
    works
}

const READ: &str = r#"
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheets = {}
for sheet in book.worksheets:
    sheets[sheet.title] = [[[cell.data_type, None if cell.value is None else str(cell.value)] for cell in row] for row in sheet.iter_rows()]
print(json.dumps(sheets))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_report_opens_in_openpyxl_with_real_types_and_nothing_that_runs() {
    if !has_openpyxl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let city = busy_city().await;
    let office = city.client("office").await;
    let kinds = [
        "attendance",
        "hours",
        "assessment",
        "viewing",
        "feedback",
        "equipment",
        "runs",
        "roster",
        "bulletin",
        "stars",
    ];
    for kind in kinds {
        let answer = office.get(&format!("/api/v1/reports/{kind}.xlsx?year={}", entity::Moment::now().year())).await;
        let file = folder.path().join(format!("{kind}.xlsx"));
        std::fs::write(&file, answer.must(200).body).unwrap();
        let told = Command::new(PYTHON).args(["-c", READ]).arg(&file).output().unwrap();
        assert!(told.status.success(), "{kind}: {}", String::from_utf8_lossy(&told.stderr));
        let sheets: Value = serde_json::from_slice(&told.stdout).unwrap();
        let sheets = sheets.as_object().unwrap();
        let cells: Vec<_> =
            sheets.values().flat_map(|rows| rows.as_array().unwrap()).flat_map(|row| row.as_array().unwrap()).collect();
        assert!(cells.iter().all(|cell| cell[0] != "f"), "{kind}: a formula");
        assert!(sheets.contains_key("说明"), "{kind}");
        let json = office.get(&format!("/api/v1/reports/{kind}.json?year={}", entity::Moment::now().year())).await;
        let json = json.must(200).json();
        let Some(rows) = sheets.get("明细").and_then(Value::as_array) else { continue };
        check_rows(kind, rows, &json);
    }
}

/// Headings in Chinese as in the JSON, dates as dates, numbers as numbers, roster numbers whole.
fn check_rows(kind: &str, rows: &[Value], json: &Value) {
    let heads: Vec<_> = rows[0].as_array().unwrap().iter().map(|cell| cell[1].clone()).collect();
    assert_eq!(&Value::from(heads.clone()), &json["columns"], "{kind}");
    let body = &rows[1..rows.len() - 1];
    assert_eq!(body.len(), json["rows"].as_array().unwrap().len(), "{kind}");
    for (row, truth) in body.iter().zip(json["rows"].as_array().unwrap()) {
        for (at, head) in heads.iter().enumerate() {
            let (kind_of, text) = (row[at][0].as_str().unwrap(), row[at][1].as_str().unwrap_or_default());
            let head = head.as_str().unwrap();
            match &truth[at] {
                Value::Null => assert_eq!(text, "", "{kind} {head}"),
                Value::String(nothing) if nothing.is_empty() => assert_eq!(text, "", "{kind} {head}"),
                Value::Number(number) => {
                    assert_eq!(
                        (kind_of, text.parse::<f64>().unwrap()),
                        ("n", number.as_f64().unwrap()),
                        "{kind} {head}"
                    );
                }
                value if kind_of == "d" => {
                    let (value, minute) = (value.as_str().unwrap(), "2026-01-31 08:00".len());
                    assert!(text.starts_with(value.get(..minute).unwrap_or(value)), "{kind} {head}: {text} {value}");
                }
                value => assert_eq!((kind_of, text), ("s", value.as_str().unwrap()), "{kind} {head}"),
            }
            let day = ["日期", "任职日期", "最近学习日"].contains(&head) || head.ends_with("时间");
            assert!(!day || text.is_empty() || kind_of == "d", "{kind} {head} is a date");
        }
    }
    let all = format!("{body:?}");
    if ["attendance", "hours", "assessment", "roster"].contains(&kind) {
        assert!(all.contains(ZEROS) && all.contains("=HYPERLINK"), "{kind}: {all}");
    }
}
