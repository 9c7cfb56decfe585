//! What ffprobe and ffmpeg say, as facts.

use serde::Deserialize;

/// What is in a recording, as ffprobe sees it. All of it is only as true as the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Streams {
    /// Length in milliseconds.
    pub duration_ms: Option<i64>,
    /// The first stream of pictures that is not a cover.
    pub picture: Option<Picture>,
    /// The first stream of sound.
    pub sound: Option<Sound>,
}

/// A stream of pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// ffmpeg's name of the codec, such as `h264`.
    pub codec: String,
    /// ffmpeg's name of the pixel format, such as `yuv420p`.
    pub pixels: String,
    /// Width in pixels as it is shown: turned, and with square pixels.
    pub width: u32,
    /// Height in pixels as it is shown.
    pub height: u32,
    /// Pictures a second; 0 when it is not known.
    pub per_second: f64,
    /// Bits a second; 0 when it is not known.
    pub bits_per_second: u64,
    /// Whether the picture is turned when it is shown.
    pub turned: bool,
    /// Whether each picture is two halves, every other line of two moments. Where nothing is told of it, it is not.
    pub interlaced: bool,
}

/// A stream of sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// ffmpeg's name of the codec, such as `aac`.
    pub codec: String,
    /// 1 for mono, 2 for stereo.
    pub channels: u32,
    /// Samples a second.
    pub per_second: u32,
    /// Bits a second; 0 when it is not known.
    pub bits_per_second: u64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
