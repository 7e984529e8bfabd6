//! What leaves the process and must not change under those who read it: the JSON Schema of every event, generated from
//! the code, committed beside it and compared by a test; golden events; what of an event is personal,
//! and hiding it; the envelope that events go out in.
//!
//! The files are in `events/` (generated) and `golden/` (written by hand, never changed). How they are kept is in this
//! folder's `README.md`.
//!
//! This crate must never know how anything is stored, nor any part but `domain`: an aggregate that lives elsewhere
//! comes in by its type ([`event_schemas`], [`check::event_schemas_are_up_to_date`], [`check::golden_events_hold`]).

mod catalogue;
pub mod check;
mod cloud_event;
mod event_schema;
mod frozen;
mod json;
mod masking;
mod older;
mod personal;
mod places;
mod states;
mod structure;
mod texts;

pub use self::{
    catalogue::{CatalogueEntry, catalogue},
    cloud_event::{
        CLOUD_EVENT, CLOUD_EVENTS, CloudEvent, cloud_event_schema, cloud_event_source, cloud_event_type,
    },
    event_schema::{EventSchema, event_schemas, schema_id},
    masking::{Masked, Masking},
    states::state_form_holds,
    structure::mismatches,
};
