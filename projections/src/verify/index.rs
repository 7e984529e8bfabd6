//! Compares the index with a fold of the log up to the position that its last commit names.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use agrodeep_domain::ProductId;
use agrodeep_event_store::{Position, SharedLog};
use sqlx::PgPool;
use tantivy::{Searcher, TantivyDocument};

use super::{Difference, How, Report, VerifyError};
use crate::{
    Model, ReadError,
    fact::LogEvent,
    parking::decision,
    search::{Committed, Companies, Fields, IndexError, ProductDocument, open_to_read, wants},
};

/// How many events are read at a time.
const BATCH_MAX: usize = 4096;
/// How long an index is given to leave out what was skipped just before.
const UNTIL_LEFT_OUT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// Compares the product index in `folder` with what `log` says up to the index's last commit, without what people have decided
/// to skip (`live` says what). The index may be in use.
///
/// # Errors
/// [`VerifyError`].
pub async fn compare_index(log: SharedLog, live: &PgPool, folder: &Path) -> Result<Report, VerifyError> {
    let skipped = decision::skipped(live, Model::Products).await?;
    let committed = without(folder, &skipped).await?;
    let position = committed.position;
    // What was skipped since is left out by both or by neither.
    let skipped = skipped.into_iter().chain(committed.skipped.iter().copied()).collect();
    let is = blocking(move || documents(&committed.searcher, &committed.fields)).await?;
    let should = fold(&log, position, &skipped).await?;
    let mut report = Report::default();
    report.positions.insert(Model::Search, position);
    report.rows.insert(Model::Search.to_string(), is.len() as u64);
    compare(is, should, &mut report);
    Ok(report)
}

/// The index as of its last commit, or of one soon after it that leaves out all of `skipped`.
async fn without(folder: &Path, skipped: &HashSet<Position>) -> Result<Committed, VerifyError> {
    let deadline = Instant::now() + UNTIL_LEFT_OUT;
    loop {
        let folder = folder.to_owned();
        let committed = blocking(move || open_to_read(&folder)).await?;
        let is_in = |position: &&Position| **position <= committed.position;
        let leaves_out_all =
            skipped.iter().filter(is_in).all(|position| committed.skipped.contains(position));
        if leaves_out_all || Instant::now() >= deadline {
            return Ok(committed);
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, VerifyError> {
    let worked = tokio::task::spawn_blocking(work).await;
    Ok(worked.map_err(|error| ReadError::Unavailable(error.to_string()))??)
}

/// All documents of the index. One that is there twice is there twice.
fn documents(searcher: &Searcher, fields: &Fields) -> Result<Vec<ProductDocument>, IndexError> {
    let mut documents = Vec::new();
    for segment in searcher.segment_readers() {
        let store = segment.get_store_reader(1).map_err(tantivy::TantivyError::from)?;
        for id in segment.doc_ids_alive() {
            let document: TantivyDocument = store.get(id)?;
            documents.push(ProductDocument::from_index(fields, &document)?);
        }
    }
    Ok(documents)
}

async fn fold(
    log: &SharedLog,
    until: Position,
    skipped: &HashSet<Position>,
) -> Result<HashMap<ProductId, ProductDocument>, VerifyError> {
    let mut documents: HashMap<ProductId, ProductDocument> = HashMap::new();
    let mut parked = HashSet::new();
    let mut companies = Companies::new(log.clone());
    let mut position = Position::START;
    while position < until {
        let events = log.read(position, BATCH_MAX).await?;
        let Some(last) = events.last() else { break };
        position = last.position;
        let wanted = events.into_iter().filter(|event| event.position <= until && wants(event));
        let wanted: Vec<_> = wanted.map(LogEvent::new).map(Arc::new).collect();
        let names = companies.of_events(&wanted).await?;
        for event in wanted {
            let id = ProductId::from_uuid(event.recorded.stream.uuid());
            if parked.contains(&id) || skipped.contains(&event.position()) {
                continue;
            }
            let before = documents.get(&id).cloned();
            match ProductDocument::after(before, &event, &names) {
                Ok(Some(after)) => {
                    documents.insert(id, after);
                }
                Ok(None) => {
                    documents.remove(&id);
                }
                Err(_) => {
                    parked.insert(id);
                }
            }
        }
    }
    Ok(documents)
}

fn compare(is: Vec<ProductDocument>, mut should: HashMap<ProductId, ProductDocument>, report: &mut Report) {
    let mut differs = |id: ProductId, how| {
        report.differs(Difference { table: Model::Search.to_string(), key: id.to_string(), how });
    };
    for is in is {
        match should.remove(&is.product_id) {
            Some(should) if should == is => {}
            Some(should) => differs(is.product_id, How::Columns(columns(&is, &should))),
            None => differs(is.product_id, How::Superfluous),
        }
    }
    for id in should.into_keys() {
        differs(id, How::Missing);
    }
}

fn columns(is: &ProductDocument, should: &ProductDocument) -> Vec<String> {
    let parts = [
        ("product_id", is.product_id == should.product_id),
        ("producer_id", is.producer_id == should.producer_id),
        ("company", is.company == should.company),
        ("name", is.name == should.name),
        ("description", is.description == should.description),
        ("category_id", is.category_id == should.category_id),
        ("tags", is.tags == should.tags),
        ("is_organic", is.is_organic == should.is_organic),
        ("price", is.price == should.price),
        ("created_at", is.created_at == should.created_at),
    ];
    parts.into_iter().filter(|(_, same)| !same).map(|(column, _)| column.to_owned()).collect()
}
