use agrodeep_commands::idempotency::{Begun, Claim, Fingerprint, Idempotency, StoredAnswer};

use crate::market::Market;

fn request(body: &str) -> Fingerprint {
    Fingerprint::of("POST", "/v1/orders", body.as_bytes())
}

fn answer(status: u16, body: &[u8]) -> StoredAnswer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    StoredAnswer {
        status,
        headers: vec![header("location", "/v1/orders/ord_1"), header("etag", "\"1\""), header("etag", "é")],
        body: body.to_owned(),
    }
}

async fn started(idempotency: &Idempotency, key: &str) -> Claim {
    match idempotency.begin("usr_1", key, request("{}")).await.unwrap() {
        Begun::Started(claim) => claim,
        other => panic!("{other:?}"),
    }
}

const THE_LEASE_PASSES: &str =
    "update idempotency_keys set leased_until = leased_until - interval '11 seconds'";
const A_DAY_PASSES: &str = "update idempotency_keys set created_at = created_at - interval '25 hours'";

#[test]
fn nothing_moves_from_one_part_of_a_request_to_the_next() {
    let requests = [
        Fingerprint::of("POST", "/a", b"b"),
        Fingerprint::of("POST", "/ab", b""),
        Fingerprint::of("POST/", "a", b"b"),
        Fingerprint::of("PATCH", "/a", b"b"),
    ];
    for (i, one) in requests.iter().enumerate() {
        assert!(requests[i + 1..].iter().all(|other| other != one));
    }
    assert_eq!(requests[0], Fingerprint::of("POST", "/a", b"b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_fifty_identical_requests_is_done_and_the_others_get_its_answer() {
    let market = Market::open().await;
    let instances = [market.commands.idempotency.clone(), market.another_instance().await.idempotency];
    let begin_all = || {
        let begun = (0..50).map(|i| {
            let idempotency = instances[i % 2].clone();
            tokio::spawn(async move { idempotency.begin("usr_1", "key", request("{}")).await.unwrap() })
        });
        futures::future::join_all(begun)
    };

    let mut claims = Vec::new();
    for begun in begin_all().await {
        match begun.unwrap() {
            Begun::Started(claim) => claims.push(claim),
            Begun::InFlight => {}
            other => panic!("{other:?}"),
        }
    }
    let [claim] = claims.as_slice() else { panic!("{claims:?}") };
    assert_eq!(claim.attempt, 1);

    let first = answer(202, b"{\"order_id\":\"ord_1\"}\n\x00\xff");
    assert_eq!(instances[0].finish(claim, first.clone()).await.unwrap(), first);
    for begun in begin_all().await {
        assert_eq!(begun.unwrap(), Begun::Replay(first.clone()));
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_principal() {
    let idempotency = Market::open().await.commands.idempotency;
    let claim = started(&idempotency, "key").await;
    let other = request("{\"x\":1}");
    assert_eq!(idempotency.begin("usr_1", "key", other).await.unwrap(), Begun::Mismatch);
    idempotency.finish(&claim, answer(422, b"no")).await.unwrap();
    assert_eq!(idempotency.begin("usr_1", "key", other).await.unwrap(), Begun::Mismatch);
    assert!(matches!(idempotency.begin("usr_2", "key", other).await.unwrap(), Begun::Started(_)));
    assert!(matches!(idempotency.begin("usr_1", "other", other).await.unwrap(), Begun::Started(_)));

    // Also when they come at the same moment.
    let (a, b) = tokio::join!(
        idempotency.begin("usr_3", "key", request("{}")),
        idempotency.begin("usr_3", "key", other)
    );
    assert!(matches!(a.unwrap(), Begun::Started(_)));
    assert_eq!(b.unwrap(), Begun::Mismatch);
}

#[tokio::test]
async fn a_key_whose_holder_has_died_is_taken_over_with_the_same_command_id() {
    let market = Market::open().await;
    let (dead, living) = (&market.commands.idempotency, market.another_instance().await.idempotency);
    let first = started(dead, "key").await;
    assert_eq!(living.begin("usr_1", "key", request("{}")).await.unwrap(), Begun::InFlight);

    market.sql(THE_LEASE_PASSES).await;
    assert_eq!(living.begin("usr_1", "key", request("{ }")).await.unwrap(), Begun::Mismatch);
    let second = started(&living, "key").await;
    assert_eq!(second.command_id, first.command_id);
    assert_eq!(second.attempt, 2);
    assert_eq!(dead.begin("usr_1", "key", request("{}")).await.unwrap(), Begun::InFlight);

    // The holder was only slow: it can no longer give the key away, and the answer that comes first counts for both.
    dead.release(&first).await.unwrap();
    assert_eq!(dead.begin("usr_1", "key", request("{}")).await.unwrap(), Begun::InFlight);
    let (slow, fast) = (answer(202, b"slow"), answer(202, b"fast"));
    assert_eq!(living.finish(&second, fast.clone()).await.unwrap(), fast);
    assert_eq!(dead.finish(&first, slow).await.unwrap(), fast);
    assert_eq!(dead.begin("usr_1", "key", request("{}")).await.unwrap(), Begun::Replay(fast));
}

#[tokio::test]
async fn an_answer_is_stored_once_also_when_two_come_at_the_same_moment() {
    let market = Market::open().await;
    let idempotency = &market.commands.idempotency;
    let first = started(idempotency, "key").await;
    market.sql(THE_LEASE_PASSES).await;
    let second = started(idempotency, "key").await;
    let (one, other) = tokio::join!(
        idempotency.finish(&first, answer(202, b"one")),
        idempotency.finish(&second, answer(202, b"other")),
    );
    let one = one.unwrap();
    assert_eq!(one, other.unwrap());
    assert_eq!(idempotency.begin("usr_1", "key", request("{}")).await.unwrap(), Begun::Replay(one));
}

#[tokio::test]
async fn after_a_failure_of_ours_the_same_command_may_be_tried_again() {
    let idempotency = Market::open().await.commands.idempotency;
    let first = started(&idempotency, "key").await;
    let failure = answer(503, b"later");
    assert_eq!(idempotency.finish(&first, failure.clone()).await.unwrap(), failure);
    let second = started(&idempotency, "key").await;
    assert_eq!((second.command_id, second.attempt), (first.command_id, 2));
    idempotency.release(&second).await.unwrap();
    assert_eq!(started(&idempotency, "key").await.attempt, 3);
}

#[tokio::test]
async fn at_a_start_all_unanswered_keys_are_free_and_answers_stay() {
    let market = Market::open().await;
    let idempotency = &market.commands.idempotency;
    let dead = started(idempotency, "dead").await;
    let answered = started(idempotency, "answered").await;
    idempotency.finish(&answered, answer(201, b"done")).await.unwrap();

    let restarted = market.another_instance().await.idempotency;
    assert_eq!(restarted.release_claims_of_dead_instances().await.unwrap(), 1);
    let again = started(&restarted, "dead").await;
    assert_eq!((again.command_id, again.attempt), (dead.command_id, 2));
    let replay = restarted.begin("usr_1", "answered", request("{}")).await.unwrap();
    assert_eq!(replay, Begun::Replay(answer(201, b"done")));
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_and_then_means_nothing() {
    let market = Market::open().await;
    let idempotency = &market.commands.idempotency;
    let first = started(idempotency, "old").await;
    idempotency.finish(&first, answer(202, b"done")).await.unwrap();
    assert_eq!(idempotency.purge().await.unwrap(), 0);

    market.sql(A_DAY_PASSES).await;
    let Begun::Started(second) = idempotency.begin("usr_1", "old", request("{ }")).await.unwrap() else {
        panic!("the key is old")
    };
    assert_ne!(second.command_id, first.command_id);
    assert_eq!(second.attempt, 1);
    started(idempotency, "new").await;

    market
        .sql("update idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'")
        .await;
    assert_eq!(idempotency.purge().await.unwrap(), 1);
    assert_eq!(idempotency.begin("usr_1", "new", request("{}")).await.unwrap(), Begun::InFlight);
}

#[tokio::test]
async fn a_key_that_postgres_cannot_hold_fails_alone() {
    let idempotency = Market::open().await.commands.idempotency;
    let (good, bad, other) = tokio::join!(
        idempotency.begin("usr_1", "good", request("{}")),
        idempotency.begin("usr_1", "\0", request("{}")),
        idempotency.begin("usr_1", "other", request("{}")),
    );
    assert!(matches!(good.unwrap(), Begun::Started(_)));
    assert!(bad.is_err());
    assert!(matches!(other.unwrap(), Begun::Started(_)));
}
