use anyhow::{Result, bail};
use clap::Args;

use crate::{
    cli::Common,
    settings::Settings,
    tour::{self, TourOptions},
};

/// Walk the main job over HTTP against running APIs: orders delivered, cancelled, declined and out of stock
///
/// Needs the accounts of `agrodeep up --demo`. Says at each step what it does and what came back; ends with status 1,
/// naming the step, when anything is not as promised. Sells a product of its own, so it can be run again and again.
#[derive(Args, Debug)]
pub struct Tour {
    /// Where the write API is [default: http:// and the setting write_address]
    #[arg(long, value_name = "URL")]
    write: Option<String>,
    /// Where the read API is [default: http:// and the setting read_address]
    #[arg(long, value_name = "URL")]
    read: Option<String>,
}

impl Tour {
    pub async fn run(self, common: &Common) -> Result<()> {
        let Settings { write_address, read_address, .. } = common.settings([None, None])?;
        let write_url = address("--write", self.write, write_address.to_string())?;
        let read_url = address("--read", self.read, read_address.to_string())?;
        tour::run(TourOptions { write_url, read_url }).await
    }
}

/// An address such as `http://127.0.0.1:3000`; `127.0.0.1:3000` will do.
fn address(flag: &str, given: Option<String>, default: String) -> Result<String> {
    let text = given.unwrap_or(default);
    let url = if text.contains("://") { text.clone() } else { format!("http://{text}") };
    match reqwest::Url::parse(&url) {
        Ok(parsed) if parsed.has_host() && matches!(parsed.scheme(), "http" | "https") => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => bail!("{flag}: {text:?} cannot be used: it must be an address such as http://127.0.0.1:3000"),
    }
}
