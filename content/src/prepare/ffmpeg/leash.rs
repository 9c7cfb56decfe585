//! A program on a leash: limits are set before it starts, and when the leash is let go it dies with all its children.
//!
//! The leash is a pipe. A shell holds its reading end beside the program and kills its whole process group at the end
//! of file, which comes when this future is dropped, when time is up, and also when this server itself is killed: no
//! ffmpeg outlives the server that started it.

use crate::{Error, Result};
use rustix::process::{Pid, Resource, Rlimit, prlimit, setpriority_pgrp};
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// What a program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time on the wall.
    pub wall: Duration,
    /// Processor time.
    pub cpu: Duration,
    /// Address space in bytes.
    pub memory_bytes: u64,
    /// The longest file it may write, in bytes.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(600),
            cpu: Duration::from_secs(300),
            memory_bytes: 2 << 30,
            output_bytes: 64 << 20,
        }
    }
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Its exit code as a shell tells it: 128 and the signal for one that was killed.
    pub(super) code: i32,
    /// The end of what it wrote to standard error.
    pub(super) tail: String,
}

/// Waits for the word to start, so that every limit holds from the first instruction on; then runs the program with
/// nothing to read, and watches the leash.
const SCRIPT: &str = "read -r go || exit 1\n\
    exec 3<&0\n\
    \"$@\" </dev/null 3<&- & child=$!\n\
    { read -r end <&3; kill -9 0; } >/dev/null 2>&1 &\n\
    exec 3<&- </dev/null\n\
    wait $child";

/// How much of standard error is kept.
const TAIL: usize = 8 << 10;

/// Run `program`; every piece of its standard output is given to `on_output`.
pub(super) async fn leashed(
    program: &Path,
    args: &[OsString],
    limits: &Limits,
    mut on_output: impl FnMut(&[u8]),
) -> Result<Ended> {
    let mut child = start(program, args)?;
    confine(&child, limits)?;
    // Held until the end of this function: letting it go kills the group.
    let mut leash = child.stdin.take().ok_or(Error::Stopped)?;
    leash.write_all(b"go\n").await?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut tail = Vec::new();
    let all = async {
        let output = each(stdout, |bytes| on_output(bytes));
        let log = each(stderr, |bytes| keep_tail(&mut tail, bytes));
        let (output, log) = tokio::join!(output, log);
        output.and(log)?;
        child.wait().await
    };
    let status = tokio::time::timeout(limits.wall, all).await;
    drop(leash);
    let Ok(status) = status else { return Err(Error::TookTooLong) };
    let code = status?.code().unwrap_or(128 + 9);
    Ok(Ended { code, tail: String::from_utf8_lossy(&tail).into_owned() })
}

fn start(program: &Path, args: &[OsString]) -> Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "leash"]).arg(program).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_clear().env("LC_ALL", "C").process_group(0).kill_on_drop(true);
    for kept in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    Ok(command.spawn()?)
}

/// Limits and the lowest priority, for the shell and so for everything it starts. The kernel derives the lowest
/// priority at the disk from the same number.
fn confine(child: &Child, limits: &Limits) -> Result<()> {
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).ok_or(Error::Stopped)?;
    let set = |resource, soft: u64, hard: u64| {
        prlimit(Some(pid), resource, Rlimit { current: Some(soft), maximum: Some(hard) })
            .map(|_| ())
            .map_err(std::io::Error::from)
    };
    set(Resource::As, limits.memory_bytes, limits.memory_bytes)?;
    set(Resource::Fsize, limits.output_bytes, limits.output_bytes)?;
    set(Resource::Core, 0, 0)?;
    // ffmpeg ends in order at the soft limit, and must at the hard one.
    set(Resource::Cpu, limits.cpu.as_secs(), limits.cpu.as_secs().saturating_add(5))?;
    setpriority_pgrp(Some(pid), 19).map_err(std::io::Error::from)?;
    // When memory runs out it is ffmpeg that goes, not the server. Not every system lets us say so.
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero()), "1000");
    Ok(())
}

async fn each(from: Option<impl AsyncRead + Unpin>, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let Some(mut from) = from else { return Ok(()) };
    let mut buffer = vec![0; 8 << 10];
    loop {
        match from.read(&mut buffer).await? {
            0 => return Ok(()),
            read => take(buffer.get(..read).unwrap_or_default()),
        }
    }
}

fn keep_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend(bytes);
    tail.drain(..tail.len().saturating_sub(TAIL));
}
