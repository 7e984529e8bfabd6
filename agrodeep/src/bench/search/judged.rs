//! Queries whose best results are known: plurals, missing accents, typing errors, several words, in both languages.

use agrodeep_domain::{Language, LocalizedText};
use anyhow::{Context, bail};

/// How many results are looked at.
pub const FIRST: usize = 3;

/// A query, and what must be found.
#[derive(Clone, Debug)]
pub struct Judged {
    pub query: String,
    pub language: Language,
    /// What the name of one of the first products must have in it, in lower case.
    must: String,
}

impl Judged {
    /// All of them.
    pub fn all() -> anyhow::Result<Vec<Self>> {
        let lines = include_str!("judged.tsv").lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| Self::parse(line).with_context(|| format!("judged.tsv: {line:?}"))).collect()
    }

    fn parse(line: &str) -> anyhow::Result<Self> {
        let [query, language, must] = line.split('\t').collect::<Vec<_>>()[..] else {
            bail!("must have three columns")
        };
        let language = match language {
            "fr" => Language::Fr,
            "en" => Language::En,
            other => bail!("{other} is no language"),
        };
        Ok(Self { query: query.to_owned(), language, must: must.to_lowercase() })
    }

    /// Whether what must be found is among the first of `names`.
    pub fn is_satisfied_by<'n>(&self, names: impl IntoIterator<Item = &'n LocalizedText>) -> bool {
        let has =
            |name: &LocalizedText| name.all().values().any(|text| text.to_lowercase().contains(&self.must));
        names.into_iter().take(FIRST).any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_sixty_in_two_languages() {
        let all = Judged::all().expect("judged queries");
        let french = all.iter().filter(|judged| judged.language == Language::Fr).count();
        assert_eq!((all.len(), french), (60, 24));
    }

    #[test]
    fn only_the_first_three_count() {
        let judged = Judged::parse("q\ten\tPear").expect("a judged query");
        let name =
            |text: &str| LocalizedText::parse([(Language::En, text.to_owned())].into(), 100).expect("a name");
        let names = ["a", "b", "Big pears", "c"].map(name);
        assert!(judged.is_satisfied_by(&names));
        assert!(!judged.is_satisfied_by(names[3..].iter().chain(&names[..3])));
    }
}
