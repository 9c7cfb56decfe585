//! ffmpeg and ffprobe, run as strangers: on one file, without network, with limits, at the lowest priority.
//!
//! Owns how they are called and what their ending means. What to make of a recording is decided by the modules beside.

mod leash;
mod streams;
mod verdict;

use super::Source;
use crate::{Error, Result};
pub use leash::Limits;
use leash::leashed;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
pub use streams::{Picture, Sound, Streams};

/// Where ffmpeg and ffprobe lie. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
}

/// One call of ffmpeg: options before the input, options of the output, and the file to write.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// Options of the input, such as `-ss 10`.
    pub input: Vec<String>,
    /// Options of the output: maps, filters, codecs and `-f`, which must be given.
    pub output: Vec<String>,
    /// How much to log: `error` unless a filter's words are wanted (`info`).
    pub log: Option<&'static str>,
}

/// More pixels in a picture than this are refused before a decoder takes memory for them: 4096 x 4096.
pub const MOST_PIXELS: u64 = 4096 * 4096;

/// The decoders a recording may use. Hundreds more are built into ffmpeg for formats that nobody brings, and each is
/// code that a hostile file could reach.
const DECODERS: &str = "h264,hevc,av1,libdav1d,vp8,vp9,mpeg1video,mpeg2video,mpeg4,msmpeg4v1,msmpeg4v2,msmpeg4,h263,flv,\
    wmv1,wmv2,wmv3,vc1,rv10,rv20,rv30,rv40,svq1,svq3,cinepak,indeo3,indeo4,indeo5,mjpeg,dvvideo,vp6,vp6f,theora,\
    mp3float,mp3,mp2float,mp2,mp1float,mp1,aac,aac_latm,ac3,eac3,dca,alac,flac,vorbis,opus,wmav1,wmav2,wmapro,\
    wmavoice,cook,sipr,ra_144,ra_288,atrac3,amrnb,amrwb,nellymoser,speex,qdm2,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,\
    adpcm_swf,gsm,gsm_ms,pcm_s16le,pcm_s16be,pcm_u8,pcm_s8,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_alaw,pcm_mulaw,\
    pcm_dvd,pcm_bluray";

impl Tools {
    /// ffmpeg and ffprobe in the folder `configured`, or else on the `PATH`; `None` when either is missing or this
    /// ffmpeg cannot make H.264 and AAC.
    pub async fn find(configured: Option<&Path>) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = match configured {
            Some(folder) => vec![folder.to_owned()],
            None => std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect(),
        };
        let find = |name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
        let tools = Self { ffmpeg: find("ffmpeg")?, ffprobe: find("ffprobe")? };
        let mut encoders = Vec::new();
        let args = ["-hide_banner", "-encoders"].map(OsString::from);
        let limits = Limits { wall: Duration::from_secs(20), ..Limits::default() };
        let ended = leashed(&tools.ffmpeg, &args, &limits, |bytes| gather(&mut encoders, bytes)).await.ok()?;
        let encoders = String::from_utf8_lossy(&encoders).into_owned();
        let able = ended.code == 0 && ["libx264 ", "aac ", "mjpeg "].iter().all(|name| encoders.contains(name));
        if !able {
            tracing::warn!(ffmpeg = %tools.ffmpeg.display(), "this ffmpeg cannot make H.264 and AAC; it is not used");
        }
        able.then_some(tools)
    }
}

/// Run ffmpeg on `source`, writing `out` (`None`: nothing is written, as when a filter only measures). Answers the end
/// of what it logged. `progress` is told thousandths.
///
/// The input is opened as the container that our own sniffing found and as a plain file, whatever it claims to be, so
/// a playlist under another name reaches neither other files nor the network. Dropping the future kills ffmpeg.
///
/// # Errors
/// `Unpreparable` when the recording is at fault or a limit of processor time, memory or size was met; `TookTooLong` at
/// the limit of time on the wall; anything else when it may pass.
pub async fn run(
    tools: &Tools,
    source: &Source,
    task: &Task,
    out: Option<&Path>,
    limits: &Limits,
    mut progress: impl FnMut(i32),
) -> Result<String> {
    let mut args = common(task.log.unwrap_or("error"));
    args.extend(
        ["-nostdin", "-y", "-filter_threads", "1", "-stats_period", "1", "-progress", "pipe:1"].map(OsString::from),
    );
    args.extend(input(source)?);
    args.extend(task.input.iter().map(OsString::from));
    args.extend([OsString::from("-i"), file(&source.path)]);
    args.extend(["-threads", "1", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"].map(OsString::from));
    args.extend(task.output.iter().map(OsString::from));
    args.push(out.map_or_else(|| OsString::from("-"), file));
    let mut reader = streams::ProgressReader::of(source.duration_ms());
    let ended = leashed(&tools.ffmpeg, &args, limits, |bytes| {
        if let Some(permille) = reader.read(bytes) {
            progress(permille);
        }
    })
    .await?;
    verdict::of(&ended)?;
    Ok(ended.tail)
}

/// What ffprobe says is in the file.
///
/// # Errors
/// `Unpreparable` when the file is no recording that ffmpeg knows, or is broken from the start.
pub async fn examine(tools: &Tools, source: &Source) -> Result<Streams> {
    let limits = Limits { wall: Duration::from_secs(60), cpu: Duration::from_secs(30), ..Limits::default() };
    let mut args = common("error");
    args.extend(input(source)?);
    args.extend(["-of", "json", "-show_format", "-show_streams", "-i"].map(OsString::from));
    args.push(file(&source.path));
    let mut answer = Vec::new();
    let ended = leashed(&tools.ffprobe, &args, &limits, |bytes| gather(&mut answer, bytes)).await?;
    match verdict::of(&ended) {
        // Reading some headers needs nothing that could be missing for a while: what failed is the file.
        Err(Error::Ffmpeg(_)) if ended.code == 1 => return Err(Error::Unpreparable("无法识别文件里的音视频内容")),
        judged => judged?,
    }
    streams::parse(&answer).ok_or(Error::Unpreparable("无法识别文件里的音视频内容"))
}

fn common(log: &str) -> Vec<OsString> {
    ["-hide_banner", "-loglevel", log].map(OsString::from).to_vec()
}

/// The cage of the input: this container, these decoders, no protocol but plain files, one thread, bounded pictures.
fn input(source: &Source) -> Result<Vec<OsString>> {
    let demuxer = source.demuxer().ok_or(Error::Unpreparable("不是可处理的音视频格式"))?;
    let pixels = MOST_PIXELS.to_string();
    let cage = [
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        demuxer.whitelist,
        "-codec_whitelist",
        DECODERS,
        "-max_pixels",
        &pixels,
        "-threads",
        "1",
        "-f",
        demuxer.name,
    ];
    Ok(cage.map(OsString::from).to_vec())
}

/// A path that can be nothing but a path, even when it begins with a dash or has a colon in it.
fn file(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}

/// ffprobe's answer is a few kilobytes; what goes beyond this is dropped and then does not parse.
fn gather(answer: &mut Vec<u8>, bytes: &[u8]) {
    const MOST: usize = 1 << 20;
    answer.extend(bytes.iter().take(MOST.saturating_sub(answer.len())));
}
