//! Walks the main job over HTTP against running APIs, and says what it does and what comes back.
//!
//! It is an outsider: it knows the two addresses, the demo accounts and what the APIs promise, nothing of what is behind.
//! Each run sells a product of its own, so it can be run again and again, also by many at once.

mod answer;
mod cast;
mod client;
mod history;
mod market;
mod narrator;
mod orders;

use anyhow::{Context, Result};

pub use self::{answer::Answer, client::Apis};
use self::{cast::Cast, market::Market, narrator::Narrator};

/// Where the APIs are.
#[derive(Clone, Debug)]
pub struct TourOptions {
    /// The write API's address, such as `http://127.0.0.1:3000`.
    pub write_url: String,
    /// The read API's address.
    pub read_url: String,
}

/// Walks the main job.
///
/// # Errors
/// The first step at which something was not as promised, and what came instead.
pub async fn run(options: TourOptions) -> Result<()> {
    let mut narrator = Narrator::new();
    let walked = walk(options, &mut narrator).await;
    walked.with_context(|| format!("the tour ends at \"{}\"", narrator.current()))?;
    narrator.end();
    Ok(())
}

async fn walk(options: TourOptions, narrator: &mut Narrator) -> Result<()> {
    narrator.title(&options);
    let apis = Apis::new(&options)?;

    narrator.chapter("Who takes part");
    let mut cast = Cast::sign_in(&apis, narrator).await?;
    let market = Market::open(&mut cast, narrator).await?;

    narrator.chapter("An order is delivered");
    let delivered = orders::delivered(&mut cast, &market, narrator).await?;

    narrator.chapter("An order is cancelled after it was paid, and refunded");
    orders::cancelled_and_refunded(&mut cast, &market, narrator).await?;

    narrator.chapter("A payment is declined");
    orders::declined(&mut cast, &market, narrator).await?;

    narrator.chapter("There is not enough stock");
    orders::out_of_stock(&mut cast, &market, narrator).await?;

    narrator.chapter("Everything that happened to the delivered order");
    history::show(&mut cast, &delivered, narrator).await?;
    market.close(&mut cast, narrator).await
}
