//! Ids that follow from what is imported: the same basket, product or household has the same id in every run, so that an
//! import which is started again finds what it has done.

use agrodeep_commands::command_id;
use agrodeep_domain::{AccountId, OrderId, ProductId};
use uuid::{Builder, Uuid};

/// The ids of one selection of the data set.
///
/// Accounts are the same in every selection. Products and orders are those of the chosen department: as its baskets have only
/// lines of that department, they are other orders, and need stock of their own.
#[derive(Clone, Debug)]
pub struct Ids {
    selection: String,
}

/// 1 January 2017, in milliseconds since 1970: when the year of the data set begins.
const BEGINNING_MS: u64 = 1_483_228_800_000;

impl Ids {
    pub fn of(department: Option<&str>) -> Self {
        Self { selection: department.map_or_else(String::new, |it| format!("{it}:")) }
    }

    /// The account of a manufacturer; `None`: of whoever makes what no manufacturer is known of.
    pub fn producer(manufacturer_id: Option<i64>) -> AccountId {
        let name = manufacturer_id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
        AccountId::from_uuid(derived(BEGINNING_MS, &format!("manufacturer:{name}")))
    }

    /// The account of a household.
    pub fn buyer(household_id: i64) -> AccountId {
        AccountId::from_uuid(derived(BEGINNING_MS, &format!("household:{household_id}")))
    }

    /// The account of the one driver that all imports have.
    pub fn driver() -> AccountId {
        AccountId::from_uuid(derived(BEGINNING_MS, "driver"))
    }

    pub fn product(&self, product_id: i64) -> ProductId {
        ProductId::from_uuid(derived(BEGINNING_MS, &format!("{}product:{product_id}", self.selection)))
    }

    /// The order of a basket. It begins with the basket's time, as an order's that is placed now does: so orders sort by time,
    /// and those that are written together stand together in every index.
    pub fn order(&self, basket_id: i64, at_us: i64) -> OrderId {
        let ms = u64::try_from(at_us / 1000).unwrap_or_default();
        OrderId::from_uuid(derived(ms, &format!("{}basket:{basket_id}", self.selection)))
    }
}

/// The id called `name` that begins with a time.
fn derived(ms: u64, name: &str) -> Uuid {
    let begins_with = Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid();
    command_id::of_new_aggregate(command_id::derived(begins_with, &format!("complete-journey:{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_has_the_same_id_and_another_one_another() {
        let all = Ids::of(None);
        let produce = Ids::of(Some("PRODUCE"));
        assert_eq!(all.product(7), Ids::of(None).product(7));
        assert_ne!(all.product(7), all.product(8));
        assert_ne!(all.product(7), produce.product(7));
        assert_ne!(all.order(7, 0), produce.order(7, 0));
        assert_ne!(Ids::producer(Some(7)), Ids::buyer(7));
        assert_ne!(Ids::producer(None), Ids::producer(Some(0)));
    }

    #[test]
    fn orders_sort_by_the_time_of_their_baskets() {
        let ids = Ids::of(None);
        let at = |ms: i64| ids.order(1_000_000 - ms, 1_483_271_606_000_000 + ms * 1000);
        assert!(at(0) < at(1) && at(1) < at(2));
        assert_eq!(at(0).uuid().get_version_num(), 7);
    }
}