struct Format {
    duration: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stream {
    codec_type: String,
    codec_name: String,
    pix_fmt: String,
    width: u32,
    height: u32,
    sample_aspect_ratio: String,
    field_order: String,
    avg_frame_rate: String,
    r_frame_rate: String,
    duration: Option<String>,
    bit_rate: String,
    channels: u32,
    sample_rate: String,
    disposition: Disposition,
    side_data_list: Vec<SideData>,
    tags: Tags,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Disposition {
    attached_pic: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SideData {
    rotation: f64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tags {
    rotate: String,
}

/// ffprobe's JSON; `None` when it is none, or names neither picture nor sound.
pub(super) fn parse(answer: &[u8]) -> Option<Streams> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let pictures = answer.streams.iter().find(|s| s.codec_type == "video" && s.disposition.attached_pic == 0);
    let sounds = answer.streams.iter().find(|s| s.codec_type == "audio");
    if pictures.is_none() && sounds.is_none() {
        return None;
    }
    let lengths = [answer.format.duration.as_deref()]
        .into_iter()
        .chain([pictures, sounds].map(|stream| stream.and_then(|stream| stream.duration.as_deref())));
    Some(Streams {
        duration_ms: lengths.flatten().find_map(milliseconds),
        picture: pictures.map(picture),
        sound: sounds.map(|stream| Sound {
            codec: stream.codec_name.clone(),
            channels: stream.channels,
            per_second: stream.sample_rate.parse().unwrap_or(0),
            bits_per_second: stream.bit_rate.parse().unwrap_or(0),
        }),
    })
}

/// Seconds with a fraction; only lengths that a recording can have.
fn milliseconds(seconds: &str) -> Option<i64> {
    let seconds: f64 = seconds.parse().ok()?;
    let longest = crate::probe::LONGEST_MS as f64 / 1000.0;
    (seconds > 0.0 && seconds <= longest).then_some((seconds * 1000.0) as i64).filter(|ms| *ms > 0)
}

fn picture(stream: &Stream) -> Picture {
    let turn = stream.side_data_list.iter().map(|side| side.rotation).find(|turn| *turn != 0.0);
    let turn = turn.or(stream.tags.rotate.parse().ok()).unwrap_or(0.0).rem_euclid(360.0);
    let on_its_side = (turn - 90.0).abs() < 45.0 || (turn - 270.0).abs() < 45.0;
    // Discs store pixels that are not square: 352 x 288 is shown as 384 x 288.
    let square = ratio(&stream.sample_aspect_ratio, ':').filter(|ratio| (0.2..=5.0).contains(ratio)).unwrap_or(1.0);
    let wide = (f64::from(stream.width) * square).round() as u32;
    let (width, height) = if on_its_side { (stream.height, wide) } else { (wide, stream.height) };
    let rate = |text: &str| ratio(text, '/').filter(|rate| (0.1..=1000.0).contains(rate));
    Picture {
        codec: stream.codec_name.clone(),
        pixels: stream.pix_fmt.clone(),
        width,
        height,
        per_second: rate(&stream.avg_frame_rate).or(rate(&stream.r_frame_rate)).unwrap_or(0.0),
        bits_per_second: stream.bit_rate.parse().unwrap_or(0),
        turned: turn != 0.0,
        // Which half is stored first, and which is shown first: top or bottom.
        interlaced: matches!(stream.field_order.as_str(), "tt" | "bb" | "tb" | "bt"),
    }
}

fn ratio(text: &str, sign: char) -> Option<f64> {
    let (above, below) = text.split_once(sign)?;
    let (above, below): (f64, f64) = (above.parse().ok()?, below.parse().ok()?);
    (above > 0.0 && below > 0.0).then_some(above / below)
}

/// Reads `out_time_us=` lines as ffmpeg writes them with `-progress`, in pieces of any size.
pub(super) struct ProgressReader {
    length_ms: Option<i64>,
    line: Vec<u8>,
}

impl ProgressReader {
    /// For a recording of this length; of unknown length nothing is told.
    pub(super) fn of(length_ms: Option<i64>) -> Self {
        Self { length_ms, line: Vec::new() }
    }

    /// Take a piece; answers the newest progress in thousandths, if there is any in it.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<i32> {
        const LONGEST_LINE: usize = 200;
        let mut newest = None;
        for byte in bytes {
            match byte {
                b'\n' => {
                    newest = self.permille().or(newest);
                    self.line.clear();
                }
                byte if self.line.len() < LONGEST_LINE => self.line.push(*byte),
                _ => {}
            }
        }
        newest
    }

    fn permille(&self) -> Option<i32> {
        let length_us = self.length_ms?.checked_mul(1000)?;
        let done: i64 = std::str::from_utf8(self.line.strip_prefix(b"out_time_us=")?).ok()?.trim().parse().ok()?;
        i32::try_from(done.checked_mul(1000)?.checked_div(length_us)?.clamp(0, 999)).ok()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_turned_phone_picture_and_its_sound_are_told() {
        let json = br#"{"streams":[
            {"codec_type":"video","codec_name":"mjpeg","width":9,"height":9,"disposition":{"attached_pic":1}},
            {"codec_type":"video","codec_name":"h264","pix_fmt":"yuv420p","width":1280,"height":720,"bit_rate":"900000",
             "avg_frame_rate":"30000/1001","sample_aspect_ratio":"1:1","side_data_list":[{"rotation":-90}]},
            {"codec_type":"audio","codec_name":"aac","channels":2,"sample_rate":"44100"}],"format":{"duration":"12.345000"}}"#;
        let streams = parse(json).unwrap();
        let picture = streams.picture.unwrap();
        assert_eq!((picture.width, picture.height, picture.turned), (720, 1280, true));
        assert!((picture.per_second - 29.97).abs() < 0.01);
        assert_eq!(streams.duration_ms, Some(12_345));
        assert_eq!(streams.sound.unwrap().per_second, 44_100);
    }

    #[test]
    fn pixels_that_are_not_square_are_told_as_they_are_shown() {
        let json = br#"{"streams":[{"codec_type":"video","codec_name":"mpeg1video","width":352,"height":288,"sample_aspect_ratio":"12:11"}]}"#;
        assert_eq!(parse(json).unwrap().picture.unwrap().width, 384);
    }

    #[test]
    fn a_picture_of_two_halves_is_told_and_nothing_is_guessed() {
        let interlaced = |told: &str| {
            let json = format!(r#"{{"streams":[{{"codec_type":"video","codec_name":"h264"{told}}}]}}"#);
            parse(json.as_bytes()).unwrap().picture.unwrap().interlaced
        };
        assert!(interlaced(r#","field_order":"tt""#) && interlaced(r#","field_order":"bt""#));
        for whole in ["", r#","field_order":"progressive""#, r#","field_order":"unknown""#] {
            assert!(!interlaced(whole), "{whole}");
        }
    }

    #[test]
    fn lengths_no_recording_has_and_answers_without_streams_are_not_believed() {
        for text in ["N/A", "-5", "0", "1e300", "NaN", "inf"] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
        assert_eq!(parse(b"{}"), None);
        assert_eq!(parse(b"not json"), None);
    }

    #[test]
    fn progress_is_read_across_pieces_and_never_passes_the_end() {
        let mut reader = ProgressReader::of(Some(10_000));
        assert_eq!(reader.read(b"frame=1\nout_time_us=25"), None);
        assert_eq!(reader.read(b"00000\nprogress=continue\n"), Some(250));
        assert_eq!(reader.read(b"out_time_us=99999999999\n"), Some(999));
        assert_eq!(reader.read(b"out_time_us=N/A\nout_time_us=-9223372036854775808\n"), None);
        assert_eq!(ProgressReader::of(None).read(b"out_time_us=1\n"), None);
    }
}
