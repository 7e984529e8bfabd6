//! `agrodeep bench routes`: the read routes beside a handler that has nothing to do.

mod load;

use std::net::SocketAddr;

use axum::{Json, Router, routing};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::net::TcpListener;

use self::load::{Ask, ask};
use super::{
    contest::{Effort, WARM_UP},
    database::PrivatePlace,
    market::Market,
    measured::Measured,
    outcome::{OURS, Outcome},
};

/// Who does nothing.
const CONSTANT: &str = "constant";

/// Requests a second of each read route, beside an axum handler that returns a constant
#[derive(Args, Debug)]
pub struct RoutesBench {
    /// How many clients ask at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub clients: u32,
    #[command(flatten)]
    pub effort: Effort,
    #[command(flatten)]
    pub place: PrivatePlace,
    /// Print one JSON line a figure instead of tables
    #[arg(long)]
    pub json: bool,
}

impl RoutesBench {
    pub async fn measure(&self) -> anyhow::Result<Outcome> {
        let market = Market::start(&self.place).await?;
        market.walk_tour().await?;
        let constant = constant().await?;
        let token = market.sign_in("buyer").await?.token;
        let order = market.first_id("/v1/orders", &token).await?;
        let product = market.first_id("/v1/products", &token).await?;
        let paths = [
            ("/v1/auth/me", "/v1/auth/me".to_owned()),
            ("/v1/products", "/v1/products".to_owned()),
            ("/v1/products?sort=popularity", "/v1/products?sort=popularity".to_owned()),
            ("/v1/products/{id}", format!("/v1/products/{product}")),
            ("/v1/search?q=tomate", "/v1/search?q=tomate".to_owned()),
            ("/v1/orders", "/v1/orders".to_owned()),
            ("/v1/orders/{id}", format!("/v1/orders/{order}")),
            ("/v1/orders/{id}/history", format!("/v1/orders/{order}/history")),
            ("/v1/ai/recommendations", "/v1/ai/recommendations".to_owned()),
        ];
        let clients = self.clients as usize;
        let mut asked: Vec<(Ask, Measured)> = Vec::new();
        for (name, path) in &paths {
            for (subject, address) in [(OURS, market.read), (CONSTANT, constant)] {
                let figure = Measured {
                    bench: "routes",
                    mix: format!("`{name}`"),
                    subject: subject.to_owned(),
                    writers: clients,
                    rounds: vec![],
                };
                asked.push((Ask::get(address, path, &token), figure));
            }
        }
        let progress = ProgressBar::new(u64::from(self.effort.rounds + 1) * asked.len() as u64);
        for round in 0..=self.effort.rounds {
            for (request, figure) in &mut asked {
                let duration = if round == 0 { WARM_UP } else { self.effort.duration() };
                let came = ask(request, clients, duration).await?;
                if round > 0 {
                    figure.rounds.push(came);
                }
                progress.inc(1);
            }
        }
        progress.finish_and_clear();
        let method = format!(
            "`agrodeep up --demo` as a process of its own, with the orders of one `agrodeep tour`, asked over HTTP/1.1 by \
             {clients} clients that keep their connections, on the same machine; *{CONSTANT}*: a bare axum handler in the \
             clients' process that returns one short JSON object, asked the very same. {} rounds of {} s a route, all routes in \
             turn, after a warm-up.",
            self.effort.rounds, self.effort.seconds
        );
        let figures = asked.into_iter().map(|(_, figure)| figure).collect();
        let mut outcome = Outcome::new("routes", "Read routes", method, figures);
        outcome.asking = "clients";
        Ok(outcome)
    }
}

/// A server that answers everything alike. It ends with the process.
async fn constant() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(routing::get(async || Json(json!({ "status": "ok" }))));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}
