//! Texts by language.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language that texts come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
}

/// A text in at least one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LocalizedText(BTreeMap<Language, String>);

/// Why something is no localized text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalizedTextError {
    /// Not one language is there.
    #[error("must have a text in at least one language (fr, en)")]
    Empty,
    /// One language's text is blank.
    #[error("must not be blank")]
    Blank(Language),
    /// One language's text is too long.
    #[error("must have at most {1} characters")]
    TooLong(Language, usize),
}

impl LocalizedText {
    /// Texts by language, each 1 to `chars_max` characters, surrounding white space removed.
    ///
    /// # Errors
    /// [`LocalizedTextError`], naming the language.
    pub fn parse(texts: BTreeMap<Language, String>, chars_max: usize) -> Result<Self, LocalizedTextError> {
        if texts.is_empty() {
            return Err(LocalizedTextError::Empty);
        }
        let mut parsed = BTreeMap::new();
        for (language, text) in texts {
            let text = text.trim();
            if text.is_empty() {
                return Err(LocalizedTextError::Blank(language));
            }
            if text.chars().count() > chars_max {
                return Err(LocalizedTextError::TooLong(language, chars_max));
            }
            parsed.insert(language, text.to_owned());
        }
        Ok(Self(parsed))
    }

    /// The text in `language`, or in another one that is there.
    pub fn get(&self, language: Language) -> &str {
        self.0.get(&language).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }

    /// The text in exactly `language`.
    pub fn exact(&self, language: Language) -> Option<&str> {
        self.0.get(&language).map(String::as_str)
    }

    /// All texts.
    pub const fn all(&self) -> &BTreeMap<Language, String> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(texts: &[(Language, &str)]) -> Result<LocalizedText, LocalizedTextError> {
        LocalizedText::parse(
            texts.iter().map(|(language, text)| (*language, (*text).to_owned())).collect(),
            10,
        )
    }

    #[test]
    fn a_text_is_found_by_its_language_or_in_another() {
        let both = parse(&[(Language::Fr, "Tomates"), (Language::En, "Tomatoes")]).unwrap();
        assert_eq!((both.get(Language::Fr), both.get(Language::En)), ("Tomates", "Tomatoes"));
        let french = parse(&[(Language::Fr, "Tomates")]).unwrap();
        assert_eq!(french.get(Language::En), "Tomates");
        assert_eq!((french.exact(Language::Fr), french.exact(Language::En)), (Some("Tomates"), None));
        assert_eq!(french.all().len(), 1);
        assert_eq!(LocalizedText::default().get(Language::Fr), "");
    }

    #[test]
    fn white_space_around_a_text_is_removed() {
        assert_eq!(parse(&[(Language::En, "  Basil\n")]).unwrap().get(Language::En), "Basil");
    }

    #[test]
    fn what_is_no_text_is_refused_and_names_the_language() {
        assert_eq!(parse(&[]), Err(LocalizedTextError::Empty));
        assert_eq!(
            parse(&[(Language::Fr, "Tomates"), (Language::En, " \t")]),
            Err(LocalizedTextError::Blank(Language::En))
        );
        assert_eq!(
            parse(&[(Language::Fr, "ééééééééééé")]),
            Err(LocalizedTextError::TooLong(Language::Fr, 10))
        );
        assert!(parse(&[(Language::Fr, "éééééééééé")]).is_ok());
    }

    #[test]
    fn languages_are_written_by_their_codes() {
        let both = parse(&[(Language::En, "Tomatoes"), (Language::Fr, "Tomates")]).unwrap();
        let json = serde_json::to_string(&both).unwrap();
        assert_eq!(json, r#"{"fr":"Tomates","en":"Tomatoes"}"#);
        assert_eq!(serde_json::from_str::<LocalizedText>(&json).unwrap(), both);
    }
}
