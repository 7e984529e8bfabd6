//! The product index: in both languages, live, and after crashes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use agrodeep_domain::{
    Language, Product, ProductId,
    product::{ProductDelisted, ProductDescribed, ProductRepriced},
};
use rust_decimal::Decimal;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    market::Market,
    story::{busy, details, euros, offered, somebody, text, tomatoes},
};
use crate::{
    Cause, Model, Page, ReadModels, WaitError, Wanted,
    products::ProductFilter,
    search::{IndexError, ProductIndex, SearchQuery, SearchResults, SearchSort},
    verify::{How, compare_index},
};

/// A folder of its own, gone when the test is.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        Self(std::env::temp_dir().join(format!("agrodeep-search-{}", uuid::Uuid::now_v7())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An index that runs.
pub struct Running {
    market: Arc<Market>,
    pub reads: ReadModels,
    stop: DropGuard,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub fn start(market: &Arc<Market>, folder: &Path) -> Self {
        let (index, indexer) = ProductIndex::open(folder).unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(indexer.run(market.log.clone(), market.pool().clone(), stop.clone()));
        let reads = market.reads.clone().with_index(index);
        Self { market: market.clone(), reads, stop: stop.drop_guard(), task }
    }

    /// Waits until everything is in, then searches.
    pub async fn search(&self, query: SearchQuery) -> SearchResults {
        self.market.project().await;
        let head = self.market.log.head().await.unwrap();
        let wanted = Wanted { position: head, about: &[] };
        match self.reads.wait_for(&[Model::Search], wanted, Duration::from_secs(10)).await {
            Ok(()) => {}
            Err(WaitError::Behind(behind)) if behind.cause == Cause::Parked => {}
            Err(error) => panic!("{error}"),
        }
        self.reads.search(&query).await.unwrap()
    }

    pub async fn find(&self, text: &str) -> Vec<ProductId> {
        ids(&self.search(query(text)).await)
    }

    pub async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

pub fn query(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.to_owned(),
        language: None,
        filter: ProductFilter::default(),
        sort: SearchSort::Relevance,
        page: Page { page: 1, limit: 20 },
    }
}

