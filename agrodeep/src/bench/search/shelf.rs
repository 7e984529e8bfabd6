//! Products on offer, in a log, in the read models and in an index: what searches are measured on.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use agrodeep_domain::{
    AccountId, Aggregate, Currency, DomainEvent, Language, LocalizedText, Money, Product, ProductId,
    Quantity,
    product::{ProductCreated, ProductDetails, ProductEvent},
};
use agrodeep_event_store::{
    Append, AppendOutcome, Metadata, NewEvent, SharedLog, StreamId,
    postgres::{LogLimits, PostgresLog},
};
use agrodeep_projections::{Model, Projections, ReadModels, Wanted, database, search::ProductIndex};
use anyhow::{Context, bail};
use chrono::Utc;
use sqlx::PgPool;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::{
    bench::database::BenchDatabase,
    demo::{CATALOGUE, Produce},
    import::{CompleteJourney, details},
};

/// How many products are put into the log at a time.
const AT_ONCE: usize = 2_000;
/// How long the read models may take to have all products.
const PATIENCE: Duration = Duration::from_secs(600);

/// Products that can be searched. The projections run as long as it lives.
pub struct Shelf {
    pub models: ReadModels,
    pub pool: PgPool,
    pub products: usize,
    _running: DropGuard,
    _folder: IndexFolder,
}

struct IndexFolder(PathBuf);

impl Drop for IndexFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Shelf {
    /// Offers the demo catalogue, and all products of `journey`; ready when all can be found.
    pub async fn fill(database: &BenchDatabase, journey: Option<&CompleteJourney>) -> anyhow::Result<Self> {
        let mut offers: Vec<ProductDetails> = CATALOGUE.iter().map(of_the_demo).collect::<Result<_, _>>()?;
        if let Some(journey) = journey {
            let mut products: Vec<_> = journey.products.values().collect();
            products.sort_unstable_by_key(|product| product.product_id);
            for product in products {
                offers.push(details(product)?);
            }
        }
        database::migrate(&database.url).await?;
        let log: SharedLog = Arc::new(PostgresLog::open(&database.url, LogLimits::default()).await?);
        for chunk in offers.chunks(AT_ONCE) {
            let appends = chunk.iter().map(offered).collect::<anyhow::Result<Vec<_>>>()?;
            for verdict in log.append_in_order(appends).await {
                let AppendOutcome::Appended(_) = verdict? else { bail!("a product was not taken") };
            }
        }
        let pool = database::connect_read(&database.url, 8)?;
        let folder =
            IndexFolder(std::env::temp_dir().join(format!("agrodeep-bench-index-{}", Uuid::now_v7())));
        let (index, indexer) = ProductIndex::open(&folder.0)?;
        let projections = Projections::new(log.clone(), pool.clone()).with_indexer(indexer);
        let models = ReadModels::new(log.clone(), pool.clone())
            .with_progress(projections.progress())
            .with_index(index);
        let stop = CancellationToken::new();
        tokio::spawn(projections.run(stop.clone()));
        let shelf =
            Self { models, pool, products: offers.len(), _running: stop.drop_guard(), _folder: folder };
        let head = log.head().await?;
        let all = [Model::Products, Model::Accounts, Model::Search];
        let wanted = Wanted { position: head, about: &[] };
        shelf.models.wait_for(&all, wanted, PATIENCE).await.context("the products cannot be found yet")?;
        Ok(shelf)
    }
}

fn of_the_demo(produce: &Produce) -> anyhow::Result<ProductDetails> {
    let texts = |fr: &str, en: &str| {
        let texts = BTreeMap::from([(Language::Fr, fr.to_owned()), (Language::En, en.to_owned())]);
        LocalizedText::parse(texts, 5000)
    };
    Ok(ProductDetails {
        name: texts(produce.fr.name, produce.en.name)?,
        description: Some(texts(produce.fr.description, produce.en.description)?),
        category_id: produce.category.parse()?,
        unit: produce.unit.parse()?,
        images: vec![],
        tags: produce.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        is_organic: produce.organic,
        is_fair_trade: produce.fair_trade,
        qr_code_data: None,
    })
}

fn offered(details: &ProductDetails) -> anyhow::Result<Append> {
    let id = Uuid::now_v7();
    let event: ProductEvent = ProductCreated {
        product_id: ProductId::from_uuid(id),
        producer_id: AccountId::from_uuid(Uuid::from_u128(1)),
        details: details.clone(),
        price: Money::from_hundredths(250, Currency::EUR)?,
        stock: Quantity::whole(100)?,
    }
    .into();
    Ok(Append {
        stream: StreamId::new(Product::TYPE, id),
        expected_version: 0,
        command_id: id,
        events: vec![NewEvent {
            event_type: event.name().into(),
            event_version: event.version().into(),
            payload: serde_json::value::to_raw_value(&event)?,
        }],
        metadata: Metadata {
            actor: "system:bench".to_owned(),
            correlation_id: id,
            causation_id: id,
            traceparent: None,
            occurred_at: Utc::now(),
            other: BTreeMap::new(),
        },
    })
}
