//! The type of a file by its first bytes, and by its name only where they do not say.
//!
//! Whatever a browser might run (HTML, SVG, XML, scripts) comes out as `application/octet-stream`, however it is
//! named; a name never makes content active.

use super::{OPAQUE, Source, mp3};
use std::io::{Read, Seek};

/// How much of the head is looked at.
const HEAD: usize = 8192;

pub(super) fn mime<R: Read + Seek>(source: &mut Source<R>, name: &str) -> String {
    let head = source.read_up_to(0, HEAD);
    if let Some(mime) = by_magic(&head) {
        return mime.to_owned();
    }
    if head.starts_with(b"PK\x03\x04") {
        return office(source, &head).to_owned();
    }
    if is_text(&head, source.len()) {
        return text(&head, name).to_owned();
    }
    by_name(name)
}

/// Where a signature stands, the signature, and the type.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/wav"),
    // A track of a video CD as a computer copies it (AVSEQ01.DAT): MPEG between the sector headers.
    (8, b"CDXA", "video/mpeg"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/x-mpeg-es"),
    (0, b"#!AMR\n", "audio/amr"),
    (0, b"#!AMR-WB\n", "audio/amr"),
    (0, b".RMF", "application/vnd.rn-realmedia"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
];

fn by_magic(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8) == Some(b"ftyp") {
        return Some(brand(head.get(8..12).unwrap_or_default()));
    }
    if head.starts_with(b"\x1a\x45\xdf\xa3") {
        let webm = head.get(..64).unwrap_or(head).windows(4).any(|window| window == b"webm");
        return Some(if webm { "video/webm" } else { "video/x-matroska" });
    }
    if head.starts_with(b"OggS") {
        let pictures = head.windows(7).any(|window| window == b"\x80theora");
        return Some(if pictures { "video/ogg" } else { "audio/ogg" });
    }
    let stands = |(at, magic, _): &&(usize, &[u8], &str)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    let riff = |at: usize| at != 8 || head.starts_with(b"RIFF");
    if let Some((_, _, mime)) = MAGIC.iter().filter(|(at, _, _)| riff(*at)).find(stands) {
        return Some(mime);
    }
    if [0, 188, 376].iter().all(|at| head.get(*at) == Some(&0x47)) {
        return Some("video/mp2t");
    }
    // Sound without a tag: two frames in a row, since two bytes alone are found anywhere.
    mp3::starts(head).then_some("audio/mpeg")
}

fn brand(brand: &[u8]) -> &'static str {
    match brand {
        b"M4A " | b"M4B " => "audio/mp4",
        b"qt  " => "video/quicktime",
        b"avif" => "image/avif",
        b"heic" | b"heix" | b"mif1" => "image/heic",
        _ => "video/mp4",
    }
}

/// A ZIP is an office document when it has the folder of one; its names stand at its end too.
fn office<R: Read + Seek>(source: &mut Source<R>, head: &[u8]) -> &'static str {
    let tail = source.read_up_to(source.len().saturating_sub(HEAD as u64), HEAD);
    let has =
        |folder: &[u8]| [head, &tail].iter().any(|part| part.windows(folder.len()).any(|window| window == folder));
    if !has(b"[Content_Types].xml") {
        "application/zip"
    } else if has(b"word/") {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    } else if has(b"xl/") {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    } else if has(b"ppt/") {
        "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    } else {
        "application/zip"
    }
}

/// Text has no control characters but blanks; UTF-8, UTF-16 with its mark, and the two-byte Chinese codings pass.
fn is_text(head: &[u8], len: u64) -> bool {
    if len == 0 || head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return len != 0;
    }
    if head.iter().any(|byte| matches!(byte, 0..=8 | 11 | 14..=26 | 28..=31 | 127)) {
        return false;
    }
    match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character cut in two by the end of what was read is none the worse.
        Err(cut) if cut.error_len().is_none() => true,
        Err(_) => is_two_byte_chinese(head),
    }
}

/// GBK, GB 18030 and Big5: a high byte leads a pair (or, in GB 18030, starts four).
fn is_two_byte_chinese(head: &[u8]) -> bool {
    let mut rest = head;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (0..=0x7f, _) | (_, []) => after,
            (0x81..=0xfe, [0x40..=0x7e | 0x80..=0xfe, after @ ..]) => after,
            (0x81..=0xfe, [0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, after @ ..]) => after,
            _ => return false,
        };
    }
    true
}

