//! Opening accounts, coming in, staying in, leaving.

use agrodeep_domain::{Account, AccountId, Actor, Personal, Role};
use agrodeep_write_api::accounts::{ImportedAccount, import_accounts};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, PASSWORD};

fn marie() -> Value {
    json!({
        "email": "Marie@Ferme.example", "password": PASSWORD, "role": "producer", "first_name": "Marie",
        "last_name": "Dupont", "phone": "+33 6 12 34 56 78", "company": "Ferme du Coin",
    })
}

async fn login(app: &App, email: &str, password: &str) -> crate::app::Reply {
    app.post("/v1/auth/login").json(&json!({ "email": email, "password": password })).send().await
}

#[tokio::test]
async fn whoever_registers_can_come_in() {
    let app = App::start().await;
    let registered = app.post("/v1/auth/register").json(&marie()).send().await;
    registered.is(201);
    assert_eq!(registered.header("etag"), "\"1\"");
    assert_eq!(registered.header("agrodeep-position"), "1");
    assert_eq!(registered.json["email"], "marie@ferme.example");
    assert_eq!(registered.json["role"], "producer");
    assert!(!String::from_utf8_lossy(&registered.bytes).contains(PASSWORD));

    let login = login(&app, " MARIE@ferme.example", PASSWORD).await;
    login.is(200);
    assert_eq!(login.json["expires_in"], 900);
    assert_eq!(login.json["token_type"], "Bearer");
    assert_eq!(login.json["user"], registered.json);
    assert_eq!(login.json["user"]["mfa_enabled"], false);
    let product = app.post("/v1/products").token(&login.text("access_token"));
    product.json(&crate::journey::product_body()).send().await.is(201);
}

#[tokio::test]
async fn one_address_has_one_account() {
    let app = App::start().await;
    app.post("/v1/auth/register").json(&marie()).send().await.is(201);
    let head = app.head().await;
    let mut again = marie();
    again["email"] = json!("marie@FERME.example");
    again["password"] = json!("another-password");
    let refused = app.post("/v1/auth/register").json(&again).send().await;
    refused.is_problem(409, "email_taken");
    assert_eq!(refused.pointers(), ["/email"]);
    assert_eq!(app.head().await, head);
    login(&app, "marie@ferme.example", "another-password").await.is_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn of_many_who_race_for_an_address_one_gets_it_and_only_their_password_opens() {
    let app = App::start().await;
    let race = (0..8).map(|n| {
        let mut body = marie();
        body["password"] = json!(format!("password-{n}"));
        body["first_name"] = json!(format!("Marie {n}"));
        let ask = app.post("/v1/auth/register").json(&body);
        async move { (n, ask.send().await) }
    });
    let replies = join_all(race).await;
    let winners: Vec<_> = replies.iter().filter(|(_, reply)| reply.status == 201).collect();
    assert_eq!(winners.len(), 1);
    let (winner, won) = winners[0];
    for (n, reply) in &replies {
        if n != winner {
            reply.is_problem(409, "email_taken");
        }
        let login = login(&app, "marie@ferme.example", &format!("password-{n}")).await;
        assert_eq!(login.status, if n == winner { 200 } else { 401 });
        if n == winner {
            assert_eq!(login.json["user"], won.json);
            assert_eq!(login.json["user"]["first_name"], format!("Marie {n}"));
        }
    }
    assert_eq!(app.head().await.0, 1);
}

#[tokio::test]
async fn a_registration_that_died_before_the_log_is_completed_by_the_next() {
    let app = App::start().await;
    let dead = Uuid::now_v7();
    sqlx::query("insert into accounts (account_id, email) values ($1, 'marie@ferme.example')")
        .bind(dead)
        .execute(app.database.pool())
        .await
        .unwrap();
    sqlx::query(
        "insert into account_registrations (command_id, account_id, password_hash) values ($1, $1, 'x')",
    )
    .bind(dead)
    .execute(app.database.pool())
    .await
    .unwrap();
    login(&app, "marie@ferme.example", PASSWORD).await.is_problem(401, "invalid_credentials");
    let registered = app.post("/v1/auth/register").json(&marie()).send().await;
    registered.is(201);
    assert_eq!(registered.text("id"), AccountId::from_uuid(dead).to_string());
    login(&app, "marie@ferme.example", PASSWORD).await.is(200);
}

/// As if the process had died after the log took the account, and before the table knew.
async fn forget_completion(app: &App) {
    sqlx::query(
        "with forgotten as (
             update accounts a set registered_at = null, password_hash = null
             from (select account_id, password_hash from accounts) was where was.account_id = a.account_id
             returning a.account_id, was.password_hash
         )
         insert into account_registrations (command_id, account_id, password_hash)
         select e.command_id, f.account_id, f.password_hash from forgotten f
         join events e on e.aggregate_id = f.account_id::text and e.sequence = 1",
    )
    .execute(app.database.pool())
    .await
    .unwrap();
}

