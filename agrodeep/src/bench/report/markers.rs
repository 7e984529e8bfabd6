//! The part of a page that is written by the program.

use anyhow::{Context, ensure};

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// `page` with what stands between its markers replaced. All else stays, byte for byte.
///
/// # Errors
/// When the markers are not there, once each and in this order.
pub fn replace(page: &str, figures: &str) -> anyhow::Result<String> {
    for marker in [BEGIN, END] {
        let times = page.matches(marker).count();
        ensure!(times == 1, "`{marker}` must stand there once, not {times} times");
    }
    let (before, rest) = page.split_once(BEGIN).context("the first marker")?;
    let (_, after) = rest.split_once(END).with_context(|| format!("`{END}` must come after `{BEGIN}`"))?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n");
        let once = replace(&page, "new\n").expect("a page");
        assert_eq!(once, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nThe end.\n"));
        assert_eq!(replace(&once, "new").expect("a page"), once);
    }

    #[test]
    fn a_page_without_its_markers_is_refused() {
        for page in [
            String::new(),
            BEGIN.to_owned(),
            END.to_owned(),
            format!("{END}{BEGIN}"),
            format!("{BEGIN}{END}{END}"),
            format!("{BEGIN}{BEGIN}{END}"),
        ] {
            assert!(replace(&page, "new").is_err(), "{page}");
        }
    }
}
