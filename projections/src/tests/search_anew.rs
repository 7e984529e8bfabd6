//! The product index built anew while it is searched.

use std::time::Duration;

use agrodeep_domain::{Language, ProductId};
use agrodeep_event_store::Position;
use tokio_util::sync::CancellationToken;

use super::{
    market::Market,
    story::{details, offered, somebody, tomatoes},
};
use crate::{
    Model, Page, Wanted,
    products::ProductFilter,
    rebuild::{RebuildRequest, RebuildState, Rebuilds},
    search::{ProductIndex, SearchQuery, SearchSort},
    verify::compare_index,
};

fn tomatoes_query() -> SearchQuery {
    SearchQuery {
        text: "tomates".to_owned(),
        language: Some(Language::Fr),
        filter: ProductFilter::default(),
        sort: SearchSort::Relevance,
        page: Page { page: 1, limit: 50 },
    }
}

fn folders(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("products-"))
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_is_built_anew_on_a_folder_of_its_own_while_it_is_searched() {
    let market = Market::open().await;
    let mut ids: Vec<ProductId> = Vec::new();
    for price in 0..20 {
        ids.push(offered(&market, somebody(), tomatoes(), 100 + price).await);
    }
    market.project().await;
    let folder = std::env::temp_dir().join(format!("agrodeep-anew-{}", uuid::Uuid::now_v7()));
    let (index, indexer) = ProductIndex::open(&folder).unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(indexer.run(market.log.clone(), market.pool().clone(), stop.clone()));
    let reads = market.reads.clone().with_index(index);
    let wait = Duration::from_secs(30);
    reads
        .wait_for(&[Model::Search], Wanted { position: market.log.head().await.unwrap(), about: &[] }, wait)
        .await
        .unwrap();
    let before = folders(&folder);
    assert_eq!(before.len(), 1);

    let searching = {
        let (reads, stop) = (reads.clone(), stop.clone());
        tokio::spawn(async move {
            let (mut searches, mut position) = (0, Position::START);
            while !stop.is_cancelled() {
                let found = reads.search(&tomatoes_query()).await.unwrap();
                assert!(found.total >= 20, "{} of 20 are found", found.total);
                searches += 1;
                // What was to be found once is not forgotten by the switch.
                let before = std::mem::replace(&mut position, reads.position(Model::Search).await.unwrap());
                assert!(before <= position, "the index has gone back from {before} to {position}");
            }
            searches
        })
    };
    let rebuilds = Rebuilds::new(market.log.clone(), market.pool().clone(), Duration::ZERO);
    for round in 1..=3 {
        // The index knows it; the products, which the new one begins with, do not yet.
        let more =
            offered(&market, somebody(), details("Tomates cerises", "", "cat_vegetables", &[]), 300).await;
        let wanted = Wanted { position: market.log.head().await.unwrap(), about: &[] };
        reads.wait_for(&[Model::Search], wanted, wait).await.unwrap();
        let request = RebuildRequest {
            model: Model::Search,
            version: None,
            shards: None,
            requested_by: "test".to_owned(),
        };
        rebuilds.request(&request).await.unwrap();
        while rebuilds.list().await.unwrap()[0].state != RebuildState::Done {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        reads.wait_for(&[Model::Search], wanted, wait).await.unwrap();
        assert_eq!(reads.search(&tomatoes_query()).await.unwrap().total, 20 + round, "{more}");
        let now = folders(&folder);
        assert!(now.len() == 1 && now != before, "{now:?} after {before:?}");
        assert!(compare_index(market.log.clone(), market.pool(), &folder).await.unwrap().is_clean());
        market.project().await;
    }
    stop.cancel();
    running.await.unwrap();
    assert!(searching.await.unwrap() > 3);

    // What a killed process has begun beside it is not taken for the index, and goes.
    std::fs::create_dir(folder.join(format!("products-v{}-99", crate::search::version()))).unwrap();
    let (index, indexer) = ProductIndex::open(&folder).unwrap();
    assert_eq!(folders(&folder).len(), 1);
    assert_eq!(market.reads.clone().with_index(index).search(&tomatoes_query()).await.unwrap().total, 23);
    drop(indexer);
    std::fs::remove_dir_all(folder).unwrap();
}
