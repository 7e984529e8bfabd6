//! What `agrodeep up --demo` starts with: an account for each role, and a small catalogue. Made through the command path,
//! and only what is not there yet.

mod catalogue;

use std::collections::BTreeMap;

use agrodeep_commands::{CommandContext, command_id, product};
use agrodeep_domain::{
    AccountId, Actor, Currency, Language, LocalizedText, Money, Quantity, Role, product::ProductDetails,
};
use agrodeep_write_api::accounts::{NewAccount, Password, register_account};
use anyhow::{Context, Result};
use chrono::Utc;
use uuid::Uuid;

pub use self::catalogue::{CATALOGUE, Produce};
use crate::compose::WriteSide;

/// The password of all demo accounts.
pub const PASSWORD: &str = "demo-password-1";

/// What all demo commands follow from: the same at every start, so that none is done twice.
const CAUSE: Uuid = Uuid::from_u128(0x0191_4d3c_5c00_7a00_8a61_6772_6f64_6565);

/// The address of the demo account of a role.
pub fn email(role: impl std::fmt::Display) -> String {
    format!("{role}@demo.agrodeep.test")
}

/// Makes the accounts and the catalogue, unless they are there.
///
/// # Errors
/// When a command is not done.
pub async fn seed(write_side: &WriteSide) -> Result<()> {
    let mut producer = None;
    for role in Role::ALL {
        let account_id = account(write_side, role).await.with_context(|| format!("the demo {role}"))?;
        if role == Role::Producer {
            producer = Some(account_id);
        }
    }
    let producer = producer.context("there is no demo producer")?;
    for produce in CATALOGUE {
        offer(write_side, producer, produce)
            .await
            .with_context(|| format!("the demo product {}", produce.lot))?;
    }
    Ok(())
}

async fn account(write_side: &WriteSide, role: Role) -> Result<AccountId> {
    let (first_name, last_name, company) = match role {
        Role::Buyer => ("Camille", "Laurent", None),
        Role::Producer => ("Marie", "Dupont", Some("Ferme des Trois Chênes")),
        Role::Driver => ("Karim", "Benali", None),
        Role::Admin => ("Alex", "Moreau", None),
        Role::Analyst => ("Noa", "Girard", None),
        Role::Auditor => ("Jeanne", "Petit", None),
    };
    let new = NewAccount {
        role,
        email: email(role).parse()?,
        password: Some(Password::new(PASSWORD.to_owned())?),
        first_name: first_name.to_owned().into(),
        last_name: last_name.to_owned().into(),
        phone: None,
        company: company.map(str::to_owned),
    };
    let context = context(Actor::system("demo"), role.as_str());
    Ok(register_account(&write_side.accounts, &write_side.commands, new, context).await?.account_id)
}

async fn offer(write_side: &WriteSide, producer_id: AccountId, produce: &Produce) -> Result<()> {
    let texts = |fr: &str, en: &str| {
        let texts = BTreeMap::from([(Language::Fr, fr.to_owned()), (Language::En, en.to_owned())]);
        LocalizedText::parse(texts, 5000)
    };
    let Produce { lot, category, fr, en, cents, unit, stock, tags, organic, fair_trade } = produce;
    let request = product::CreateRequest {
        producer_id,
        details: ProductDetails {
            name: texts(fr.name, en.name)?,
            description: Some(texts(fr.description, en.description)?),
            category_id: category.parse()?,
            unit: unit.parse()?,
            images: vec![],
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            is_organic: *organic,
            is_fair_trade: *fair_trade,
            qr_code_data: Some((*lot).to_owned()),
        },
        price: Money::from_hundredths(*cents, Currency::EUR)?,
        stock: Quantity::whole(*stock)?,
    };
    let context = context(Actor::Account(producer_id, Role::Producer), lot);
    product::create(&write_side.commands, request, context).await?;
    Ok(())
}

fn context(actor: Actor, name: &str) -> CommandContext {
    let command_id = command_id::derived(CAUSE, name);
    CommandContext {
        command_id,
        correlation_id: command_id,
        causation_id: command_id,
        ..CommandContext::new(actor, Utc::now())
    }
}
