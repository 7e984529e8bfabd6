//! The alert rules under `deploy/monitoring`: about figures that the program serves, and explained to those who are woken.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use agrodeep_tests::{
    client::{Client, order_of},
    system::System,
};

/// A rule, as far as it stands on one line each.
struct Rule {
    alert: String,
    expr: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the house").to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rules() -> Vec<Rule> {
    let text = read("deploy/monitoring/alerts.yaml");
    let mut lines = text.lines().map(str::trim);
    let mut rules = Vec::new();
    while let Some(line) = lines.next() {
        let Some(alert) = line.strip_prefix("- alert: ") else { continue };
        let expr =
            lines.next().and_then(|line| line.strip_prefix("expr: ")).expect("an expression on one line");
        rules.push(Rule { alert: alert.to_owned(), expr: expr.to_owned() });
    }
    assert!(rules.len() > 10, "are the rules read rightly?");
    rules
}

/// What an expression is about: its names but for functions, aggregations and labels.
fn metrics_of(expr: &str) -> BTreeSet<String> {
    let mut bare = String::new();
    let mut depth = 0;
    for character in expr.chars() {
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ if depth == 0 => bare.push(character),
            _ => {}
        }
    }
    // `by (a, b)` names labels.
    let mut parts = bare.split("by (");
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        words.push_str(part.split_once(')').expect("the end of the labels").1);
    }
    let functions = ["sum", "max", "increase", "rate", "histogram_quantile"];
    words
        .split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with(|first: char| first.is_ascii_alphabetic()))
        .filter(|word| !functions.contains(word))
        .map(str::to_owned)
        .collect()
}

/// The figures that both APIs serve.
async fn figures(system: &System) -> String {
    let mut all = String::new();
    for api in [&system.write, &system.read] {
        let answer = reqwest::get(format!("{api}/metrics")).await.expect("figures");
        all.push_str(&answer.text().await.expect("figures"));
    }
    all
}

/// The value of a figure without labels.
fn value(figures: &str, metric: &str) -> Option<f64> {
    figures.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok())
}

fn is_served(figures: &str, metric: &str) -> bool {
    figures.lines().any(|line| {
        line.strip_prefix(metric).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
    })
}

async fn until<T>(system: &System, what: &str, there: impl Fn(&str) -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(120);
    loop {
        let figures = figures(system).await;
        if let Some(found) = there(&figures) {
            return found;
        }
        assert!(Instant::now() < patience, "{what}: {figures}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_of_a_rule_is_served_and_a_parked_order_makes_its_rule_true() {
    // A payment provider that cannot be reached, and little patience.
    let settings = [
        ("STRIPE_SECRET_KEY", "sk_test_51Alerts"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_alertsalertsalerts"),
        ("STRIPE_API_BASE", "http://127.0.0.1:9"),
        ("AGRODEEP_SAGA_RETRIES", "2/10ms/20ms"),
        ("AGRODEEP_RECONCILE_EVERY_SECONDS", "1"),
    ];
    let system = System::start(&settings).await;
    let rules = rules();
    for Rule { alert, expr } in &rules {
        for metric in metrics_of(expr) {
            // Prometheus' own: whether it could scrape.
            if metric != "up" {
                until(&system, &format!("{alert}: {metric}"), |figures| {
                    is_served(figures, &metric).then_some(())
                })
                .await;
            }
        }
    }

    let parked = rules.iter().find(|rule| rule.alert == "SagaParked").expect("the rule");
    let (metric, bound) = parked.expr.split_once(" > ").expect("a comparison");
    let bound: f64 = bound.parse().expect("a number");
    let before = until(&system, metric, |figures| value(figures, metric)).await;
    assert!(before <= bound, "nothing is parked yet: {before}");
    let producer = Client::demo(&system, "producer").await;
    let product = producer.offer("Leeks", 10).await;
    let buyer = Client::demo(&system, "buyer").await;
    let order = order_of(&product, 1);
    let key = uuid::Uuid::now_v7().to_string();
    buyer.post_with_key("/v1/orders", &order, &key).await.expect("an answer").expect(202);
    until(&system, "a parked order", |figures| value(figures, metric).filter(|now| *now > bound)).await;
}

#[test]
fn an_expression_is_about_its_figures_alone() {
    let found = metrics_of(
        r#"sum by (service, le) (rate(http_requests_total{status=~"5.."}[5m])) / max(up{job="x"}) > 0.01"#,
    );
    assert_eq!(found, ["http_requests_total".to_owned(), "up".to_owned()].into());
}

#[test]
fn what_to_do_about_each_alert_is_written_down() {
    let page = read("docs/operating.md");
    for Rule { alert, .. } in rules() {
        assert!(page.contains(&format!("| `{alert}` |")), "docs/operating.md says nothing about {alert}");
    }
    let named = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let known: BTreeSet<String> = rules().into_iter().map(|rule| rule.alert).collect();
    for (name, _) in named {
        let is_alert = name.starts_with(|first: char| first.is_ascii_uppercase());
        assert!(!is_alert || known.contains(name), "docs/operating.md explains {name}, which is no alert");
    }
}
