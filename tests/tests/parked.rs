//! An event that cannot be applied, as the operator of a running system meets it.

use std::{process::Output, time::Duration};

use agrodeep_event_store::postgres::embedded::{EmbeddedPostgres, EmbeddedSettings};
use agrodeep_tests::{client::Client, processes::Processes, system::System};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

fn agrodeep(system: &System, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = system.command(arguments).output().expect("agrodeep");
    (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

async fn sql(system: &System, sql: &str) {
    let mut connection = PgConnection::connect(&system.database_url()).await.expect("the database");
    sqlx::query(sql).execute(&mut connection).await.expect(sql);
}

fn priced(price: f64) -> Value {
    json!({
        "name": {"en": "Leeks", "fr": "Poireaux"}, "category_id": "cat_test", "price": price, "currency": "EUR",
        "unit": "piece", "stock_quantity": 10,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_finds_what_is_parked_and_brings_it_level() {
    let system = System::start(&[]).await;
    let producer = Client::demo(&system, "producer").await;
    let admin = Client::demo(&system, "admin").await;
    let id = producer.offer("Leeks", 10).await;
    let path = format!("/v1/products/{id}");
    producer.get_until(&path, |_| true).await;
    // A defect of the read side, which a new version mends.
    sql(&system, "alter table read_models.products add constraint defect check (price <> 6.66) not valid")
        .await;
    let written =
        producer.send(Method::PUT, &path, Some(&priced(6.66)), &[]).await.expect("an answer").expect(200);
    let problem = producer.get_after(&path, &written).await.expect(503);
    assert_eq!(problem.text_at("/cause"), "parked");
    producer.send(Method::PUT, &path, Some(&priced(7.0)), &[]).await.expect("an answer").expect(200);

    let parked = admin
        .get_until("/v1/operations/parked?projection=products", |body| body["data"][0]["waiting"] == 1)
        .await;
    let stream = parked.text_at("/data/0/stream");
    assert_eq!(parked.text_at("/data/0/error_class"), "refused_by_database");
    let (_, listed) = agrodeep(&system, &["parked", "list"]);
    assert!(listed.contains(&stream) && listed.contains("refused_by_database"), "{listed}");
    let (_, status) = agrodeep(&system, &["status", "--json"]);
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let products = status.as_array().expect("a list").iter().find(|one| one["projection"] == "products");
    let products = products.expect("products");
    assert_eq!((&products["parked_events"], &products["state"]), (&json!(2), &json!("live")), "{products}");
    let figures = reqwest::get(format!("{}/metrics", system.read)).await.expect("figures").text().await;
    let figures = figures.expect("figures");
    assert!(figures.contains("projection_lag_seconds{projection=\"products\"}"), "{figures}");

    sql(&system, "alter table read_models.products drop constraint defect").await;
    let (done, said) = agrodeep(&system, &["parked", "retry", "products", &stream]);
    assert!(done, "{said}");
    assert!(said.contains("2 events were applied"), "{said}");
    assert_eq!(producer.get(&path).await.expect(200).body["price"], 7.0);

    // Over HTTP, too; and what is skipped stays known.
    sql(&system, "alter table read_models.products add constraint defect check (price <> 6.66) not valid")
        .await;
    let written =
        producer.send(Method::PUT, &path, Some(&priced(6.66)), &[]).await.expect("an answer").expect(200);
    producer.get_after(&path, &written).await.expect(503);
    let skip = format!("/v1/admin/parked/products/{stream}/skip");
    let answer = admin.post(&skip, json!({"reason": "the price of a test"})).await.expect(200);
    assert_eq!(answer.text_at("/outcome"), "released");
    assert_eq!(producer.get(&path).await.expect(200).body["price"], 7.0);
    let shown = admin.get(&format!("/v1/operations/parked/products/{stream}")).await.expect(200);
    assert_eq!(shown.text_at("/decisions/0/reason"), "the price of a test");
    assert!(shown.text_at("/decisions/0/decided_by").starts_with("admin:"), "{}", shown.text);
    let (_, shown) = agrodeep(&system, &["parked", "show", "products", &stream]);
    assert!(shown.contains("the price of a test"), "{shown}");
    sql(&system, "alter table read_models.products drop constraint defect").await;
    let (done, said) = agrodeep(&system, &["audit", "read-models"]);
    assert!(done, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_database_pauses_and_parks_nothing() {
    let folder = std::env::temp_dir().join(format!("agrodeep-outage-{}", uuid::Uuid::now_v7()));
    let settings = EmbeddedSettings::new(&folder);
    let mut server = EmbeddedPostgres::start(&settings).expect("a server");
    let url = server.url_of("postgres");
    let mut processes = Processes::on(&url);
    for part in ["write-api", "projections", "read-api"] {
        processes.start(part);
    }
    processes.ready().await;
    processes.account("producer", "leeks@test.agrodeep.test");
    let producer = Client::of(&processes.write, &processes.read).sign_in("leeks@test.agrodeep.test").await;
    let path = format!("/v1/products/{}", producer.offer("Leeks", 10).await);
    for outage in 0..3 {
        let writing = {
            let (producer, path) = (producer.clone(), path.clone());
            tokio::spawn(async move {
                for n in 0..2000 {
                    let body = priced(f64::from(outage * 100) + 1.0 + f64::from(n) / 100.0);
                    let _ = producer.send(Method::PUT, &path, Some(&body), &[]).await;
                }
            })
        };
        // In the middle of writing the server goes, with all that is under way.
        tokio::time::sleep(Duration::from_millis(400)).await;
        tokio::task::block_in_place(|| server.stop());
        tokio::time::sleep(Duration::from_millis(700)).await;
        writing.abort();
        let _ = writing.await;
        server = EmbeddedPostgres::start(&settings).expect("the server again");
    }
    processes.ready().await;
    let written = loop {
        let answer = producer.send(Method::PUT, &path, Some(&priced(7.0)), &[]).await;
        if let Ok(answer) = answer
            && answer.status.is_success()
        {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let position = written.position.clone().expect("a position");
    let headers = [("agrodeep-min-position", position.as_str()), ("prefer", "wait=30")];
    let read = producer.send(Method::GET, &path, None, &headers).await.expect("an answer").expect(200);
    assert_eq!(read.etag, written.etag);
    for (arguments, said) in
        [(["parked", "list"], "Nothing is parked."), (["audit", "read-models"], "as the log says")]
    {
        let output = processes.command(&arguments).output().expect("agrodeep");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains(said), "{text}");
    }
    drop(processes);
    drop(server);
    let _ = std::fs::remove_dir_all(&folder);
}
