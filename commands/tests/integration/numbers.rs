use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::market::Market;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 8, day).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_unique_among_tasks_and_processes() {
    let market = Market::open().await;
    let instances = [market.commands.numbers.clone(), market.another_instance().await.numbers];
    let asked = (0..400).map(|i| {
        let numbers = instances[i % 2].clone();
        tokio::spawn(async move { numbers.order(day(15)).await.unwrap().ordinal })
    });
    let given: Vec<u32> = futures::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(given.into_iter().collect::<BTreeSet<_>>(), (1..=400).collect());
}

#[tokio::test]
async fn each_day_and_each_kind_is_counted_by_itself() {
    let numbers = Market::open().await.commands.numbers;
    let (a, b, c, d) = tokio::join!(
        numbers.order(day(15)),
        numbers.order(day(16)),
        numbers.tracking(day(15)),
        numbers.order(day(15)),
    );
    assert_eq!(a.unwrap().to_string(), "ORD-2024-08-15-0001");
    assert_eq!(b.unwrap().to_string(), "ORD-2024-08-16-0001");
    assert_eq!(c.unwrap().to_string(), "TRK-2024-08-15-0001");
    assert_eq!(d.unwrap().to_string(), "ORD-2024-08-15-0002");
}
