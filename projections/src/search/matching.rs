//! From what a user has typed to a query. The text is never parsed: its words become terms.

use std::ops::Bound;

use agrodeep_domain::Language;
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use tantivy::{
    Searcher, Term,
    query::{
        AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, FuzzyTermQuery,
        Occur, Query, RangeQuery, TermQuery,
    },
    schema::{Field, IndexRecordOption},
};

use super::{schema::Fields, text::Word};
use crate::products::ProductFilter;

/// The most words of a query that count.
pub(super) const WORDS_MAX: usize = 16;
/// From how many letters on a word may have a typing error, and two.
const ONE_ERROR_CHARS_MIN: usize = 4;
const TWO_ERRORS_CHARS_MIN: usize = 8;
/// From how many letters on the last word may be the beginning of one.
const PREFIX_CHARS_MIN: usize = 2;

/// How much a word counts where it is found. A typing error counts less than anything that is exactly so.
const NAME: f32 = 4.0;
const LABELS: f32 = 2.0;
const DESCRIPTION: f32 = 1.0;
const BEGINNING: f32 = 0.5;
const NEARLY: f32 = 0.2;
const HARDLY: f32 = 0.05;
/// How much more a text counts that is in the language asked for.
const OWN_LANGUAGE: f32 = 1.5;
/// How much of its lesser finds a word keeps beside its best one.
const TIE_BREAKER: f32 = 0.1;

/// A query that finds the products that have all words (stop words may be missing), or any of them.
pub(super) fn text_query(
    searcher: &Searcher,
    fields: &Fields,
    words: &[Word],
    language: Option<Language>,
    all: bool,
) -> tantivy::Result<Box<dyn Query>> {
    let words = &words[..words.len().min(WORDS_MAX)];
    if words.is_empty() {
        return Ok(Box::new(AllQuery));
    }
    let only_stop_words = words.iter().all(|word| word.is_stop_word);
    let mut clauses = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let is_last = place + 1 == words.len();
        let must = all && (only_stop_words || !word.is_stop_word);
        let occur = if must { Occur::Must } else { Occur::Should };
        clauses.push((occur, word_query(searcher, fields, word, language, is_last)?));
    }
    Ok(Box::new(BooleanQuery::new(clauses)))
}

/// Finds a word wherever it stands. A word that is nowhere may have a typing error.
fn word_query(
    searcher: &Searcher,
    fields: &Fields,
    word: &Word,
    language: Option<Language>,
    is_last: bool,
) -> tantivy::Result<Box<dyn Query>> {
    let mut alternatives: Vec<Box<dyn Query>> = Vec::new();
    let mut add = |field: Field, form: &str, boost: f32| {
        let term = Term::from_field_text(field, form);
        // What is nowhere need not be looked for in every segment.
        if searcher.doc_freq(&term)? > 0 {
            let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            alternatives.push(Box::new(BoostQuery::new(Box::new(query), boost)));
        }
        Ok::<_, tantivy::TantivyError>(())
    };
    for of in [Language::Fr, Language::En] {
        let own = if language == Some(of) { OWN_LANGUAGE } else { 1.0 };
        for form in word.forms(of) {
            add(fields.name(of), form, NAME * own)?;
            add(fields.description(of), form, DESCRIPTION * own)?;
        }
    }
    let mut forms: Vec<&String> = word.french.iter().chain(&word.english).collect();
    forms.sort_unstable();
    forms.dedup();
    for form in forms {
        add(fields.labels, form, LABELS)?;
        add(fields.company, form, LABELS)?;
    }
    let is_somewhere = !alternatives.is_empty();
    let plain = Term::from_field_text(fields.words, &word.plain);
    if is_last && word.plain.chars().count() >= PREFIX_CHARS_MIN {
        let beginning = FuzzyTermQuery::new_prefix(plain.clone(), 0, true);
        alternatives.push(Box::new(ConstScoreQuery::new(Box::new(beginning), BEGINNING)));
    }
    let errors_max = errors_max(&word.plain);
    if errors_max > 0 && !is_somewhere {
        let mut nearly = |term: &Term| {
            for (errors, boost) in [(1, NEARLY), (2, HARDLY)].into_iter().filter(|(n, _)| *n <= errors_max) {
                let query = FuzzyTermQuery::new(term.clone(), errors, true);
                alternatives.push(Box::new(ConstScoreQuery::new(Box::new(query), boost)));
            }
        };
        nearly(&plain);
        // An error in the singular, when only the plural is there.
        for of in [Language::Fr, Language::En] {
            for form in word.forms(of).iter().filter(|form| form.chars().count() + 1 >= ONE_ERROR_CHARS_MIN) {
                for field in [fields.name(of), fields.labels] {
                    nearly(&Term::from_field_text(field, form));
                }
            }
        }
    }
    Ok(Box::new(DisjunctionMaxQuery::with_tie_breaker(alternatives, TIE_BREAKER)))
}

