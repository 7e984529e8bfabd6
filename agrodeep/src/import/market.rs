//! The market that the baskets are bought in: who sells, who buys, who drives, and what is on offer.

use std::sync::Arc;

use agrodeep_commands::{CommandContext, Commands, Executor, Versioned, command_id, product};
use agrodeep_domain::{
    AccountId, Actor, Aggregate, Currency, Money, Personal, Product, Quantity, Role, evolution,
    product::{CountStock, ProductEvent},
};
use agrodeep_event_store::{SharedLog, StreamId};
use agrodeep_process_managers::ImportConductor;
use agrodeep_write_api::accounts::{Accounts, EmailAddress, ImportedAccount, import_accounts};
use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveTime, Utc};

use super::{
    counting_log::CountingLog,
    describe::details,
    ids::Ids,
    plan::{Plan, PlannedProduct},
};

/// What an import works with. Clones share everything.
#[derive(Clone)]
pub struct Market {
    pub(super) commands: Commands,
    pub(super) conductor: ImportConductor,
    pub(super) ids: Arc<Ids>,
    log: Arc<CountingLog>,
    accounts: Accounts,
}

/// How much of a product the import has put on offer, in all its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supply {
    /// What this plan needs; the product is new.
    New,
    /// What this plan needs; the product was there before.
    AsPlanned,
    /// More: an import of more baskets was here before.
    More,
}

/// Who imports.
pub(super) fn importer() -> Actor {
    Actor::system("import")
}

/// A time of the data set.
pub(super) fn time(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap_or_default()
}

pub(super) fn dollars(cents: i64) -> Result<Money> {
    Ok(Money::from_hundredths(cents, Currency::USD)?)
}

impl Market {
    /// On `log` and the tables beside it.
    pub fn new(log: SharedLog, commands: &Commands, accounts: Accounts, department: Option<&str>) -> Self {
        let log = Arc::new(CountingLog::new(log));
        let commands = Commands { executor: Executor::new(log.clone()), ..commands.clone() };
        let conductor = ImportConductor::new(&commands);
        Self { commands, conductor, ids: Arc::new(Ids::of(department)), log, accounts }
    }

    /// How many events this run has appended.
    pub fn events(&self) -> u64 {
        self.log.appended()
    }

    /// When the market opens: at the beginning of the day of the first basket.
    fn opens_at(plan: &Plan) -> DateTime<Utc> {
        let first = plan.baskets.first().map_or_else(DateTime::default, |basket| time(basket.at_us));
        first.with_time(NaiveTime::MIN).single().unwrap_or(first)
    }

    /// Opens an account for everybody who has a part in `plan`. None of them can sign in.
    pub(super) async fn open_accounts(&self, plan: &Plan) -> Result<()> {
        let occurred_at = Self::opens_at(plan);
        let mut people = vec![person(Ids::driver(), Role::Driver, "Import", "driver", None, occurred_at)?];
        for manufacturer in plan.manufacturers() {
            let number = manufacturer.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
            let company = Some(format!("Manufacturer {number}"));
            let id = Ids::producer(manufacturer);
            people.push(person(id, Role::Producer, "Manufacturer", &number, company, occurred_at)?);
        }
        for household in plan.households() {
            let id = Ids::buyer(household);
            people.push(person(id, Role::Buyer, "Household", &household.to_string(), None, occurred_at)?);
        }
        import_accounts(&self.accounts, &self.commands, people, &importer())
            .await
            .context("the accounts cannot be opened")
    }

    /// Puts a product on offer, with the stock that `plan` needs of it.
    pub(super) async fn offer(&self, plan: &Plan, product: &PlannedProduct) -> Result<Supply> {
        let id = self.ids.product(product.source.product_id);
        let producer_id = Ids::producer(product.source.manufacturer_id);
        let needed = Quantity::whole(product.stock)?;
        let request = product::CreateRequest {
            producer_id,
            details: details(&product.source)?,
            price: dollars(product.price_cents)?,
            stock: needed,
        };
        let context = CommandContext {
            command_id: id.uuid(),
            correlation_id: id.uuid(),
            causation_id: id.uuid(),
            ..CommandContext::new(importer(), Self::opens_at(plan))
        };
        let (_, created) = product::create(&self.commands, request, context.clone()).await?;
        if !created.repeated {
            return Ok(Supply::New);
        }
        match created.events.first() {
            Some(ProductEvent::ProductCreated(created)) if created.stock == needed => Ok(Supply::AsPlanned),
            _ => self.supply(producer_id, needed, &context).await,
        }
    }

    /// Brings what was ever put on offer of a product to `needed`, after an import of fewer baskets.
    async fn supply(
        &self,
        producer_id: AccountId,
        needed: Quantity,
        context: &CommandContext,
    ) -> Result<Supply> {
        let id = context.command_id;
        let stream = StreamId::new(Product::TYPE, id);
        let mut product = Product::default();
        let mut supplied = 0;
        let events = self.commands.executor.log().load(&stream, 0).await?;
        for event in &events {
            let before = product.on_hand.thousandths();
            let event: ProductEvent =
                evolution::read(&event.event_type, &event.event_version, event.payload.get())?;
            product.apply(&event);
            if matches!(event, ProductEvent::ProductCreated(_) | ProductEvent::StockCounted(_)) {
                supplied += product.on_hand.thousandths() - before;
            }
        }
        let missing = needed.thousandths() - supplied;
        if missing <= 0 {
            return Ok(if missing == 0 { Supply::AsPlanned } else { Supply::More });
        }
        let on_hand = Quantity::from_thousandths(product.on_hand.thousandths() + missing)?;
        let context = CommandContext {
            command_id: command_id::derived(id, &format!("supply:{needed}")),
            // Whoever takes some of it meanwhile must not make the count wrong.
            if_match: Some(events.len() as u64),
            ..context.clone()
        };
        self.commands.executor.execute::<Product>(id, CountStock { producer_id, on_hand }, context).await?;
        Ok(Supply::AsPlanned)
    }

    /// Makes sure that all of a product was sold.
    pub(super) async fn expect_sold_out(&self, product: &PlannedProduct) -> Result<()> {
        let id = self.ids.product(product.source.product_id);
        let look = |found: &Versioned<Product>| (found.state.on_hand, found.state.holds.len());
        let (on_hand, holds) = self.commands.executor.inspect(id.uuid(), look).await?;
        if !on_hand.is_zero() || holds > 0 {
            bail!(
                "{id}, product {}, is not sold out: {on_hand} on hand, {holds} holds",
                product.source.product_id
            );
        }
        Ok(())
    }
}

fn person(
    account_id: AccountId,
    role: Role,
    first_name: &str,
    last_name: &str,
    company: Option<String>,
    occurred_at: DateTime<Utc>,
) -> Result<ImportedAccount> {
    // Nobody receives mail there: RFC 2606 keeps `.invalid` for addresses that are none.
    let email: EmailAddress = format!("{first_name}-{last_name}@import.invalid").parse()?;
    Ok(ImportedAccount {
        account_id,
        command_id: account_id.uuid(),
        role,
        email,
        first_name: Personal::new(first_name.to_owned()),
        last_name: Personal::new(last_name.to_owned()),
        company,
        occurred_at,
    })
}
