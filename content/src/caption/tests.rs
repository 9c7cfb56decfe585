//! Facts about caption files as they are found, and about files made to do harm.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests stop at the first surprise")]

use super::*;
use proptest::prelude::*;

const SAID: &str = "黄龙病没有特效药，先看叶子。";

fn srt(text: &str) -> Captions {
    read(text.as_bytes(), None).unwrap()
}

fn cue(from: i64, to: i64, text: &str) -> Cue {
    Cue(from, to, text.to_owned())
}

fn refused(bytes: &[u8]) -> (Option<usize>, String) {
    match read(bytes, None) {
        Err(Error::BadCaptions { line, reason }) => (line, reason),
        other => panic!("{other:?}"),
    }
}

fn in_encoding(encoding: Encoding, text: &str) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Gbk => encoding_rs::GBK.encode(text).0.into_owned(),
        Encoding::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
        Encoding::Big5 => encoding_rs::BIG5.encode(text).0.into_owned(),
    }
}

fn file(said: &[&str]) -> String {
    let mut text = String::new();
    for (number, said) in said.iter().enumerate() {
        text += &format!("{}\r\n00:00:{number:02},500 --> 00:00:{number:02},900\r\n{said}\r\n\r\n", number + 1);
    }
    text
}

#[test]
fn the_encodings_of_chinese_files_are_told_apart_even_when_short() {
    let simplified = [
        "黄龙病没有特效药",
        "先看叶子",
        "缺锌的花叶是两边对称的",
        "挖树之前要先喷一遍杀木虱的药",
        "好",
        "请大家坐好，现在上课",
    ];
    let traditional = [
        "請把手機調成靜音",
        "老師先講一遍，大家再做",
        "這個時候要開始施肥",
        "村裡的調解員怎麼勸",
        "黃龍病沒有特效藥",
        "農藥稀釋",
    ];
    for said in simplified {
        assert_eq!(read(&in_encoding(Encoding::Gbk, &file(&[said])), None).unwrap().encoding, Encoding::Gbk, "{said}");
    }
    for said in traditional {
        let found = read(&in_encoding(Encoding::Big5, &file(&[said])), None).unwrap();
        assert_eq!((found.encoding, found.cues[0].2.as_str()), (Encoding::Big5, said));
        let found = read(&in_encoding(Encoding::Gbk, &file(&[said])), None).unwrap();
        assert_eq!(found.encoding, Encoding::Gbk, "traditional characters in GBK: {said}");
    }
    for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
        for said in simplified.into_iter().chain(traditional) {
            let found = read(&in_encoding(encoding, &file(&[said])), None).unwrap();
            assert_eq!((found.encoding, found.cues[0].2.as_str()), (encoding, said));
        }
    }
    let rare = file(&[SAID, "生僻字㐂𠮷也在", "大家都认得"]);
    assert_eq!(read(&in_encoding(Encoding::Gb18030, &rare), None).unwrap().encoding, Encoding::Gb18030);
}

#[test]
fn a_byte_order_mark_decides_and_is_no_part_of_the_text() {
    let text = file(&[SAID]);
    for (mark, encoding) in
        [(&b"\xEF\xBB\xBF"[..], Encoding::Utf8), (b"\xFF\xFE", Encoding::Utf16Le), (b"\xFE\xFF", Encoding::Utf16Be)]
    {
        let bytes = [mark, &in_encoding(encoding, &text)].concat();
        let found = read(&bytes, None).unwrap();
        assert_eq!((found.encoding, found.cues), (encoding, vec![cue(500, 900, SAID)]));
    }
    let vtt = [b"\xEF\xBB\xBF".as_slice(), b"WEBVTT\n\n00:01.000 --> 00:02.000\na"].concat();
    assert_eq!(read(&vtt, None).unwrap().format, Format::WebVtt);
}

#[test]
fn the_encoding_a_person_chooses_wins() {
    let bytes = in_encoding(Encoding::Big5, &file(&["請把手機調成靜音"]));
    assert_eq!(read(&bytes, Some(Encoding::Big5)).unwrap().encoding, Encoding::Big5);
    let (line, reason) = match read(&in_encoding(Encoding::Gbk, &file(&[SAID])), Some(Encoding::Utf8)) {
        Err(Error::BadCaptions { line, reason }) => (line, reason),
        other => panic!("{other:?}"),
    };
    assert!(line == Some(3) && reason.contains("UTF-8"), "{line:?} {reason}");
}

