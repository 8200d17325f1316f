//! Debian's `redis-server` on a port and in a folder of its own, and HAProxy before some hubs.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long either may take to accept connections.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A Redis that says nothing is done before it is on the disk. Dropped, it is killed and its folder
/// removed.
pub struct Redis {
    pub port: u16,
    password: &'static str,
    fsync: &'static str,
    folder: PathBuf,
    child: Child,
}

impl Redis {
    pub fn start(password: &'static str) -> Redis {
        Redis::syncing("always", password)
    }

    /// The same that goes to the disk when `fsync` says: `always`, or `everysec`.
    pub fn syncing(fsync: &'static str, password: &'static str) -> Redis {
        let port = crate::free_port();
        let name = format!("push-by-hand-redis-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for Redis can be made");
        let child = Command::new("true").spawn().expect("`true` can be started");
        let mut redis = Redis { port, password, fsync, folder, child };
        redis.start_again();
        redis
    }

    /// Where a hub finds it.
    pub fn place(&self) -> String {
        let password = if self.password.is_empty() { "" } else { &format!(":{}@", self.password) };
        format!("redis://{password}127.0.0.1:{}/2", self.port)
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it, with whatever it has on its disk.
    pub fn start_again(&mut self) {
        self.kill();
        let log = File::create(self.folder.join("log")).expect("a log can be made");
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", self.fsync])
            .args(["--dir", self.folder.to_str().expect("a path in UTF-8")]);
        if !self.password.is_empty() {
            command.args(["--requirepass", self.password]);
        }
        self.child = command.stdout(log).stdin(Stdio::null()).spawn().unwrap_or_else(|error| {
            panic!("redis-server does not start ({error}). Run tests/interop/install.")
        });
        crate::wait_for("Redis answers", START_LIMIT, || {
            (self.ask(&["PING"]).trim() == "PONG").then_some(())
        });
    }

    /// What `redis-cli` prints, in the hubs' database.
    pub fn ask(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let mut command = Command::new("redis-cli");
        command.args(["-p", &port, "-n", "2"]).args(words).env("REDISCLI_AUTH", self.password);
        if self.password.is_empty() {
            command.env_remove("REDISCLI_AUTH");
        }
        let output = command.output().expect("redis-cli can be started");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A number of `INFO`.
    pub fn info(&self, name: &str) -> f64 {
        let info = self.ask(&["INFO", "all"]);
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {name}"))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// HAProxy before these ports, which it takes at random, looking every tenth of a second who is
/// there.
pub struct Balancer {
    pub port: u16,
    folder: PathBuf,
    child: Child,
}

impl Balancer {
    pub fn start(ports: &[u16]) -> Balancer {
        let port = crate::free_port();
        let folder = std::env::temp_dir()
            .join(format!("push-by-hand-haproxy-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for HAProxy can be made");
        let mut text = format!(
            "defaults\n mode http\n timeout connect 1s\n timeout client 60s\n timeout server 60s\n\
             frontend all\n bind 127.0.0.1:{port}\n default_backend hubs\n\
             backend hubs\n balance random\n option redispatch 1\n"
        );
        for port in ports {
            text +=
                &format!(" server hub{port} 127.0.0.1:{port} check inter 100ms fall 1 rise 1\n");
        }
        let file = folder.join("haproxy.cfg");
        fs::write(&file, text).expect("a configuration can be written");
        let log = File::create(folder.join("log")).expect("a log can be made");
        let child = Command::new("haproxy")
            .arg("-db")
            .arg("-f")
            .arg(file)
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a file can be shared"))
            .stdout(log)
            .spawn()
            .unwrap_or_else(|error| panic!("HAProxy does not start ({error}). Run install."));
        crate::wait_for("HAProxy listens", START_LIMIT, || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Balancer { port, folder, child }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
