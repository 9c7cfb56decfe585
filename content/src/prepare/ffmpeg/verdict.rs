//! What the ending of ffmpeg means for the recording: done, never, or perhaps later.

use super::leash::Ended;
use crate::{Error, Result};
use std::io::ErrorKind;

/// Words of ffmpeg that tell the cause, and what the trainer reads.
const AT_FAULT: &[(&str, &str)] = &[
    ("File too large", "生成的文件超过大小限制"),
    ("Cannot allocate memory", "处理所需内存超过限制，画面可能过大"),
    ("picture size", "画面尺寸无效或超过 4K"),
    ("Picture size", "画面尺寸无效或超过 4K"),
    ("moov atom not found", "文件不完整：缺少索引，请重新上传"),
    ("not on whitelist", "文件引用了其他文件或使用了不允许的格式"),
    ("not in whitelist", "文件引用了其他文件或使用了不允许的格式"),
    ("does not contain any stream", "文件里没有音视频内容"),
    ("matches no streams", "文件里没有音视频内容"),
    ("Invalid data found", "文件已损坏或不是声称的格式"),
    ("could not find codec parameters", "无法识别文件的编码"),
    ("Unknown decoder", "文件的编码不受支持"),
    ("Decoder not found", "文件的编码不受支持"),
    ("Decoder (codec", "文件的编码不受支持"),
];

/// Words of a machine in trouble, however the file is: its disk does not answer, or it has no room for a thread.
const MAY_PASS: &[(&str, ErrorKind)] =
    &[("Input/output error", ErrorKind::Other), ("Resource temporarily unavailable", ErrorKind::WouldBlock)];

/// What ffmpeg says after whatever else it said; by itself it means the file.
const AT_FAULT_OTHERWISE: &[(&str, &str)] = &[
    ("Error while decoding", "文件已损坏，无法解码"),
    ("Conversion failed", "文件已损坏，无法转换"),
    ("End of file", "文件不完整"),
];

/// # Errors
/// `Unpreparable` when trying again would end the same way, `Ffmpeg` when it may not.
pub(super) fn of(ended: &Ended) -> Result<()> {
    if ended.code == 0 {
        return Ok(());
    }
    tracing::info!(code = ended.code, log = %last_line(&ended.tail), "ffmpeg gave up");
    let said = |words: &str| ended.tail.contains(words);
    // A full disk cuts files short, and then whatever else is said follows from that.
    if said("No space left on device") {
        return Err(Error::Disk(ErrorKind::StorageFull.into()));
    }
    match ended.code {
        126 | 127 => return Err(Error::Ffmpeg("无法启动 ffmpeg".to_owned())),
        // ffmpeg ends so at a signal it handles, which here is SIGXCPU, the limit on processor time.
        152 | 255 => return Err(Error::Unpreparable("处理时间超过限制")),
        // SIGXFSZ, the limit on the output.
        153 => return Err(Error::Unpreparable("生成的文件超过大小限制")),
        // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: the decoder fell over this file and would again.
        132 | 134 | 135 | 136 | 139 => return Err(Error::Unpreparable("解码程序崩溃，文件可能已损坏")),
        _ => {}
    }
    if let Some((_, reason)) = AT_FAULT.iter().find(|(words, _)| said(words)) {
        return Err(Error::Unpreparable(reason));
    }
    if let Some((words, kind)) = MAY_PASS.iter().find(|(words, _)| said(words)) {
        return Err(Error::Disk(std::io::Error::new(*kind, *words)));
    }
    match AT_FAULT_OTHERWISE.iter().find(|(words, _)| said(words)) {
        Some((_, reason)) => Err(Error::Unpreparable(reason)),
        None => Err(Error::Ffmpeg(format!("ffmpeg 异常退出（{}）", ended.code))),
    }
}

/// The last line, without what could confuse a log.
fn last_line(tail: &str) -> String {
    tail.lines().next_back().unwrap_or_default().chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(code: i32, tail: &str) -> Result<()> {
        of(&Ended { code, tail: tail.to_owned() })
    }

    #[test]
    fn a_broken_file_is_given_up_and_a_killed_ffmpeg_is_tried_again() {
        assert!(ending(0, "deprecated pixel format").is_ok());
        assert!(matches!(
            ending(1, "x\nfile:a: Invalid data found when processing input"),
            Err(Error::Unpreparable(_))
        ));
        assert!(matches!(ending(255, ""), Err(Error::Unpreparable(_))));
        assert!(matches!(ending(139, ""), Err(Error::Unpreparable(_))));
        assert!(matches!(ending(137, ""), Err(Error::Ffmpeg(_))));
    }

    #[test]
    fn trouble_of_the_machine_is_tried_again_though_the_conversion_failed() {
        for said in [
            "av_interleaved_write_frame(): No space left on device",
            "Error while decoding stream #0:0: Input/output error",
            "av_interleaved_write_frame(): Input/output error",
            "ff_frame_thread_init failed: Resource temporarily unavailable",
        ] {
            let outcome = ending(1, &format!("{said}\nConversion failed!\n"));
            assert!(matches!(outcome, Err(Error::Disk(_))), "{said}: {outcome:?}");
        }
        assert!(matches!(ending(1, "Conversion failed!"), Err(Error::Unpreparable(_))));
        // A disk that fails while it is read says nothing of the data; data that is wrong is wrong on any disk.
        let broken = "file:a: Invalid data found when processing input\nInput/output error\nConversion failed!";
        assert!(matches!(ending(1, broken), Err(Error::Unpreparable(_))));
    }
}
