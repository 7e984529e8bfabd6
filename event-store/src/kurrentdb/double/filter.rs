//! Filters of `$all`: by the names of streams or the types of events, by prefixes or a regular expression.

use regex::Regex;
use tonic::Status;

use super::{
    log::Record,
    protocol::event_store::client::streams::read_req::options::{
        FilterOption, FilterOptions,
        filter_options::{Expression, Filter as By, Window},
    },
};

/// How many events are considered between two checkpoints when nothing is said: `DefaultReadBatchSize` of KurrentDB's
/// Enumerator.cs.
const WINDOW: u64 = 32;

pub(super) struct Filter {
    by_stream: bool,
    regex: Option<Regex>,
    prefixes: Vec<String>,
    /// How many events are considered between two checkpoints.
    pub checkpoint_interval: u64,
}

impl Filter {
    /// `None`: everything passes.
    pub fn of(option: Option<FilterOption>) -> Result<Option<Self>, Status> {
        match option {
            Some(FilterOption::Filter(options)) => Self::parse(options).map(Some),
            Some(FilterOption::NoFilter(())) => Ok(None),
            None => Err(Status::invalid_argument("filter_option is missing")),
        }
    }

    fn parse(options: FilterOptions) -> Result<Self, Status> {
        let window = match options.window {
            Some(Window::Max(max)) => u64::from(max),
            Some(Window::Count(())) => WINDOW,
            None => return Err(Status::invalid_argument("window is missing")),
        };
        let (by_stream, Expression { regex, prefix }) = match options.filter {
            Some(By::StreamIdentifier(expression)) => (true, expression),
            Some(By::EventType(expression)) => (false, expression),
            None => return Err(Status::invalid_argument("filter is missing")),
        };
        let regex = if regex.is_empty() {
            None
        } else {
            Some(Regex::new(&regex).map_err(|error| Status::invalid_argument(error.to_string()))?)
        };
        // AllSubscriptionFiltered refuses an interval of 0.
        if options.checkpoint_interval_multiplier == 0 || window == 0 {
            return Err(Status::invalid_argument("the checkpoint interval must not be 0"));
        }
        let checkpoint_interval = u64::from(options.checkpoint_interval_multiplier) * window;
        Ok(Self { by_stream, regex, prefixes: prefix, checkpoint_interval })
    }

    pub fn lets_through(&self, record: &Record) -> bool {
        let name = if self.by_stream { &record.stream } else { &record.event_type };
        match &self.regex {
            Some(regex) => regex.is_match(name),
            None => self.prefixes.iter().any(|prefix| name.starts_with(prefix)),
        }
    }
}
