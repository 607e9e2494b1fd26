//! A PostgreSQL server of the test's own: its folder, its socket, no port.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

/// A server that runs as long as this is there.
#[derive(Debug)]
pub struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
    databases: u32,
}

impl Server {
    /// Starts one.
    ///
    /// # Panics
    /// If PostgreSQL is not installed: a test that needs it must not pass without it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Self { folder, bin: programs(), databases: 0 };
        if is_root() {
            // The server refuses to run as root.
            let chown = Command::new("chown").arg("postgres").arg(server.folder.path()).status().expect("chown");
            assert!(chown.success());
        }
        let data = server.folder.path().join("data");
        let data = data.to_str().expect("a path in UTF-8");
        server.run("initdb", &["-D", data, "-A", "trust", "-U", "line", "--no-sync", "-E", "UTF8"]);
        let sockets = server.folder.path().to_str().expect("a path in UTF-8");
        // What the server's machine survives is not what is tested.
        let options = format!("-k {sockets} -c listen_addresses='' -c fsync=off");
        server.run("pg_ctl", &["-D", data, "-w", "-l", &format!("{sockets}/log"), "-o", &options, "start"]);
        server
    }

    /// The URL of an empty database.
    pub fn database(&mut self) -> String {
        self.databases += 1;
        let name = format!("line{}", self.databases);
        let sockets = self.folder.path().to_str().expect("a path in UTF-8").replace('/', "%2F");
        let url = |database: &str| format!("postgres://line@{sockets}/{database}");
        let mut client = postgres::Client::connect(&url("postgres"), postgres::NoTls).expect("the server");
        client.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
        url(&name)
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let status = command.args(arguments).current_dir(self.folder.path()).stdout(Stdio::null()).status();
        assert!(status.expect("PostgreSQL's programs").success(), "{} {arguments:?}", program.display());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        self.run("pg_ctl", &["-D", data.to_str().unwrap_or_default(), "-m", "immediate", "stop"]);
        // Its children may still be at it.
        for _ in 0..50 {
            if fs::remove_dir_all(self.folder.path()).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Debian keeps the server's programs out of PATH, in a folder for each version.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).filter(|bin| bin.is_dir()).collect();
    folders.sort();
    folders.pop().expect("PostgreSQL's server: `apt-get install postgresql`")
}

fn is_root() -> bool {
    fs::metadata(Path::new("/proc/self")).is_ok_and(|this| this.uid() == 0)
}
