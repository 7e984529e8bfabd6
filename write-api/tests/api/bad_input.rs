//! Everything that a client could send and should not, to every route: always a problem that names what is wrong, never a
//! 500, and nothing written.

use agrodeep_domain::Role;
use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{App, Ask, PASSWORD, Reply, User},
    journey::{Market, order_body, product_body},
};

/// A route with a request that succeeds, so that what is changed about it is what makes it fail.
pub struct Route {
    pub method: Method,
    pub path: String,
    /// Who may ask; nobody in particular: anyone.
    pub roles: &'static [Role],
    /// A body that is right; null: the route takes none.
    pub body: Value,
    /// The status of the answer to it.
    pub status: u16,
    /// Another's token of the same role, for routes about one's own.
    stranger: Option<String>,
}

impl Route {
    pub fn ask<'a>(&self, market: &'a Market, user: Option<&User>) -> Ask<'a> {
        let ask = market.app.ask(self.method.clone(), &self.path).key(&Uuid::now_v7().to_string());
        let ask = if self.body.is_null() { ask } else { ask.json(&self.body) };
        match user {
            Some(user) => ask.by(user),
            None => ask,
        }
    }

    fn by_right<'a>(&self, market: &'a Market) -> Ask<'a> {
        let user = self.roles.first().map(|role| match role {
            Role::Buyer => &market.buyer,
            Role::Producer => &market.producer,
            Role::Driver => &market.driver,
            _ => &market.admin,
        });
        self.ask(market, user)
    }
}