#[test]
fn a_few_broken_characters_are_marked_and_told() {
    let mut bytes = in_encoding(Encoding::Utf8, &file(&[SAID, SAID, SAID]));
    let at = bytes.iter().position(|byte| *byte == 0xE9).unwrap();
    bytes[at + 1] = b'?';
    let found = read(&bytes, None).unwrap();
    assert_eq!(found.encoding, Encoding::Utf8);
    assert!(found.cues[0].2.contains('□'), "{found:?}");
    assert_eq!(found.notes[0].line, Some(3));
}

#[test]
fn what_is_no_text_is_refused_with_a_reason() {
    assert!(refused(b"").1.contains("空"));
    assert!(refused(b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00").1.contains("不是文字"));
    assert!(refused(b"just words").1.contains("没有找到"));
    assert!(refused("[Script Info]\nTitle: x\n".as_bytes()).1.contains("ASS"));
    assert!(matches!(read(&vec![b'a'; MAX_BYTES + 1], None), Err(Error::TooLong { .. })));
    let broken = refused(b"1\n00:00:61,000 --> 00:00:62,000\na\n");
    assert_eq!(broken.0, Some(2));
}

#[test]
fn subrip_as_it_is_found_is_read() {
    let text = "\n1\n00:00:01,000 --> 00:00:02,500 X1:40 X2:600\n<font color=\"#fff\">一</font><i>二</i>\n三\n\
                2\n00:00:03.5-->00:00:04\n气温<10度 & {\\an8}a&lt;b\n\n还有一行\n\n\
                100:00:00，000 → 100:00:01，000\n没有编号\n\n\
                4\n00: 00: 05, 250 -> 00: 00: 06, 000\n翻译机";
    let found = srt(text);
    assert_eq!(
        found.cues,
        [
            cue(1_000, 2_500, "一二\n三"),
            cue(3_500, 4_000, "气温<10度 & a<b\n还有一行"),
            cue(5_250, 6_000, "翻译机"),
            cue(360_000_000, 360_001_000, "没有编号"),
        ]
    );
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes); // out of order
}

#[test]
fn cues_that_cannot_be_are_left_out_with_their_line() {
    let text = "1\n00:00:05,000 --> 00:00:04,000\n倒过来\n\n2\n00:00:06,000 --> 00:00:06,000\n没有长度\n\n3\n00:0x:07 --> 00:00:08\n\
                看不懂\n\n4\n00:00:09,000 --> 00:00:10,000\n\n\n5\n00:00:11,000 --> 00:00:12,000\n好的";
    let found = srt(text);
    assert_eq!(found.cues, [cue(11_000, 12_000, "好的")]);
    let lines: Vec<_> = found.notes.iter().map(|note| note.line).collect();
    assert_eq!(lines, [Some(2), Some(6), Some(10), None]);
}

#[test]
fn a_line_that_points_somewhere_is_no_line_of_times() {
    let found = srt("1\n00:00:01,000 --> 00:00:02,000\n看这里 --> 左边\n8:00→9:00 开会");
    assert_eq!(found.cues, [cue(1_000, 2_000, "看这里 --> 左边\n8:00→9:00 开会")]);
}

#[test]
fn webvtt_is_read_as_its_specification_says() {
    let text = "WEBVTT - 课\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE\n注释\n第二行\n\n\
                开头\n00:01.000 --> 00:02.000 align:start position:10%\n<v 韦老师>大家<b>好</b></v>\n<c.red>红</c><00:01.500>黄\n\
                00:00:03.000 --> 00:00:04.000\n&lt;甲&amp;乙&gt;&nbsp;&#39;<lang zh>丙</lang>\n\nNOTE 尾\n\n\
                123:00:00.000 --> 123:00:01.000\n很晚";
    let found = srt(text);
    assert_eq!((found.format, found.encoding), (Format::WebVtt, Encoding::Utf8));
    assert_eq!(
        found.cues,
        [
            cue(1_000, 2_000, "韦老师：大家好\n红黄"),
            cue(3_000, 4_000, "<甲&乙>\u{a0}'丙"),
            cue(442_800_000, 442_801_000, "很晚"),
        ]
    );
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    assert_eq!(srt("WEBVTT\r\r00:01.000 --> 00:02.000\rcarriage returns alone\r").cues.len(), 1);
    assert_eq!(srt("WEBVTTX\n\n1\n00:00:01,000 --> 00:00:02,000\na").format, Format::Srt);
}

#[test]
fn what_is_written_is_escaped_webvtt() {
    let cues = [cue(1_500, 2_000, "甲<b>&\n\n--> 乙"), cue(360_000_000, 360_000_001, "尾")];
    assert_eq!(
        write(&cues),
        "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n甲&lt;b&gt;&amp;\n--&gt; 乙\n\n100:00:00.000 --> 100:00:00.001\n尾\n"
    );
}

#[test]
fn captions_move_in_time_and_none_begins_before_the_recording() {
    let cues = vec![cue(0, 900, "甲"), cue(500, 2_000, "乙"), cue(3_000, 4_000, "丙")];
    assert_eq!(shift(cues.clone(), 1_000)[0], cue(1_000, 1_900, "甲"));
    assert_eq!(shift(cues.clone(), -1_000), [cue(0, 1_000, "乙"), cue(2_000, 3_000, "丙")]);
    assert!(shift(cues.clone(), i64::MIN).is_empty());
    assert!(shift(cues, i64::MAX).is_empty());
}

#[test]
fn bounds_hold() {
    let mut many = String::new();
    for number in 0..=MAX_CUES {
        many += &format!("00:00:01,000 --> 00:00:02,000\n{number}号\n");
    }
    assert!(refused(many.as_bytes()).1.contains("20000"));
    let long = format!("00:00:01,000 --> 00:00:02,000\n{}", "长".repeat(MAX_TEXT_CHARS + 1));
    let found = srt(&long);
    assert_eq!((found.cues[0].2.chars().count(), found.notes.len()), (MAX_TEXT_CHARS, 1));
    let bad = "00:00:02,000 --> 00:00:01,000\na\n".repeat(500) + "00:00:01,000 --> 00:00:02,000\nb";
    assert!(srt(&bad).notes.len() <= 21);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_within_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        within_bounds(&bytes);
    }

    #[test]
    fn any_mixture_of_the_formats_pieces_is_read_or_refused_within_bounds(
        pieces in proptest::collection::vec(prop_oneof![
            Just("WEBVTT\n"), Just("\n"), Just("\r\n"), Just("\n\n"), Just("-->"), Just("00:00:01,000"), Just("00:00:02.5"),
            Just("99999999:00:00"), Just("：６１"), Just("1"), Just("<b>"), Just("</"), Just("<v "), Just(">"), Just("&"),
            Just("&#x110000;"), Just("&#0;"), Just(";"), Just("{\\an8}"), Just("{\\"), Just("NOTE "), Just("STYLE\n"),
            Just("黄龙病"), Just("\u{FEFF}"), Just("\u{202E}"), Just("\u{85}"), Just("𠮷"), Just(" "), Just("→"),
            Just("00:00:01,000 --> 00:00:02,000\n"), Just("00:05.000 --> 00:04.000\n"),
        ], 0..60),
        encoding in prop::sample::select(Encoding::ALL),
    ) {
        within_bounds(&in_encoding(encoding, &pieces.concat()));
    }

    #[test]
    fn what_is_written_is_read_back_the_same(
        cues in proptest::collection::vec((0..MAX_MS / 2, 1..100_000_i64, "[^\\p{C}\\s□\u{FFFD}]{1,30}( [<>&;#\\-a-z0-9{}中文]{1,9})?"), 1..40)
    ) {
        let mut cues: Vec<Cue> = cues.into_iter().map(|(from, length, text)| Cue(from, from + length, text)).collect();
        cues.sort_by_key(|Cue(from, to, _)| (*from, *to));
        let found = read(write(&cues).as_bytes(), None).unwrap();
        prop_assert_eq!(found.cues, cues);
        prop_assert!(found.notes.is_empty());
    }
}

fn within_bounds(bytes: &[u8]) {
    for wanted in [None, Some(Encoding::Gbk), Some(Encoding::Utf16Le)] {
        let Ok(found) = read(bytes, wanted) else { continue };
        assert!(!found.cues.is_empty() && found.cues.len() <= MAX_CUES && found.notes.len() <= 21);
        assert!(found.cues.is_sorted_by_key(|Cue(from, ..)| *from));
        for Cue(from, to, text) in &found.cues {
            assert!(0 <= *from && from < to && *to <= MAX_MS);
            assert!(!text.trim().is_empty() && text.chars().count() <= MAX_TEXT_CHARS);
            assert!(text.lines().all(|line| !line.trim().is_empty()), "{text:?}");
            assert!(!text.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202E}'), "{text:?}");
        }
        assert_eq!(read(write(&found.cues).as_bytes(), None).unwrap().cues, found.cues);
    }
}
