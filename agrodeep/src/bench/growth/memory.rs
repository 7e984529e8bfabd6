//! How much memory this process has.

use anyhow::Context;

/// What of this process is in memory now (VmRSS), in bytes.
pub fn resident_bytes() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    parse(&status).context("/proc/self/status has no VmRSS")
}

fn parse(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_in_kib() {
        assert_eq!(parse("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t   34816 kB\n"), Some(34_816.0 * 1024.0));
        assert_eq!(parse("Name:\tx\n"), None);
        assert!(resident_bytes().expect("this process") > 1e6);
    }
}
