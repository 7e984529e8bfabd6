//! Where in a product's texts what was searched for stands.

use std::ops::Range;

use agrodeep_domain::{Language, LocalizedText, product::ProductDetails};

use super::{
    matching::errors_max,
    text::{Analyser, Word, split},
};

/// About how many bytes of a description are shown.
const FRAGMENT_BYTES: usize = 200;
/// About how many of them before the first word that was searched for.
const BEFORE_BYTES: usize = 60;

/// Texts as HTML, with what was searched for in `<em>`; all else is escaped. `None`: nothing of it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Highlights {
    /// The name.
    pub name: Option<String>,
    /// The part of the description around the first word.
    pub description: Option<String>,
}

/// Marks what was searched for.
pub(super) struct Highlighter<'w> {
    analyser: Analyser,
    words: &'w [Word],
    languages: [Language; 2],
}

impl<'w> Highlighter<'w> {
    /// Marks `words`, in texts of `language` rather than in others.
    pub fn new(analyser: Analyser, words: &'w [Word], language: Option<Language>) -> Self {
        let languages = match language {
            Some(Language::En) => [Language::En, Language::Fr],
            Some(Language::Fr) | None => [Language::Fr, Language::En],
        };
        Self { analyser, words, languages }
    }

    pub fn highlights(&mut self, details: &ProductDetails) -> Highlights {
        let description = details.description.as_ref();
        Highlights {
            name: self.best(&details.name).map(|(text, found)| marked(text, 0..text.len(), &found)),
            description: description
                .and_then(|text| self.best(text))
                .map(|(text, found)| marked(text, fragment(text, &found), &found)),
        }
    }

    /// The text in which most of the words stand, and where; of equals, that in the better language.
    fn best<'t>(&mut self, texts: &'t LocalizedText) -> Option<(&'t str, Vec<Range<usize>>)> {
        let mut best: Option<(&str, Vec<Range<usize>>)> = None;
        for text in self.languages.into_iter().filter_map(|language| texts.exact(language)) {
            let found = self.find(text);
            if found.len() > best.as_ref().map_or(0, |(_, found)| found.len()) {
                best = Some((text, found));
            }
        }
        best
    }

    fn find(&mut self, text: &str) -> Vec<Range<usize>> {
        let mut exact = Vec::new();
        let mut nearly = Vec::new();
        for (raw, place) in split(text) {
            let plain = self.analyser.plain(&raw);
            match self.how_it_matches(&raw, &plain) {
                Some(true) => exact.push(place),
                Some(false) => nearly.push(place),
                None => {}
            }
        }
        if exact.is_empty() { nearly } else { exact }
    }

    /// Whether a word of a text was searched for: exactly (in whatever form), nearly, or not at all.
    fn how_it_matches(&mut self, raw: &str, plain: &str) -> Option<bool> {
        // Words with different first letters have no form in common; taking a word apart is dear.
        let first = plain.chars().next();
        let mut forms: Option<Word> = None;
        for (place, sought) in self.words.iter().enumerate() {
            let is_last = place + 1 == self.words.len();
            if is_last && plain.starts_with(&sought.plain) {
                return Some(true);
            }
            if sought.is_stop_word || sought.plain.chars().next() != first {
                continue;
            }
            let word = forms.get_or_insert_with(|| self.analyser.word(raw));
            let has_a_form_of = |of| word.forms(of).iter().any(|form| sought.forms(of).contains(form));
            if has_a_form_of(Language::Fr) || has_a_form_of(Language::En) {
                return Some(true);
            }
        }
        let nearly = |sought: &Word| {
            let errors_max = usize::from(errors_max(&sought.plain));
            errors_max > 0 && strsim::osa_distance(&sought.plain, plain) <= errors_max
        };
        self.words.iter().any(nearly).then_some(false)
    }
}