pub async fn routes(market: &Market) -> Vec<Route> {
    let app = &market.app;
    let to_resume = market.paused_saga().await;
    market.paused_step("mark_delivered").await;
    let to_cancel = market.place().await;
    let to_pay = market.payable().await;
    let paying = market.payable().await;
    let (to_process, _) = market.confirmed().await;
    let (_, to_assign) = market.confirmed().await;
    let (_, to_pick_up) = market.assigned().await;
    let (_, to_deliver) = market.picked_up().await;
    let (_, to_fail) = market.picked_up().await;
    let to_delete =
        app.post("/v1/products").by(&market.producer).json(&product_body()).send().await.text("id");
    let session = json!({ "email": "buyer@test.example", "password": PASSWORD });
    let refresh_token = app.post("/v1/auth/login").json(&session).send().await.text("refresh_token");
    let intent = app.post("/v1/payments/intent").by(&market.buyer).key(&Uuid::now_v7().to_string());
    let intent = intent.json(&json!({ "order_id": paying })).send().await;
    intent.is(201);

    let route = |method, path: String, roles, body, status, stranger: Option<&User>| Route {
        method,
        path,
        roles,
        body,
        status,
        stranger: stranger.map(|user| user.token.clone()),
    };
    let product = market.product_id;
    let point = json!({ "lat": 45.7, "lng": 4.8, "accuracy": 8.5, "timestamp": "2024-08-15T10:30:00Z" });
    vec![
        route(
            Method::POST,
            "/v1/auth/register".to_owned(),
            &[],
            json!({
                "email": "new@test.example", "password": PASSWORD, "role": "buyer", "first_name": "Jean",
                "last_name": "Dupont", "phone": "+33 6 12 34 56 78", "company": "Ferme du Coin",
            }),
            201,
            None,
        ),
        route(Method::POST, "/v1/auth/login".to_owned(), &[], session, 200, None),
        route(
            Method::POST,
            format!("/v1/admin/sagas/{}/retry", market.parked_saga().await),
            &[Role::Admin],
            json!({ "step": "request_payment", "reason": "The provider answers again", "dry_run": false }),
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/admin/sagas/{}/skip", market.unwinding_saga().await),
            &[Role::Admin],
            json!({ "step": "withdraw_payment", "reason": "Nobody was told of it", "dry_run": false }),
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/admin/sagas/{}/abandon", market.saga().await),
            &[Role::Admin],
            json!({ "reason": "The producer has closed", "dry_run": false }),
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/admin/sagas/{}/pause", market.saga().await),
            &[Role::Admin],
            json!({ "reason": "The address is unclear", "dry_run": true }),
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/admin/sagas/{to_resume}/resume"),
            &[Role::Admin],
            json!({ "reason": "The address is right", "dry_run": false }),
            200,
            None,
        ),
        route(
            Method::POST,
            "/v1/admin/sagas/steps/confirm_order/pause".to_owned(),
            &[Role::Admin],
            json!({ "reason": "The database is down" }),
            200,
            None,
        ),
        route(
            Method::POST,
            "/v1/admin/sagas/steps/mark_delivered/resume".to_owned(),
            &[Role::Admin],
            json!({ "reason": "The database is there again" }),
            200,
            None,
        ),
        route(
            Method::POST,
            "/v1/admin/parked/replay-all".to_owned(),
            &[Role::Admin],
            json!({ "projection": "orders" }),
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/admin/parked/{}/retry", crate::parked::PARKED),
            &[Role::Admin],
            Value::Null,
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/admin/parked/{}/skip", crate::parked::PARKED),
            &[Role::Admin],
            json!({ "reason": "Written by a test" }),
            200,
            None,
        ),
        route(
            Method::POST,
            "/v1/admin/projections/orders/rebuild".to_owned(),
            &[Role::Admin],
            json!({ "version": 1, "shards": 2 }),
            202,
            None,
        ),
        route(
            Method::POST,
            "/v1/admin/projections/orders/rebuild/stop".to_owned(),
            &[Role::Admin],
            Value::Null,
            200,
            None,
        ),
        route(
            Method::DELETE,
            "/v1/admin/projections/orders/rebuild".to_owned(),
            &[Role::Admin],
            Value::Null,
            204,
            None,
        ),
        route(
            Method::POST,
            "/v1/auth/refresh".to_owned(),
            &[],
            json!({ "refresh_token": refresh_token }),
            200,
            None,
        ),
        route(Method::POST, "/v1/products".to_owned(), &[Role::Producer], product_body(), 201, None),
        route(
            Method::PUT,
            format!("/v1/products/{product}"),
            &[Role::Producer],
            product_body(),
            200,
            Some(&market.other_producer),
        ),
        route(
            Method::PATCH,
            "/v1/products/batch".to_owned(),
            &[Role::Producer],
            json!({ "updates": [{ "id": product, "stock_quantity": 100 }] }),
            200,
            None,
        ),
        route(
            Method::DELETE,
            format!("/v1/products/{to_delete}"),
            &[Role::Producer],
            Value::Null,
            204,
            Some(&market.other_producer),
        ),
        route(Method::POST, "/v1/orders".to_owned(), &[Role::Buyer], order_body(product), 202, None),
        route(
            Method::POST,
            format!("/v1/orders/{to_cancel}/cancel"),
            &[Role::Buyer, Role::Admin],
            json!({ "reason": "Changement d'avis" }),
            200,
            Some(&market.other_buyer),
        ),
        route(
            Method::POST,
            format!("/v1/orders/{to_process}/process"),
            &[Role::Producer],
            Value::Null,
            200,
            Some(&market.other_producer),
        ),
        route(
            Method::POST,
            "/v1/payments/intent".to_owned(),
            &[Role::Buyer],
            json!({ "order_id": to_pay }),
            201,
            Some(&market.other_buyer),
        ),
        route(
            Method::POST,
            "/v1/payments/simulator/confirm".to_owned(),
            &[],
            json!({ "client_secret": intent.text("client_secret"), "payment_method": "pm_card_visa" }),
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/deliveries/{to_assign}/assign"),
            &[Role::Admin],
            json!({ "driver_id": market.driver.id, "vehicle": "Kangoo" }),
            200,
            None,
        ),
        route(
            Method::POST,
            format!("/v1/deliveries/{to_pick_up}/pickup"),
            &[Role::Driver],
            Value::Null,
            200,
            Some(&market.other_driver),
        ),
        route(
            Method::POST,
            format!("/v1/deliveries/{to_deliver}/positions"),
            &[Role::Driver],
            json!({ "points": [point] }),
            202,
            Some(&market.other_driver),
        ),
        route(
            Method::POST,
            format!("/v1/deliveries/{to_deliver}/deliver"),
            &[Role::Driver],
            json!({ "signature": "Sophie Martin", "photo": "https://cdn.agrodeep.com/photo1.jpg" }),
            200,
            Some(&market.other_driver),
        ),
        route(
            Method::POST,
            format!("/v1/deliveries/{to_fail}/fail"),
            &[Role::Driver],
            json!({ "reason": "Personne à l'adresse" }),
            200,
            Some(&market.other_driver),
        ),
        route(
            Method::POST,
            "/v1/auth/logout".to_owned(),
            &[Role::Buyer, Role::Producer, Role::Driver, Role::Admin, Role::Analyst, Role::Auditor],
            json!({ "refresh_token": "any" }),
            204,
            None,
        ),
    ]
}

