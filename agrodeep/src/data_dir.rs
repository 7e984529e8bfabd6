//! The data folder: everything that must outlive the process. One process owns it at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::{ExposeSecret, SecretString};

/// A data folder that exists.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// The right to be the one process that owns a data folder. Given back when dropped, or when the process ends, however.
#[derive(Debug)]
pub struct Ownership {
    _lock: File,
}

impl DataDir {
    /// Uses `path`, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or is not a folder.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        // Others may pass through: the private PostgreSQL runs as another user when we are root. What is inside protects itself.
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(path);
        made.with_context(|| format!("the data folder {} cannot be made", path.display()))?;
        let path = fs::canonicalize(path)
            .with_context(|| format!("the data folder {} cannot be used", path.display()))?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where something called `name` is kept.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes this process the owner; `None` when another one is.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn try_own(&self) -> anyhow::Result<Option<Ownership>> {
        let mut lock = self.lock_file()?;
        match lock.try_lock() {
            Ok(()) => {
                lock.set_len(0)?;
                lock.rewind()?;
                write!(lock, "{}", std::process::id())?;
                Ok(Some(Ownership { _lock: lock }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error)
                .with_context(|| format!("the data folder {} cannot be locked", self.path.display())),
        }
    }

    /// Makes this process the owner.
    ///
    /// # Errors
    /// When another one is, by its process id.
    pub fn own(&self) -> anyhow::Result<Ownership> {
        match self.try_own()? {
            Some(ownership) => Ok(ownership),
            None => bail!(
                "the data folder {} is in use by another agrodeep{}: stop that one first, or give this one a folder of its own with --data-dir",
                self.path.display(),
                self.owner().map_or_else(String::new, |pid| format!(" (process {pid})")),
            ),
        }
    }

    /// The process that owns it, as far as is known.
    fn owner(&self) -> Option<u32> {
        let mut text = String::new();
        self.lock_file().ok()?.read_to_string(&mut text).ok()?;
        text.parse().ok()
    }

    fn lock_file(&self) -> anyhow::Result<File> {
        let path = self.join("lock");
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        open.with_context(|| format!("the data folder cannot be written to: {}", path.display()))
    }

    /// The secret called `name`: 256 random bits in hex after `prefix`, made the first time it is asked for.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn secret(&self, name: &str, prefix: &str) -> anyhow::Result<SecretString> {
        let path = self.join(name);
        if !path.exists() {
            let mut bytes = [0; 32];
            OsRng.try_fill_bytes(&mut bytes).context("the system gives no random numbers")?;
            let secret: String =
                bytes.iter().fold(prefix.to_owned(), |text, byte| text + &format!("{byte:02x}"));
            write_once(&path, &SecretString::from(secret))
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        let secret =
            fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(secret.trim().to_owned().into())
    }
}

/// Writes a file that is there whole or not at all, and never replaces another process' one.
fn write_once(path: &Path, secret: &SecretString) -> std::io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", secret.expose_secret())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fresh() -> DataDir {
        DataDir::open(&std::env::temp_dir().join(format!("agrodeep-data-{}", uuid::Uuid::now_v7()))).unwrap()
    }

    impl DataDir {
        fn remove(&self) {
            fs::remove_dir_all(&self.path).unwrap();
        }
    }

    #[test]
    fn one_process_owns_it_until_it_lets_go() {
        let data_dir = fresh();
        let ownership = data_dir.own().unwrap();
        let refused = data_dir.own().unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert!(refused.contains("--data-dir"), "{refused}");
        drop(ownership);
        data_dir.own().unwrap();
        data_dir.remove();
    }

    #[test]
    fn a_secret_stays_what_it_was_and_only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let data_dir = fresh();
        let first = data_dir.secret("webhook-secret", "whsec_").unwrap();
        assert!(first.expose_secret().starts_with("whsec_") && first.expose_secret().len() == 70);
        assert_eq!(
            data_dir.secret("webhook-secret", "whsec_").unwrap().expose_secret(),
            first.expose_secret()
        );
        assert_ne!(data_dir.secret("other", "whsec_").unwrap().expose_secret(), first.expose_secret());
        let mode = fs::metadata(data_dir.join("webhook-secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data_dir.path).unwrap().count(), 2, "no drafts are left");
        data_dir.remove();
    }
}
