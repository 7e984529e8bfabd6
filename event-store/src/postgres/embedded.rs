//! A private PostgreSQL as a child process: its own data folder, a Unix socket, no network.
//!
//! The server ends with its parent (`setpriv --pdeathsig`), also when that is killed. Started by root it runs as another
//! user, as PostgreSQL demands: as `postgres` (or nobody), or, where that user cannot reach the folder, as root's own
//! stand-in inside a user namespace.

use std::{
    fs,
    io::{self, Read},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

/// What the private server is started with.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// Where its data is. Created when missing.
    pub data_dir: PathBuf,
    /// Where `postgres` and `initdb` are; looked for when `None`.
    pub binaries_dir: Option<PathBuf>,
    /// The database to create when missing.
    pub database: String,
    /// Settings beyond the house's own, each `name=value`.
    pub options: Vec<String>,
}

impl EmbeddedSettings {
    /// A server with its data under `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            binaries_dir: None,
            database: "agrodeep".to_owned(),
            options: vec![],
        }
    }
}

/// Why no private server runs.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No server is installed.
    #[error(
        "no PostgreSQL server (15 or newer) was found: install Debian's package `postgresql`, or set the folder of its binaries"
    )]
    NotInstalled,
    /// Something could not be done on the machine.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What came of it.
        source: io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    InitDb(String),
    /// The server did not come up.
    #[error("PostgreSQL did not start; the end of its log {log}: {tail}")]
    NotStarted {
        /// Where its log is.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
}

fn doing<T>(what: impl Into<String>, result: io::Result<T>) -> Result<T, EmbeddedError> {
    result.map_err(|source| EmbeddedError::Io { what: what.into(), source })
}

/// A running private server. Dropped, it is stopped.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    child: Option<Child>,
    socket_dir: PathBuf,
    database: String,
}

/// The house's own settings. Every acknowledged append is on the disk: `fsync`, `full_page_writes` and
/// `synchronous_commit` are on, always, and come last so that no option of the caller turns them off.
///
/// `min_wal_size`: a segment of the write-ahead log that is not there yet is filled with zeros first, and every commit waits for
/// that (50 ms). So a checkpoint keeps as many old ones for new use as are written until the next.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=100",
    "shared_buffers=256MB",
    "wal_compression=on",
    "min_wal_size=2GB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "checkpoint_completion_target=0.9",
    "wal_buffers=16MB",
    "random_page_cost=1.1",
    "jit=off",
    "idle_in_transaction_session_timeout=60s",
    "log_line_prefix=%m [%p] ",
    "log_statement=none",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_checkpoints=off",
];

/// A backend frees all memory of a statement when it has answered. glibc would hand that back to the kernel and ask for it again
/// at the next one.
const ALLOCATOR: &[(&str, &str)] = &[("MALLOC_TOP_PAD_", "4194304"), ("MALLOC_TRIM_THRESHOLD_", "67108864")];

const DURABLE: &[&str] = &["fsync=on", "full_page_writes=on", "synchronous_commit=on"];

/// The name that the server knows everybody by: access is a matter of the socket folder's permissions.
const USER: &str = "agrodeep";

impl EmbeddedPostgres {
    /// Starts the server, initialising its data folder when it is new. Blocks until it answers.
    ///
    /// # Errors
    /// [`EmbeddedError`] says what is missing or failed.
    pub fn start(settings: &EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let binaries = find_binaries(settings.binaries_dir.as_deref())?;
        let dir = &settings.data_dir;
        doing(format!("creating {}", dir.display()), fs::create_dir_all(dir))?;
        let dir = &doing(format!("opening {}", dir.display()), dir.canonicalize())?;
        let cluster = dir.join("postgres");
        let socket_dir = socket_dir(&cluster);
        let log = dir.join("postgres.log");
        end_orphan(&cluster);

        let user = RunAs::choose(dir);
        for path in [&cluster, &socket_dir] {
            doing(format!("creating {}", path.display()), fs::create_dir_all(path))?;
            doing(
                format!("restricting {}", path.display()),
                fs::set_permissions(path, fs::Permissions::from_mode(0o700)),
            )?;
            user.own(path)?;
        }
        if !cluster.join("PG_VERSION").exists() {
            init_db(&binaries, &user, &cluster)?;
        }
        let child = spawn(&binaries, &user, &cluster, &socket_dir, &log, &settings.options)?;
        let mut server =
            Self { child: Some(child), socket_dir: socket_dir.clone(), database: settings.database.clone() };
        server.wait_until_ready(&socket_dir, &log)?;
        Ok(server)
    }

    /// The address of the database, for clients on this machine. The database may yet have to be created.
    pub fn url(&self) -> String {
        self.url_of(&self.database)
    }

    /// The address of another database of this server.
    pub fn url_of(&self, database: &str) -> String {
        url(&self.socket_dir, database)
    }