/// All places in a body, as pointers, with what stands there.
fn places(body: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, pointer: &str, places: &mut Vec<(String, Value)>) {
        places.push((pointer.to_owned(), value.clone()));
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    walk(value, &format!("{pointer}/{name}"), places);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    walk(value, &format!("{pointer}/{index}"), places);
                }
            }
            _ => {}
        }
    }
    let mut places = Vec::new();
    walk(body, "", &mut places);
    places
}

fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = body.clone();
    *changed.pointer_mut(pointer).unwrap() = value;
    changed
}

#[track_caller]
fn names(reply: &Reply, statuses: &[u16], pointer: &str, what: &str) {
    assert!(statuses.contains(&reply.status), "{what}: {} {}", reply.status, reply.json);
    reply.is_problem(reply.status, reply.json["error"].as_str().unwrap());
    assert_eq!(reply.pointers().first(), Some(&pointer), "{what}: {}", reply.json);
}

/// Sends to every route what `bad` makes of its body, and sees each refused by name.
async fn refused(market: &Market, statuses: &[u16], bad: impl Fn(&Value) -> Vec<(String, Vec<u8>)>) {
    let routes = routes(market).await;
    let head = market.app.head().await;
    for route in &routes {
        for (pointer, body) in bad(&route.body) {
            let what = format!(
                "{} {} {}",
                route.method,
                route.path,
                String::from_utf8_lossy(&body[..body.len().min(300)])
            );
            let reply = route.by_right(market).body(body).send().await;
            names(&reply, statuses, &pointer, &what);
        }
    }
    assert_eq!(market.app.head().await, head, "something was written");
}

#[tokio::test]
async fn what_is_right_is_taken() {
    let market = Market::open().await;
    for route in routes(&market).await {
        if let Some(stranger) = &route.stranger {
            let reply = route.by_right(&market).token(stranger).send().await;
            reply.is_problem(404, "not_found");
        }
        let reply = route.by_right(&market).send().await;
        assert_eq!(reply.status, route.status, "{} {}: {}", route.method, route.path, reply.json);
    }
}

