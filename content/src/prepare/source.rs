//! The recording that something is to be made of: its file, and what was found out about it.

use super::ffmpeg::{self, Limits, Streams, Tools};
use crate::Result;
use crate::probe::{Demuxer, Probe, probe};
use crate::store::blocking;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A recording on this machine's disk. Nobody may write to its file.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// What our own reader says about it.
    pub probe: Probe,
    /// What ffprobe says about it; empty on a machine without ffmpeg.
    pub streams: Streams,
}

impl Source {
    /// Find out about the file `path`, which came under the name `name`; with ffprobe when it is at hand.
    ///
    /// # Errors
    /// `Unpreparable` when ffprobe finds no recording in it.
    pub async fn read(path: &Path, name: &str, tools: Option<&Tools>) -> Result<Self> {
        let (file, name) = (path.to_owned(), name.to_owned());
        let (probe, size_bytes) = blocking(move || Ok((probe(&file, &name)?, file.metadata()?.len()))).await?;
        let mut source = Self { path: path.to_owned(), size_bytes, probe, streams: Streams::default() };
        if let Some(tools) = tools {
            source.streams = ffmpeg::examine(tools, &source).await?;
        }
        Ok(source)
    }

    /// Length in milliseconds, when anybody knows it.
    pub fn duration_ms(&self) -> Option<i64> {
        self.streams.duration_ms.or(self.probe.duration_ms)
    }

    /// How ffmpeg is to open it; `None` for what is no recording.
    pub fn demuxer(&self) -> Option<Demuxer> {
        crate::probe::demuxer(&self.probe.mime)
    }

    /// Limits that an honest recording of this length stays well below on a slow machine.
    ///
    /// Output may reach four times the recording, or what 2 Mbit/s take, whichever is more.
    pub fn limits(&self) -> Limits {
        const HOUR_MS: i64 = 3_600_000;
        let length_s = u64::try_from(self.duration_ms().unwrap_or(HOUR_MS) / 1000).unwrap_or(0);
        Limits {
            wall: Duration::from_secs(900 + length_s * 20),
            cpu: Duration::from_secs(300 + length_s * 10),
            memory_bytes: 2 << 30,
            output_bytes: (64 << 20) + (self.size_bytes.saturating_mul(4)).max(length_s * 250_000),
        }
    }
}
