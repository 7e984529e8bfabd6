//! Compares the index with a fold of the log up to the position that its last commit names.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
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
    search::{Companies, Fields, IndexError, ProductDocument, open_to_read, wants},
};

/// How many events are read at a time.
const BATCH_MAX: usize = 4096;

/// Compares the product index in `folder` with what `log` says up to the index's last commit, without what people have decided
/// to skip (`live` says what). The index may be in use.
///
/// # Errors
/// [`VerifyError`].
pub async fn compare_index(log: SharedLog, live: &PgPool, folder: &Path) -> Result<Report, VerifyError> {
    let folder = folder.to_owned();
    let read = move || {
        let (searcher, fields, position) = open_to_read(&folder)?;
        Ok::<_, IndexError>((documents(&searcher, &fields)?, position))
    };
    let (is, position) = tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| ReadError::Unavailable(error.to_string()))??;
    let skipped = decision::skipped(live, Model::Products).await?;
    let should = fold(&log, position, &skipped).await?;
    let mut report = Report::default();
    report.positions.insert(Model::Search, position);
    report.rows.insert(Model::Search.to_string(), is.len() as u64);
    compare(is, should, &mut report);
    Ok(report)
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
