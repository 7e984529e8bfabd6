//! Whatever a client sends, it hears what is wrong with it; never is it our fault.

use crate::{
    people::{ADMIN, BUYER, GROWER},
    story::{Tale, catalogue, tomatoes},
    world::World,
};

async fn world() -> (World, Tale) {
    let world = World::new().await;
    world.happen_all(catalogue()).await;
    let tale = Tale::new(1);
    world.happen_all(tale.until_confirmed()).await;
    (world, tale)
}

/// Every route that answers, with what it needs at least.
fn routes(tale: Tale) -> Vec<String> {
    vec![
        "/v1/auth/me?".to_owned(),
        "/v1/products?".to_owned(),
        format!("/v1/products/{}?", tomatoes()),
        "/v1/search?q=tomate&".to_owned(),
        "/v1/products/search?q=tomate&".to_owned(),
        "/v1/orders?".to_owned(),
        format!("/v1/orders/{}?", tale.order_id()),
        format!("/v1/orders/{}/history?", tale.order_id()),
        format!("/v1/deliveries/{}/track?", tale.delivery_id(1)),
        "/v1/events?".to_owned(),
        "/v1/streams?".to_owned(),
        "/v1/operations/payments?".to_owned(),
        format!("/v1/producers/{}/delivery-terms?", GROWER.id()),
        "/v1/operations/sagas?".to_owned(),
        "/v1/operations/sagas/steps?".to_owned(),
        format!("/v1/operations/sagas/{}?", tale.order_id()),
        format!("/v1/streams/{}?", tale.order_id()),
    ]
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_by_name_on_every_route() {
    let (world, tale) = world().await;
    for route in routes(tale) {
        for (query, name) in
            [("colour=red", "colour"), ("%00=1", ""), ("x=%00", "x"), ("as_of[]=1", "as_of[]")]
        {
            let problem = world.get(ADMIN, &format!("{route}{query}")).await.problem(400);
            assert_eq!(problem["error"], "invalid_query", "{route}{query}");
            assert_eq!(problem["errors"][0]["parameter"], name, "{route}{query}");
        }
    }
}

#[tokio::test]
async fn a_parameter_that_cannot_be_is_refused_by_name() {
    let (world, tale) = world().await;
    let long = format!("q={}", "a".repeat(10_000));
    let paging = [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=", "page"),
        ("page=1000000000", "page"),
        ("page=99999999999999999999", "page"),
        ("page=1&page=2", "page"),
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=ten", "limit"),
        ("limit=%00", "limit"),
        ("limit=%FF", "limit"),
    ];
    let filters = [
        ("category=Vegetables", "category"),
        ("category=", "category"),
        ("category=%27%3B%20drop%20table%20products", "category"),
        ("min_price=-1", "min_price"),
        ("min_price=1e3", "min_price"),
        ("max_price=4,50", "max_price"),
        ("max_price=4.555", "max_price"),
        ("max_price=99999999999", "max_price"),
        ("min_price=5&max_price=4", "min_price"),
        ("is_organic=yes", "is_organic"),
        ("is_organic=1", "is_organic"),
        ("producer=42", "producer"),
        ("producer=prod_01h455vb4pex5vsknk084sn02q", "producer"),
        ("in_stock=1", "in_stock"),
        ("in_stock=", "in_stock"),
        ("sort=colour", "sort"),
        ("sort=", "sort"),
        ("near=45.7,4.8", "near"),
    ];
    let order = format!("/v1/orders/{}", tale.order_id());
    let mut cases: Vec<(String, &str, &str)> = Vec::new();
    for path in ["/v1/products?", "/v1/search?q=a&", "/v1/products/search?q=a&"] {
        cases.extend(paging.iter().chain(&filters).map(|(query, name)| (path.to_owned(), *query, *name)));
    }
    cases.extend(paging.iter().map(|(query, name)| ("/v1/orders?".to_owned(), *query, *name)));
    for path in ["/v1/search?", "/v1/products/search?"] {
        for (query, name) in [
            ("", "q"),
            ("q=", "q"),
            ("q=%20%20", "q"),
            ("q=%00", "q"),
            ("q=a%00b", "q"),
            ("q=%FF%FE", "q"),
            ("q=%C3%28", "q"),
            (long.as_str(), "q"),
            ("q=a&q=b", "q"),
            ("q=a&lang=de", "lang"),
            ("q=a&sort=distance", "sort"),
        ] {
            cases.push((path.to_owned(), query, name));
        }
    }
    for (query, name) in [("status=lost", "status"), ("status=", "status"), ("status=Pending", "status")] {
        cases.push(("/v1/orders?".to_owned(), query, name));
    }
    for (query, name) in [
        ("version=0", "version"),
        ("version=-1", "version"),
        ("version=x", "version"),
        ("version=1.0", "version"),
        ("version=99999999999999999999", "version"),
        ("as_of=yesterday", "as_of"),
        ("as_of=", "as_of"),
        ("as_of=2024-08-15", "as_of"),
        ("as_of=2024-02-30T10:00:00Z", "as_of"),
        ("as_of=2999-01-01T00:00:00Z", "as_of"),
        ("as_of=%FF", "as_of"),
        ("as_of=2024-08-15T11:00:00Z&version=1", "version"),
    ] {
        cases.push((format!("{order}?"), query, name));
    }
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=1000000000", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=99999999999999999999", "cursor"),
        ("page=1", "page"),
    ] {
        cases.push((format!("{order}/history?"), query, name));
    }
    for (path, query, name) in cases {
        let problem = world.get(BUYER, &format!("{path}{query}")).await.problem(400);
        let shown = &query[..query.len().min(60)];
        assert_eq!(problem["error"], "invalid_query", "{path}{shown}");
        assert_eq!(problem["errors"][0]["parameter"], name, "{path}{shown}");
    }
}

