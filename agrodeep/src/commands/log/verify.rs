use agrodeep_event_store::integrity::{LogHash, VerifyReport, verify};
use anyhow::{Result, bail, ensure};
use clap::Args;
use secrecy::SecretString;

use super::{
    OpenLog,
    progress::{Progress, grouped, total},
};
use crate::{
    settings::Settings,
    terminal::{say, say_table},
};

/// Read the whole log and check it: positions, versions, ids, whether all can be read; and tell its hash
///
/// The hash is the same for the same events in every store. Works beside a running `up`, and on its own. Ends with status 1
/// when anything is wrong.
#[derive(Args, Debug)]
pub struct Verify {
    /// Which log [default: the configured one]
    #[arg(long, value_name = "URL")]
    url: Option<SecretString>,
    /// The hash that the log must have
    #[arg(long, value_name = "HASH")]
    expect: Option<LogHash>,
}

impl Verify {
    pub(super) async fn run(self, settings: &Settings) -> Result<()> {
        let Self { url, expect } = self;
        let open = OpenLog::open(url, settings).await?;
        let bar = Progress::begin("verifying", total(&open.log).await);
        let report = verify(&open.log, |events| bar.at(events)).await;
        bar.end();
        open.close().await;
        tell(&report?, expect)
    }
}

fn tell(report: &VerifyReport, expect: Option<LogHash>) -> Result<()> {
    let VerifyReport { events, streams, head, hash, problems, problems_total } = report;
    let hash_text = hash.map_or_else(|| "none, as not all can be read".to_owned(), |hash| hash.to_string());
    say_table(
        "",
        &[
            ["events".to_owned(), grouped(*events)],
            ["streams".to_owned(), grouped(*streams)],
            ["head".to_owned(), head.to_string()],
            ["hash".to_owned(), hash_text],
        ],
    );
    for problem in problems {
        say(format!("  {problem}"));
    }
    let untold = problems_total - problems.len() as u64;
    if untold > 0 {
        say(format!("  and {} more", grouped(untold)));
    }
    match problems_total {
        0 => {}
        1 => bail!("the log is damaged: 1 problem"),
        total => bail!("the log is damaged: {} problems", grouped(*total)),
    }
    if let Some(expected) = expect {
        ensure!(*hash == Some(expected), "the log's hash is not {expected}");
    }
    say("Nothing is wrong.");
    Ok(())
}
