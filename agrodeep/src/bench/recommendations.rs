//! `agrodeep bench recommendations`: how often what is recommended is what was bought next, on real baskets.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use agrodeep_domain::ProductId;
use agrodeep_projections::baskets::{History, SAMPLE, Tally, rank};
use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use uuid::Uuid;

use super::{
    goal::{Goal, Wanted},
    outcome::Outcome,
    spread::Spread,
};
use crate::import::{CompleteJourney, Plan, Selection};

/// How many products are recommended: a hit is one of them that was bought.
const LIMIT: usize = 10;
/// What was bought so many days before, or later, is not recommended.
const NOT_AGAIN_DAYS: i64 = 30;
/// Households are put in so many groups, each a figure of its own: how far they lie apart says what chance does.
const GROUPS: usize = 5;

/// How often what is recommended is in the next basket, beside what most people buy
#[derive(Args, Debug)]
pub struct RecommendationsBench {
    /// The folder with the data set's products.parquet and transactions.parquet, see docs/importing.md
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

/// A basket of the past.
struct Basket {
    household: i64,
    at: DateTime<Utc>,
    products: Vec<ProductId>,
}

/// Who recommends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Ours,
    /// What is in most baskets of everybody.
    Popularity,
    /// What is in most baskets of the household itself.
    OwnHabit,
}

/// What may not be recommended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Without {
    /// What was bought in the last 30 days: as the route does it.
    Recent,
    /// Whatever was bought before: only discoveries count.
    All,
}

/// How many households of each group were recommended something they then bought.
type Hits = HashMap<(Subject, Without), [usize; GROUPS]>;

impl RecommendationsBench {
    pub async fn measure(&self) -> anyhow::Result<Outcome> {
        let from = self.from.clone();
        tokio::task::spawn_blocking(move || {
            let source = CompleteJourney::read(&from).with_context(|| from.display().to_string())?;
            let plan = Plan::of(source, &Selection::default())?;
            Ok(evaluate(&baskets(&plan)).outcome())
        })
        .await?
    }
}

fn baskets(plan: &Plan) -> Vec<Basket> {
    let product = |id: i64| ProductId::from_uuid(Uuid::from_u128(u128::from(id.unsigned_abs())));
    let basket = |basket: &crate::import::PlannedBasket| Basket {
        household: basket.household_id,
        at: DateTime::from_timestamp_micros(basket.at_us).unwrap_or_default(),
        products: basket.lines.iter().map(|line| product(line.product_id)).collect(),
    };
    plan.baskets.iter().map(basket).collect()
}

/// What is known of the past at some moment.
#[derive(Default)]
struct Past {
    by_product: HashMap<ProductId, Vec<usize>>,
    by_household: HashMap<i64, Vec<usize>>,
}

impl Past {
    fn popularity(&self, product: ProductId) -> usize {
        self.by_product.get(&product).map_or(0, Vec::len)
    }

    fn take_in(&mut self, index: usize, basket: &Basket) {
        for product in &basket.products {
            self.by_product.entry(*product).or_default().push(index);
        }
        self.by_household.entry(basket.household).or_default().push(index);
    }
}

/// Figures of all households.
struct Evaluation {
    hits: Hits,
    asked: [usize; GROUPS],
}

/// Walks through the baskets as they came; before a household's last one, it is recommended something from what happened until
/// then, and from nothing later.
fn evaluate(baskets: &[Basket]) -> Evaluation {
    let last: HashMap<i64, usize> =
        baskets.iter().enumerate().map(|(index, basket)| (basket.household, index)).collect();
    let mut past = Past::default();
    let mut evaluation = Evaluation { hits: Hits::new(), asked: [0; GROUPS] };
    for (index, basket) in baskets.iter().enumerate() {
        if last.get(&basket.household) == Some(&index) && past.by_household.contains_key(&basket.household) {
            evaluation.ask(&past, baskets, basket);
        }
        past.take_in(index, basket);
    }
    evaluation
}

impl Evaluation {
    fn ask(&mut self, past: &Past, baskets: &[Basket], next: &Basket) {
        let group = usize::try_from(next.household.unsigned_abs()).unwrap_or_default() % GROUPS;
        self.asked[group] += 1;
        let earlier = past.by_household.get(&next.household).map_or(&[][..], Vec::as_slice);
        let newest_first = earlier.iter().rev().map(|index| &baskets[*index]);
        let history = History::of(newest_first.map(|basket| (basket.at, basket.products.as_slice())));
        let bought: HashSet<ProductId> = next.products.iter().copied().collect();
        for without in [Without::Recent, Without::All] {
            let since = match without {
                Without::Recent => next.at - TimeDelta::days(NOT_AGAIN_DAYS),
                Without::All => DateTime::<Utc>::MIN_UTC,
            };
            let not_these = history.bought_since(since);
            for subject in [Subject::Ours, Subject::Popularity, Subject::OwnHabit] {
                let recommended = match subject {
                    Subject::Ours => ours(past, baskets, &history, &not_these),
                    Subject::Popularity => most(past, &not_these, |product| (past.popularity(product), 0)),
                    Subject::OwnHabit => most(past, &not_these, |product| {
                        (history.orders(product) as usize, past.popularity(product))
                    }),
                };
                let hit = recommended.iter().any(|product| bought.contains(product));
                self.hits.entry((subject, without)).or_default()[group] += usize::from(hit);
            }
        }
    }

    fn rate(&self, subject: Subject, without: Without) -> Spread {
        let hits = self.hits.get(&(subject, without)).copied().unwrap_or_default();
        Spread::of(
            hits.iter().zip(self.asked).map(|(hits, asked)| 100.0 * *hits as f64 / asked.max(1) as f64),
        )
    }

