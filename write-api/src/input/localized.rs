//! Texts by language.

use std::collections::BTreeMap;

use agrodeep_domain::{Language, LocalizedText, localized::LocalizedTextError};
use agrodeep_http::Invalid;

/// A text by language: `{"fr": "…", "en": "…"}`.
pub type Texts = BTreeMap<Language, String>;

/// The text, if nothing is wrong with it.
pub fn localized(
    texts: &Texts,
    pointer: &str,
    chars_max: usize,
    invalid: &mut Invalid,
) -> Option<LocalizedText> {
    // Each language is looked at by itself, so that a client hears of all that is wrong.
    for (language, text) in texts {
        invalid.text(&format!("{pointer}/{}", code(*language)), text, chars_max);
    }
    match LocalizedText::parse(texts.clone(), chars_max) {
        Ok(text) => Some(text),
        Err(LocalizedTextError::Empty) => {
            invalid.at(pointer, LocalizedTextError::Empty);
            None
        }
        // Noted above.
        Err(LocalizedTextError::Blank(_) | LocalizedTextError::TooLong(..)) => None,
    }
}

const fn code(language: Language) -> &'static str {
    match language {
        Language::Fr => "fr",
        Language::En => "en",
    }
}
