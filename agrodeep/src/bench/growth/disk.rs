//! Whether there is room for a long log.

use std::{path::Path, process::Command};

use anyhow::{Context, bail, ensure};

const GB: f64 = 1e9;

/// What an event takes with its entries in three indexes, in bytes, and somewhat more.
const EVENT: u64 = 1_200;

/// The write-ahead log, the measured rounds, and what PostgreSQL brings along.
const BESIDES: u64 = 8_000_000_000;

/// What so many events need on the disk, in bytes.
fn needed(filled: u64, appends: u64) -> u64 {
    (filled + appends) * EVENT + BESIDES
}

/// # Errors
/// When there is not enough room, or nobody can tell.
pub fn ensure_room(folder: &Path, filled: u64, appends: u64) -> anyhow::Result<()> {
    let free = free_bytes(folder)?;
    let needed = needed(filled, appends);
    ensure!(
        free >= needed,
        "this needs about {:.0} GB for a while, and {} has {:.0} GB left: choose another folder with --folder, or fewer events \
         with --events and --appends",
        needed as f64 / GB,
        folder.display(),
        free as f64 / GB
    );
    Ok(())
}

fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let output = Command::new("df")
        .args(["--output=avail", "--block-size=1"])
        .arg(folder)
        .output()
        .context("asking df for the room that is left")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    parse(&String::from_utf8_lossy(&output.stdout)).context("df tells no number")
}

fn parse(text: &str) -> Option<u64> {
    text.lines().nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_what_df_says() {
        assert_eq!(parse("      Avail\n67834503168\n"), Some(67_834_503_168));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn too_much_is_refused_in_plain_words() {
        let folder = std::env::temp_dir();
        let error =
            ensure_room(&folder, 1_000_000_000_000, 0).expect_err("no disk has 1.2 PB left").to_string();
        assert!(error.contains("1200008 GB") && error.contains("--events"), "{error}");
        assert!(ensure_room(Path::new("/nowhere/at/all"), 1, 1).is_err());
    }
}