pub fn ids(results: &SearchResults) -> Vec<ProductId> {
    results.items.iter().map(|item| item.product.product_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn accents_plurals_and_elisions_hide_no_product_in_french_and_english() {
    let (market, folder) = (Market::open().await, Folder::new());
    let tomato = offered(&market, somebody(), tomatoes(), 250).await;
    let mut garlic = details("Ail rose", "", "cat_herbs", &[]);
    garlic.description = Some(text("La saveur de l’ail frais d'Auvergne, séché à l'air", ""));
    let garlic = offered(&market, somebody(), garlic, 500).await;
    let mut basket = details("Panier de légumes", "Vegetable basket", "cat_baskets", &["Crudités"]);
    basket.description = Some(text("", "Leeks, cabbages and radishes from our farm"));
    let basket = offered(&market, somebody(), basket, 1500).await;
    let eggs = offered(&market, somebody(), details("Œufs", "", "cat_eggs", &[]), 300).await;
    let running = Running::start(&market, &folder.0);
    for (text, product) in [
        ("tomate", tomato),
        ("TOMATES", tomato),
        ("tomato", tomato),
        ("légume", basket),
        ("legumes", basket),
        ("panier legume", basket),
        ("vegetable baskets", basket),
        ("radish", basket),
        ("crudite", basket),
        ("l'ail", garlic),
        ("d’auvergne", garlic),
        ("seche", garlic),
        ("oeuf", eggs),
        ("eggs", eggs),
        // Typing errors, and words that are not yet at their end.
        ("tomatte", tomato),
        ("tomtaes", tomato),
        ("legum", basket),
        ("cabb", basket),
        // Stop words count for nothing.
        ("the tomatoes of", tomato),
    ] {
        assert_eq!(running.find(text).await, [product], "{text}");
    }
    assert_eq!(running.find("locomotive").await, []);
    // Not all words are found anywhere together: those that have any.
    assert_eq!(running.find("tomate locomotive").await, [tomato]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_typed_is_no_error() {
    let (market, folder) = (Market::open().await, Folder::new());
    let tomato = offered(&market, somebody(), tomatoes(), 250).await;
    let running = Running::start(&market, &folder.0);
    for text in ["+-&|!(){}[]^\"~*?:\\/", "tomate AND (", "name_fr:*", "\u{0}", "'", "a\u{301}", "\u{202e}"] {
        running.search(query(text)).await;
    }
    running.search(query(&"mot ".repeat(10_000))).await;
    running.search(query(&"x".repeat(100_000))).await;
    assert_eq!(running.find("").await, [tomato]);
    assert_eq!(running.find("  ").await, [tomato]);
    assert_eq!(running.find("\"tomate\" OR )").await, [tomato]);
    let far = SearchQuery { page: Page { page: u32::MAX, limit: u32::MAX }, ..query("tomate") };
    let results = running.search(far).await;
    assert_eq!((results.items.len(), results.total), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_better_a_product_matches_the_earlier_it_comes() {
    let (market, folder) = (Market::open().await, Folder::new());
    let mut sauce = details("Sauce", "Sauce", "cat_preserves", &[]);
    sauce.description = Some(text("Avec de la tomate", "With tomato"));
    let sauce = offered(&market, somebody(), sauce, 100).await;
    let labelled = offered(&market, somebody(), details("Panier", "Basket", "cat_x", &["tomate"]), 300).await;
    let tomato = offered(&market, somebody(), tomatoes(), 200).await;
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.find("tomates").await, [tomato, labelled, sauce]);
    let sorted = async |sort| ids(&running.search(SearchQuery { sort, ..query("tomates") }).await);
    assert_eq!(sorted(SearchSort::Price).await, [sauce, tomato, labelled]);
    assert_eq!(sorted(SearchSort::Newest).await, [tomato, labelled, sauce]);
    assert_eq!(running.find("").await, [tomato, labelled, sauce]);
    let second = SearchQuery { page: Page { page: 2, limit: 2 }, ..query("tomates") };
    let results = running.search(second).await;
    assert_eq!((ids(&results), results.total), (vec![sauce], 3));
    assert!(results.took_ms > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_asked_for_comes_first() {
    let (market, folder) = (Market::open().await, Folder::new());
    // "Pain" is bread to some.
    let english = offered(&market, somebody(), details("", "Pain balm", "cat_care", &[]), 100).await;
    let french = offered(&market, somebody(), details("Pain complet", "", "cat_bread", &[]), 100).await;
    let running = Running::start(&market, &folder.0);
    let of = async |language| {
        ids(&running.search(SearchQuery { language: Some(language), ..query("pain") }).await)
    };
    assert_eq!(of(Language::Fr).await, [french, english]);
    assert_eq!(of(Language::En).await, [english, french]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_narrowed_by_filters_and_told_by_facets() {
    let (market, folder) = (Market::open().await, Folder::new());
    let (marie, paul) = (somebody(), somebody());
    let cheap = offered(&market, marie, tomatoes(), 199).await;
    let dear = offered(&market, marie, tomatoes(), 900).await;
    let mut plain = details("Tomates grappe", "", "cat_fruit", &["rouge"]);
    plain.is_organic = false;
    let plain = offered(&market, paul, plain, 300).await;
    let running = Running::start(&market, &folder.0);
    let of = |filter: ProductFilter| {
        let query = SearchQuery { filter, sort: SearchSort::Price, ..query("tomate") };
        async { ids(&running.search(query).await) }
    };
    assert_eq!(of(ProductFilter { producer: Some(marie), ..Default::default() }).await, [cheap, dear]);
    assert_eq!(of(ProductFilter { is_organic: Some(false), ..Default::default() }).await, [plain]);
    let category = Some("cat_fruit".parse().unwrap());
    assert_eq!(of(ProductFilter { category, ..Default::default() }).await, [plain]);
    let between = |min: &str, max: &str| {
        let price = |text: &str| (!text.is_empty()).then(|| text.parse::<Decimal>().unwrap());
        of(ProductFilter { min_price: price(min), max_price: price(max), ..Default::default() })
    };
    assert_eq!(between("1.99", "3").await, [cheap, plain]);
    assert_eq!(between("1.995", "8.999").await, [plain]);
    assert_eq!(between("", "1.99").await, [cheap]);
    assert_eq!(between("3", "").await, [plain, dear]);
    assert_eq!(between("-5", "79228162514264337593543950335").await, [cheap, plain, dear]);
    assert_eq!(between("79228162514264337593543950335", "").await, []);
    assert_eq!(between("", "-1").await, []);

    let facets = running.search(query("tomate")).await.facets;
    let categories: Vec<_> =
        facets.categories.iter().map(|(category, count)| (category.as_str(), *count)).collect();
    assert_eq!(categories, [("cat_vegetables", 2), ("cat_fruit", 1)]);
    assert_eq!(facets.tags, [("rouge".to_owned(), 3), ("été".to_owned(), 2)]);
    assert_eq!(facets.producers, [(marie, 2), (paul, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_found_within_a_moment() {
    let (market, folder) = (Market::open().await, Folder::new());
    let running = Running::start(&market, &folder.0);
    let id = offered(&market, somebody(), tomatoes(), 250).await;
    let began = Instant::now();
    assert_eq!(running.find("tomate").await, [id]);
    assert!(began.elapsed() < Duration::from_millis(700), "{:?}", began.elapsed());

    let anew = details("Poires", "Pears", "cat_fruit", &[]);
    market.happens::<Product>(id.uuid(), "test", ProductDescribed { details: anew }).await;
    assert_eq!(running.find("tomate").await, []);
    assert_eq!(running.find("poire").await, [id]);

    // The price after the description, which carries none, and the other way round.
    market.happens::<Product>(id.uuid(), "test", ProductRepriced { price: euros(900) }).await;
    let dear = ProductFilter { min_price: Some(Decimal::from(8)), ..Default::default() };
    assert_eq!(ids(&running.search(SearchQuery { filter: dear, ..query("poire") }).await), [id]);

    market.happens::<Product>(id.uuid(), "test", ProductDelisted {}).await;
    assert_eq!(running.find("poire").await, []);
    running.stop().await;
    assert!(compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap().is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_search_has_waited_for_it_finds_whatever_the_index_is_at() {
    let (market, folder) = (Market::open().await, Folder::new());
    let id = offered(&market, somebody(), tomatoes(), 250).await;
    market.project().await;
    let running = Running::start(&market, &folder.0);
    // For several times as long as the index looks for what people have decided.
    for price in 1000..1200 {
        let repriced = ProductRepriced { price: euros(price) };
        let position = market.happens::<Product>(id.uuid(), "test", repriced).await;
        let wanted = Wanted { position, about: &[] };
        running.reads.wait_for(&[Model::Search], wanted, Duration::from_secs(10)).await.unwrap();
        let exactly = Some(Decimal::new(price, 2));
        let filter = ProductFilter { min_price: exactly, max_price: exactly, ..ProductFilter::default() };
        let found = running.reads.search(&SearchQuery { filter, ..query("tomate") }).await.unwrap();
        assert_eq!(ids(&found), [id], "{price}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_empty_begins_with_the_products_as_they_are() {
    let (market, folder) = (Market::open().await, Folder::new());
    busy(&market, 5).await;
    market.project().await;
    let gone = offered(&market, somebody(), tomatoes(), 250).await;
    market.happens::<Product>(gone.uuid(), "test", ProductDelisted {}).await;
    market.project().await;
    let later = offered(&market, somebody(), details("Poires", "", "cat_fruit", &[]), 250).await;
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.find("tomate").await.len(), 3);
    assert_eq!(running.find("poire").await, [later]);
    running.stop().await;
    let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.rows["search"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_goes_on_where_it_was_committed() {
    let (market, folder) = (Market::open().await, Folder::new());
    let id = offered(&market, somebody(), tomatoes(), 250).await;
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.find("tomate").await, [id]);
    running.stop().await;
    market.happens::<Product>(id.uuid(), "test", ProductRepriced { price: euros(900) }).await;
    let (index, _indexer) = ProductIndex::open(&folder.0).unwrap();
    let reads = market.reads.clone().with_index(index);
    // Before it goes on, it answers with what it has.
    assert_eq!(reads.search(&query("tomate")).await.unwrap().total, 1);
    drop(_indexer);
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.find("tomate").await, [id]);
    running.stop().await;
    let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_crashes_again_and_again_is_a_fold_of_the_log() {
    let (market, folder) = (Market::open().await, Folder::new());
    let mut products = Vec::new();
    for round in 0..12_u64 {
        let (_index, indexer) = ProductIndex::open(&folder.0).unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(indexer.run(market.log.clone(), market.pool().clone(), stop));
        for step in 0..8 {
            products.push(offered(&market, somebody(), tomatoes(), 250).await);
            let id = products[(round as usize * 7 + step) % products.len()];
            market
                .happens::<Product>(id.uuid(), "test", ProductRepriced { price: euros(100 + step as i64) })
                .await;
        }
        tokio::time::sleep(Duration::from_millis(3 * round)).await;
        task.abort();
        let _ = task.await;
        // What runs on a thread of its own ends by itself, and holds the folder until then.
        drop(_index);
        while matches!(ProductIndex::open(&folder.0), Err(IndexError::InUse(_))) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
    }
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.search(query("tomate")).await.total, 96);
    running.stop().await;
    let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
    assert!(report.is_clean() && report.rows["search"] == 96, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_damaged_is_built_anew() {
    let (market, folder) = (Market::open().await, Folder::new());
    let id = offered(&market, somebody(), tomatoes(), 250).await;
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.find("tomate").await, [id]);
    running.stop().await;
    let files = |extension: &str| -> Vec<PathBuf> {
        let files = std::fs::read_dir(folder.0.join("products-v2")).unwrap();
        files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .collect()
    };
    for damage in ["truncate", "garble", "meta"] {
        match damage {
            "truncate" => std::fs::write(&files("store")[0], b"").unwrap(),
            "garble" => {
                let term = &files("term")[0];
                let mut bytes = std::fs::read(term).unwrap();
                let middle = bytes.len() / 3;
                bytes[middle] ^= 0xff;
                std::fs::write(term, bytes).unwrap();
            }
            _ => std::fs::write(folder.0.join("products-v2/meta.json"), b"{").unwrap(),
        }
        let running = Running::start(&market, &folder.0);
        assert_eq!(running.find("tomate").await, [id], "{damage}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_belongs_to_one_process() {
    let folder = Folder::new();
    let first = ProductIndex::open(&folder.0).unwrap();
    assert!(matches!(ProductIndex::open(&folder.0), Err(IndexError::InUse(_))));
    drop(first);
    ProductIndex::open(&folder.0).unwrap();
    let file = folder.0.join("file");
    std::fs::write(&file, b"").unwrap();
    assert!(matches!(ProductIndex::open(&file), Err(IndexError::Folder { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_as_the_log_says_is_found() {
    let (market, folder) = (Market::open().await, Folder::new());
    offered(&market, somebody(), tomatoes(), 250).await;
    market.project().await;
    sqlx::query("update products set price = 9.99").execute(market.pool()).await.unwrap();
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.find("tomate").await.len(), 1);
    running.stop().await;
    let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
    assert_eq!(report.differences[0].how, How::Columns(vec!["price".to_owned()]));
}
