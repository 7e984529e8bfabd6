//! Texts by language.

use std::collections::BTreeMap;

use agrodeep_domain::{Language, LocalizedText};
use agrodeep_http::{Invalid, invalid::escape};

/// A text by language: `{"fr": "…", "en": "…"}`. Keys are any text yet, so that one that is no language can be named.
pub type Texts = BTreeMap<String, String>;

/// The text, if nothing is wrong with it.
pub fn localized(
    texts: &Texts,
    pointer: &str,
    chars_max: usize,
    invalid: &mut Invalid,
) -> Option<LocalizedText> {
    let mut parsed = BTreeMap::new();
    let mut all_good = true;
    for (key, text) in texts {
        let pointer = format!("{pointer}/{}", escape(key));
        let Some(language) = language(key) else {
            invalid.at(pointer, "is not a language that texts come in: fr, en");
            all_good = false;
            continue;
        };
        match invalid.text(&pointer, text, chars_max) {
            Some(text) => {
                parsed.insert(language, text);
            }
            None => all_good = false,
        }
    }
    if !all_good {
        return None;
    }
    match LocalizedText::parse(parsed, chars_max) {
        Ok(text) => Some(text),
        Err(error) => {
            invalid.at(pointer, error);
            None
        }
    }
}

fn language(key: &str) -> Option<Language> {
    match key {
        "fr" => Some(Language::Fr),
        "en" => Some(Language::En),
        _ => None,
    }
}
