//! Asking for a rebuild, stopping it, going on with it, giving it up.

use sqlx::PgConnection;

use super::{
    RebuildError, RebuildRequest, RebuildStatus, Rebuilds, SHARDS_MAX,
    generation::{building_schema, drop_schema},
    rows::{self, BUILDING, DISCARDED, STOPPED},
    with_projection,
};
use crate::{Model, projection::Projection, search};

/// In how many parts a log is read when nobody says.
pub(super) fn shards_here() -> u32 {
    let processors =
        std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(SHARDS_MAX));
    processors.min(SHARDS_MAX)
}

const fn version_of<P: Projection>() -> i32 {
    P::VERSION
}

/// The version of a read model that this program writes.
pub(super) fn known_version(model: Model) -> i32 {
    with_projection!(model, version_of(), search::version())
}

impl Rebuilds {
    /// Asks for a rebuild, or goes on with one that was stopped. Whoever runs projections takes it up.
    ///
    /// # Errors
    /// [`RebuildError::Running`] when there is one; when version or shards cannot be.
    pub async fn request(&self, request: &RebuildRequest) -> Result<RebuildStatus, RebuildError> {
        let RebuildRequest { model, version, shards, requested_by } = request;
        let known = known_version(*model);
        if let Some(asked) = version.filter(|asked| *asked != known) {
            return Err(RebuildError::UnknownVersion { model: *model, asked, known });
        }
        if let Some(shards) = shards.filter(|shards| *shards == 0 || *shards > SHARDS_MAX) {
            return Err(RebuildError::Shards(shards));
        }
        match rows::in_the_making(&self.pool, *model).await? {
            Some(row) if row.state == STOPPED => {
                rows::turn(&self.pool, row.generation, STOPPED, BUILDING).await?;
            }
            Some(_) => return Err(RebuildError::Running(*model)),
            None => {
                let shards = shards.unwrap_or_else(shards_here);
                if !rows::insert(&self.pool, *model, known, shards, requested_by).await? {
                    return Err(RebuildError::Running(*model));
                }
            }
        }
        self.current(*model).await
    }

    /// Lets a rebuild rest where it is.
    ///
    /// # Errors
    /// [`RebuildError::NotRunning`].
    pub async fn stop(&self, model: Model) -> Result<RebuildStatus, RebuildError> {
        if model == Model::Search {
            return Err(RebuildError::IndexInOneGo);
        }
        let row = rows::in_the_making(&self.pool, model).await?.ok_or(RebuildError::NotRunning(model))?;
        rows::turn(&self.pool, row.generation, BUILDING, STOPPED).await?;
        self.current(model).await
    }

    /// Gives a rebuild up, with all that it has built.
    ///
    /// # Errors
    /// [`RebuildError::NotRunning`].
    pub async fn discard(&self, model: Model) -> Result<(), RebuildError> {
        let mut transaction = self.pool.begin().await?;
        let row =
            rows::in_the_making(&mut *transaction, model).await?.ok_or(RebuildError::NotRunning(model))?;
        discard(&mut transaction, row.generation).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn current(&self, model: Model) -> Result<RebuildStatus, RebuildError> {
        let found = self.list().await?.into_iter().find(|status| status.model == model);
        found.ok_or(RebuildError::NotRunning(model))
    }
}

/// Whatever of it is being written fails from now on.
pub(super) async fn discard(connection: &mut PgConnection, generation: i64) -> Result<(), sqlx::Error> {
    for from in [BUILDING, STOPPED] {
        rows::turn(&mut *connection, generation, from, DISCARDED).await?;
    }
    drop_schema(connection, &building_schema(generation)).await
}
