use super::{market::Market, story::busy};
use crate::{feed::Feed, projection::Projection, runner::Runner};
use std::{sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;

async fn timed<P: Projection>(market: &Market, feed: &Arc<Feed>, events: i64) {
    let head = market.log.head().await.unwrap();
    let mut runner = Runner::<P>::new(
        feed.clone(),
        market.pool().clone(),
        tokio::sync::watch::channel(Default::default()).0,
    );
    let at = Instant::now();
    let (own, pg) = cpu();
    runner.run_until(head, &CancellationToken::new()).await;
    let wall = at.elapsed();
    let (own2, pg2) = cpu();
    eprintln!(
        "{:?}: {:.0} events/s; us/event: own {:.1} pg {:.1}",
        P::MODEL,
        events as f64 / wall.as_secs_f64(),
        (own2 - own) * 1e6 / events as f64,
        (pg2 - pg) * 1e6 / events as f64
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn speed() {
    if std::env::var_os("AGRODEEP_MEASURE").is_none() {
        return;
    }
    let market = Market::open().await;
    let at = Instant::now();
    let mut tasks = vec![];
    for _ in 0..16 {
        let m = market.clone();
        tasks.push(tokio::spawn(async move { busy(&m, 250).await }));
    }
    for t in tasks {
        t.await.unwrap();
    }
    let events = market.log.head().await.unwrap().0;
    eprintln!("{events} events appended in {:?}", at.elapsed());
    for _ in 0..2 {
        let at = Instant::now();
        let mut p = agrodeep_event_store::Position::START;
        let mut n = 0;
        loop {
            let b = market.log.read(p, 4096).await.unwrap();
            let Some(l) = b.last() else { break };
            p = l.position;
            n += b.len();
        }
        eprintln!("read {:.0}/s", n as f64 / at.elapsed().as_secs_f64());
    }
    let feed = || Feed::new(market.log.clone());
    timed::<crate::orders::OrdersProjection>(&market, &feed(), events).await;
    timed::<crate::products::ProductsProjection>(&market, &feed(), events).await;
    timed::<crate::order_history::OrderHistoryProjection>(&market, &feed(), events).await;
    timed::<crate::deliveries::DeliveriesProjection>(&market, &feed(), events).await;
    timed::<crate::accounts::AccountsProjection>(&market, &feed(), events).await;
    for t in [
        "orders",
        "order_items",
        "order_producers",
        "products",
        "order_history",
        "order_history_deliveries",
        "deliveries",
        "checkpoints",
    ] {
        sqlx::query(&format!("truncate {t}")).execute(market.pool()).await.unwrap();
    }
    let at = Instant::now();
    let (own, pg) = cpu();
    market.project().await;
    let wall = at.elapsed();
    let (own2, pg2) = cpu();
    eprintln!(
        "all together: {:.0} events/s; us/event: own {:.1} pg {:.1}",
        events as f64 / wall.as_secs_f64(),
        (own2 - own) * 1e6 / events as f64,
        (pg2 - pg) * 1e6 / events as f64
    );
    let at = Instant::now();
    let report = market.check().await;
    assert!(report.is_clean(), "{report:?}");
    eprintln!("check: {:?}", at.elapsed());
}

fn stat(pid: &str) -> Option<(u32, f64)> {
    let s = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest: Vec<&str> = s.rsplit_once(')')?.1.split_whitespace().collect();
    Some((rest[1].parse().ok()?, (rest[11].parse::<f64>().ok()? + rest[12].parse::<f64>().ok()?) / 100.0))
}
fn cpu() -> (f64, f64) {
    let me = std::process::id();
    let mut pg = 0.0;
    let own = stat("self").unwrap().1;
    for e in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = e.file_name().into_string().unwrap();
        if let Some((pp, t)) = stat(&name)
            && let Some((ppp, _)) = stat(&pp.to_string())
            && ppp == me
        {
            pg += t;
        }
    }
    (own, pg)
}