#[tokio::test]
async fn a_registration_that_died_after_the_log_is_completed_by_whoever_comes_next() {
    let app = App::start().await;
    app.post("/v1/auth/register").key("k").json(&marie()).send().await.is(201);
    forget_completion(&app).await;
    login(&app, "marie@ferme.example", PASSWORD).await.is(200);

    forget_completion(&app).await;
    let mut thief = marie();
    thief["password"] = json!("the-thiefs-own");
    app.post("/v1/auth/register").json(&thief).send().await.is_problem(409, "email_taken");
    login(&app, "marie@ferme.example", "the-thiefs-own").await.is_problem(401, "invalid_credentials");
    login(&app, "marie@ferme.example", PASSWORD).await.is(200);
    assert_eq!(app.head().await.0, 1);
}

#[tokio::test]
async fn a_registration_that_comes_again_with_its_key_gets_its_first_answer() {
    let app = App::start().await;
    let first = app.post("/v1/auth/register").key("k").json(&marie()).send().await;
    let again = app.post("/v1/auth/register").key("k").json(&marie()).send().await;
    assert_eq!((again.status, &again.bytes), (201, &first.bytes));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let mut other = marie();
    other["password"] = json!("another-password");
    app.post("/v1/auth/register")
        .key("k")
        .json(&other)
        .send()
        .await
        .is_problem(422, "idempotency_key_reused");
    // The key's row keeps nothing from which a password could be guessed fast, and the log nothing at all.
    let kept: Vec<(String,)> = sqlx::query_as("select payload::text || metadata::text from events")
        .fetch_all(app.database.pool())
        .await
        .unwrap();
    assert!(kept.iter().all(|(text,)| !text.contains(PASSWORD) && !text.contains("argon2")));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let app = App::start().await;
    app.post("/v1/auth/register").json(&marie()).send().await.is(201);
    let answer = async |email: &str, password: &str| {
        let mut reply = login(&app, email, password).await;
        reply.is_problem(401, "invalid_credentials");
        reply.json["instance"] = Value::Null;
        reply.json
    };
    let wrong = answer("marie@ferme.example", "wrong-password").await;
    assert_eq!(wrong, answer("nobody@ferme.example", PASSWORD).await);
    assert_eq!(wrong, answer("no address", PASSWORD).await);
    assert_eq!(wrong, answer("marie@ferme.example", "").await);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_used_twice_it_ends_the_session() {
    let app = App::start().await;
    let marie = app.user(Role::Buyer, "marie").await;
    let other_session = login(&app, "marie@test.example", PASSWORD).await.text("refresh_token");
    let refresh = |token: &str| app.post("/v1/auth/refresh").json(&json!({ "refresh_token": token })).send();

    let second = refresh(&marie.refresh_token).await;
    second.is(200);
    assert_eq!(second.json["expires_in"], 900);
    let third = refresh(&second.text("refresh_token")).await;
    third.is(200);
    // The first again: somebody has stolen it, or its successor.
    refresh(&marie.refresh_token).await.is_problem(401, "invalid_refresh_token");
    refresh(&third.text("refresh_token")).await.is_problem(401, "invalid_refresh_token");
    // Another session of the same account goes on.
    refresh(&other_session).await.is(200);
    refresh("never-given").await.is_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn of_many_who_refresh_with_one_token_at_most_one_goes_on() {
    let app = App::start().await;
    let marie = app.user(Role::Buyer, "marie").await;
    let body = json!({ "refresh_token": marie.refresh_token });
    let replies = join_all((0..20).map(|_| app.post("/v1/auth/refresh").json(&body).send())).await;
    let went_on: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(went_on.len(), 1);
    // And not for long.
    let next = json!({ "refresh_token": went_on[0].text("refresh_token") });
    app.post("/v1/auth/refresh").json(&next).send().await.is_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_session_lasts_seven_days_however_often_it_is_refreshed() {
    let app = App::start().await;
    let marie = app.user(Role::Buyer, "marie").await;
    let body = json!({ "refresh_token": marie.refresh_token });
    let second = app.post("/v1/auth/refresh").json(&body).send().await.text("refresh_token");
    let days: (f64,) = sqlx::query_as(
        "select (extract(epoch from expires_at - created_at) / 86400)::float8 from refresh_families limit 1",
    )
    .fetch_one(app.database.pool())
    .await
    .unwrap();
    assert!((days.0 - 7.0).abs() < 0.001);
    sqlx::query("update refresh_families set expires_at = now()").execute(app.database.pool()).await.unwrap();
    let body = json!({ "refresh_token": second });
    app.post("/v1/auth/refresh").json(&body).send().await.is_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn whoever_leaves_is_out_and_nobody_can_make_another_leave() {
    let app = App::start().await;
    let marie = app.user(Role::Buyer, "marie").await;
    let paul = app.user(Role::Buyer, "paul").await;
    let body = json!({ "refresh_token": marie.refresh_token });
    app.post("/v1/auth/logout").by(&paul).json(&body).send().await.is(204);
    let refreshed = app.post("/v1/auth/refresh").json(&body).send().await;
    refreshed.is(200);
    let body = json!({ "refresh_token": refreshed.text("refresh_token") });
    app.post("/v1/auth/logout").by(&marie).json(&body).send().await.is(204);
    app.post("/v1/auth/logout").by(&marie).json(&body).send().await.is(204);
    app.post("/v1/auth/refresh").json(&body).send().await.is_problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn refresh_tokens_and_passwords_are_nowhere_in_clear() {
    let app = App::start().await;
    let marie = app.user(Role::Buyer, "marie").await;
    let tables: (String,) = sqlx::query_as(
        "select coalesce((select string_agg(t::text, '') from refresh_tokens t), '')
             || coalesce((select string_agg(f::text, '') from refresh_families f), '')
             || coalesce((select string_agg(a::text, '') from accounts a), '')
             || coalesce((select string_agg(k::text, '') from idempotency_keys k), '')",
    )
    .fetch_one(app.database.pool())
    .await
    .unwrap();
    assert!(!tables.0.contains(&marie.refresh_token));
    assert!(!tables.0.contains(PASSWORD));
    assert!(tables.0.contains("$argon2id$"));
}

#[tokio::test]
async fn the_key_set_has_public_keys_and_stays_the_same() {
    let app = App::start().await;
    let keys = app.get("/.well-known/jwks.json").send().await;
    keys.is(200);
    let key = &keys.json["keys"][0];
    assert_eq!(key["kty"], "OKP");
    assert_eq!(key["crv"], "Ed25519");
    assert_eq!(key["alg"], "EdDSA");
    assert_eq!(key["use"], "sig");
    assert!(key["kid"].is_string() && key["x"].is_string());
    assert_eq!(key["d"], Value::Null);
    // Others who start on the same database sign with the same key.
    let settings = app.settings.clone();
    let opened = (0..4)
        .map(|_| agrodeep_write_api::accounts::Accounts::open(app.database.pool().clone(), settings.clone()));
    for other in join_all(opened).await {
        assert_eq!(other.unwrap().jwks().await.unwrap(), keys.json);
    }
}

#[tokio::test]
async fn imported_people_have_accounts_and_cannot_come_in() {
    let app = App::start().await;
    let people = || -> Vec<_> {
        (1..=100_u128)
            .map(|n| ImportedAccount {
                account_id: AccountId::from_uuid(Uuid::from_u128(n)),
                command_id: Uuid::from_u128(1000 + n),
                role: Role::Buyer,
                email: format!("household-{n}@import.example").parse().unwrap(),
                first_name: Personal::new("Household".to_owned()),
                last_name: Personal::new(n.to_string()),
                company: None,
                occurred_at: "2017-01-01T00:00:00Z".parse().unwrap(),
            })
            .collect()
    };
    for _ in 0..2 {
        import_accounts(&app.accounts, &app.commands, people(), &Actor::system("import")).await.unwrap();
        assert_eq!(app.head().await.0, 100);
    }
    let account = app.commands.executor.state::<Account>(Uuid::from_u128(7)).await.unwrap();
    assert_eq!(account.state.role, Some(Role::Buyer));
    for password in ["", "x", PASSWORD] {
        login(&app, "household-7@import.example", password).await.is_problem(401, "invalid_credentials");
    }
    let mut taken = people();
    taken[0].account_id = AccountId::from_uuid(Uuid::from_u128(5000));
    assert!(import_accounts(&app.accounts, &app.commands, taken, &Actor::system("import")).await.is_err());
}
