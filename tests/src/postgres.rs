//! A PostgreSQL of one test's own, which can be taken away and given back.

use crate::process::is_root;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The database server; it ends with the test.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// Make one and start it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            // It refuses to run as root, so root lends it the account that its package made.
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let postgres = Self { folder, port };
        postgres.run("initdb", &["-U", "yuanjiao", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        postgres.begin();
        postgres
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("postgres://yuanjiao@127.0.0.1:{}/postgres", self.port)
    }

    /// Start it again where it was.
    pub fn begin(&self) {
        let settings = format!("-p {} -k {} -c listen_addresses=127.0.0.1", self.port, self.folder.path().display());
        self.run("pg_ctl", &["-s", "-w", "-l", &self.log(), "-o", &settings, "start"]);
    }

    /// Take it away as a failing machine would: nobody is told, and it has to recover.
    pub fn fail(&self) {
        self.run("pg_ctl", &["-s", "-m", "immediate", "stop"]);
    }

    fn log(&self) -> String {
        self.folder.path().join("log").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = if is_root() {
            let mut lent = Command::new("runuser");
            lent.args(["-u", "postgres", "--"]).arg(binaries().join(program));
            lent
        } else {
            Command::new(binaries().join(program))
        };
        command.current_dir(self.folder.path()).arg("-D").arg(self.folder.path().join("data")).args(arguments);
        let said = command.output().unwrap();
        assert!(said.status.success(), "{program}: {}", String::from_utf8_lossy(&said.stderr));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = Command::new("kill").args(["-QUIT", pid]).status();
        }
    }
}

/// Where its newest release has its programs.
fn binaries() -> PathBuf {
    let releases = std::fs::read_dir("/usr/lib/postgresql").unwrap();
    let newest = releases.flatten().map(|release| release.path()).max_by_key(|path| number_of(path));
    newest.unwrap().join("bin")
}

fn number_of(release: &Path) -> u32 {
    release.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or(0)
}
