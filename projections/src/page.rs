//! Pages of lists.

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Which page, from 1.
    pub page: u32,
    /// How many items a page has.
    pub limit: u32,
}

impl Page {
    /// How many items come before this page.
    pub fn offset(self) -> i64 {
        i64::from(self.page.saturating_sub(1)).saturating_mul(i64::from(self.limit))
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Paged<T> {
    /// The items of this page, in order.
    pub items: Vec<T>,
    /// How many items all pages have together.
    pub total: u64,
}
