//! The machine, as far as it matters for the figures.

use std::{
    fmt::Write as _,
    fs::File,
    io::{Seek, SeekFrom, Write as _},
    path::Path,
    time::Instant,
};

use anyhow::Context;

use crate::bench::spread::Spread;

/// How often a block is written and synced.
const SYNCS: usize = 300;

/// What PostgreSQL writes at once.
const BLOCK: [u8; 8192] = [0x5a; 8192];

/// A table of the machine; the disk is the one that `folder` is on.
pub fn describe(folder: Option<&Path>) -> anyhow::Result<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism()?.get();
    let mut text = String::from("| machine | |\n|---|---|\n");
    let _ = writeln!(text, "| processor | {} |", field(&cpu, "model name").unwrap_or("unknown"));
    let _ = writeln!(text, "| cores | {cores} |");
    let gib = gib_of_memory(&memory).map_or("unknown".to_owned(), |gib| format!("{gib:.0} GiB"));
    let _ = writeln!(text, "| memory | {gib} |");
    let _ = writeln!(text, "| kernel | Linux {} |", kernel.trim());
    if let Some(folder) = folder {
        let sync = sync_micros(folder)?;
        let _ = writeln!(
            text,
            "| writing 8 KiB and syncing it (median of {SYNCS}, min–max) | {:.0} µs ({:.0}–{:.0}) |",
            sync.median, sync.least, sync.most
        );
    }
    Ok(text)
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, v)| v.trim())
}

fn gib_of_memory(text: &str) -> Option<f64> {
    let kib: f64 = field(text, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0 / 1024.0)
}

fn sync_micros(folder: &Path) -> anyhow::Result<Spread> {
    let path = folder.join("sync-time");
    let mut file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    let mut micros = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        // The same block again, as the end of a write-ahead log is.
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        micros.push(began.elapsed().as_micros() as f64);
    }
    std::fs::remove_file(&path)?;
    Ok(Spread::of(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_files_are_understood() {
        let cpu = "processor\t: 0\nmodel name\t: Some CPU @ 2.10GHz\nmodel name\t: Another\n";
        assert_eq!(field(cpu, "model name"), Some("Some CPU @ 2.10GHz"));
        assert_eq!(gib_of_memory("MemTotal:       25165824 kB\nMemFree: 1 kB\n"), Some(24.0));
        assert_eq!(field("", "model name"), None);
    }
}
