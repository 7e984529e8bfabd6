//! From texts to the terms they are found by.
//!
//! A word is indexed under what is left of it without accents and endings. Stemmers know endings by their accents
//! (`séchées`), people leave accents out (`sechees`): so each word has up to two forms a language, stemmed before and after
//! its accents are taken off, and a word that is searched has the same.

use std::ops::Range;

use agrodeep_domain::Language;
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language as StemLanguage, PreTokenizedString, RawTokenizer, Stemmer, StopWordFilter,
    TextAnalyzer, Token,
};

/// What French words lose before a vowel: `l'ail`, `d'été`. In English, `'s` comes after the apostrophe.
const ELISIONS: &[&str] =
    &["l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu"];
const APOSTROPHES: &[char] = &['\'', '’', 'ʼ', '`', '´'];
/// The most characters of a word that count.
const WORD_CHARS_MAX: usize = 64;

/// A word and what it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Lower case, without accents, with its ending.
    pub plain: String,
    /// Its forms as a French word: one or two.
    pub french: Vec<String>,
    /// Its forms as an English word: one or two.
    pub english: Vec<String>,
    /// A word that says nothing by itself, in one of the languages.
    pub is_stop_word: bool,
}

impl Word {
    /// Its forms as a word of `language`.
    pub fn forms(&self, language: Language) -> &[String] {
        match language {
            Language::Fr => &self.french,
            Language::En => &self.english,
        }
    }
}

/// Takes texts apart. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Analyser {
    fold: TextAnalyzer,
    french: TextAnalyzer,
    english: TextAnalyzer,
    french_stop: Option<TextAnalyzer>,
    english_stop: Option<TextAnalyzer>,
}

impl Analyser {
    pub fn new() -> Self {
        let stem =
            |language| TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(language)).build();
        let stop = |language| {
            let filter = StopWordFilter::new(language)?;
            Some(TextAnalyzer::builder(RawTokenizer::default()).filter(filter).build())
        };
        Self {
            fold: TextAnalyzer::builder(RawTokenizer::default()).filter(AsciiFoldingFilter).build(),
            french: stem(StemLanguage::French),
            english: stem(StemLanguage::English),
            french_stop: stop(StemLanguage::French),
            english_stop: stop(StemLanguage::English),
        }
    }

    /// The words of a text, in order.
    pub fn words(&mut self, text: &str) -> Vec<Word> {
        split(text).into_iter().map(|(word, _)| self.word(&word)).collect()
    }

    /// A word in lower case without accents, with its ending.
    pub fn plain(&mut self, word: &str) -> String {
        if word.is_ascii() { word.to_owned() } else { through(&mut self.fold, word) }
    }

    /// A single word in lower case, as [`split`] gives it.
    pub fn word(&mut self, word: &str) -> Word {
        let plain = self.plain(word);
        let french = self.forms(Language::Fr, word, &plain);
        let english = self.forms(Language::En, word, &plain);
        let is_stop_word = [&mut self.french_stop, &mut self.english_stop]
            .into_iter()
            .flatten()
            .any(|stop| stop.token_stream(word).next().is_none());
        Word { plain, french, english, is_stop_word }
    }

    fn forms(&mut self, language: Language, word: &str, plain: &str) -> Vec<String> {
        let stemmer = match language {
            Language::Fr => &mut self.french,
            Language::En => &mut self.english,
        };
        let after = through(stemmer, plain);
        let before = through(&mut self.fold, &through(stemmer, word));
        if after == before { vec![after] } else { vec![after, before] }
    }

    /// A text by its words' forms in `languages`, as it goes into the index.
    pub fn forms_of(&mut self, text: &str, languages: &[Language]) -> PreTokenizedString {
        let words = self.words(text);
        tokens(words.iter().enumerate().flat_map(|(place, word)| {
            let mut forms: Vec<_> =
                languages.iter().flat_map(|language| word.forms(*language)).cloned().collect();
            forms.sort_unstable();
            forms.dedup();
            forms.into_iter().map(move |form| (place, form))
        }))
    }

    /// A text by its plain words, as it goes into the index.
    pub fn plain_of(&mut self, text: &str) -> PreTokenizedString {
        tokens(split(text).iter().map(|(word, _)| self.plain(word)).enumerate())
    }
}

