use roster::import::{self, Sheet};
use roster::{Error, Result};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PACKAGE: &str = r#"<Relationships><Relationship Id="r1" Type="x/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook><sheets><sheet name="学员" r:id="r1"/></sheets></workbook>"#;
const SHEETS: &str =
    r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
const SHEET: &str =
    r#"<worksheet><sheetData><row r="1"><c r="A1" t="s" s="1"><v>0</v></c></row></sheetData></worksheet>"#;
const TEXTS: &str = r#"<sst uniqueCount="1"><si><t>姓名</t></si></sst>"#;

/// Reads a small workbook in which these parts stand in place of its own, or beside them.
fn read(changed: &[(&str, &[u8])]) -> Result<Sheet> {
    let own: [(&str, &[u8]); 5] = [
        ("_rels/.rels", PACKAGE.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", SHEETS.as_bytes()),
        ("xl/worksheets/sheet1.xml", SHEET.as_bytes()),
        ("xl/sharedStrings.xml", TEXTS.as_bytes()),
    ];
    let kept = own.iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in kept.chain(changed) {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    import::read(&zip.finish().unwrap().into_inner(), "a.xlsx")
}

#[track_caller]
fn is_good(outcome: Result<Sheet>) {
    assert_eq!(outcome.unwrap().tables[0].rows, [(1, vec!["姓名".to_owned()])]);
}

#[track_caller]
fn is_too_large(outcome: Result<Sheet>) {
    assert!(matches!(outcome, Err(Error::TooLarge(_))), "{outcome:?}");
}

#[test]
fn no_room_is_made_for_texts_that_are_only_announced() {
    is_good(read(&[]));
    for count in ["4000001", "10000000000000", "18446744073709551615", "99999999999999999999999", "+9999999999"] {
        let texts = TEXTS.replace("uniqueCount=\"1\"", &format!("uniqueCount = '{count}'"));
        for name in ["xl/sharedStrings.xml", "XL/SharedStrings.XML"] {
            is_too_large(read(&[(name, texts.as_bytes())]));
        }
    }
    is_good(read(&[("xl/sharedStrings.xml", TEXTS.replace("\"1\"", "\"0000000003\"").as_bytes())]));
    let announced = format!("\u{feff}{}", TEXTS.replace("\"1\"", "\"10000000000000\""));
    let wide: Vec<u8> = announced.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&[("xl/sharedStrings.xml", &wide)]).is_err());
}

#[test]
fn no_style_is_written_out_as_often_as_a_file_says() {
    let styled = |length: usize, times: usize| {
        let font = format!(r#"<font><name val="{}"/></font>"#, "A".repeat(length));
        let cells = r#"<xf fontId="0"/>"#.repeat(times);
        format!("<styleSheet><fonts>{font}</fonts><cellXfs>{cells}</cellXfs></styleSheet>")
    };
    is_good(read(&[("xl/styles.xml", styled(30, 2000).as_bytes())]));
    is_too_large(read(&[("xl/styles.xml", styled(200_000, 2000).as_bytes())]));
}

#[test]
fn sheets_that_share_a_part_do_not_have_it_read_again_and_again() {
    let mut rng = 1_u64;
    let mut digits = || {
        rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{rng:x}")
    };
    // A megabyte that cannot be packed much.
    let noise: String = (0..65_536).map(|_| digits()).collect();
    let long = SHEET.replace("<sheetData>", &format!("<!--{noise}--><sheetData>"));
    let book = |sheets: usize| {
        let each: String = (0..sheets).map(|n| format!(r#"<sheet name="学员{n}" r:id="r1"/>"#)).collect();
        format!("<workbook><sheets>{each}</sheets></workbook>")
    };
    let shared = |sheets: usize| {
        let book = book(sheets);
        read(&[("xl/workbook.xml", book.as_bytes()), ("xl/worksheets/sheet1.xml", long.as_bytes())])
    };
    is_good(shared(1));
    assert!(matches!(shared(60), Err(Error::NotASheet(_))));
}

#[test]
fn a_long_text_that_every_cell_shows_counts_each_time() {
    let texts = TEXTS.replace("<t>姓名", &format!(r#"<t xml:space="preserve">{}"#, " ".repeat(4 << 20)));
    let cells = r#"<c t="s"><v>0</v></c>"#.repeat(100);
    let sheet = format!("<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>");
    is_too_large(read(&[("xl/sharedStrings.xml", texts.as_bytes()), ("xl/worksheets/sheet1.xml", sheet.as_bytes())]));
}
