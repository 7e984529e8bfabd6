//! Who may use which route, and whose things they see: every role on every route.

use crate::{
    people::{
        ADMIN, ANALYST, AUDITOR, BEEKEEPER, BUYER, DRIVER, EVERYBODY, GROWER, OTHER_BUYER, OTHER_DRIVER,
        OTHER_PRODUCER, Person, bad_tokens,
    },
    story::{Tale, catalogue, tomatoes},
    world::World,
};

/// Every route, with what it answers to each of [`EVERYBODY`].
fn matrix(tale: Tale) -> Vec<(String, [u16; 10])> {
    // Claire, Paul, Jean, Marie, Luc, Sophie, Karim, Anne, Hugo, Inès: buyers, producers, drivers, admin, analyst, auditor.
    let all = [200; 10];
    let lists = [200, 200, 200, 200, 200, 403, 403, 200, 403, 200];
    let order = [200, 404, 200, 200, 404, 403, 403, 200, 403, 200];
    let track = [200, 404, 403, 403, 403, 200, 404, 200, 403, 403];
    let streams = [403, 403, 403, 403, 403, 403, 403, 200, 200, 200];
    let admin = [403, 403, 403, 403, 403, 403, 403, 200, 403, 403];
    let path = format!("/v1/orders/{}", tale.order_id());
    vec![
        ("/v1/events".to_owned(), streams),
        ("/v1/streams".to_owned(), streams),
        (format!("/v1/streams/{}", tale.order_id()), streams),
        ("/v1/operations/payments".to_owned(), admin),
        ("/v1/operations/sagas".to_owned(), admin),
        ("/v1/operations/sagas/steps".to_owned(), admin),
        (format!("/v1/operations/sagas/{}", tale.order_id()), admin),
        ("/v1/auth/me".to_owned(), all),
        ("/v1/ai/recommendations".to_owned(), [200, 200, 403, 403, 403, 403, 403, 403, 403, 403]),
        (format!("/v1/producers/{}/delivery-terms", GROWER.id()), all),
        ("/v1/products".to_owned(), all),
        (format!("/v1/products/{}", tomatoes()), all),
        ("/v1/products/search?q=tomate".to_owned(), all),
        ("/v1/search?q=tomate".to_owned(), all),
        ("/v1/orders".to_owned(), lists),
        (path.clone(), order),
        (format!("{path}?version=1"), order),
        (format!("{path}?as_of=2024-08-15T11:30:00Z"), order),
        (format!("{path}/history"), order),
        (format!("/v1/deliveries/{}/track", tale.delivery_id(1)), track),
    ]
}

async fn world() -> (World, Tale) {
    let world = World::with_index().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_in_transit()).await;
    (world, tale)
}

#[tokio::test]
async fn nobody_reads_what_is_not_theirs() {
    let everybody: [Person; 10] = [
        BUYER,
        OTHER_BUYER,
        GROWER,
        BEEKEEPER,
        OTHER_PRODUCER,
        DRIVER,
        OTHER_DRIVER,
        ADMIN,
        ANALYST,
        AUDITOR,
    ];
    assert_eq!(everybody, EVERYBODY);
    let (world, tale) = world().await;
    for (path, expected) in matrix(tale) {
        for (who, expected) in EVERYBODY.into_iter().zip(expected) {
            let answer = world.get(who, &path).await;
            assert_eq!(answer.status.as_u16(), expected, "{} ({}) asks for {path}", who.name, who.role);
            match expected {
                403 => assert_eq!(answer.problem(403)["error"], "forbidden"),
                404 => assert_eq!(answer.problem(404)["error"], "not_found"),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn anothers_order_looks_like_one_that_does_not_exist() {
    let (world, tale) = world().await;
    let unknown = Tale::new(7);
    for suffix in ["", "?version=1", "?as_of=2024-08-15T11:30:00Z", "/history"] {
        let mut anothers =
            world.get(OTHER_BUYER, &format!("/v1/orders/{}{suffix}", tale.order_id())).await.json();
        let mut none =
            world.get(OTHER_BUYER, &format!("/v1/orders/{}{suffix}", unknown.order_id())).await.json();
        anothers["instance"] = none["instance"].take();
        none["instance"] = anothers["instance"].clone();
        assert_eq!(anothers, none, "{suffix}");
    }
}

#[tokio::test]
async fn without_a_token_that_counts_nothing_is_answered() {
    let (world, tale) = world().await;
    for (path, _) in matrix(tale) {
        let answer = world.send(&path, &[]).await;
        assert_eq!(answer.problem(401)["error"], "missing_token", "{path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        for (why, token) in bad_tokens() {
            let answer = world.send(&path, &[("authorization", format!("Bearer {token}"))]).await;
            let error = answer.problem(401)["error"].clone();
            assert_eq!(
                error,
                if why == "expired" { "token_expired" } else { "invalid_token" },
                "{path}, {why}"
            );
        }
        let answer = world.send(&path, &[("authorization", format!("Basic {}", ADMIN.token()))]).await;
        answer.problem(401);
    }
}

#[tokio::test]
async fn the_signed_in_user_learns_who_they_are_and_what_they_may_do() {
    let (world, _) = world().await;
    let answer = world.get(GROWER, "/v1/auth/me").await;
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(
        answer.ok(),
        serde_json::json!({
            "id": GROWER.id().to_string(),
            "email": "jean@example.com",
            "role": "producer",
            "permissions": GROWER.role.permissions(),
            "profile": {
                "first_name": "Jean", "last_name": "Martin", "phone": null, "company": "Ferme de Jean",
                "created_at": "2024-08-15T10:32:00Z",
            },
            "version": 1,
        })
    );
}
