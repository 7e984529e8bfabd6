//! Events as CloudEvents.

use agrodeep_schemas::{CloudEvent, cloud_event_schema, cloud_event_source, cloud_event_type};

use super::view::EventView;

/// The same event in the envelope that others know.
pub fn cloud_event<'a>(view: &'a EventView<'a>) -> CloudEvent<'a> {
    let aggregate_type = view.stream.split('-').next().unwrap_or_default();
    CloudEvent {
        specversion: CloudEvent::SPEC_VERSION,
        id: view.event_id.to_string(),
        source: cloud_event_source(aggregate_type),
        kind: cloud_event_type(aggregate_type, view.event_type),
        subject: view.subject.clone(),
        time: view.occurred_at,
        datacontenttype: CloudEvent::DATA_CONTENT_TYPE,
        dataschema: cloud_event_schema(aggregate_type, view.event_type, view.event_version),
        traceparent: view.traceparent,
        position: view.position.to_string(),
        recordedtime: view.recorded_at,
        correlationid: view.correlation_id.to_string(),
        causationid: view.causation_id.to_string(),
        actor: view.actor,
        // The one that means everything is empty.
        masked: (!view.masked.is_empty()).then(|| view.masked.join(" ")),
        data: &view.data,
    }
}
