//! Which of ffmpeg's readers a type is opened with.
//!
//! Only containers that carry their own bytes are named. Playlists, scripts and lists of pictures (HLS, DASH, concat,
//! SDP, image2) are not, since they make a reader open other files and addresses.

/// How ffmpeg opens a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demuxer {
    /// For `-f`.
    pub name: &'static str,
    /// For `-format_whitelist`: the names the reader goes by.
    pub whitelist: &'static str,
}

/// The reader for a type that [`probe`](super::probe) found; `None` for what is no recording.
pub fn demuxer(mime: &str) -> Option<Demuxer> {
    let (name, whitelist) = match mime {
        "video/mp4" | "audio/mp4" | "video/quicktime" => ("mov", "mov,mp4,m4a,3gp,3g2,mj2"),
        "video/webm" | "audio/webm" | "video/x-matroska" => ("matroska", "matroska,webm"),
        "video/x-msvideo" => ("avi", "avi"),
        "video/x-ms-wmv" => ("asf", "asf"),
        "video/x-flv" => ("flv", "flv"),
        "video/mpeg" => ("mpeg", "mpeg"),
        "video/x-mpeg-es" => ("mpegvideo", "mpegvideo"),
        "video/mp2t" => ("mpegts", "mpegts"),
        "application/vnd.rn-realmedia" => ("rm", "rm"),
        "video/ogg" | "audio/ogg" => ("ogg", "ogg"),
        "audio/mpeg" => ("mp3", "mp3"),
        "audio/aac" => ("aac", "aac"),
        "audio/amr" => ("amr", "amr"),
        "audio/wav" => ("wav", "wav"),
        "audio/flac" => ("flac", "flac"),
        _ => return None,
    };
    Some(Demuxer { name, whitelist })
}