#[tokio::test]
async fn an_unknown_field_is_refused_wherever_it_is() {
    let market = Market::open().await;
    refused(&market, &[422], |body| {
        let places = places(if body.is_null() { const { &Value::Null } } else { body });
        let objects = places.into_iter().filter(|(pointer, value)| {
            value.is_object() && !pointer.ends_with("/name") && !pointer.ends_with("/description")
        });
        let mut bad: Vec<_> = objects
            .map(|(pointer, mut value)| {
                value["role_x"] = json!("admin");
                (format!("{pointer}/role_x"), with(body, &pointer, value).to_string().into_bytes())
            })
            .collect();
        if body.is_null() {
            bad.push(("/role_x".to_owned(), br#"{"role_x":"admin"}"#.to_vec()));
        }
        bad
    })
    .await;
}

#[tokio::test]
async fn a_wrong_type_is_refused_wherever_it_is() {
    let market = Market::open().await;
    refused(&market, &[422], |body| {
        if body.is_null() {
            return ["[]", "7", "\"x\"", "true"].map(|text| (String::new(), text.into())).to_vec();
        }
        let wrong = |value: &Value| match value {
            Value::String(_) => vec![json!(12_345), json!({}), json!(["x"]), json!(true)],
            Value::Number(_) => vec![json!("12"), json!({}), json!([1]), json!(true)],
            Value::Bool(_) => vec![json!("true"), json!(1), json!({}), json!([true])],
            Value::Array(_) => vec![json!({}), json!("x"), json!(7), json!(true)],
            Value::Object(_) => vec![json!([]), json!("x"), json!(7), json!(true)],
            Value::Null => vec![],
        };
        places(body)
            .iter()
            .flat_map(|(pointer, value)| {
                let changed = wrong(value).into_iter();
                changed.map(move |bad| (pointer.clone(), with(body, pointer, bad).to_string().into_bytes()))
            })
            .collect()
    })
    .await;
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let market = Market::open().await;
    refused(&market, &[400], |body| {
        let mut bad: Vec<(String, Vec<u8>)> = vec![
            (String::new(), b"{".to_vec()),
            (String::new(), b"{} {}".to_vec()),
            (String::new(), b"nonsense".to_vec()),
            (String::new(), b"\xff\xfe".to_vec()),
            ("/a".to_owned(), br#"{"a":1,"a":2}"#.to_vec()),
            ("/a".to_owned(), br#"{"a":"\ud800"}"#.to_vec()),
        ];
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        for (pointer, value) in places(body) {
            if value.is_string() {
                let marked = with(body, &pointer, json!("MARK")).to_string();
                bad.push((pointer.clone(), marked.replace("MARK", "a\\u0000b").into_bytes()));
                let (before, after) = marked.split_once("MARK").unwrap();
                bad.push((pointer.clone(), [before.as_bytes(), b"\xc3\x28", after.as_bytes()].concat()));
                let too_deep = marked.replace("\"MARK\"", &deep).into_bytes();
                let levels = 32 - pointer.matches('/').count();
                bad.push((pointer + &"/0".repeat(levels), too_deep));
            }
        }
        bad
    })
    .await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let market = Market::open().await;
    let routes = routes(&market).await;
    let head = market.app.head().await;
    for route in &routes {
        let limit = if route.path.starts_with("/v1/payments") { 128 * 1024 } else { 1024 * 1024 };
        let mut body = if route.body.is_null() { "{}".to_owned() } else { route.body.to_string() };
        body.push_str(&" ".repeat(limit + 1 - body.len()));
        let reply = route.by_right(&market).body(body).send().await;
        reply.is_problem(413, "body_too_large");
    }
    let webhook = market.app.post("/v1/payments/webhook").body("x".repeat(128 * 1024 + 1)).send().await;
    webhook.is_problem(413, "body_too_large");
    assert_eq!(market.app.head().await, head);
}

#[tokio::test]
async fn another_content_type_a_query_or_a_malformed_header_is_refused() {
    let market = Market::open().await;
    let routes = routes(&market).await;
    let head = market.app.head().await;
    for route in &routes {
        if !route.body.is_null() {
            let reply = route.by_right(&market).header("content-type", "text/plain").send().await;
            reply.is_problem(415, "unsupported_media_type");
        }
        let path = format!("{}?dry_run=true", route.path);
        let asked = Route { path, ..clone(route) };
        let reply = asked.by_right(&market).send().await;
        reply.is_problem(400, "invalid_query");
        assert_eq!(reply.json["errors"][0]["parameter"], "dry_run");
        if !route.roles.is_empty() && !route.path.starts_with("/v1/auth") {
            for (name, value) in [("idempotency-key", "a b"), ("if-match", "4")] {
                let reply = route.by_right(&market).header(name, value).send().await;
                reply.is_problem(400, "invalid_header");
                assert!(reply.json["errors"][0]["header"].as_str().unwrap().eq_ignore_ascii_case(name));
            }
        }
    }
    assert_eq!(market.app.head().await, head);
}

fn clone(route: &Route) -> Route {
    Route {
        method: route.method.clone(),
        path: route.path.clone(),
        roles: route.roles,
        body: route.body.clone(),
        status: route.status,
        stranger: route.stranger.clone(),
    }
}

#[tokio::test]
async fn an_id_in_the_path_that_names_nothing_is_not_found() {
    let market = Market::open().await;
    let routes = routes(&market).await;
    let head = market.app.head().await;
    for route in &routes {
        let Some(id) = route.path.split('/').find(|part| part.len() > 20 && part.contains('_')) else {
            continue;
        };
        let (prefix, _) = id.split_once('_').unwrap();
        let other = if prefix == "ord" { "dlv" } else { "ord" };
        for bad in [
            format!("{prefix}_01h455vb4pex5vsknk084sn02q"),
            format!("{other}_01h455vb4pex5vsknk084sn02q"),
            format!("{prefix}_x"),
            id.to_uppercase(),
            format!("{id}%00"),
            "%ff".to_owned(),
            "1%20or%201=1".to_owned(),
        ] {
            let asked = Route { path: route.path.replace(id, &bad), ..clone(route) };
            let reply = asked.by_right(&market).send().await;
            assert_eq!(reply.status, 404, "{}: {}", asked.path, reply.json);
            reply.is_problem(404, "not_found");
        }
    }
    assert_eq!(market.app.head().await, head);
}

/// What is wrong beyond types, by route: where, and what stands there.
async fn absurd<'a>(app: &'a App, ask: impl Fn() -> Ask<'a>, body: &Value, cases: &[(&str, Value)]) {
    let head = app.head().await;
    for (pointer, value) in cases {
        let place = pointer.split(" in ").last().unwrap();
        let reply =
            ask().key(&Uuid::now_v7().to_string()).json(&with(body, place, value.clone())).send().await;
        let named = pointer.split(" in ").next().unwrap();
        let shown: String = value.to_string().chars().take(80).collect();
        names(&reply, &[422], named, &format!("{pointer} {shown}"));
    }
    assert_eq!(app.head().await, head, "something was written");
}

#[tokio::test]
async fn absurd_products_are_refused() {
    let market = Market::open().await;
    let mut body = product_body();
    body["qr_code_data"] = json!("LOT-1");
    let cases = [
        ("/price", json!(0)),
        ("/price", json!(-4.5)),
        ("/price", json!(4.505)),
        ("/price", json!(10_000_000_000_i64)),
        ("/price", serde_json::from_str("1e300").unwrap()),
        ("/stock_quantity", json!(-1)),
        ("/stock_quantity", json!(0.0001)),
        ("/stock_quantity", json!(1_000_000_001)),
        ("/currency", json!("XXX")),
        ("/currency", json!("eur")),
        ("/currency", json!("JPY")),
        ("/unit", json!("")),
        ("/unit", json!("KG!")),
        ("/category_id", json!("vegetables")),
        ("/category_id", json!("cat_É")),
        ("/name", json!({})),
        ("/name/fr", json!("  ")),
        ("/name/fr", json!("x".repeat(201))),
        ("/name/de in /name", json!({ "de": "Tomaten" })),
        ("/description/en", json!("x".repeat(5001))),
        ("/images", json!(vec!["https://a.example/x.jpg"; 11])),
        ("/images/0", json!("javascript:alert(1)")),
        ("/images/0", json!("https://")),
        ("/tags", json!(vec!["x"; 10_000])),
        ("/tags/0", json!("x".repeat(51))),
        ("/tags/1 in /tags", json!(["bio", "bio"])),
        ("/qr_code_data", json!("")),
        ("/qr_code_data", json!("x".repeat(201))),
    ];
    absurd(&market.app, || market.app.post("/v1/products").by(&market.producer), &body, &cases).await;
    let path = format!("/v1/products/{}", market.product_id);
    let put = || market.app.ask(Method::PUT, &path).by(&market.producer);
    absurd(&market.app, put, &body, &cases).await;
    let empty = put().json(&json!({})).send().await;
    names(&empty, &[422], "", "an update of nothing");
    let other_currency = put().json(&json!({ "currency": "USD" })).send().await;
    names(&other_currency, &[422], "/currency", "another currency");
}

#[tokio::test]
async fn absurd_batches_are_refused() {
    let market = Market::open().await;
    let body = json!({ "updates": [{ "id": market.product_id, "stock_quantity": 1 }] });
    let item = body["updates"][0].clone();
    let cases = [
        ("/updates", json!([])),
        ("/updates", json!(vec![item.clone(); 10_000])),
        ("/updates/1/id in /updates", json!([item, item])),
        ("/updates/0/id", json!("prod_x")),
        ("/updates/0/id", json!("ord_01h455vb4pex5vsknk084sn02q")),
        ("/updates/0/stock_quantity", json!(-1)),
        ("/updates/0/stock_quantity", json!(1e12)),
    ];
    let ask = || market.app.ask(Method::PATCH, "/v1/products/batch").by(&market.producer);
    absurd(&market.app, ask, &body, &cases).await;
}

#[tokio::test]
async fn absurd_orders_are_refused() {
    let market = Market::open().await;
    let body = order_body(market.product_id);
    let item = body["items"][0].clone();
    let cases = [
        ("/items", json!([])),
        ("/items", json!(vec![item.clone(); 10_000])),
        ("/items/1/product_id in /items", json!([item, item])),
        ("/items/0/product_id", json!("prod_01h455vb4pex5vsknk084sn02q")),
        ("/items/0/product_id", json!("ord_01h455vb4pex5vsknk084sn02q")),
        ("/items/0/product_id", json!("'; drop table events; --")),
        ("/items/0/quantity", json!(0)),
        ("/items/0/quantity", json!(-2)),
        ("/items/0/quantity", json!(0.0001)),
        ("/items/0/quantity", json!(1_000_000_000_000_i64)),
        ("/items/0/quantity", json!(1_000_000_000)),
        ("/items/0/notes", json!("x".repeat(1001))),
        ("/shipping_address/street", json!(" ")),
        ("/shipping_address/city", json!("x".repeat(101))),
        ("/shipping_address/country", json!("France")),
        ("/shipping_address/country", json!("XX")),
        ("/shipping_address/latitude", json!(90.01)),
        ("/shipping_address/longitude", json!(-181)),
        ("/billing_address/zip_code", json!("")),
        ("/preferred_delivery_date", json!("17/08/2024")),
        ("/preferred_delivery_date", json!("2024-02-30")),
        ("/preferred_delivery_date", json!("9999-01-01")),
        ("/notes", json!("x".repeat(1001))),
    ];
    absurd(&market.app, || market.app.post("/v1/orders").by(&market.buyer), &body, &cases).await;
    let mut half_a_place = body.clone();
    half_a_place["shipping_address"].as_object_mut().unwrap().remove("longitude");
    let reply = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&half_a_place).send().await;
    names(&reply, &[422], "/shipping_address/longitude", "half a place");
    let delisted = format!("/v1/products/{}", market.product_id);
    market.app.ask(Method::DELETE, &delisted).by(&market.producer).send().await.is(204);
    let reply = market.app.post("/v1/orders").by(&market.buyer).key("l").json(&body).send().await;
    names(&reply, &[422], "/items/0/product_id", "a delisted product");
}

#[tokio::test]
async fn two_currencies_in_one_order_are_refused() {
    let market = Market::open().await;
    let mut dollars = product_body();
    dollars["currency"] = json!("USD");
    let other = market.app.post("/v1/products").by(&market.producer).json(&dollars).send().await.text("id");
    let mut body = order_body(market.product_id);
    body["items"].as_array_mut().unwrap().push(json!({ "product_id": other, "quantity": 1 }));
    let reply = market.app.post("/v1/orders").by(&market.buyer).key("k").json(&body).send().await;
    names(&reply, &[422], "/items/1/product_id", "two currencies");
}

#[tokio::test]
async fn absurd_accounts_are_refused() {
    let market = Market::open().await;
    let body = json!({
        "email": "a@b.example", "password": PASSWORD, "role": "buyer", "first_name": "A", "last_name": "B",
        "phone": "+33 1", "company": "C",
    });
    let cases = [
        ("/email", json!("no address")),
        ("/email", json!(format!("{}@b.example", "a".repeat(300)))),
        ("/password", json!("1234567")),
        ("/password", json!("x".repeat(257))),
        ("/role", json!("admin")),
        ("/role", json!("auditor")),
        ("/role", json!("")),
        ("/first_name", json!("")),
        ("/last_name", json!("x".repeat(101))),
        ("/last_name", json!("a\u{7}b")),
        ("/phone", json!("call me")),
        ("/company", json!("x".repeat(201))),
    ];
    absurd(&market.app, || market.app.post("/v1/auth/register"), &body, &cases).await;
}

#[tokio::test]
async fn absurd_deliveries_are_refused() {
    let market = Market::open().await;
    let (_, delivery_id) = market.picked_up().await;
    let point = json!({ "lat": 45.7, "lng": 4.8, "accuracy": 8.5, "timestamp": "2024-08-15T10:30:00Z" });
    let path = |what: &str| format!("/v1/deliveries/{delivery_id}/{what}");
    let positions = path("positions");
    let cases = [
        ("/points", json!([])),
        ("/points", json!(vec![point.clone(); 501])),
        ("/points", json!(vec![point.clone(); 10_000])),
        ("/points/0/lat", json!(91)),
        ("/points/0/lng", json!(180.5)),
        ("/points/0/accuracy", json!(-1)),
        ("/points/0/accuracy", json!(1e9)),
        ("/points/0/timestamp", json!("yesterday")),
        ("/points/0/timestamp", json!("2024-08-15 10:30")),
        ("/points/0/timestamp", json!("2999-01-01T00:00:00Z")),
        ("/points/0/timestamp", json!("1970-01-01T00:00:00Z")),
    ];
    let body = json!({ "points": [point] });
    absurd(&market.app, || market.app.post(&positions).by(&market.driver), &body, &cases).await;

    let assign = path("assign");
    let body = json!({ "driver_id": market.driver.id, "vehicle": "Kangoo" });
    let cases = [
        ("/driver_id", json!(market.buyer.id)),
        ("/driver_id", json!("usr_01h455vb4pex5vsknk084sn02q")),
        ("/driver_id", json!("x")),
        ("/vehicle", json!("x".repeat(101))),
    ];
    absurd(&market.app, || market.app.post(&assign).by(&market.admin), &body, &cases).await;

    let deliver = path("deliver");
    let body = json!({ "signature": "S", "photo": "P" });
    let cases = [
        ("/signature", json!("")),
        ("/signature", json!("x".repeat(100_001))),
        ("/photo", json!(" ")),
        ("/photo", json!("x".repeat(4097))),
    ];
    absurd(&market.app, || market.app.post(&deliver).by(&market.driver), &body, &cases).await;

    let fail = path("fail");
    let cases = [("/reason", json!("")), ("/reason", json!("x".repeat(501)))];
    absurd(&market.app, || market.app.post(&fail).by(&market.driver), &json!({ "reason": "R" }), &cases)
        .await;
}

#[tokio::test]
async fn absurd_payments_are_refused() {
    let market = Market::open().await;
    let order_id = market.payable().await;
    let cases = [("/order_id", json!("")), ("/order_id", json!("prod_01h455vb4pex5vsknk084sn02q"))];
    let body = json!({ "order_id": order_id });
    absurd(&market.app, || market.app.post("/v1/payments/intent").by(&market.buyer), &body, &cases).await;
    let unknown = market.app.post("/v1/payments/intent").by(&market.buyer).key("k");
    let unknown = unknown.json(&json!({ "order_id": "ord_01h455vb4pex5vsknk084sn02q" })).send().await;
    unknown.is_problem(404, "not_found");
    let body = json!({ "client_secret": "s", "payment_method": "pm_card_visa" });
    let cases = [("/payment_method", json!("pm_gold")), ("/payment_method", json!(""))];
    absurd(&market.app, || market.app.post("/v1/payments/simulator/confirm"), &body, &cases).await;
    let unknown = market.app.post("/v1/payments/simulator/confirm").json(&body).send().await;
    names(&unknown, &[404], "/client_secret", "an unknown secret");
}

#[tokio::test]
async fn a_missing_field_is_refused_by_name() {
    let market = Market::open().await;
    let routes = routes(&market).await;
    let head = market.app.head().await;
    for route in &routes {
        let optional = [
            "description",
            "images",
            "tags",
            "is_organic",
            "is_fair_trade",
            "qr_code_data",
            "phone",
            "company",
            "notes",
            "billing_address",
            "preferred_delivery_date",
            "vehicle",
            "reason",
            "projection",
            "version",
            "shards",
        ];
        let Some(fields) = route.body.as_object() else { continue };
        if route.method == Method::PUT || route.path.ends_with("/cancel") {
            continue;
        }
        for name in
            fields.keys().filter(|name| !optional.contains(&name.as_str()) || route.path.ends_with("/fail"))
        {
            // A choice about a fulfilment is made unless it says otherwise, and a retry is of all that is parked.
            if name == "dry_run" || (name == "step" && route.path.ends_with("/retry")) {
                continue;
            }
            let mut without = route.body.clone();
            without.as_object_mut().unwrap().remove(name);
            let reply = route.by_right(&market).json(&without).send().await;
            names(&reply, &[422], &format!("/{name}"), &route.path);
        }
        if ["/replay-all", "/rebuild", "/retry", "/resume"].iter().any(|end| route.path.ends_with(end)) {
            // Without a body it is all of it, or as it is usually done.
            continue;
        }
        let reply = route.by_right(&market).body("").send().await;
        names(&reply, &[400], "", &route.path);
    }
    assert_eq!(market.app.head().await, head);
}
