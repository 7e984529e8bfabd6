//! The index on disk: one folder, one writer. A commit carries its position.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use agrodeep_domain::ProductId;
use agrodeep_event_store::Position;
use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term,
    collector::TopDocs, query::TermQuery, schema::IndexRecordOption,
};

use super::{
    companies::CompanyNames,
    document::ProductDocument,
    parked::{Folded, ParkedProduct, ParkedProducts},
    schema::{Fields, VERSION},
    text::Analyser,
};
use crate::{
    Model, ReadError,
    fact::{LogEvent, Poison},
    products::Product,
};

/// How much memory documents may take before they are written out as a segment.
const WRITER_BYTES: usize = 32 << 20;

/// Why an index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Another process has it.
    #[error("the product index in {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The folder cannot be read or written.
    #[error("the product index in {} cannot be used: {error}", folder.display())]
    Folder {
        /// Where.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The index itself cannot be read or written.
    #[error("the product index fails: {0}")]
    Index(#[from] TantivyError),
    /// What was read for it cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What a commit says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payload {
    /// Up to which event everything is in.
    pub position: Position,
    /// Products with an event that could not be applied: they stay as they were before it.
    #[serde(default)]
    pub parked: ParkedProducts,
    /// Which rebuild it comes from: who asks later wants another one.
    #[serde(default)]
    pub rebuilt: i64,
    /// Which events it leaves out, because people have decided that the products do without them.
    #[serde(default)]
    pub skipped: BTreeSet<Position>,
}

/// An index that can be searched.
#[derive(Clone)]
pub(super) struct Opened {
    pub index: Index,
    pub reader: IndexReader,
    pub fields: Fields,
}

/// The index that searches use at the moment: the writer replaces it when it has to be built anew.
pub(super) type Current = Arc<RwLock<Opened>>;

/// The one who may write to a folder, as long as it lives.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes a folder, creating it when it is missing.
    pub fn take(path: &Path) -> Result<Self, IndexError> {
        let failed = |error| IndexError::Folder { folder: path.to_owned(), error };
        fs::create_dir_all(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(IndexError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Opens the index; one that cannot be read is thrown away, as everything in it can be had again. What is left of one that
    /// was being built anew goes, too.
    pub fn open_or_create(&self) -> Result<Opened, IndexError> {
        let mut found = None;
        for path in index_paths(&self.path) {
            if found.is_none() {
                match open(&path).and_then(expect_whole) {
                    // One that has never been committed holds nothing; but it will do when there is no other.
                    Ok(opened) if is_committed(&opened)? || is_first(&path) => {
                        found = Some((path, opened));
                        continue;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(folder = %path.display(), %error, "the product index cannot be read; it is built anew");
                    }
                }
            }
            self.remove(&path)?;
        }
        match found {
            Some((_, opened)) => Ok(opened),
            None => create(&first_index_path(&self.path)),
        }
    }

    /// An empty index beside what is there.
    fn create_beside(&self) -> Result<Opened, IndexError> {
        let last = index_paths(&self.path).first().and_then(|path| number(path)).unwrap_or(0);
        create(&self.path.join(format!("{}-{}", index_name(), last + 1)))
    }

    /// Removes every index but the latest.
    fn remove_replaced(&self) -> Result<(), IndexError> {
        index_paths(&self.path).iter().skip(1).try_for_each(|path| self.remove(path))
    }

    fn remove(&self, path: &Path) -> Result<(), IndexError> {
        fs::remove_dir_all(path).map_err(|error| IndexError::Folder { folder: self.path.clone(), error })
    }
}

fn create(path: &Path) -> Result<Opened, IndexError> {
    let failed = |error| IndexError::Folder { folder: path.to_owned(), error };
    fs::create_dir_all(path).map_err(failed)?;
    let (schema, fields) = Fields::build();
    Ok(opened(Index::create_in_dir(path, schema)?, fields)?)
}

/// What the folders of this program's version begin with: others are none of its business. The first index of a folder has
/// no number; each that is built anew has one more than the one before.
fn index_name() -> String {
    format!("products-v{VERSION}")
}

fn first_index_path(folder: &Path) -> PathBuf {
    folder.join(index_name())
}

/// All that is there, latest first.
fn index_paths(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| number(path).is_some()).collect();
    paths.sort_by_key(|path| std::cmp::Reverse(number(path)));
    paths
}

/// The how manyth index of its folder it is; the first is 0.
fn number(path: &Path) -> Option<u64> {
    let rest = path.file_name()?.to_str()?.strip_prefix(&index_name())?;
    if rest.is_empty() { Some(0) } else { rest.strip_prefix('-')?.parse().ok() }
}

fn is_first(path: &Path) -> bool {
    number(path) == Some(0)
}

fn is_committed(opened: &Opened) -> Result<bool, TantivyError> {
    Ok(payload(opened.index.load_metas()?.payload.as_deref()).is_some())
}

fn open(path: &Path) -> Result<Opened, TantivyError> {
    let (schema, fields) = Fields::build();
    let index = Index::open_in_dir(path)?;
    if index.schema() != schema {
        return Err(TantivyError::SchemaError("the fields are others than expected".to_owned()));
    }
    opened(index, fields)
}

/// Every file is as it was written: a search over a damaged one could fail, or worse, find something else.
fn expect_whole(opened: Opened) -> Result<Opened, TantivyError> {
    let damaged = opened.index.validate_checksum()?;
    if damaged.is_empty() {
        return Ok(opened);
    }
    Err(TantivyError::InternalError(format!("{} of its files are damaged", damaged.len())))
}

/// The latest index that was committed: one that is being built anew is not what searches use.
fn open_latest(folder: &Path) -> Result<Opened, TantivyError> {
    for path in index_paths(folder) {
        if let Ok(opened) = open(&path)
            && is_committed(&opened)?
        {
            return Ok(opened);
        }
    }
    open(&first_index_path(folder))
}

/// An index as of one commit.
pub(crate) struct Committed {
    pub searcher: Searcher,
    pub fields: Fields,
    /// Up to which event everything is in,
    pub position: Position,
    /// but for these.
    pub skipped: BTreeSet<Position>,
}

/// Opens the index in `folder` only to read it, whoever writes it.
pub(crate) fn open_to_read(folder: &Path) -> Result<Committed, IndexError> {
    let opened = open_latest(folder)?;
    // A commit may come between reading its payload and its documents: then once more.
    loop {
        let before = opened.index.load_metas()?;
        opened.reader.reload()?;
        let after = opened.index.load_metas()?;
        if before.opstamp == after.opstamp {
            let Payload { position, skipped, .. } = payload(before.payload.as_deref()).unwrap_or_default();
            let (searcher, fields) = (opened.reader.searcher(), opened.fields);
            return Ok(Committed { searcher, fields, position, skipped });
        }
    }
}

/// What is parked of the index in `folder`, as of its last commit.
///
/// # Errors
/// When there is no index that can be read.
pub(crate) fn parked_in(folder: &Path) -> Result<ParkedProducts, IndexError> {
    let opened = open_latest(folder)?;
    Ok(payload(opened.index.load_metas()?.payload.as_deref()).unwrap_or_default().parked)
}

fn opened(index: Index, fields: Fields) -> Result<Opened, TantivyError> {
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok(Opened { index, reader, fields })
}

fn payload(text: Option<&str>) -> Option<Payload> {
    serde_json::from_str(text?).ok()
}

/// The writer. It ends only when all that it does in the background has ended: whoever takes the folder next is alone.
struct Writer(Option<IndexWriter>);

impl Writer {
    fn get(&mut self) -> Result<&mut IndexWriter, TantivyError> {
        self.0.as_mut().ok_or_else(|| TantivyError::InternalError("the writer has ended".to_owned()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(IndexWriter::wait_merging_threads) {
            tracing::warn!(%error, "a merge of the product index has failed");
        }
    }
}

/// The index as it is written: everything since the last commit, and what that was.
pub(super) struct Store {
    writer: Writer,
    folder: Arc<Folder>,
    current: Current,
    opened: Opened,
    reader: IndexReader,
    fields: Fields,
    analyser: Analyser,
    /// Products that were put (or taken away) since the last commit, which a search does not see yet.
    uncommitted: HashMap<ProductId, Option<ProductDocument>>,
    payload: Payload,
    committed: Position,
}

impl Store {
    /// Opens the index to write. `None` instead of a position: it is empty, or does not say how far it is.
    pub fn open(folder: Arc<Folder>, current: Current) -> Result<(Self, Option<Position>), IndexError> {
        let opened = folder.open_or_create()?;
        *current.write().unwrap_or_else(PoisonError::into_inner) = opened.clone();
        let store = Self::write_to(opened, folder, current)?;
        let position = is_committed(&store.opened)?.then(|| store.position());
        Ok((store, position))
    }

    /// An empty index beside this one, to be filled while this one is searched; see [`Self::replace`].
    pub fn beside(folder: Arc<Folder>, current: Current) -> Result<Self, IndexError> {
        Self::write_to(folder.create_beside()?, folder, current)
    }

    fn write_to(opened: Opened, folder: Arc<Folder>, current: Current) -> Result<Self, IndexError> {
        let writer = Writer(Some(opened.index.writer_with_num_threads(1, WRITER_BYTES)?));
        opened.reader.reload()?;
        let payload = payload(opened.index.load_metas()?.payload.as_deref()).unwrap_or_default();
        Ok(Self {
            folder,
            current,
            writer,
            reader: opened.reader.clone(),
            fields: opened.fields,
            opened,
            analyser: Analyser::new(),
            uncommitted: HashMap::new(),
            committed: payload.position,
            payload,
        })
    }

    /// Lets searches use this index from now on, and removes all others. Searches that have begun keep their files.
    pub fn replace(&self) -> Result<(), IndexError> {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = self.opened.clone();
        self.folder.remove_replaced()
    }

    /// Which rebuild it comes from, or has seen the last.
    pub fn rebuilt(&self) -> i64 {
        self.payload.rebuilt
    }

    /// It comes from this rebuild.
    pub fn comes_from(&mut self, rebuild: i64) {
        self.payload.rebuilt = rebuild;
    }

    /// Throws everything away with the next commit, until which searches see it.
    pub fn begin_anew(&mut self) -> Result<(), IndexError> {
        self.writer.get()?.delete_all_documents()?;
        self.uncommitted.clear();
        Ok(())
    }

    /// Up to which event everything has been taken in.
    pub fn position(&self) -> Position {
        self.payload.position
    }

    /// Up to which event everything has been committed.
    pub fn committed(&self) -> Position {
        self.committed
    }

    /// Which products are parked.
    pub fn parked(&self) -> &ParkedProducts {
        &self.payload.parked
    }

    /// Puts a parked product that was folded anew, up to the event that everything is taken in to. `decision`: because of
    /// which. Whether it is still parked.
    pub fn put_anew(&mut self, id: ProductId, folded: Folded, decision: i64) -> Result<bool, IndexError> {
        let (document, still) = match folded {
            Folded::Whole(document) => (document, None),
            Folded::Stuck(document, parked) => {
                (document, Some(ParkedProduct { decided: decision, ..parked }))
            }
        };
        self.put(id, document.as_ref())?;
        self.uncommitted.insert(id, document);
        let is_parked = still.is_some();
        match still {
            Some(still) => self.payload.parked.insert(id, still),
            None => self.payload.parked.remove(&id),
        };
        Ok(is_parked)
    }

    /// Whether something was taken in that is not committed.
    pub fn is_dirty(&self) -> bool {
        !self.uncommitted.is_empty()
    }

    /// Puts products as the products read model has them.
    pub fn put_all(&mut self, products: &[Product], companies: &CompanyNames) -> Result<(), IndexError> {
        for document in products.iter().filter_map(|product| ProductDocument::of_product(product, companies))
        {
            self.put(document.product_id, Some(&document))?;
        }
        Ok(())
    }

    /// Where the products that were put stand, without the events that they leave out; none of them is parked.
    pub fn put_up_to(&mut self, position: Position, skipped: BTreeSet<Position>) {
        self.payload =
            Payload { position, skipped, parked: ParkedProducts::new(), rebuilt: self.payload.rebuilt };
    }

    /// Whether an event is left out.
    pub fn leaves_out(&self, position: Position) -> bool {
        self.payload.skipped.contains(&position)
    }

    /// From now on an event is left out. A product that has it already must be put anew.
    pub fn leave_out(&mut self, position: Position) {
        self.payload.skipped.insert(position);
    }

    /// Takes events in, all of which may change the index, and moves to `position`.
    pub fn take_in(
        &mut self,
        events: &[Arc<LogEvent>],
        companies: &CompanyNames,
        position: Position,
    ) -> Result<(), IndexError> {
        for event in events {
            if self.leaves_out(event.position()) {
                continue;
            }
            let id = ProductId::from_uuid(event.recorded.stream.uuid());
            if let Some(parked) = self.payload.parked.get_mut(&id) {
                parked.wait(event.position());
                continue;
            }
            let before = self.document(id)?;
            match ProductDocument::after(before, event, companies) {
                Ok(after) => {
                    self.put(id, after.as_ref())?;
                    self.uncommitted.insert(id, after);
                }
                Err(poison) => self.park(id, event, &poison),
            }
        }
        self.payload.position = position;
        Ok(())
    }

    fn park(&mut self, id: ProductId, event: &LogEvent, poison: &Poison) {
        tracing::error!(
            projection = Model::Search.as_str(),
            position = event.position().0,
            stream = %event.recorded.stream,
            error = poison.class(),
            reason = %poison,
            "an event cannot be applied; its product stays in the index as it was"
        );
        metrics::counter!("projection_parked_total", "projection" => Model::Search.as_str()).increment(1);
        self.payload.parked.insert(id, ParkedProduct::new(event, poison));
    }

    fn document(&self, id: ProductId) -> Result<Option<ProductDocument>, IndexError> {
        if let Some(document) = self.uncommitted.get(&id) {
            return Ok(document.clone());
        }
        let searcher = self.reader.searcher();
        let query = TermQuery::new(self.key(id), IndexRecordOption::Basic);
        let found = searcher.search(&query, &TopDocs::with_limit(1).order_by_score())?;
        let Some((_, address)) = found.first() else { return Ok(None) };
        let document: TantivyDocument = searcher.doc(*address)?;
        Ok(Some(ProductDocument::from_index(&self.fields, &document)?))
    }

    fn key(&self, id: ProductId) -> Term {
        Term::from_field_text(self.fields.id, &id.to_string())
    }

    /// Deletes before it adds: the same event a second time changes nothing.
    fn put(&mut self, id: ProductId, document: Option<&ProductDocument>) -> Result<(), IndexError> {
        let key = self.key(id);
        let writer = self.writer.get()?;
        writer.delete_term(key);
        if let Some(document) = document {
            writer.add_document(document.to_index(&self.fields, &mut self.analyser)?)?;
        }
        Ok(())
    }

    /// Makes everything durable, with its position, and lets searches see it.
    pub fn commit(&mut self) -> Result<(), IndexError> {
        let payload = serde_json::to_string(&self.payload)
            .map_err(|e| ReadError::Damaged(format!("the payload of the product index: {e}")))?;
        let mut commit = self.writer.get()?.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        self.reader.reload()?;
        self.uncommitted.clear();
        self.committed = self.payload.position;
        Ok(())
    }
}
