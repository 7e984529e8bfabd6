//! The page that the report stands on. Only a part of it is written by the program.

use std::path::Path;

use anyhow::{Context, ensure};

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// The heading of the section that ends the report.
pub const LAST_SECTION: &str = "The machine and its settings";

/// A page in three parts: what people write, the report, what people write.
#[derive(Debug)]
pub struct Page {
    before: String,
    report: String,
    after: String,
}

impl Page {
    /// # Errors
    /// When it cannot be read, or its markers are not there.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// # Errors
    /// When the markers are not there, once each and in this order.
    fn parse(text: &str) -> anyhow::Result<Self> {
        for marker in [BEGIN, END] {
            let times = text.matches(marker).count();
            ensure!(times == 1, "`{marker}` must stand there once, not {times} times");
        }
        let (before, rest) = text.split_once(BEGIN).context("the first marker")?;
        let (report, after) =
            rest.split_once(END).with_context(|| format!("`{END}` must come after `{BEGIN}`"))?;
        Ok(Self { before: before.to_owned(), report: report.trim().to_owned(), after: after.to_owned() })
    }

    /// Another report. All else stays, byte for byte.
    pub fn replace(&mut self, report: &str) {
        report.trim().clone_into(&mut self.report);
    }

    /// Another section of this heading. One that was not there comes before the last one.
    pub fn replace_section(&mut self, heading: &str, text: &str) {
        let mut sections: Vec<String> = Vec::new();
        for line in self.report.lines() {
            match sections.last_mut() {
                Some(section) if !line.starts_with("## ") => {
                    section.push('\n');
                    section.push_str(line);
                }
                _ => sections.push(line.to_owned()),
            }
        }
        let find = |heading: &str| {
            let heading = format!("## {heading}");
            sections.iter().position(|section| section.lines().next() == Some(&heading))
        };
        let (there, last) = (find(heading), find(LAST_SECTION).unwrap_or(sections.len()));
        let section = format!("## {heading}\n\n{}", text.trim());
        match there {
            Some(there) => sections[there] = section,
            None => sections.insert(last, section),
        }
        let sections: Vec<&str> = sections.iter().map(|section| section.trim_end()).collect();
        self.report = sections.join("\n\n");
    }

    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, self.text()).with_context(|| format!("writing {}", path.display()))
    }

    fn text(&self) -> String {
        format!("{}{BEGIN}\n\n{}\n\n{END}{}", self.before, self.report, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(report: &str) -> String {
        format!("# Title\n\n{BEGIN}\n\n{report}\n\n{END}\n\nThe end.\n")
    }

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let mut once = Page::parse(&page("old")).expect("a page");
        once.replace("new\n");
        assert_eq!(once.text(), page("new"));
        let again = Page::parse(&once.text()).expect("a page");
        assert_eq!(again.text(), page("new"));
    }

    #[test]
    fn a_section_is_replaced_or_comes_before_the_last() {
        let report = |sections: &str| page(&format!("Measured.\n\n{sections}## {LAST_SECTION}\n\n2 cores"));
        let hot = "## Hot\n\n| a |\n\n![x](y)\n\n";
        let mut page = Page::parse(&report(hot)).expect("a page");
        page.replace_section("One", "slow\n");
        assert_eq!(page.text(), report(&format!("{hot}## One\n\nslow\n\n")));
        page.replace_section("Hot", "cold");
        assert_eq!(page.text(), report("## Hot\n\ncold\n\n## One\n\nslow\n\n"));
        page.replace_section(LAST_SECTION, "2 cores");
        assert_eq!(page.text(), report("## Hot\n\ncold\n\n## One\n\nslow\n\n"));
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
            assert!(Page::parse(&page).is_err(), "{page}");
        }
    }
}
