//! What a query may have meant, when words of it are nowhere.

use std::{cmp::Reverse, collections::HashMap};

use tantivy::{Searcher, Term, query::FuzzyTermQuery};

use super::{matching::is_somewhere, schema::Fields, text::Word};

/// From how many letters on a word is long enough to be recognised with two errors.
const TWO_ERRORS_CHARS_MIN: usize = 6;
/// Below that, a word is too short to be recognised at all.
const ONE_ERROR_CHARS_MIN: usize = 3;

/// The query with each word that is nowhere replaced by the nearest one that is; none when there is nothing to replace, or
/// nothing to replace it by.
pub(super) fn suggestions(
    searcher: &Searcher,
    fields: &Fields,
    words: &[Word],
) -> tantivy::Result<Vec<String>> {
    let mut replaced = false;
    let mut meant = Vec::with_capacity(words.len());
    for word in words {
        if word.is_stop_word || is_somewhere(searcher, fields, word)? {
            meant.push(word.plain.clone());
            continue;
        }
        match nearest(searcher, fields, &word.plain)? {
            Some(nearest) => {
                replaced |= nearest != word.plain;
                meant.push(nearest);
            }
            None => return Ok(Vec::new()),
        }
    }
    Ok(if replaced { vec![meant.join(" ")] } else { Vec::new() })
}

/// The word of the index with the fewest errors between; of several, the commonest.
fn nearest(searcher: &Searcher, fields: &Fields, word: &str) -> tantivy::Result<Option<String>> {
    let errors_max = match word.chars().count() {
        TWO_ERRORS_CHARS_MIN.. => 2,
        ONE_ERROR_CHARS_MIN.. => 1,
        _ => return Ok(None),
    };
    for errors in 0..=errors_max {
        let query = FuzzyTermQuery::new(Term::from_field_text(fields.words, word), errors, true);
        let mut found: HashMap<String, u64> = HashMap::new();
        for segment in searcher.segment_readers() {
            let index = segment.inverted_index(fields.words)?;
            let mut terms = index.terms().search(query.automaton()?).into_stream()?;
            while let Some((term, info)) = terms.next() {
                if let Ok(term) = std::str::from_utf8(term) {
                    *found.entry(term.to_owned()).or_default() += u64::from(info.doc_freq);
                }
            }
        }
        if let Some((best, _)) = found.into_iter().min_by_key(|(term, count)| (Reverse(*count), term.clone()))
        {
            return Ok(Some(best));
        }
    }
    Ok(None)
}
