//! The real server as a process: started on a folder, told to stop, killed. It dies with the test that started it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// The binary that cargo built beside this one.
pub fn binary() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("yuanjiao")
}

/// Whether this is run as root, as in CI.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Run a command of the binary on a folder to its end.
pub fn command<S: AsRef<OsStr>>(data: &Path, words: &[S]) -> Output {
    Command::new(binary()).args(words).arg("--data").arg(data).output().unwrap()
}

/// A running server.
pub struct Process {
    child: Child,
    /// `http://127.0.0.1:port`.
    pub url: String,
}

impl Process {
    /// Serve this folder on a free port.
    pub fn serve(data: &Path) -> Self {
        Self::serve_with(data, &[("YUANJIAO_PREPARE_WORKERS", "0")])
    }

    /// Serve this folder again where it was served before.
    pub fn serve_at(data: &Path, address: SocketAddr) -> Self {
        Self::listen(data, address, &[("YUANJIAO_PREPARE_WORKERS", "0")])
    }

    /// Serve this folder on a free port with these settings, and with workers that prepare media.
    pub fn serve_with(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::listen(data, SocketAddr::from(([127, 0, 0, 1], 0)), settings)
    }

    fn listen(data: &Path, address: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", &address.to_string(), "--data"]).arg(data);
        command.env("YUANJIAO_LOW_DISK_BYTES", "0").env("YUANJIAO_LOG", "warn").envs(settings.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
        Self { url: format!("http://{address}"), child }
    }

    /// Its number among the processes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: it has no time for a word.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and nothing waited for.
    pub fn ask_to_stop(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap().success());
    }

    /// Wait for its end.
    pub fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
