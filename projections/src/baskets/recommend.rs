//! Which products go together with what somebody has bought: item-to-item, by conditional probability, as in
//! M. Deshpande and G. Karypis, "Item-based top-N recommendation algorithms", ACM Transactions on Information Systems 22(1),
//! 2004, equation 6: `sim(a, b) = freq(a and b) / (freq(a) · freq(b)^α)`.
//!
//! * `freq(a and b) / freq(a)` is taken from the latest [`SAMPLE`] baskets that have `a`: what it costs does not grow with the
//!   log, and what people buy now counts.
//! * A product's similarity to all that somebody bought last is added up, as there.
//! * People buy again what they buy often: a product counts more with each order of theirs that had it.
//!
//! Nothing here reads or waits: the same lines are measured on real baskets by `agrodeep bench recommendations`.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use agrodeep_domain::ProductId;
use chrono::{DateTime, Utc};

/// How many of the products that somebody bought last are looked at.
const SEEDS_MAX: usize = 30;
/// How many baskets that have a product say what goes with it: the latest.
pub const SAMPLE: usize = 50;
/// How much being popular with everybody counts against a product: α of the measure.
const POPULARITY_EXPONENT: f64 = 0.2;
/// How many times as much a product counts for each order that had it.
const AGAIN: f64 = 10.0;
/// How many products are looked at closely in the end.
const CANDIDATES_MAX: usize = 500;

/// What somebody has bought.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Bought last first.
    products: Vec<ProductId>,
    bought: HashMap<ProductId, Bought>,
}

#[derive(Clone, Copy, Debug)]
struct Bought {
    last_at: DateTime<Utc>,
    orders: u32,
}

impl History {
    /// The history that these baskets make, the latest first.
    pub fn of<'b>(baskets: impl IntoIterator<Item = (DateTime<Utc>, &'b [ProductId])>) -> Self {
        let mut history = Self::default();
        for (at, products) in baskets {
            for product in products {
                let bought = history.bought.entry(*product).or_insert_with(|| {
                    history.products.push(*product);
                    Bought { last_at: at, orders: 0 }
                });
                bought.orders += 1;
            }
        }
        history
    }

    /// The products to begin with: those bought last.
    pub fn seeds(&self) -> &[ProductId] {
        &self.products[..self.products.len().min(SEEDS_MAX)]
    }

    /// In how many orders a product was.
    pub fn orders(&self, product: ProductId) -> u32 {
        self.bought.get(&product).map_or(0, |bought| bought.orders)
    }

    /// What was bought since then.
    pub fn bought_since(&self, since: DateTime<Utc>) -> HashSet<ProductId> {
        let recent = self.bought.iter().filter(|(_, bought)| bought.last_at >= since);
        recent.map(|(product, _)| *product).collect()
    }
}

/// A product that may be recommended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Which.
    pub product_id: ProductId,
    /// How much it goes with what was bought: more is better, the number itself means nothing.
    pub score: f64,
    /// Which of the products that were bought it goes with best.
    pub because_of: ProductId,
}

/// Adds up what goes with each seed.
#[derive(Debug, Default)]
pub struct Tally {
    found: HashMap<ProductId, Found>,
}

#[derive(Clone, Copy, Debug)]
struct Found {
    sum: f64,
    best: f64,
    because_of: ProductId,
}

impl Tally {
    /// Takes in what else is in the latest baskets that have `seed`.
    pub fn add<B: AsRef<[ProductId]>>(&mut self, seed: ProductId, baskets: &[B]) {
        let mut together: HashMap<ProductId, u32> = HashMap::new();
        for product in baskets.iter().flat_map(|basket| basket.as_ref()).filter(|product| **product != seed) {
            *together.entry(*product).or_default() += 1;
        }
        for (product, count) in together {
            let probability = f64::from(count) / baskets.len() as f64;
            let found = self.found.entry(product).or_insert(Found { sum: 0.0, best: 0.0, because_of: seed });
            found.sum += probability;
            if probability > found.best {
                (found.best, found.because_of) = (probability, seed);
            }
        }
    }

