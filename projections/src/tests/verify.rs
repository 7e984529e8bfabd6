use super::{
    market::Market,
    story::{busy, offered, somebody, tomatoes},
};
use crate::verify::{Difference, How, VerifyError, rebuild_and_compare};

async fn change(market: &Market, sql: &str) {
    sqlx::query(sql).execute(market.pool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_compared() {
    let market = Market::open().await;
    busy(&market, 6).await;
    market.project().await;
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
    let tables: Vec<_> = report.rows.keys().map(String::as_str).collect();
    assert_eq!(
        tables,
        [
            "accounts",
            "baskets",
            "deliveries",
            "order_history",
            "order_history_deliveries",
            "order_items",
            "order_producers",
            "orders",
            "parked_events",
            "popularity",
            "products",
            "purchases",
            "sagas"
        ]
    );
    assert!(
        report
            .rows
            .iter()
            .all(|(table, rows)| *rows > 0 || ["accounts", "parked_events"].contains(&table.as_str()))
    );
    let left: bool = sqlx::query_scalar("select to_regnamespace('read_models_check') is not null")
        .fetch_one(market.pool())
        .await
        .unwrap();
    assert!(!left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_added_or_taken_away_is_found() {
    let market = Market::open().await;
    busy(&market, 6).await;
    market.project().await;
    let product: uuid::Uuid =
        sqlx::query_scalar("select product_id from products limit 1").fetch_one(market.pool()).await.unwrap();
    let order: uuid::Uuid =
        sqlx::query_scalar("select order_id from orders limit 1").fetch_one(market.pool()).await.unwrap();
    change(&market, &format!("update products set held_quantity = held_quantity + 0.001, version = 77 where product_id = '{product}'")).await;
    change(&market, &format!("delete from order_items where order_id = '{order}' and line = 0")).await;
    change(&market, "insert into order_producers values (gen_random_uuid(), now(), gen_random_uuid())").await;

    let report = market.check().await;
    assert_eq!(report.differing, 3, "{report:?}");
    let found = |table: &str| report.differences.iter().find(|d| d.table == table).unwrap();
    let columns = ["version", "held_quantity", "available_quantity"].map(str::to_owned);
    let Difference { key, how: How::Columns(differing), .. } = found("products") else { panic!() };
    assert_eq!(*key, product.to_string());
    assert!(differing.len() == 3 && columns.iter().all(|column| differing.contains(column)), "{differing:?}");
    assert_eq!(found("order_items").how, How::Missing);
    assert_eq!(found("order_items").key, format!("{order} 0"));
    assert_eq!(found("order_producers").how, How::Superfluous);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_is_right_while_projections_go_on() {
    let market = Market::open().await;
    busy(&market, 20).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let projections = crate::Projections::new(market.log.clone(), market.pool().clone());
    let running = tokio::spawn(projections.run(stop.clone()));
    let writing = {
        let market = market.clone();
        tokio::spawn(async move { busy(&market, 60).await })
    };
    while !writing.is_finished() {
        let report = market.check().await;
        assert!(report.is_clean(), "{report:?}");
    }
    writing.await.unwrap();
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_check_runs_at_a_time() {
    let market = Market::open().await;
    offered(&market, somebody(), tomatoes(), 250).await;
    let mut connection = market.pool().acquire().await.unwrap();
    sqlx::query("select pg_advisory_lock(7018704367031510384)").execute(&mut *connection).await.unwrap();
    let refused = rebuild_and_compare(market.log.clone(), market.pool()).await;
    assert!(matches!(refused, Err(VerifyError::Running)), "{refused:?}");
}
