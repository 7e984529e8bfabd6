//! Everything that a client could send and should not, to every route: always a problem that names what is wrong, never a
//! 500, and nothing written.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    app::Reply,
    every_route::{Route, routes},
    journey::Market,
};

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

pub fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = body.clone();
    *changed.pointer_mut(pointer).unwrap() = value;
    changed
}

#[track_caller]
pub fn names(reply: &Reply, statuses: &[u16], pointer: &str, what: &str) {
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
