//! What a search understands, and what it shows of it.

use agrodeep_domain::{
    Language, Product,
    product::{ProductDescribed, StockCounted},
};

use super::{
    market::Market,
    search::{Folder, Running, ids, query},
    story::{Story, details, kilos, line, offered, registered, somebody, text, tomatoes},
};
use crate::{
    products::ProductFilter,
    search::{SearchQuery, SearchSort},
    verify::compare_index,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_longer_a_word_the_more_errors_it_may_have() {
    let (market, folder) = (Market::open().await, Folder::new());
    let aubergine = offered(&market, somebody(), details("Aubergines", "", "cat_x", &[]), 250).await;
    let pears = offered(&market, somebody(), details("Poires", "", "cat_x", &[]), 250).await;
    let running = Running::start(&market, &folder.0);
    for (text, found) in [
        ("aubergnie", Some(aubergine)),
        ("obergines", Some(aubergine)),
        ("aubgrin", None),
        ("obergimes", None),
        ("poyre", Some(pears)),
        ("piore", Some(pears)),
        ("pouare", None),
        ("poi", Some(pears)),
        ("pio", None),
    ] {
        assert_eq!(running.find(text).await, Vec::from_iter(found), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_found_by_its_farm() {
    let (market, folder) = (Market::open().await, Folder::new());
    let lilas = registered(&market, "Ferme des Lilas").await;
    let tomato = offered(&market, lilas, tomatoes(), 250).await;
    market.project().await;
    let running = Running::start(&market, &folder.0);
    let bread = offered(&market, lilas, details("Pain", "", "cat_bread", &[]), 250).await;
    let other = registered(&market, "Les Coquelicots").await;
    let poppy = offered(&market, other, tomatoes(), 250).await;
    // One was there when the index began, the others came later; what is said anew of a product changes its farm no more.
    let anew = ProductDescribed { details: details("Brioche", "", "cat_bread", &[]) };
    market.happens::<Product>(bread.uuid(), "test", anew).await;
    for (text, found) in [
        ("lilas", vec![bread, tomato]),
        ("brioche lilas", vec![bread]),
        ("tomates des coquelicot", vec![poppy]),
        ("coqelicot", vec![poppy]),
    ] {
        let newest = SearchQuery { sort: SearchSort::Newest, ..query(text) };
        assert_eq!(ids(&running.search(newest).await), found, "{text}");
    }
    running.stop().await;
    let report = compare_index(market.log.clone(), market.pool(), &folder.0).await.unwrap();
    assert!(report.is_clean() && report.rows["search"] == 3, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_out_is_left_out_at_once_when_asked_so() {
    let (market, folder) = (Market::open().await, Folder::new());
    let few = offered(&market, somebody(), tomatoes(), 250).await;
    let many = offered(&market, somebody(), tomatoes(), 250).await;
    let running = Running::start(&market, &folder.0);
    let found = async |in_stock: bool| {
        let filter = ProductFilter { in_stock: Some(in_stock), ..Default::default() };
        let sought = SearchQuery { filter, sort: SearchSort::Newest, ..query("tomates") };
        let found = running.search(sought).await;
        assert_eq!(found.total, found.facets.tags.iter().map(|(_, count)| *count).max().unwrap_or(0));
        ids(&found)
    };
    assert_eq!((found(true).await, found(false).await), (vec![many, few], vec![]));
    let story = Story::placed(&market, somebody(), vec![line(few, somebody(), 100_000, 250)]).await;
    story.hold(0).await;
    assert_eq!((found(true).await, found(false).await), (vec![many], vec![few]));
    story.release(0).await;
    market.happens::<Product>(many.uuid(), "test", StockCounted { on_hand: kilos(0) }).await;
    assert_eq!((found(true).await, found(false).await), (vec![few], vec![many]));
    assert_eq!(running.find("tomates").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_searched_for_is_marked_where_it_stands() {
    let (market, folder) = (Market::open().await, Folder::new());
    let mut sauce = details("Sauce de Marmande", "", "cat_x", &[]);
    sauce.description = Some(text("Avec des tomates <mûres>", "With tomatoes"));
    offered(&market, somebody(), sauce, 250).await;
    let running = Running::start(&market, &folder.0);
    let highlights = async |query: SearchQuery| running.search(query).await.items.remove(0).highlights;
    let found = highlights(query("tomate marmande")).await;
    assert_eq!(found.name.as_deref(), Some("Sauce de <em>Marmande</em>"));
    assert_eq!(found.description.as_deref(), Some("Avec des <em>tomates</em> &lt;mûres&gt;"));
    let found = highlights(SearchQuery { language: Some(Language::En), ..query("tomatoe") }).await;
    assert_eq!((found.name, found.description.as_deref()), (None, Some("With <em>tomatoes</em>")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_nowhere_brings_a_suggestion() {
    let (market, folder) = (Market::open().await, Folder::new());
    offered(&market, somebody(), details("Aubergines", "", "cat_vegetables", &[]), 250).await;
    let running = Running::start(&market, &folder.0);
    assert_eq!(running.search(query("obergines")).await.suggestions, ["aubergines"]);
    assert_eq!(running.search(query("aubergine")).await.suggestions, [] as [&str; 0]);
    assert_eq!(running.search(query("locomotive")).await.suggestions, [] as [&str; 0]);
    offered(&market, somebody(), details("Abricots", "", "cat_fruit", &[]), 250).await;
    offered(&market, somebody(), details("Caviar d'aubergines", "", "cat_x", &[]), 250).await;
    offered(&market, somebody(), details("Aubépine", "", "cat_herbs", &[]), 250).await;
    offered(&market, somebody(), details("Confiture d'abricots", "", "cat_fruit", &[]), 250).await;
    // The commonest first.
    assert_eq!(running.search(query("a")).await.suggestions, [] as [&str; 0]);
    assert_eq!(running.search(query("ab")).await.suggestions, ["abricots"]);
    assert_eq!(running.search(query("aub")).await.suggestions, ["aubergines", "aubepine"]);
    assert_eq!(running.search(query("confiture abr")).await.suggestions, ["confiture abricots"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_word_is_suggested_even_where_a_farther_one_is_commoner() {
    let (market, folder) = (Market::open().await, Folder::new());
    offered(&market, somebody(), details("Carotte", "", "cat_vegetables", &[]), 250).await;
    for other in ["Marotte", "Marotte blanche", "Marotte rouge"] {
        offered(&market, somebody(), details(other, "", "cat_vegetables", &[]), 250).await;
    }
    let running = Running::start(&market, &folder.0);
    // One letter too many; with another one wrong it would be the commoner word.
    assert_eq!(running.search(query("carrotte")).await.suggestions, ["carotte"]);
    assert_eq!(running.search(query("xmarrotte")).await.suggestions, ["marotte"]);
    // Five letters are too few for two errors.
    assert_eq!(running.search(query("rouxx")).await.suggestions, [] as [&str; 0]);
    assert_eq!(running.search(query("rouxe")).await.suggestions, ["rouge"]);
}
