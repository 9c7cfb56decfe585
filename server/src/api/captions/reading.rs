//! How a file that was sent is read for a lesson.

use crate::error::{ApiError, ApiResult, Code};
use actix_web::web;
use bytes::Bytes;
use content::caption::{self as file, Captions, Encoding, Note};
use entity::caption::Cue;
use entity::lesson;

/// How a file is to be read, checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// The encoding somebody chose.
    pub encoding: Option<Encoding>,
    /// How much later the captions come.
    pub shift_ms: i64,
}

impl Reading {
    /// Checks what was asked for; a blank encoding is none.
    ///
    /// # Errors
    /// `invalid_request` for an unknown encoding or a shift out of bounds.
    pub fn parse(encoding: Option<&str>, shift_ms: i64) -> ApiResult<Self> {
        let named = encoding.map(str::trim).filter(|name| !name.is_empty());
        let wrong = || ApiError::say(Code::InvalidRequest, "参数 encoding 的值不在可选范围内");
        let encoding = named.map(|name| Encoding::parse(name).ok_or_else(wrong)).transpose()?;
        if !(-file::MAX_SHIFT_MS..=file::MAX_SHIFT_MS).contains(&shift_ms) {
            return Err(ApiError::say(Code::InvalidRequest, "时间平移最多 10 小时"));
        }
        Ok(Self { encoding, shift_ms })
    }

    /// Reads a file for this lesson, off the workers: its cues moved, and told what does not fit the recording.
    ///
    /// # Errors
    /// `too_large`, or `unprocessable` with the line and the reason.
    pub async fn read(self, bytes: Bytes, lesson: &lesson::Model) -> ApiResult<Captions> {
        let mut found = web::block(move || file::read(&bytes, self.encoding)).await??;
        let before = found.cues.len();
        found.cues = file::shift(found.cues, self.shift_ms);
        let mut told = |text: String| found.notes.push(Note { line: None, text });
        match before - found.cues.len() {
            0 => {}
            lost if lost == before => {
                return Err(ApiError::say(Code::Unprocessable, "平移以后，字幕全部落在开头以前，请减小平移的时间"));
            }
            lost => told(format!("平移以后有 {lost} 条落在开头以前，已略去")),
        }
        let late = found.cues.iter().filter(|Cue(from, ..)| *from >= lesson.duration_ms).count();
        if late > 0 && lesson.media_sha256.is_some() {
            told(format!("有 {late} 条在录像结束以后，请核对是不是这一课的字幕"));
        }
        Ok(found)
    }
}