/// How many typing errors a word may have: letters that are missing, superfluous, other ones, or have changed places.
pub(super) fn errors_max(plain: &str) -> u8 {
    match plain.chars().count() {
        TWO_ERRORS_CHARS_MIN.. => 2,
        ONE_ERROR_CHARS_MIN.. => 1,
        _ => 0,
    }
}

/// Whether any product has the word, in whatever form.
pub(super) fn is_somewhere(searcher: &Searcher, fields: &Fields, word: &Word) -> tantivy::Result<bool> {
    for of in [Language::Fr, Language::En] {
        for form in word.forms(of) {
            for field in [fields.name(of), fields.description(of), fields.labels, fields.company] {
                if searcher.doc_freq(&Term::from_field_text(field, form))? > 0 {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// `query`, as far as the filter lets it through. The filter has no say in the order.
pub(super) fn filtered(query: Box<dyn Query>, fields: &Fields, filter: &ProductFilter) -> Box<dyn Query> {
    let mut clauses = vec![(Occur::Must, query)];
    let mut must = |query: Box<dyn Query>| {
        clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(query, 0.0)) as Box<dyn Query>));
    };
    let exactly = |term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>;
    if let Some(category) = &filter.category {
        must(exactly(Term::from_field_text(fields.category, category.as_str())));
    }
    if let Some(producer) = filter.producer {
        must(exactly(Term::from_field_text(fields.producer, &producer.to_string())));
    }
    if let Some(organic) = filter.is_organic {
        must(exactly(Term::from_field_u64(fields.organic, u64::from(organic))));
    }
    if filter.min_price.is_some() || filter.max_price.is_some() {
        must(price_query(fields, filter.min_price, filter.max_price));
    }
    Box::new(BooleanQuery::new(clauses))
}

/// Prices are whole hundredths: a bound between two of them is moved to the one inside.
fn price_query(fields: &Fields, min: Option<Decimal>, max: Option<Decimal>) -> Box<dyn Query> {
    let hundredths = |price: Decimal, rounding| {
        price.checked_mul(Decimal::ONE_HUNDRED).map(|price| price.round_dp_with_strategy(0, rounding))
    };
    let mut lower = Bound::Unbounded;
    if let Some(min) = min.filter(|min| *min > Decimal::ZERO) {
        match hundredths(min, RoundingStrategy::ToPositiveInfinity).and_then(|price| price.to_u64()) {
            Some(price) => lower = Bound::Included(Term::from_field_u64(fields.price, price)),
            // Dearer than anything can be.
            None => return Box::new(EmptyQuery),
        }
    }
    let mut upper = Bound::Unbounded;
    if let Some(max) = max {
        if max < Decimal::ZERO {
            return Box::new(EmptyQuery);
        }
        if let Some(price) = hundredths(max, RoundingStrategy::ToZero).and_then(|price| price.to_u64()) {
            upper = Bound::Included(Term::from_field_u64(fields.price, price));
        }
    }
    if matches!((&lower, &upper), (Bound::Unbounded, Bound::Unbounded)) {
        return Box::new(AllQuery);
    }
    Box::new(RangeQuery::new(lower, upper))
}
