use std::io::Read;

use agrodeep_commands::CommandContext;
use agrodeep_domain::{Actor, Role};
use agrodeep_write_api::accounts::{EmailAddress, NewAccount, Password, RegisterError, register_account};
use anyhow::{Context, Result, bail};
use chrono::Utc;
use clap::{Args, Subcommand};
use rand::{Rng, distr::Alphanumeric};

use crate::{
    cli::Common, compose::WriteSide, data_dir::DataDir, database::Databases, telemetry, terminal::say,
};

/// Make accounts, also of roles that nobody can register for
#[derive(Debug, Subcommand)]
pub enum Accounts {
    Create(Create),
}

/// Make an account, such as the first admin; works beside a running `up`, too
#[derive(Args, Debug)]
pub struct Create {
    /// Where to write to; by which to sign in
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,
    /// What it may do: buyer, producer, driver, admin, analyst or auditor
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// Given name
    #[arg(long, value_name = "NAME", default_value = "AgroDeep")]
    first_name: String,
    /// Family name
    #[arg(long, value_name = "NAME", default_value = "Account")]
    last_name: String,
    /// The farm or firm, which buyers see
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// Read the password from stdin (one line); without, one is generated and printed
    #[arg(long)]
    password_stdin: bool,
}

impl Accounts {
    pub async fn run(self, common: &Common) -> Result<()> {
        match self {
            Self::Create(create) => create.run(common).await,
        }
    }
}

impl Create {
    async fn run(self, common: &Common) -> Result<()> {
        let Self { email, role, first_name, last_name, company, password_stdin } = self;
        let settings = common.settings([None, None])?;
        telemetry::install_logs(&settings.log)?;
        let (password, generated) = if password_stdin { (typed()?, None) } else { generate() };
        let password = Password::new(password).context("the password")?;
        let new = NewAccount {
            role,
            email: email.clone(),
            password: Some(password),
            first_name: first_name.into(),
            last_name: last_name.into(),
            phone: None,
            company,
        };

        let data_dir = DataDir::open(&settings.data_dir)?;
        let databases = Databases::beside_others(&settings, &data_dir).await?;
        databases.migrate().await?;
        let write_side = WriteSide::open(&settings, &databases).await?;
        let context = CommandContext::new(Actor::system("operator"), Utc::now());
        let made = register_account(&write_side.accounts, &write_side.commands, new, context).await;
        write_side.pool.close().await;
        databases.stop().await;

        let account = match made {
            Ok(account) => account,
            Err(RegisterError::EmailTaken) => bail!("another account has the address {}", email.as_str()),
            Err(error) => return Err(error).context("the account cannot be made"),
        };
        say(format!("account   {}", account.account_id));
        say(format!("e-mail    {}", email.as_str()));
        say(format!("role      {role}"));
        if let Some(password) = generated {
            say(format!("password  {password}   (shown only now)"));
        }
        Ok(())
    }
}

fn typed() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .context("the password cannot be read from stdin")?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn generate() -> (String, Option<String>) {
    let password: String = rand::rng().sample_iter(Alphanumeric).take(20).map(char::from).collect();
    (password.clone(), Some(password))
}