#[tokio::test]
async fn a_malformed_id_names_nothing() {
    let (world, tale) = world().await;
    let another_kind = tale.order_id().to_string().replace("ord_", "usr_");
    let upper = tale.order_id().to_string().to_uppercase();
    let ids = ["x", "ord_", "%00", "%FF", "%2e%2e", "1", "'", &another_kind, &upper, &"a".repeat(5000)];
    for id in ids {
        for path in [
            format!("/v1/products/{id}"),
            format!("/v1/orders/{id}"),
            format!("/v1/orders/{id}?version=1"),
            format!("/v1/orders/{id}/history"),
            format!("/v1/deliveries/{id}/track"),
        ] {
            assert_eq!(world.get(ADMIN, &path).await.problem(404)["error"], "not_found", "{path}");
        }
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_is_refused_by_name_on_every_route() {
    let (world, tale) = world().await;
    for route in routes(tale) {
        for value in ["", "x", "-1", "1.0", "99999999999999999999", "1, 2"] {
            let headers = [
                ("authorization", format!("Bearer {}", ADMIN.token())),
                ("agrodeep-min-position", value.to_owned()),
            ];
            let problem = world.send(route.trim_end_matches(['?', '&']), &headers).await.problem(400);
            assert_eq!(problem["errors"][0]["header"], "Agrodeep-Min-Position", "{route} {value}");
        }
    }
}

#[tokio::test]
async fn a_client_that_has_nonsense_gets_the_answer() {
    let (world, tale) = world().await;
    for value in ["x", "\"", "W/", ",,,", "\"999999999999999999999999\""] {
        let path = format!("/v1/orders/{}", tale.order_id());
        world.get_with(BUYER, &path, &[("if-none-match", value)]).await.ok();
    }
}

#[tokio::test]
async fn a_route_or_method_that_is_not_there_says_so() {
    let (world, tale) = world().await;
    for path in ["/", "/v1", "/v1/nothing", "/v2/products", "/v1/orders/", "/v1/products//"] {
        assert_eq!(world.get(ADMIN, path).await.problem(404)["error"], "not_found", "{path}");
    }
    // Not built yet: not there, rather than there by half.
    world.get(BUYER, &format!("/v1/orders/{}/invoice.pdf", tale.order_id())).await.problem(404);
}