    /// The id of the server's process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Ends the server: clients are disconnected, what is committed stays, nothing has to be recovered at the next start.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        signal(child.id(), "INT");
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            match child.try_wait() {
                Ok(Some(_)) => {
                    // Empty now, but for what nobody needs any more.
                    let _ = fs::remove_dir_all(&self.socket_dir);
                    return;
                }
                Ok(None) if Instant::now() < patience => thread::sleep(Duration::from_millis(10)),
                _ => break,
            }
        }
        // Longer than any clean stop takes: recovery at the next start does the rest.
        let _ = child.kill();
        let _ = child.wait();
    }

    fn wait_until_ready(&mut self, socket_dir: &Path, log: &Path) -> Result<(), EmbeddedError> {
        let patience = Instant::now() + Duration::from_mins(5);
        let status = socket_dir.join(".s.PGSQL.5432.lock");
        loop {
            let exited = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if exited || Instant::now() > patience {
                return Err(EmbeddedError::NotStarted { log: log.to_owned(), tail: tail(log) });
            }
            // The last line of the lock file says how far the start-up (or recovery after a crash) has come.
            let pid_file = socket_dir.parent().map(|_| status.clone());
            if pid_file.is_some_and(|file| file.exists()) && answers(socket_dir) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The address of the private server of `data_dir`, if one is running there now.
pub fn running_url(data_dir: &Path, database: &str) -> Option<String> {
    let cluster = data_dir.canonicalize().ok()?.join("postgres");
    let socket_dir = socket_dir(&cluster);
    (postmaster_pid(&cluster).is_some() && answers(&socket_dir)).then(|| url(&socket_dir, database))
}

fn url(socket_dir: &Path, database: &str) -> String {
    let host = socket_dir.display().to_string().replace('%', "%25").replace('/', "%2F").replace(' ', "%20");
    format!("postgresql://{USER}@{host}/{database}")
}

/// Where the sockets are: a short path, as the kernel allows 107 bytes.
fn socket_dir(cluster: &Path) -> PathBuf {
    let digest = Sha256::digest(cluster.as_os_str().as_encoded_bytes());
    let name = digest.iter().take(8).fold(0_u64, |name, byte| name << 8 | u64::from(*byte));
    std::env::temp_dir().join(format!("agrodeep-{name:016x}"))
}

fn answers(socket_dir: &Path) -> bool {
    // A start-up packet with an unknown protocol is answered by any running server, once it accepts connections, with an
    // error of its own; while it starts or recovers it says `57P03` ("the database system is starting up").
    use std::{io::Write, os::unix::net::UnixStream};
    let ask = || -> io::Result<bool> {
        let mut stream = UnixStream::connect(socket_dir.join(".s.PGSQL.5432"))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let parameters = format!("user\0{USER}\0database\0template1\0\0");
        let length = (8 + parameters.len()) as u32;
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(&196_608u32.to_be_bytes())?;
        stream.write_all(parameters.as_bytes())?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        // Politely leave: Terminate.
        let _ = stream.write_all(&[b'X', 0, 0, 0, 4]);
        Ok(kind[0] == b'R')
    };
    ask().unwrap_or(false)
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

/// Debian's servers, newest first, then any that a Python wheel of embedded servers has unpacked, then `PATH`.
fn find_binaries(configured: Option<&Path>) -> Result<PathBuf, EmbeddedError> {
    let complete = |dir: &Path| dir.join("postgres").is_file() && dir.join("initdb").is_file();
    if let Some(dir) = configured {
        return if complete(dir) { Ok(dir.to_owned()) } else { Err(EmbeddedError::NotInstalled) };
    }
    let mut candidates: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            (version >= 15).then(|| (version, entry.path().join("bin")))
        })
        .collect();
    candidates.sort();
    let debian = candidates.into_iter().rev().map(|(_, dir)| dir);
    let on_path: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    debian.chain(on_path).find(|dir| complete(dir)).ok_or(EmbeddedError::NotInstalled)
}

/// As whom the server runs.
enum RunAs {
    /// As we do: we are not root.
    Ourselves,
    /// As this user and group.
    User { uid: u32, gid: u32 },
    /// As ourselves, seen as nobody from inside a user namespace: no other user can reach the folder.
    Namespace,
}

impl RunAs {
    fn choose(dir: &Path) -> Self {
        if effective_uid() != 0 {
            return Self::Ourselves;
        }
        let (uid, gid) = passwd_entry("postgres").unwrap_or((65534, 65534));
        let reachable = Command::new("setpriv")
            .args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()])
            .args(["test", "-x"])
            .arg(dir)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if reachable { Self::User { uid, gid } } else { Self::Namespace }
    }

    fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        let (uid, gid) = match self {
            Self::Ourselves => return Ok(()),
            Self::User { uid, gid } => (*uid, *gid),
            Self::Namespace => (0, 0),
        };
        let mut pending = vec![path.to_owned()];
        while let Some(path) = pending.pop() {
            let metadata = doing(format!("looking at {}", path.display()), fs::symlink_metadata(&path))?;
            // A folder that is owned rightly was owned rightly with all that is in it.
            if metadata.uid() == uid && metadata.gid() == gid {
                continue;
            }
            doing(format!("giving away {}", path.display()), chown(&path, Some(uid), Some(gid)))?;
            if metadata.is_dir() {
                let entries = doing(format!("listing {}", path.display()), fs::read_dir(&path))?;
                pending.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())));
            }
        }
        Ok(())
    }

    /// `program` under this user; with `signal`, ended by it when the thread that spawns it ends.
    fn command(&self, program: &Path, parent_death_signal: Option<&str>) -> Command {
        let mut command = Command::new("setpriv");
        if let Some(signal) = parent_death_signal {
            command.arg("--pdeathsig").arg(signal);
        }
        match self {
            Self::Ourselves => {}
            Self::User { uid, gid } => {
                command.args([
                    format!("--reuid={uid}"),
                    format!("--regid={gid}"),
                    "--clear-groups".to_owned(),
                ]);
            }
            Self::Namespace => {
                command.args(["unshare", "--user", "--map-user=65534", "--map-group=65534"]);
            }
        }
        command.arg(program);
        command
    }
}