    fn overall(&self, subject: Subject, without: Without) -> f64 {
        let hits: usize = self.hits.get(&(subject, without)).map_or(0, |hits| hits.iter().sum());
        100.0 * hits as f64 / self.asked.iter().sum::<usize>().max(1) as f64
    }

    fn times(&self, without: Without) -> Spread {
        let of = |subject| self.hits.get(&(subject, without)).copied().unwrap_or_default();
        let pairs = of(Subject::Ours).into_iter().zip(of(Subject::Popularity));
        Spread::of(pairs.filter(|(_, theirs)| *theirs > 0).map(|(ours, theirs)| ours as f64 / theirs as f64))
    }

    fn outcome(&self) -> Outcome {
        let households: usize = self.asked.iter().sum();
        let method = format!(
            "The last basket of each of {households} households of *The Complete Journey* is held out. {LIMIT} products are \
             recommended from what happened before it, in anybody's baskets, and from nothing later; a hit is at least one of \
             them in the basket. Nobody is recommended what they bought in the {NOT_AGAIN_DAYS} days before, as the route does \
             it; *discoveries*: nor whatever else they ever bought. The data set says nothing of stock: everything is to be \
             had. Goals are medians of {GROUPS} groups of households, with the least and the most in brackets."
        );
        let mut outcome = Outcome::new("recommendations", "Recommendations", method, vec![]);
        for (without, of) in [(Without::Recent, ""), (Without::All, ", discoveries")] {
            for (subject, name) in [
                (Subject::Ours, "agrodeep"),
                (Subject::Popularity, "what most people buy"),
                (Subject::OwnHabit, "what the household buys most often, then what most people buy"),
            ] {
                outcome.fact(format!("hit-rate@{LIMIT}{of}: {name}"), self.overall(subject, without), " %");
            }
            outcome.goals.push(Goal {
                bench: "recommendations",
                what: format!("hit-rate@{LIMIT}{of}: of what most people buy"),
                wanted: Wanted::AtLeast(1.0),
                unit: " ×",
                measured: self.times(without),
            });
        }
        let spread = self.rate(Subject::Ours, Without::Recent);
        outcome.fact("the group with the fewest hits: agrodeep", spread.least, " %");
        outcome
    }
}

/// As `GET /v1/ai/recommendations`, by the same lines.
fn ours(
    past: &Past,
    baskets: &[Basket],
    history: &History,
    not_these: &HashSet<ProductId>,
) -> Vec<ProductId> {
    let mut tally = Tally::default();
    for seed in history.seeds() {
        let all = past.by_product.get(seed).map_or(&[][..], Vec::as_slice);
        let latest = &all[all.len().saturating_sub(SAMPLE)..];
        let latest: Vec<&[ProductId]> =
            latest.iter().map(|index| baskets[*index].products.as_slice()).collect();
        tally.add(*seed, &latest);
    }
    let ranked = rank(tally.candidates(history, not_these), |product| Some(past.popularity(product) as u64));
    ranked.into_iter().take(LIMIT).map(|candidate| candidate.product_id).collect()
}

/// The products of which there is most.
fn most(
    past: &Past,
    not_these: &HashSet<ProductId>,
    of: impl Fn(ProductId) -> (usize, usize),
) -> Vec<ProductId> {
    let may_be = past.by_product.keys().filter(|product| !not_these.contains(product));
    let mut products: Vec<((usize, usize), Uuid)> =
        may_be.map(|product| (of(*product), product.uuid())).collect();
    if products.len() > LIMIT {
        products.select_nth_unstable_by(LIMIT - 1, |a, b| b.cmp(a));
        products.truncate(LIMIT);
    }
    products.into_iter().map(|(_, id)| ProductId::from_uuid(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basket(household: i64, day: i64, products: &[u128]) -> Basket {
        Basket {
            household,
            at: DateTime::from_timestamp(day * 86_400, 0).unwrap_or_default(),
            products: products.iter().map(|id| ProductId::from_uuid(Uuid::from_u128(*id))).collect(),
        }
    }

    #[test]
    fn only_what_happened_before_is_known() {
        // What goes with 1 is bought together with it only after the basket that is to be foretold.
        let popular = (100..110).map(|id| basket(7, 1, &[id]));
        let mut late: Vec<Basket> = popular.collect();
        late.push(basket(5, 2, &[1]));
        late.push(basket(5, 90, &[2]));
        late.extend((0..3).map(|_| basket(7, 91, &[1, 2])));
        let evaluation = evaluate(&late);
        assert_eq!(evaluation.asked.iter().sum::<usize>(), 2);
        assert_eq!(evaluation.hits[&(Subject::Ours, Without::Recent)][0], 0);

        let mut early: Vec<Basket> = (0..3).map(|_| basket(7, 1, &[1, 2])).collect();
        early.push(basket(5, 2, &[1]));
        early.push(basket(5, 90, &[2]));
        let evaluation = evaluate(&early);
        assert_eq!(evaluation.hits[&(Subject::Ours, Without::Recent)][0], 1);
        assert_eq!(evaluation.hits[&(Subject::Ours, Without::All)][0], 1);
    }

    #[test]
    fn what_was_bought_lately_is_no_hit_and_what_was_bought_ever_no_discovery() {
        let of = |day| {
            let baskets = [basket(7, 0, &[1, 2]), basket(5, 1, &[1, 2]), basket(5, day, &[2])];
            let evaluation = evaluate(&baskets);
            [Without::Recent, Without::All].map(|without| evaluation.hits[&(Subject::Ours, without)][0])
        };
        assert_eq!(of(31), [0, 0]);
        assert_eq!(of(32), [1, 0]);
    }
}