fn tokens(tokens: impl Iterator<Item = (usize, String)>) -> PreTokenizedString {
    let tokens = tokens
        .map(|(position, text)| Token { offset_from: 0, offset_to: 0, position, text, position_length: 1 })
        .collect();
    PreTokenizedString { text: String::new(), tokens }
}

fn through(analyzer: &mut TextAnalyzer, word: &str) -> String {
    analyzer.token_stream(word).next().map_or_else(|| word.to_owned(), |token| token.text.clone())
}

/// The words of a text in lower case, and where each stands: runs of letters and digits, without what an apostrophe has bound
/// to them.
pub(crate) fn split(text: &str) -> Vec<(String, Range<usize>)> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut place = 0..0;
    let mut after_apostrophe = false;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_alphanumeric() {
            if word.is_empty() {
                place.start = at;
            }
            place.end = at + c.len_utf8();
            if word.chars().count() < WORD_CHARS_MAX {
                word.extend(c.to_lowercase().filter(|c| !is_mark(*c)));
            }
            continue;
        }
        // An accent that is written as a character of its own.
        if is_mark(c) {
            place.end = at + c.len_utf8();
            continue;
        }
        let apostrophe = APOSTROPHES.contains(&c);
        if !word.is_empty() {
            let bound =
                (apostrophe && ELISIONS.contains(&word.as_str())) || (after_apostrophe && word == "s");
            if !bound {
                words.push((std::mem::take(&mut word), place.clone()));
            }
            word.clear();
        }
        after_apostrophe = apostrophe;
    }
    words
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn french(text: &str) -> Vec<Vec<String>> {
        Analyser::new().words(text).into_iter().map(|word| word.french).collect()
    }

    fn share(left: &str, right: &str, language: Language) -> bool {
        let forms = |text| {
            let mut words = Analyser::new().words(text);
            assert_eq!(words.len(), 1, "{text}");
            words.remove(0)
        };
        let (left, right) = (forms(left), forms(right));
        left.forms(language).iter().any(|form| right.forms(language).contains(form))
    }

    #[test]
    fn accents_and_plurals_hide_nothing() {
        for (left, right) in [
            ("tomate", "Tomates"),
            ("légumes", "LEGUME"),
            ("oeuf", "Œufs"),
            ("séchée", "seche"),
            ("séchées", "séché"),
            ("pâtés", "pate"),
            ("cheval", "chevaux"),
            ("le\u{301}gumes", "légume"),
        ] {
            assert!(share(left, right, Language::Fr), "{left} {right}");
        }
        for (left, right) in [("tomatoes", "tomato"), ("Berries", "berry"), ("radishes", "radish")] {
            assert!(share(left, right, Language::En), "{left} {right}");
        }
    }

    #[test]
    fn what_an_apostrophe_binds_is_no_word() {
        assert_eq!(french("l'ail"), french("ail"));
        assert_eq!(french("L’huile d'olive"), french("huile olive"));
        let words: Vec<_> = Analyser::new().words("the farmer's eggs").into_iter().map(|w| w.plain).collect();
        assert_eq!(words, ["the", "farmer", "eggs"]);
    }

    #[test]
    fn anything_can_be_taken_apart() {
        assert!(Analyser::new().words(" \u{0} +-*()[]{}\"'^~ ").is_empty());
        assert_eq!(Analyser::new().words(&"x".repeat(10_000))[0].plain.len(), WORD_CHARS_MAX);
        assert_eq!(Analyser::new().words("пшеница 小麦").len(), 2);
    }

    #[test]
    fn small_words_are_known_in_both_languages() {
        let stop = |text: &str| Analyser::new().words(text)[0].is_stop_word;
        assert!(stop("de") && stop("the"));
        assert!(!stop("tomate"));
    }
}
