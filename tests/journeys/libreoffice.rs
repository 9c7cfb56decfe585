//! Workbooks as LibreOffice opens them, on machines that have it.

use crate::reports::busy_city;
use serde_json::Value;
use std::process::Command;

/// Comma, quotes, UTF-8, from the first line, every cell as it is shown, quotes only where needed, all sheets.
const AS_SHOWN: &str = r#"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"#;

#[tokio::test(flavor = "multi_thread")]
async fn libreoffice_shows_what_the_report_says() {
    if Command::new("soffice").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let city = busy_city().await;
    let office = city.client("office").await;
    let year = entity::Moment::now().year();
    for kind in ["attendance", "hours", "assessment", "roster"] {
        let book = office.get(&format!("/api/v1/reports/{kind}.xlsx?year={year}")).await.must(200).body;
        std::fs::write(folder.path().join(format!("{kind}.xlsx")), book).unwrap();
        let profile = format!("-env:UserInstallation=file://{}/profile", folder.path().display());
        let told = Command::new("soffice")
            .args([&profile, "--headless", "--convert-to", AS_SHOWN, &format!("{kind}.xlsx")])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
        let shown = std::fs::read_to_string(folder.path().join(format!("{kind}-明细.csv")));
        let shown = shown.unwrap_or_else(|cause| panic!("{kind}: {cause}: {said}"));
        let mut lines = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(shown.as_bytes());
        let lines: Vec<Vec<String>> = lines.deserialize().map(Result::unwrap).collect();
        let truth = office.get(&format!("/api/v1/reports/{kind}.json?year={year}")).await.must(200).json();
        assert_eq!(Value::from(lines[0].clone()), truth["columns"], "{kind}");
        let rows = truth["rows"].as_array().unwrap();
        assert!(!rows.is_empty() && lines.len() > rows.len(), "{kind}: {shown}");
        for (line, row) in lines[1..].iter().zip(rows) {
            for (cell, value) in line.iter().zip(row.as_array().unwrap()) {
                assert!(says(cell, value), "{kind}: {cell:?} for {value}");
            }
        }
    }
}

/// Numbers as numbers whatever their places, times to the minute, texts to the letter: a name is no formula, and a
/// roster number keeps its zeros.
fn says(cell: &str, value: &Value) -> bool {
    match value {
        Value::Null => cell.is_empty(),
        Value::Number(number) => cell.parse::<f64>().ok() == number.as_f64(),
        Value::String(text) => {
            cell == text || text.len() > "2026-01-31 08:00".len() && text.starts_with(cell) && cell.len() >= 16
        }
        _ => false,
    }
}
