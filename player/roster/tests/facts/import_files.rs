use crate::{NOW, city};
use roster::Error;
use roster::import::{self, Sheet};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

fn rows(sheet: &Sheet) -> Vec<Vec<&str>> {
    sheet.tables[0].rows.iter().map(|(_, cells)| cells.iter().map(String::as_str).collect()).collect()
}

/// A workbook as offices keep them: a title, the headings, cells of every kind, and the units on a second sheet.
fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let people = book.add_worksheet();
    people.set_name("学员").unwrap();
    people.write(0, 0, "南丹县学员花名册").unwrap();
    for (column, heading) in (0..).zip(["学员编号*", "姓名*", "单位编码*", "职务", "任职日期", "出生年份", "手机号"])
    {
        people.write(1, column, heading).unwrap();
    }
    people.write(2, 0, "00123").unwrap();
    people.write(2, 1, "=HYPERLINK(\"http://x\",\"点我\")").unwrap();
    people.write(2, 2, "NEW1").unwrap();
    people.write(2, 3, "村党组织书记").unwrap();
    people.write_with_format(2, 4, ExcelDateTime::parse_from_str("2024-01-05").unwrap(), &date).unwrap();
    people.write(2, 5, 1975).unwrap();
    people.write(2, 6, 13_812_345_678_i64).unwrap();
    people.write(4, 0, 123).unwrap();
    people.write(4, 1, "O'Neil\n“小王”").unwrap();
    people.write(4, 2, 4501).unwrap();
    people.write(4, 3, "党员").unwrap();
    people.write(4, 4, 45296).unwrap();
    let units = book.add_worksheet();
    units.set_name("机构").unwrap();
    for (row, cells) in (0..).zip([["单位编码", "单位名称", "级别", "上级编码"], ["NEW1", "新村", "行政村", "450101"]])
    {
        units.write_row(row, 0, cells).unwrap();
    }
    book.add_worksheet().set_name("说明").unwrap().write(0, 0, "请勿删除表头").unwrap();
    book.save_to_buffer().unwrap()
}

#[tokio::test]
async fn a_workbook_keeps_zeros_dates_and_formulas_as_text() {
    let city = city().await;
    let sheet = import::read(&workbook(), "花名册.xlsx").unwrap();
    assert_eq!(sheet.tables[0].rows[2].0, 3);
    let cells = rows(&sheet);
    let formula = "=HYPERLINK(\"http://x\",\"点我\")";
    assert_eq!(cells[2], ["00123", formula, "NEW1", "村党组织书记", "2024-01-05", "1975", "13812345678"]);
    assert_eq!(cells[3], ["123", "O'Neil\n“小王”", "4501", "党员", "45296"]);
    let plan = import::plan(&city.db, &sheet).await.unwrap();
    assert_eq!(plan.bad, []);
    assert_eq!(plan.adds.len(), 3);
    import::apply(&city.db, &plan, None, NOW).await.unwrap();
    let again = import::plan(&city.db, &sheet).await.unwrap();
    assert_eq!((again.adds.len(), again.changes.len(), again.unchanged), (0, 0, 3));
    assert!(!plan.to_string().contains("O'Neil\n"), "a name with a line break stays on one line of the report");
    let person = roster::people::by_code(&city.db, "00123").await.unwrap().unwrap();
    assert_eq!(person.name, formula);
    let posts = roster::people::posts(&city.db, person.id).await.unwrap();
    assert_eq!(posts[0].appointed_on.to_string(), "2024-01-05");
}

#[test]
fn csv_is_read_in_utf8_gbk_and_utf16() {
    let text = "学员编号,姓名\r\n007,\"覃\"\"小\"\",明\"\r\n";
    let (gbk, _, _) = encoding_rs::GBK.encode(text);
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let expected = vec![vec!["学员编号", "姓名"], vec!["007", "覃\"小\",明"]];
    for bytes in [text.as_bytes(), &[b"\xEF\xBB\xBF", text.as_bytes()].concat(), &gbk, &utf16] {
        assert_eq!(rows(&import::read(bytes, "a.csv").unwrap()), expected);
    }
    let tabs = text.replace("号,", "号\t").replace("7,", "7\t");
    assert_eq!(rows(&import::read(tabs.as_bytes(), "a.txt").unwrap()), expected);
}

