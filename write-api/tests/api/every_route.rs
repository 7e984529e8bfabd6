//! Every route that takes a command, each with a request that succeeds.

use agrodeep_domain::Role;
use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{Ask, PASSWORD, User},
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
    pub stranger: Option<String>,
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

    pub fn by_right<'a>(&self, market: &'a Market) -> Ask<'a> {
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
    let (to_report, _) = market.confirmed().await;
    let (to_cancel_in, _) = market.confirmed().await;
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
            format!("/v1/orders/{to_report}/lines/{product}/report"),
            &[Role::Producer],
            json!({ "available_quantity": 2, "reason": "Le gel a pris le reste" }),
            200,
            Some(&market.other_producer),
        ),
        route(
            Method::POST,
            format!("/v1/orders/{to_cancel_in}/lines/{product}/cancel"),
            &[Role::Buyer, Role::Admin],
            json!({ "reason": "Changement d'avis" }),
            200,
            Some(&market.other_buyer),
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
        // The last: from then on not every day will do for an order.
        route(
            Method::PUT,
            "/v1/producers/me/delivery-terms".to_owned(),
            &[Role::Producer],
            json!({ "time_zone": "Europe/Paris", "cut_off": "16:00", "lead_days": 1, "weekdays": ["friday"] }),
            200,
            None,
        ),
    ]
}