    /// The products that go best with what was bought, but for those in `without`.
    pub fn candidates(self, history: &History, without: &HashSet<ProductId>) -> Vec<Candidate> {
        let found = self.found.into_iter().filter(|(product, _)| !without.contains(product));
        let mut candidates: Vec<Candidate> = found
            .map(|(product_id, found)| Candidate {
                product_id,
                score: found.sum * (1.0 + AGAIN * f64::from(history.orders(product_id))),
                because_of: found.because_of,
            })
            .collect();
        candidates.sort_unstable_by(better);
        candidates.truncate(CANDIDATES_MAX);
        candidates
    }
}

/// The candidates in the order in which they are recommended. `orders`: in how many baskets of everybody's a product is;
/// `None`: it is not to be had.
pub fn rank(candidates: Vec<Candidate>, orders: impl Fn(ProductId) -> Option<u64>) -> Vec<Candidate> {
    let mut ranked: Vec<Candidate> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let popularity = orders(candidate.product_id)?.max(1) as f64;
            Some(Candidate { score: candidate.score / popularity.powf(POPULARITY_EXPONENT), ..candidate })
        })
        .collect();
    ranked.sort_unstable_by(better);
    ranked
}

/// Best first; of equals, always the same.
fn better(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then_with(|| a.product_id.uuid().cmp(&b.product_id.uuid()))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn product(number: u128) -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(number))
    }

    fn at(day: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(i64::from(day) * 86_400, 0).unwrap()
    }

    #[test]
    fn what_is_bought_together_more_often_comes_first_and_what_everybody_buys_counts_less() {
        let [bread, butter, jam, bags] = [1, 2, 3, 4].map(product);
        let history = History::of([(at(1), &[bread][..])]);
        let mut tally = Tally::default();
        tally.add(bread, &[vec![bread, butter, jam, bags], vec![bread, butter, bags], vec![butter, bags]]);
        let candidates = tally.candidates(&history, &HashSet::new());
        let names = |ranked: &[Candidate]| ranked.iter().map(|it| it.product_id).collect::<Vec<_>>();
        assert_eq!(names(&candidates), [butter, bags, jam]);
        assert!(candidates.iter().all(|it| it.because_of == bread));
        // Bags are in every basket of the shop, whatever else is.
        let ranked = rank(candidates.clone(), |it| Some(if it == bags { 1_000_000 } else { 10 }));
        assert_eq!(names(&ranked), [butter, jam, bags]);
        let ranked = rank(candidates, |it| (it != butter).then_some(10));
        assert_eq!(names(&ranked), [bags, jam]);
    }

    #[test]
    fn what_was_bought_before_counts_more_unless_it_was_lately() {
        let [bread, butter, jam] = [1, 2, 3].map(product);
        let history = History::of([(at(40), &[bread][..]), (at(20), &[jam, bread]), (at(1), &[jam])]);
        assert_eq!((history.seeds(), history.orders(jam)), (&[bread, jam][..], 2));
        let candidates = |since| {
            let mut tally = Tally::default();
            tally.add(bread, &[[bread, butter], [bread, butter], [bread, jam]]);
            let found = tally.candidates(&history, &history.bought_since(at(since)));
            found.into_iter().map(|it| it.product_id).collect::<Vec<_>>()
        };
        assert_eq!(candidates(30), [jam, butter]);
        assert_eq!(candidates(20), [butter]);
    }

    #[test]
    fn the_reason_is_the_product_it_goes_with_best() {
        let [bread, tea, jam] = [1, 2, 3].map(product);
        let history = History::of([(at(1), &[bread, tea][..])]);
        let mut tally = Tally::default();
        tally.add(tea, &[vec![tea, jam], vec![tea], vec![tea]]);
        tally.add(bread, &[[bread, jam]]);
        let found = tally.candidates(&history, &history.bought_since(at(1)));
        assert_eq!((found.len(), found[0].because_of), (1, bread));
    }
}
