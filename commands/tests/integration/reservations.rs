use agrodeep_commands::reservations::Claim;
use uuid::Uuid;

use crate::market::Market;

fn owner(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

const A_DAY_PASSES: &str = "update reservations set claimed_at = claimed_at - interval '25 hours'";

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_who_claim_at_once_is_granted() {
    let market = Market::open().await;
    let claims = (0..32).map(|n| {
        let reservations = market.commands.reservations.clone();
        tokio::spawn(async move { reservations.claim("lot", "A", owner(n)).await.unwrap() })
    });
    let claims: Vec<Claim> =
        futures::future::join_all(claims).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(claims.iter().filter(|claim| **claim == Claim::Granted).count(), 1);
}

#[tokio::test]
async fn a_claim_is_granted_to_its_owner_again_and_to_others_once_it_is_released() {
    let reservations = Market::open().await.commands.reservations;
    for _ in 0..2 {
        assert_eq!(reservations.claim("lot", "A", owner(1)).await.unwrap(), Claim::Granted);
    }
    reservations.release("lot", "A", owner(2)).await.unwrap();
    let taken = reservations.claim("lot", "A", owner(2)).await.unwrap();
    assert!(matches!(taken, Claim::Taken { owner, old: false, .. } if owner == self::owner(1)), "{taken:?}");
    assert_eq!(reservations.claim("other", "A", owner(2)).await.unwrap(), Claim::Granted);

    reservations.release("lot", "A", owner(1)).await.unwrap();
    assert_eq!(reservations.claim("lot", "A", owner(2)).await.unwrap(), Claim::Granted);
}

#[tokio::test]
async fn an_old_claim_can_be_taken_over_and_a_renewed_one_cannot() {
    let market = Market::open().await;
    let reservations = &market.commands.reservations;
    reservations.claim("lot", "A", owner(1)).await.unwrap();
    assert!(!reservations.take_over("lot", "A", owner(1), owner(2)).await.unwrap(), "it is young");

    market.sql(A_DAY_PASSES).await;
    let taken = reservations.claim("lot", "A", owner(2)).await.unwrap();
    assert!(matches!(taken, Claim::Taken { old: true, .. }), "{taken:?}");

    reservations.claim("lot", "A", owner(1)).await.unwrap();
    assert!(!reservations.take_over("lot", "A", owner(1), owner(2)).await.unwrap(), "it was renewed");

    market.sql(A_DAY_PASSES).await;
    assert!(reservations.take_over("lot", "A", owner(1), owner(2)).await.unwrap());
    assert!(!reservations.take_over("lot", "A", owner(1), owner(3)).await.unwrap(), "it is another's");
    assert_eq!(reservations.claim("lot", "A", owner(2)).await.unwrap(), Claim::Granted);
}
