//! Hostile packages are refused whole, each for its reason; sound ones are read, and written ones come back.

use super::*;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn plain() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

/// A ZIP of these entries.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, plain()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn opened(bytes: &[u8]) -> Result<(tempfile::NamedTempFile, Package)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let package = Package::of_upload(file.path())?;
    Ok((file, package))
}

#[track_caller]
fn refused(bytes: &[u8], saying: &str) {
    match opened(bytes) {
        Err(Error::BadPackage(reason)) => assert!(reason.contains(saying), "{reason}"),
        other => panic!("{other:?}"),
    }
}

/// The bytes with one name put for another of the same length, in the entry and in the directory.
fn renamed(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    for at in 0..bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from.as_bytes() {
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

#[test]
fn a_package_is_read_whether_it_lies_in_a_folder_of_its_own_or_not() {
    for base in ["", "水果课/"] {
        let names = [format!("{base}清单.csv"), format!("{base}视频/一.txt")];
        let (_file, package) =
            opened(&zip(&[(&names[0], b"a,b"), (&names[1], b"text"), ("__MACOSX/x.csv", b"")])).unwrap();
        assert_eq!(package.manifest().unwrap(), b"a,b");
        assert!(
            matches!(package.captions("视频/一.txt"), Err(Error::Unfit(reason)) if reason.contains("没有找到一条字幕"))
        );
        assert!(matches!(package.captions("视频/二.txt"), Err(Error::Unfit(reason)) if reason.contains("没有这个")));
        assert!(matches!(package.captions("../一.txt"), Err(Error::Unfit(reason)) if reason.contains("不能用")));
    }
}

#[test]
fn names_that_windows_wrote_in_gbk_are_read() {
    let (gbk, _, _) = encoding_rs::GB18030.encode("清单.csv");
    let bytes = zip(&[("12345678", b"a")]);
    let mut bytes = bytes;
    let name = gbk.into_owned();
    for at in 0..bytes.len() - 8 {
        if &bytes[at..at + 8] == b"12345678" {
            bytes[at..at + 8].copy_from_slice(&name);
        }
    }
    assert_eq!(opened(&bytes).unwrap().1.manifest().unwrap(), b"a");
}

#[test]
fn names_that_lead_out_of_the_package_are_refused() {
    let bytes = zip(&[("清单.csv", b"a"), ("aaaaaaaaaaa", b"x")]);
    for hostile in ["../../x.mp4", "/etc/passwd", "C:/boot.ini", "..\\..\\x.mp", "a/../../x.m", "aaaa\0aa.mp4"] {
        let hostile = format!("{hostile:a<11}");
        refused(&renamed(bytes.clone(), "aaaaaaaaaaa", &hostile), "不能用");
    }
}

#[test]
fn links_and_devices_are_refused() {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("清单.csv", plain()).unwrap();
    zip.add_symlink("视频.mp4", "/etc/passwd", plain()).unwrap();
    refused(&zip.finish().unwrap().into_inner(), "链接");
}

#[test]
fn two_files_of_one_name_are_refused() {
    let bytes = zip(&[("清单.csv", b"a"), ("one.mp4", b"x"), ("two.mp4", b"y")]);
    refused(&renamed(bytes, "two.mp4", "one.mp4"), "重名");
    refused(&zip(&[("清单.csv", b"a"), ("One.mp4", b"x"), ("one.mp4", b"y")]), "两个");
}

#[test]
fn entries_with_a_password_are_refused() {
    let mut bytes = zip(&[("清单.csv", b"a")]);
    // Bit 0 of the flags: byte 6 of a local header, byte 8 of an entry of the directory (APPNOTE 4.4.4).
    let directory = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
    refused(&bytes, "密码");
}

#[test]
fn bombs_are_refused_by_what_they_say_and_by_what_they_hold() {
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("清单.csv", packed).unwrap();
    zip.write_all(&vec![b' '; 8 << 20]).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    refused(&bytes, "不合常理");
    // The same that says it is short: it is unpacked no further than it says.
    let mut lying = bytes;
    let directory = lying.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    for at in [22, directory + 24] {
        lying[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    let (_file, package) = opened(&lying).unwrap();
    assert!(matches!(package.manifest(), Err(Error::BadPackage(_))));
}

#[test]
fn what_is_no_package_says_so() {
    refused(b"PK\x05\x06 cut off", "损坏");
    refused(&zip(&[("视频.mp4", b"a")]), "没有找到清单");
    refused(&zip(&[("一.csv", b"a"), ("二.csv", b"a")]), "哪个是清单");
    let many: Vec<String> = (0..20_001).map(|number| format!("{number}.txt")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    refused(&zip(&many), "20000");
}

#[tokio::test]
async fn a_file_that_is_not_what_its_name_says_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let entries: [(&str, &[u8]); 5] = [
        ("清单.csv", b"a"),
        ("假.mp4", b"just text"),
        ("空.mp4", b""),
        ("网页.html", b"<html><script>"),
        ("讲义.txt", "第一课".as_bytes()),
    ];
    let (_file, package) = opened(&zip(&entries)).unwrap();
    for (name, saying) in
        [("假.mp4", "不是音视频"), ("空.mp4", "是空的"), ("网页.html", "不能作为课件"), ("无.mp4", "没有这个")]
    {
        let refused = package.look(&store, name).await;
        assert!(matches!(&refused, Err(Error::Unfit(reason)) if reason.contains(saying)), "{name}: {refused:?}");
    }
    assert_eq!(package.look(&store, "讲义.txt").await.unwrap().mime, "text/plain; charset=utf-8");
    let incoming = store.temporary().unwrap().path().parent().unwrap().to_owned();
    assert_eq!(std::fs::read_dir(incoming).unwrap().count(), 0);
}

#[test]
fn a_link_in_a_folder_leads_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret.srt");
    std::fs::write(&secret, "1\n00:00:01,000 --> 00:00:02,000\n机密\n").unwrap();
    let folder = dir.path().join("课");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("清单.csv"), "a").unwrap();
    std::os::unix::fs::symlink(&secret, folder.join("字幕.srt")).unwrap();
    let package = Package::of_operator(&folder).unwrap();
    assert!(matches!(package.captions("字幕.srt"), Err(Error::Unfit(_))));
    std::fs::copy(&secret, folder.join("真.srt")).unwrap();
    assert_eq!(package.captions("真.srt").unwrap().cues.len(), 1);
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    use futures_util::StreamExt;
    let (mut writer, stream) = Writer::into_stream();
    let wrote = tokio::spawn(async move {
        writer.text("manifest.jsonl", "{}".into()).await?;
        writer.begin("long.txt", Kind::Text, 0).await?;
        for _ in 0..100 {
            writer.add(vec![b'x'; 10_000].into()).await?;
        }
        writer.finish().await
    });
    let bytes = stream.map(|chunk| chunk.unwrap().to_vec()).concat().await;
    wrote.await.unwrap().unwrap();
    let mut read = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    assert_eq!(read.by_name("long.txt").unwrap().size(), 1_000_000);
    assert_eq!(opened(&zip(&[("manifest.jsonl", b"{}")])).unwrap().1.manifest().unwrap(), b"{}");
}

#[tokio::test]
async fn a_package_that_breaks_off_is_not_taken_for_whole() {
    use futures_util::StreamExt;
    let (mut writer, stream) = Writer::into_stream();
    writer.text("manifest.jsonl", "{}".into()).await.unwrap();
    drop(writer);
    let last = stream.collect::<Vec<_>>().await.pop();
    assert!(matches!(last, Some(Err(_))));
}
