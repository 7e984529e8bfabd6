//! What producers are called: people search for farms, too. An account says so when it is opened, and that is asked of the log:
//! products come after it there, whatever the read models have reached.

use std::{collections::HashMap, num::NonZeroUsize, sync::Arc};

use agrodeep_domain::{Account, AccountId, Aggregate as _, account::AccountEvent, product::ProductEvent};
use agrodeep_event_store::{LogError, SharedLog, StreamId};
use lru::LruCache;

use crate::fact::{Fact, LogEvent};

/// How many are kept at hand.
const KEPT_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("more than none");

/// The names of producers' farms and firms.
pub(crate) struct Companies {
    log: SharedLog,
    known: LruCache<AccountId, Option<String>>,
}

/// Those that some products need.
pub(crate) type CompanyNames = HashMap<AccountId, String>;

impl Companies {
    pub fn new(log: SharedLog) -> Self {
        Self { log, known: LruCache::new(KEPT_MAX) }
    }

    /// The names of those who offer something new in `events`.
    pub async fn of_events(&mut self, events: &[Arc<LogEvent>]) -> Result<CompanyNames, LogError> {
        let producers = events.iter().filter_map(|event| match event.fact() {
            Ok(Fact::Product(ProductEvent::ProductCreated(created))) => Some(created.producer_id),
            // What cannot be read is parked later on.
            Ok(_) | Err(_) => None,
        });
        self.of(producers).await
    }

    /// The names of `producers`, as far as they have any.
    pub async fn of(&mut self, producers: impl Iterator<Item = AccountId>) -> Result<CompanyNames, LogError> {
        let mut names = CompanyNames::new();
        for producer in producers {
            if names.contains_key(&producer) {
                continue;
            }
            let name = match self.known.get(&producer) {
                Some(name) => name.clone(),
                None => self.look_up(producer).await?,
            };
            names.extend(name.map(|name| (producer, name)));
        }
        Ok(names)
    }

    async fn look_up(&mut self, producer: AccountId) -> Result<Option<String>, LogError> {
        let events = self.log.load(&StreamId::new(Account::TYPE, producer.uuid()), 0).await?;
        let name = events.into_iter().map(LogEvent::new).find_map(|event| match event.fact() {
            Ok(Fact::Account(AccountEvent::AccountRegistered(registered))) => registered.company.clone(),
            Ok(_) | Err(_) => None,
        });
        self.known.put(producer, name.clone());
        Ok(name)
    }
}
