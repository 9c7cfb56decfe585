//! Which character encoding the bytes of a caption file are in.
//!
//! A byte order mark or valid UTF-8 decides. Where neither does, the bytes are read in each encoding Chinese files are
//! written in, and the reading with the most everyday characters wins: wrong readings are full of rare ones.

use crate::{Error, Result};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The encodings that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first: what Windows' Notepad calls Unicode.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// GBK: Chinese Windows' own (ANSI).
    Gbk,
    /// GB18030, with characters GBK does not have.
    Gb18030,
    /// Big5: traditional Chinese Windows' own.
    Big5,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: &'static [Self] = &[Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Gbk, Self::Gb18030, Self::Big5];

    /// Its name, as it is kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Gbk => "GBK",
            Self::Gb18030 => "GB18030",
            Self::Big5 => "BIG5",
        }
    }

    /// The encoding with this name, however it is capitalised.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|encoding| encoding.as_str().eq_ignore_ascii_case(text.trim()))
    }

    fn table(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Gbk | Self::Gb18030 => encoding_rs::GB18030,
            Self::Big5 => encoding_rs::BIG5,
        }
    }
}

/// The text of a file.
pub(super) struct Decoded {
    /// The text, U+FFFD for what could not be read.
    pub text: String,
    /// The encoding it was read in.
    pub encoding: Encoding,
    /// The line of the first character that could not be read, from 1, and how many there are.
    pub broken: Option<(usize, usize)>,
    /// The encoding was told from few or unlikely characters.
    pub doubtful: bool,
}

/// Decodes the bytes of a file, in the encoding found or in the one `wanted`.
///
/// # Errors
/// [`Error::BadCaptions`] for an empty file, bytes that are no text, and text that no encoding makes readable.
pub(super) fn decode(bytes: &[u8], wanted: Option<Encoding>) -> Result<Decoded> {
    if bytes.is_empty() {
        return Err(Error::BadCaptions { line: None, reason: "文件是空的".into() });
    }
    let (encoding, sure) = match wanted {
        Some(encoding) => (encoding, true),
        None => detect(bytes)?,
    };
    let (text, _) = encoding.table().decode_with_bom_removal(bytes);
    let text = text.into_owned();
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    let count = text.chars().filter(|c| *c == BROKEN).count();
    let line = text.split('\n').position(|line| line.contains(BROKEN)).map(|index| index + 1);
    if let Some(line) = line.filter(|_| count > FEW_BROKEN && count * 20 > foreign) {
        let reason = format!("按 {} 读不出文字，请用记事本另存为 UTF-8 编码再上传", encoding.as_str());
        return Err(Error::BadCaptions { line: Some(line), reason });
    }
    Ok(Decoded { text, encoding, broken: line.map(|line| (line, count)), doubtful: !sure })
}

const BROKEN: char = '\u{FFFD}';
/// So many broken characters never make a file unreadable.
const FEW_BROKEN: usize = 3;
/// Characters beyond ASCII that are weighed; more would not change the verdict.
const WEIGHED: usize = 4_000;
/// A reading below this is told as a guess: the everyday characters of a right one make about 1.
const LIKELY: f64 = 0.7;
/// Two readings nearer than this to each other are told apart by chardetng.
const NEAR: f64 = 0.1;

/// The encoding of these bytes, and whether it is sure.
fn detect(bytes: &[u8]) -> Result<(Encoding, bool)> {
    if let Some((marked, _)) = encoding_rs::Encoding::for_bom(bytes) {
        let marked = Encoding::ALL.iter().find(|encoding| encoding.table() == marked);
        return Ok((marked.copied().unwrap_or(Encoding::Utf8), true));
    }
    if let Some(wide) = by_zeros(bytes)? {
        return Ok((wide, true));
    }
    let cut_off = |cause: &std::str::Utf8Error| cause.error_len().is_none(); // the last character is not whole
    if std::str::from_utf8(bytes).map_or_else(|cause| cut_off(&cause), |_| true) {
        return Ok((Encoding::Utf8, true));
    }
    let weigh = |encoding| (encoding, likelihood(encoding, bytes));
    let mut readings = [Encoding::Gb18030, Encoding::Big5, Encoding::Utf8].map(weigh);
    readings.sort_by(|a, b| b.1.total_cmp(&a.1));
    let [(mut best, likely), (second, next), _] = readings;
    if likely - next < NEAR && hinted(bytes) == second.table() {
        best = second;
    }
    if best == Encoding::Gb18030 && !has_four_byte_characters(bytes) {
        best = Encoding::Gbk;
    }
    Ok((best, likely >= LIKELY))
}