#[test]
fn what_is_no_table_is_said_so() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let cut = workbook();
    let zip = {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("hello.txt", zip::write::SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap().into_inner()
    };
    for (bytes, name) in [
        (png.as_slice(), "roster.xlsx"),
        (png.as_slice(), "roster.png"),
        (b"", "roster.xlsx"),
        (b"\xD0\xCF\x11\xE0rest", "roster.xls"),
        (b"PK\x03\x04", "roster.xlsx"),
        (&cut[..cut.len() / 2], "roster.xlsx"),
        (zip.as_slice(), "roster.xlsx"),
        (b"\xFF\xFF\xFF", "roster.csv"),
        (b"a,b\0c", "roster.csv"),
    ] {
        assert!(matches!(import::read(bytes, name), Err(Error::NotASheet(_))), "{name}");
    }
}

#[tokio::test]
async fn a_table_without_the_headings_is_no_roster() {
    let city = city().await;
    for text in ["", "\n\n", "a,b\n1,2\n", "姓名,单位\n张三,巴平村\n"] {
        let sheet = import::read(text.as_bytes(), "a.csv").unwrap();
        assert!(matches!(import::plan(&city.db, &sheet).await, Err(Error::NotASheet(_))), "{text}");
    }
}

/// A small zip that unpacks to 260 MiB: one MiB of nothing, over and over.
fn bomb() -> Vec<u8> {
    use std::io::{Cursor, Write};
    let mut one = zip::ZipWriter::new(Cursor::new(Vec::new()));
    one.start_file("0", zip::write::SimpleFileOptions::default()).unwrap();
    one.write_all(&vec![0_u8; 1 << 20]).unwrap();
    let mut one = one.finish_into_readable().unwrap();
    let mut many = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..260 {
        many.raw_copy_file_rename(one.by_index(0).unwrap(), n.to_string()).unwrap();
    }
    many.finish().unwrap().into_inner()
}

#[test]
fn a_zip_bomb_is_refused_also_when_it_lies() {
    let mut bomb = bomb();
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(import::read(&bomb, "a.xlsx"), Err(Error::TooLarge(_))));
    let entries: Vec<usize> = (0..bomb.len() - 4).filter(|at| bomb[*at..].starts_with(b"PK\x01\x02")).collect();
    for entry in entries {
        bomb[entry + 24..entry + 28].copy_from_slice(&1000_u32.to_le_bytes()); // the size it declares
    }
    assert!(matches!(import::read(&bomb, "a.xlsx"), Err(Error::TooLarge(_) | Error::NotASheet(_))));
}

#[tokio::test]
async fn rows_and_cells_are_bounded() {
    let city = city().await;
    let long = format!("学员编号,姓名,单位编码\n1,{},4501\n", "长".repeat(5000));
    let sheet = import::read(long.as_bytes(), "a.csv").unwrap();
    let plan = import::plan(&city.db, &sheet).await.unwrap();
    assert!(plan.bad[0].reason.contains("超过 1000 个字"));
    let many = "1\n".repeat(import::MAX_ROWS + 1);
    assert!(matches!(import::read(many.as_bytes(), "a.csv"), Err(Error::TooLarge(_))));
    let wide = ",x".repeat(100_000);
    assert_eq!(rows(&import::read(wide.as_bytes(), "a.csv").unwrap())[0].len(), 64);
    assert!(matches!(import::read(&vec![b'a'; import::MAX_BYTES + 1], "a.csv"), Err(Error::TooLarge(_))));
}

#[test]
fn a_damaged_workbook_never_panics() {
    let good = workbook();
    let mut rng = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..300 {
        let mut bad = good.clone();
        for _ in 0..4 {
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(rng >> 33).unwrap() % bad.len();
            bad[place] ^= u8::try_from(rng >> 24 & 0xFF).unwrap();
        }
        let _ = import::read(&bad, "a.xlsx");
    }
}