/// The part of `text` to show: around the first find, and no word cut in two.
fn fragment(text: &str, found: &[Range<usize>]) -> Range<usize> {
    let first = found.first().map_or(0, |place| place.start);
    let start = match text[..first]
        .char_indices()
        .rev()
        .find(|(at, c)| c.is_whitespace() && first - at > BEFORE_BYTES)
    {
        Some((at, c)) => at + c.len_utf8(),
        None => 0,
    };
    let until = |at: usize| at >= start + FRAGMENT_BYTES && found.iter().all(|place| !place.contains(&at));
    let end =
        text.char_indices().find(|(at, c)| c.is_whitespace() && until(*at)).map_or(text.len(), |(at, _)| at);
    start..end
}

fn marked(text: &str, part: Range<usize>, found: &[Range<usize>]) -> String {
    let mut html = String::new();
    if part.start > 0 {
        html.push('…');
    }
    let mut at = part.start;
    for place in found.iter().filter(|place| place.start >= part.start && place.end <= part.end) {
        escape(&mut html, &text[at..place.start]);
        html.push_str("<em>");
        escape(&mut html, &text[place.clone()]);
        html.push_str("</em>");
        at = place.end;
    }
    escape(&mut html, &text[at..part.end]);
    if part.end < text.len() {
        html.push('…');
    }
    html
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn name(query: &str, language: Option<Language>, fr: &str, en: &str) -> Option<String> {
        let words = Analyser::new().words(query);
        let texts = [(Language::Fr, fr), (Language::En, en)].into_iter().filter(|(_, text)| !text.is_empty());
        let texts: BTreeMap<_, _> = texts.map(|(language, text)| (language, text.to_owned())).collect();
        let texts = LocalizedText::parse(texts, 5000).unwrap();
        let mut highlighter = Highlighter::new(Analyser::new(), &words, language);
        highlighter.best(&texts).map(|(text, found)| marked(text, fragment(text, &found), &found))
    }

    #[test]
    fn whatever_form_a_word_has_it_is_marked() {
        for (query, text, expected) in [
            ("tomate", "Tomates bio", "<em>Tomates</em> bio"),
            ("LEGUME", "Panier de légumes", "Panier de <em>légumes</em>"),
            ("l'ail", "L’ail d'Auvergne", "L’<em>ail</em> d&#39;Auvergne"),
            ("tomat", "Tomates", "<em>Tomates</em>"),
            ("tomtaes", "Tomates", "<em>Tomates</em>"),
            ("le\u{301}gume", "le\u{301}gumes", "<em>le\u{301}gumes</em>"),
            ("panier de legumes", "Un panier de légumes", "Un <em>panier</em> de <em>légumes</em>"),
        ] {
            assert_eq!(name(query, None, text, "").as_deref(), Some(expected), "{query}");
        }
        assert_eq!(name("poire", None, "Tomates", ""), None);
        assert_eq!(name("", None, "Tomates", ""), None);
    }

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        let text = "<script>\"tomate\" & 'co'</script>";
        let expected = "&lt;script&gt;&quot;<em>tomate</em>&quot; &amp; &#39;co&#39;&lt;/script&gt;";
        assert_eq!(name("tomate", None, text, "").as_deref(), Some(expected));
    }

    #[test]
    fn the_text_that_has_most_of_the_words_is_shown() {
        let both = |language| name("pain", language, "Pain complet", "Pain balm").unwrap();
        assert_eq!(both(Some(Language::En)), "<em>Pain</em> balm");
        assert_eq!(both(None), "<em>Pain</em> complet");
        let english = name("fresh bread", Some(Language::Fr), "Pain frais", "Fresh bread");
        assert_eq!(english.as_deref(), Some("<em>Fresh</em> <em>bread</em>"));
    }

    #[test]
    fn of_a_long_text_a_part_is_shown_and_no_word_is_cut() {
        let text = format!("{} tomates {}", "été ".repeat(200), "çà ".repeat(500));
        let shown = name("tomate", None, &text, "").unwrap();
        assert!(shown.starts_with("…été ") && shown.ends_with("çà…"), "{shown}");
        assert!(shown.contains(" <em>tomates</em> ") && shown.len() < 300, "{shown}");
    }
}