/// UTF-16 without a mark: every second byte of the times and line ends is zero.
///
/// # Errors
/// [`Error::BadCaptions`] when there are zeros but not in this pattern: a text has none.
fn by_zeros(bytes: &[u8]) -> Result<Option<Encoding>> {
    let zeros = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second, pairs) = (zeros(0), zeros(1), bytes.len() / 2);
    match (first * 10 > pairs, second * 10 > pairs) {
        (false, false) if first + second == 0 => Ok(None),
        (true, false) if first > 8 * second => Ok(Some(Encoding::Utf16Be)),
        (false, true) if second > 8 * first => Ok(Some(Encoding::Utf16Le)),
        _ => Err(Error::BadCaptions {
            line: None, reason: "这不是文字文件，请选择 .srt 或 .vtt 字幕".into()
        }),
    }
}

/// How much this reading looks like Chinese somebody wrote: about 1 for everyday text, less for anything else.
fn likelihood(encoding: Encoding, bytes: &[u8]) -> f64 {
    let (text, _) = encoding.table().decode_without_bom_handling(bytes);
    let (mut weight, mut count) = (0.0, 0.0);
    for c in text.chars().filter(|c| !c.is_ascii()).take(WEIGHED) {
        weight += match (c, EVERYDAY.get(&c)) {
            (BROKEN, _) => -3.0,
            (_, Some(weight)) => *weight,
            ('\u{E000}'..='\u{F8FF}', _) => -2.0,
            ('\u{4E00}'..='\u{9FFF}', _) => 0.0,
            ('\u{3000}'..='\u{303F}' | '\u{FF01}'..='\u{FF5E}' | '“' | '”' | '‘' | '’' | '…' | '—' | '·', _) => {
                0.5
            }
            _ => -0.5,
        };
        count += 1.0;
    }
    if count > 0.0 { weight / count } else { 1.0 }
}

/// The commoner characters of both scripts with their weights: the first levels of GB 2312 and of Big5, which their
/// makers chose by use, and above them those that stand in every second sentence.
static EVERYDAY: LazyLock<HashMap<char, f64>> = LazyLock::new(|| {
    let mut weights = HashMap::new();
    let levels = [(Encoding::Gb18030, 0xB0..=0xD7_u8), (Encoding::Big5, 0xA4..=0xC6)];
    for (encoding, leads) in levels {
        for (lead, trail) in leads.flat_map(|lead| (0xA1..=0xFE_u8).map(move |trail| (lead, trail))) {
            weights.extend(one(encoding, &[lead, trail]).map(|c| (c, 0.8)));
        }
    }
    for (lead, trail) in (0xA4..=0xC6_u8).flat_map(|lead| (0x40..=0x7E_u8).map(move |trail| (lead, trail))) {
        weights.extend(one(Encoding::Big5, &[lead, trail]).map(|c| (c, 0.8)));
    }
    weights.extend(FREQUENT.chars().map(|c| (c, 1.6)));
    weights
});

const FREQUENT: &str = "的一是不了在有人我他这这個个们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過\
                        发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她\
                        本前开開但因只从從想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知全三又关關点點正业業外将將两兩高间間由问問很最重\
                        并物手应應战戰向头頭文体體政美相见見被利什二等产產或新己制身果加西斯月话話合回特代内內信表化老给給世位次度门門任常先海通教儿兒东東";

fn one(encoding: Encoding, bytes: &[u8]) -> Option<char> {
    let (text, broken) = encoding.table().decode_without_bom_handling(bytes);
    let mut chars = text.chars();
    chars.next().filter(|_| !broken && chars.next().is_none())
}

/// What a detector trained on the web says.
fn hinted(bytes: &[u8]) -> &'static encoding_rs::Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let hint = detector.guess(None, Utf8Detection::Allow);
    if hint == encoding_rs::GBK { encoding_rs::GB18030 } else { hint }
}

/// Whether a character of four bytes stands here, read from the front as GB18030 is.
fn has_four_byte_characters(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(lead) = bytes.get(at) {
        at += match (lead, bytes.get(at + 1)) {
            (0x81..=0xFE, Some(0x30..=0x39)) => return true,
            (0x81..=0xFE, Some(0x40..=0xFE)) => 2,
            _ => 1,
        };
    }
    false
}