fn text(head: &[u8], name: &str) -> &'static str {
    let seen: Vec<u8> =
        head.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != 0).take(64).collect();
    let seen = seen.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&seen);
    let seen = seen.strip_prefix(b"\xff\xfe").or(seen.strip_prefix(b"\xfe\xff")).unwrap_or(seen);
    // Markup in any form, scripts, and playlists, which can name other files.
    if [&b"<"[..], b"#!", b"#EXTM3U", b"ffconcat"].iter().any(|start| seen.starts_with(start)) {
        return OPAQUE;
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "txt" | "text" | "md" | "csv" | "srt" | "vtt" | "log" | "" => {}
        "html" | "htm" | "xhtml" | "shtml" | "svg" | "xml" | "xsl" | "js" | "mjs" | "css" | "json" | "m3u8" | "mht"
        | "mhtml" | "hta" | "bat" | "cmd" | "ps1" | "vbs" | "sh" | "php" | "py" => return OPAQUE,
        _ => {}
    }
    if std::str::from_utf8(head).is_ok_and(|_| true)
        || std::str::from_utf8(head).is_err_and(|cut| cut.error_len().is_none())
    {
        "text/plain; charset=utf-8"
    } else if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        "text/plain; charset=utf-16"
    } else {
        "text/plain; charset=gb18030"
    }
}

/// For bytes that say nothing: what the name says, as long as that cannot run.
fn by_name(name: &str) -> String {
    let guess = mime_guess::from_path(name).first_raw().unwrap_or(OPAQUE);
    let passive = guess.starts_with("video/")
        || guess.starts_with("audio/")
        || matches!(guess, "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" | "application/pdf")
        || guess.starts_with("application/vnd.openxmlformats-officedocument.")
        || matches!(guess, "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint");
    if passive { guess.to_owned() } else { OPAQUE.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::OPAQUE;
    use super::super::tests::probe_bytes;

    fn mime(bytes: &[u8], name: &str) -> String {
        probe_bytes(bytes, name).mime
    }

    #[test]
    fn content_comes_before_the_name() {
        assert_eq!(mime(b"\x89PNG\r\n\x1a\n....", "film.mp4"), "image/png");
        assert_eq!(mime(b"%PDF-1.7 ...", "a.html"), "application/pdf");
        assert_eq!(mime(b"\xff\xd8\xff\xe0", "a"), "image/jpeg");
        assert_eq!(mime(b"RIFF\0\0\0\0AVI LIST", "a"), "video/x-msvideo");
        assert_eq!(mime("一行字".as_bytes(), "film.mp4"), "text/plain; charset=utf-8");
    }

    #[test]
    fn what_a_browser_might_run_is_opaque_however_it_is_named() {
        for (bytes, name) in [
            (&b"<!DOCTYPE html><script>"[..], "a.txt"),
            (b"\xef\xbb\xbf \n<svg onload=x>", "a.png"),
            (b"<?xml version='1.0'?>", "a.mp4"),
            (b"\xff\xfe<\0h\0t\0m\0l\0>\0", "a.txt"),
            (b"alert(1)", "a.js"),
            (b"alert(1)", "a.HTML"),
            (b"#!/bin/sh", "a.txt"),
            (b"#EXTM3U\nfile:///etc/passwd", "a.mp4"),
            (b"ffconcat version 1.0", "a.mp4"),
            (b"\0\0binary", "a.html"),
            (b"\0\0binary", "a.svg"),
            (b"\0\0binary", "a"),
        ] {
            assert_eq!(mime(bytes, name), OPAQUE, "{name}");
        }
    }

    #[test]
    fn office_documents_are_told_by_what_is_in_the_zip() {
        let zip = |folder: &str| format!("PK\x03\x04....[Content_Types].xml....{folder}document.xml").into_bytes();
        assert!(mime(&zip("word/"), "a.docx").ends_with("wordprocessingml.document"));
        assert!(mime(&zip("xl/"), "a.png").ends_with("spreadsheetml.sheet"));
        assert_eq!(mime(b"PK\x03\x04 anything", "a.docx"), "application/zip");
    }

    #[test]
    fn chinese_text_is_text_in_every_coding() {
        assert_eq!(mime(b"\xd6\xd6\xd6\xb2\xbc\xbc\xca\xf5", "a.txt"), "text/plain; charset=gb18030");
        assert_eq!(mime(b"\xff\xfe\x2d\x4e", "a.srt"), "text/plain; charset=utf-16");
    }

    #[test]
    fn bytes_that_say_nothing_are_what_their_name_says_if_that_is_harmless() {
        assert_eq!(mime(&[7, 1, 2, 3, 0, 0], "课.mp4"), "video/mp4");
        assert_eq!(mime(b"", "empty.mp4"), "video/mp4");
        assert_eq!(mime(b"", "empty.html"), OPAQUE);
        assert_eq!(mime(b"", ""), OPAQUE);
    }
}
