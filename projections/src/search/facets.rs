//! Counts the products that were found by what they have in common.

use std::{cmp::Reverse, collections::HashMap, str::FromStr};

use tantivy::{
    DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::StrColumn,
};

use super::Facets;

/// The most values of a facet that are told.
const VALUES_MAX: usize = 50;
const FIELDS: [&str; 3] = ["category", "tag", "producer"];

/// Counts values of the fields in [`FIELDS`].
pub(super) struct FacetCollector;

/// How many by category, tag and producer.
pub(super) type Counts = [HashMap<String, u64>; 3];

/// The same, within a segment: by the values' numbers there.
pub(super) struct SegmentCounts {
    columns: [Option<StrColumn>; 3],
    counts: [Vec<u64>; 3],
}

impl Collector for FacetCollector {
    type Fruit = Counts;
    type Child = SegmentCounts;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentCounts> {
        let mut columns = [None, None, None];
        let mut counts = [Vec::new(), Vec::new(), Vec::new()];
        for ((column, counts), field) in columns.iter_mut().zip(&mut counts).zip(FIELDS) {
            *column = segment.fast_fields().str(field)?;
            *counts = vec![0; column.as_ref().map_or(0, |column| column.num_terms())];
        }
        Ok(SegmentCounts { columns, counts })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Counts>) -> tantivy::Result<Counts> {
        let mut all = Counts::default();
        for segment in segments {
            for (all, counts) in all.iter_mut().zip(segment) {
                for (value, count) in counts {
                    *all.entry(value).or_default() += count;
                }
            }
        }
        Ok(all)
    }
}

impl SegmentCollector for SegmentCounts {
    type Fruit = Counts;

    fn collect(&mut self, document: DocId, _: Score) {
        for (column, counts) in self.columns.iter().zip(&mut self.counts) {
            for value in column.iter().flat_map(|column| column.term_ords(document)) {
                if let Some(count) = usize::try_from(value).ok().and_then(|value| counts.get_mut(value)) {
                    *count += 1;
                }
            }
        }
    }

    fn harvest(self) -> Counts {
        let mut all = Counts::default();
        for ((column, counts), all) in self.columns.iter().zip(self.counts).zip(&mut all) {
            let Some(column) = column else { continue };
            let (values, counts): (Vec<u64>, Vec<u64>) =
                (0..).zip(counts).filter(|(_, count)| *count > 0).unzip();
            let mut counts = counts.into_iter();
            // All in one go: for each by itself, a part of the dictionary would be unpacked anew. Values that cannot be read are
            // not told; nothing else depends on them.
            let _ = column.dictionary().sorted_ords_to_term_cb(&values, |value| {
                if let (Some(count), Ok(text)) = (counts.next(), std::str::from_utf8(value)) {
                    *all.entry(text.to_owned()).or_default() += count;
                }
            });
        }
        all
    }
}

/// The counts as they are told: most first.
pub(super) fn facets([categories, tags, producers]: Counts) -> Facets {
    Facets { categories: most(categories), tags: most(tags), producers: most(producers) }
}

fn most<T: FromStr>(counts: HashMap<String, u64>) -> Vec<(T, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by(|(a, m), (b, n)| (Reverse(m), a).cmp(&(Reverse(n), b)));
    counts.truncate(VALUES_MAX);
    counts.into_iter().filter_map(|(value, count)| Some((value.parse().ok()?, count))).collect()
}
