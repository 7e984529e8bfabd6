//! What a query may have meant, when words of it are nowhere, and how it may go on.

use std::{cmp::Reverse, collections::HashMap};

use tantivy::{Searcher, Term, query::FuzzyTermQuery};

use super::{matching::is_somewhere, schema::Fields, text::Word};

/// From how many letters on a word is long enough to be recognised with two errors. A suggestion may be bolder than a search.
const TWO_ERRORS_CHARS_MIN: usize = 6;
/// Below that, a word is too short to be recognised at all.
const ONE_ERROR_CHARS_MIN: usize = 3;
/// From how many letters on the last word may be the beginning of one.
const BEGINNING_CHARS_MIN: usize = 2;
/// How many ways to go on are told.
const ENDINGS_MAX: usize = 5;

/// The query with each word that is nowhere replaced by the nearest one that is; none when there is nothing to replace, or
/// nothing to replace it by. When the last word is nowhere, but others begin so, it is replaced by the commonest of these.
pub(super) fn suggestions(
    searcher: &Searcher,
    fields: &Fields,
    words: &[Word],
) -> tantivy::Result<Vec<String>> {
    let mut replaced = false;
    let mut meant = Vec::with_capacity(words.len());
    for (place, word) in words.iter().enumerate() {
        if word.is_stop_word || is_somewhere(searcher, fields, word)? {
            meant.push(word.plain.clone());
            continue;
        }
        if place + 1 == words.len() && word.plain.chars().count() >= BEGINNING_CHARS_MIN {
            let query = FuzzyTermQuery::new_prefix(Term::from_field_text(fields.words, &word.plain), 0, true);
            let endings = commonest(matching(searcher, fields, &query)?);
            if !endings.is_empty() {
                let so_far = |ending: String| [meant.as_slice(), &[ending]].concat().join(" ");
                return Ok(endings.into_iter().map(so_far).collect());
            }
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
        if let Some(best) = commonest(matching(searcher, fields, &query)?).into_iter().next() {
            return Ok(Some(best));
        }
    }
    Ok(None)
}

/// The words of the index that a query accepts, and how many products have each.
fn matching(
    searcher: &Searcher,
    fields: &Fields,
    query: &FuzzyTermQuery,
) -> tantivy::Result<HashMap<String, u64>> {
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
    Ok(found)
}

/// The commonest words, most common first.
fn commonest(found: HashMap<String, u64>) -> Vec<String> {
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by(|(a, m), (b, n)| (Reverse(m), a).cmp(&(Reverse(n), b)));
    found.truncate(ENDINGS_MAX);
    found.into_iter().map(|(word, _)| word).collect()
}
