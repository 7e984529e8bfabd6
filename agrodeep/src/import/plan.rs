//! What is to be imported, worked out from the data set alone by rules that others can follow.
//!
//! * Kept lines of one product in one basket are added up; a basket without a kept line is left out.
//! * With a department only its products and their lines are imported: a basket then is what it has of that department.
//! * The baskets are the first of those, by the time of their first line, then by basket id.
//! * A product costs the median of `sales_value / quantity` over all its kept lines in the file, chosen or not.
//! * Each product starts with exactly the stock that the chosen baskets need.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use agrodeep_domain::order::LINES_MAX;

use super::{
    complete_journey::{CompleteJourney, SourceLine, SourceProduct},
    price::price_cents,
};

/// What of the data set is wanted.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// At most so many baskets.
    pub baskets_max: Option<usize>,
    /// Only what this department sells.
    pub department: Option<String>,
}

/// What is to be imported.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// By the source's product id.
    pub products: BTreeMap<i64, PlannedProduct>,
    /// In the order in which they happened.
    pub baskets: Vec<PlannedBasket>,
}

/// A product with the stock that all its lines need.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedProduct {
    pub source: SourceProduct,
    /// In hundredths of a dollar.
    pub price_cents: i64,
    /// In pieces.
    pub stock: i64,
}

/// A basket with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedBasket {
    pub basket_id: i64,
    pub household_id: i64,
    /// When its first line was, in microseconds since 1970.
    pub at_us: i64,
    /// By product id, each product once.
    pub lines: Vec<PlannedLine>,
}

/// So many pieces of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedLine {
    pub product_id: i64,
    pub quantity: i64,
}

/// Why there is nothing that can be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("no kept line is of department {wanted:?}: there are {}", known.join(", "))]
    NoSuchDepartment { wanted: String, known: Vec<String> },
    #[error("not one line is kept: there is nothing to import")]
    Nothing,
    #[error("basket {0} has lines of several households: an order has one buyer")]
    SeveralBuyers(i64),
    #[error("basket {basket_id} has {lines} products: an order has at most {LINES_MAX}")]
    TooManyLines { basket_id: i64, lines: usize },
    #[error("product {0} has no price that can be written down")]
    NoPrice(i64),
    #[error("basket {0} has a time that is out of range")]
    NoTime(i64),
}

impl Plan {
    /// Works out what `selection` of `source` is.
    pub fn of(source: CompleteJourney, selection: &Selection) -> Result<Self, PlanError> {
        let CompleteJourney { mut products, mut lines } = source;
        if let Some(wanted) = &selection.department {
            let known = departments(&products, &lines);
            if !known.contains(wanted) {
                let known = known.into_iter().collect();
                return Err(PlanError::NoSuchDepartment { wanted: wanted.clone(), known });
            }
            let is_of = |id: &i64| products.get(id).is_some_and(|it| it.department.as_ref() == Some(wanted));
            lines.retain(|line| is_of(&line.product_id));
        }
        let baskets = baskets(&lines, selection.baskets_max.unwrap_or(usize::MAX))?;
        if baskets.is_empty() {
            return Err(PlanError::Nothing);
        }
        let mut stocks: BTreeMap<i64, i64> = BTreeMap::new();
        for line in baskets.iter().flat_map(|basket| &basket.lines) {
            *stocks.entry(line.product_id).or_default() += line.quantity;
        }
        let mut prices = prices(&lines, &stocks)?;
        let products = stocks.into_iter().map(|(product_id, stock)| {
            let unlisted = || SourceProduct { product_id, ..SourceProduct::default() };
            let source = products.remove(&product_id).unwrap_or_else(unlisted);
            let price_cents = prices.remove(&product_id).ok_or(PlanError::NoPrice(product_id))?;
            Ok((product_id, PlannedProduct { source, price_cents, stock }))
        });
        Ok(Self { products: products.collect::<Result<_, PlanError>>()?, baskets })
    }

    /// Who makes the products.
    pub fn manufacturers(&self) -> BTreeSet<Option<i64>> {
        self.products.values().map(|product| product.source.manufacturer_id).collect()
    }

    /// Who buys them.
    pub fn households(&self) -> BTreeSet<i64> {
        self.baskets.iter().map(|basket| basket.household_id).collect()
    }
}

/// The departments of which something was sold.
fn departments(products: &HashMap<i64, SourceProduct>, lines: &[SourceLine]) -> BTreeSet<String> {
    let sold = lines.iter().filter_map(|line| products.get(&line.product_id)?.department.as_deref());
    sold.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
}

fn baskets(lines: &[SourceLine], most: usize) -> Result<Vec<PlannedBasket>, PlanError> {
    let mut in_baskets: HashMap<i64, Vec<&SourceLine>> = HashMap::new();
    for line in lines {
        in_baskets.entry(line.basket_id).or_default().push(line);
    }
    let began = |lines: &[&SourceLine]| lines.iter().map(|line| line.at_us).min().unwrap_or_default();
    let mut order: Vec<(i64, i64)> = in_baskets.iter().map(|(id, lines)| (began(lines), *id)).collect();
    order.sort_unstable();
    order.truncate(most);
    order
        .into_iter()
        .map(|(at_us, basket_id)| {
            basket(basket_id, at_us, in_baskets.get(&basket_id).map_or(&[], Vec::as_slice))
        })
        .collect()
}

fn basket(basket_id: i64, at_us: i64, lines: &[&SourceLine]) -> Result<PlannedBasket, PlanError> {
    let household_id = lines.first().map_or(0, |line| line.household_id);
    if lines.iter().any(|line| line.household_id != household_id) {
        return Err(PlanError::SeveralBuyers(basket_id));
    }
    if !YEARS_US.contains(&at_us) {
        return Err(PlanError::NoTime(basket_id));
    }
    let mut added: BTreeMap<i64, i64> = BTreeMap::new();
    for line in lines {
        *added.entry(line.product_id).or_default() += line.quantity;
    }
    if added.len() > LINES_MAX {
        return Err(PlanError::TooManyLines { basket_id, lines: added.len() });
    }
    let lines =
        added.into_iter().map(|(product_id, quantity)| PlannedLine { product_id, quantity }).collect();
    Ok(PlannedBasket { basket_id, household_id, at_us, lines })
}

/// The years 1970 to 9999, in microseconds since 1970: what a date can be said in.
const YEARS_US: std::ops::Range<i64> = 0..253_402_300_800_000_000;

/// What each of the wanted products costs.
fn prices<W>(lines: &[SourceLine], wanted: &BTreeMap<i64, W>) -> Result<HashMap<i64, i64>, PlanError> {
    let mut paid: HashMap<i64, Vec<f64>> = HashMap::with_capacity(wanted.len());
    for line in lines.iter().filter(|line| wanted.contains_key(&line.product_id)) {
        paid.entry(line.product_id).or_default().push(line.sales_value / line.quantity as f64);
    }
    paid.into_iter()
        .map(|(product_id, mut paid)| {
            let cents = price_cents(&mut paid).filter(|cents| *cents <= PRICE_CENTS_MAX);
            Ok((product_id, cents.ok_or(PlanError::NoPrice(product_id))?))
        })
        .collect()
}

/// The dearest a product may be, so that every line and every basket of it can be written down.
const PRICE_CENTS_MAX: i64 = 100_000_000;

#[cfg(test)]
mod tests;
