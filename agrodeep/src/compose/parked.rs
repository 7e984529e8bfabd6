//! Deciding about parked events: the write API's port, on the desk of the read side.

use std::{sync::Arc, time::Duration};

use agrodeep_event_store::StreamId;
use agrodeep_projections::{
    Model, ReadError,
    database::connect_read,
    parking::{DecideError, Outcome, ParkingDesk, Verdict, stream_named},
};
use agrodeep_write_api::{
    SharedParked,
    parked::{DecisionView, ParkedEvents, ParkedRefusal, ParkedStream, RetriedView},
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use secrecy::ExposeSecret;

use crate::database::Databases;

/// Hardly anybody asks.
const CONNECTIONS: u32 = 2;
/// How long a client is kept until what it has decided is carried out.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where it is decided about what is parked: beside the projections, which write there.
///
/// # Errors
/// When the database's address cannot be used.
pub fn parking_desk(databases: &Databases) -> Result<ParkingDesk> {
    let pool = connect_read(databases.write_url.expose_secret(), CONNECTIONS)
        .context("the address of the database cannot be used")?;
    Ok(ParkingDesk::new(pool))
}

/// The same, as the write API knows it.
pub fn port(desk: ParkingDesk) -> SharedParked {
    SharedParked(Arc::new(Port(desk)))
}

struct Port(ParkingDesk);

impl Port {
    async fn decide(
        &self,
        parked: ParkedStream,
        verdict: Verdict,
        decided_by: &str,
    ) -> Result<DecisionView, ParkedRefusal> {
        let (model, stream) = (model(&parked.projection)?, stream(&parked)?);
        let id = self.0.decide(model, &stream, &verdict, decided_by).await.map_err(refusal)?;
        let decisions = self.0.carried_out(&[id], PATIENCE).await.map_err(unavailable)?;
        let decision = decisions.first();
        Ok(DecisionView {
            projection: model.to_string(),
            stream: stream.to_string(),
            outcome: decision.and_then(|decision| decision.outcome).map(Outcome::as_str),
            applied: decision.map_or(0, |decision| decision.applied),
        })
    }
}

#[async_trait]
impl ParkedEvents for Port {
    async fn retry(&self, parked: ParkedStream, decided_by: &str) -> Result<DecisionView, ParkedRefusal> {
        self.decide(parked, Verdict::Retry, decided_by).await
    }

    async fn skip(
        &self,
        parked: ParkedStream,
        reason: String,
        decided_by: &str,
    ) -> Result<DecisionView, ParkedRefusal> {
        self.decide(parked, Verdict::Skip { reason }, decided_by).await
    }

    async fn retry_all(
        &self,
        projection: Option<String>,
        decided_by: &str,
    ) -> Result<RetriedView, ParkedRefusal> {
        let projection = projection.as_deref().map(model).transpose()?;
        let ids = self.0.retry_all(projection, decided_by).await.map_err(unavailable)?;
        let decisions = self.0.carried_out(&ids, PATIENCE).await.map_err(unavailable)?;
        let count = |outcome| decisions.iter().filter(|decision| decision.outcome == outcome).count() as u64;
        Ok(RetriedView {
            asked: decisions.len() as u64,
            released: count(Some(Outcome::Released)),
            still_parked: count(Some(Outcome::StillParked)),
            pending: count(None),
        })
    }
}

fn model(name: &str) -> Result<Model, ParkedRefusal> {
    name.parse().map_err(|unknown| ParkedRefusal::UnknownProjection(format!("{unknown}")))
}

fn stream(parked: &ParkedStream) -> Result<StreamId, ParkedRefusal> {
    stream_named(&parked.stream)
        .ok_or_else(|| ParkedRefusal::NotParked("nothing of this name is parked".to_owned()))
}

fn refusal(error: DecideError) -> ParkedRefusal {
    let detail = error.to_string();
    match error {
        DecideError::NotParked { .. } => ParkedRefusal::NotParked(detail),
        DecideError::Pending { .. } => ParkedRefusal::Pending(detail),
        DecideError::SkipInProducts => ParkedRefusal::SkipElsewhere(detail),
        DecideError::Store(_) => ParkedRefusal::Unavailable(detail),
    }
}

fn unavailable(error: ReadError) -> ParkedRefusal {
    ParkedRefusal::Unavailable(error.to_string())
}