fn effective_uid() -> u32 {
    fs::metadata("/proc/self").map_or(65534, |metadata| metadata.uid())
}

fn passwd_entry(name: &str) -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn init_db(binaries: &Path, user: &RunAs, cluster: &Path) -> Result<(), EmbeddedError> {
    // A folder that a crash left half initialised has no PG_VERSION: begin anew.
    for entry in doing("listing the new data folder", fs::read_dir(cluster))?.flatten() {
        let path = entry.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        doing(format!("clearing {}", path.display()), removed)?;
    }
    let output = user
        .command(&binaries.join("initdb"), None)
        .arg("--pgdata")
        .arg(cluster)
        .args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--data-checksums"])
        .arg(format!("--username={USER}"))
        .current_dir("/")
        .stdin(Stdio::null())
        .output();
    let output = doing("running initdb", output)?;
    if !output.status.success() {
        let _ = fs::remove_file(cluster.join("PG_VERSION"));
        return Err(EmbeddedError::InitDb(
            String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | "),
        ));
    }
    Ok(())
}

fn spawn(
    binaries: &Path,
    user: &RunAs,
    cluster: &Path,
    socket_dir: &Path,
    log: &Path,
    options: &[String],
) -> Result<Child, EmbeddedError> {
    let file =
        doing(format!("opening {}", log.display()), fs::File::options().create(true).append(true).open(log))?;
    let copy = doing("sharing the log file", file.try_clone())?;
    let mut command = user.command(&binaries.join("postgres"), Some("INT"));
    command.arg("-D").arg(cluster).arg("-k").arg(socket_dir);
    let options = options.iter().map(String::as_str);
    for setting in SETTINGS.iter().copied().chain(options).chain(DURABLE.iter().copied()) {
        command.arg("-c").arg(setting);
    }
    command.envs(ALLOCATOR.iter().copied());
    // A group of its own: Ctrl-C in a terminal is for the parent, which stops the server last.
    command.current_dir("/").stdin(Stdio::null()).stdout(file).stderr(copy).process_group(0);

    // The kernel sends the signal when the *thread* that spawned ends, so that thread must live as long as the process.
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("postgres-parent".to_owned())
        .spawn(move || {
            let _ = sender.send(command.spawn());
            loop {
                thread::park();
            }
        })
        .map_err(|source| EmbeddedError::Io { what: "starting a thread".to_owned(), source })?;
    let child = receiver.recv().map_err(|_| EmbeddedError::NotInstalled)?;
    doing("starting PostgreSQL (setpriv of util-linux)", child)
}

/// The process that the data folder says is its server, if it lives.
fn postmaster_pid(cluster: &Path) -> Option<u32> {
    let text = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    let pid: u32 = text.lines().next()?.trim().parse().ok()?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let folder = cluster.as_os_str().as_encoded_bytes();
    command.windows(folder.len()).any(|window| window == folder).then_some(pid)
}

/// Ends a server of this folder that outlived its parent (which holds the folder's lock no more).
fn end_orphan(cluster: &Path) {
    let patience = Instant::now() + Duration::from_secs(20);
    let mut asked = false;
    while let Some(pid) = postmaster_pid(cluster) {
        if !asked {
            signal(pid, "INT");
            asked = true;
        }
        if Instant::now() > patience {
            signal(pid, "QUIT");
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).stderr(Stdio::null()).status();
}
