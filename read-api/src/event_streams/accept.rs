//! In which form events are wanted: `Accept` (RFC 9110, section 12.5.1).

use agrodeep_http::{FieldError, Problem};
use agrodeep_schemas::{CLOUD_EVENT, CLOUD_EVENTS};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

/// A form that events come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventForm {
    /// A page, with a cursor to the next.
    Page,
    /// One line an event, to the end.
    Ndjson,
    /// One message an event, to the end and on.
    Sse,
    /// One CloudEvent.
    CloudEvent,
    /// An array of CloudEvents, with a cursor to the next.
    CloudEvents,
    /// A table.
    Parquet,
}

impl EventForm {
    /// All of them, the first one for who does not mind.
    pub const ALL: [Self; 6] =
        [Self::Page, Self::Ndjson, Self::Sse, Self::CloudEvent, Self::CloudEvents, Self::Parquet];

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Page => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Sse => "text/event-stream",
            Self::CloudEvent => CLOUD_EVENT,
            Self::CloudEvents => CLOUD_EVENTS,
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// What suits an `Accept` best; `None`: nothing does.
    fn wanted(accept: &str) -> Option<Self> {
        let mut best: Option<(u16, Self)> = None;
        for range in accept.split(',').map(str::trim).filter(|range| !range.is_empty()) {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, quality);
            let form = match media.as_str() {
                "*/*" | "application/*" => Some(Self::Page),
                "text/*" => Some(Self::Sse),
                "application/ndjson" => Some(Self::Ndjson),
                media => Self::ALL.into_iter().find(|form| form.media_type() == media),
            };
            // Of equals the first one is meant.
            if let Some(form) = form
                && quality > best.map_or(0, |(quality, _)| quality)
            {
                best = Some((quality, form));
            }
        }
        best.map(|(_, form)| form)
    }
}

/// In thousandths; what cannot be read counts as nothing.
fn quality(text: &str) -> u16 {
    text.parse::<f32>()
        .ok()
        .filter(|quality| (0.0..=1.0).contains(quality))
        .map_or(0, |q| (q * 1000.0) as u16)
}

impl<S: Send + Sync> FromRequestParts<S> for EventForm {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut accept = String::new();
        for value in parts.headers.get_all(header::ACCEPT) {
            accept.push_str(value.to_str().unwrap_or_default());
            accept.push(',');
        }
        if accept.trim_matches([',', ' ']).is_empty() {
            return Ok(Self::Page);
        }
        Self::wanted(&accept).ok_or_else(|| {
            let known = Self::ALL.map(Self::media_type).join(", ");
            let detail = format!("must have one of {known}");
            Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", format!("Accept {detail}"))
                .with_errors(vec![FieldError::header("Accept", detail)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_that_is_wanted_most_is_given() {
        for (accept, expected) in [
            ("*/*", Some(EventForm::Page)),
            ("application/json", Some(EventForm::Page)),
            ("text/event-stream", Some(EventForm::Sse)),
            ("Application/X-NDJSON", Some(EventForm::Ndjson)),
            ("application/vnd.apache.parquet, */*;q=0.1", Some(EventForm::Parquet)),
            ("application/json;q=0.5, application/cloudevents+json", Some(EventForm::CloudEvent)),
            ("text/html, application/cloudevents-batch+json;q=0.2", Some(EventForm::CloudEvents)),
            ("application/x-ndjson;q=0, text/html", None),
            ("application/x-ndjson;q=lots", None),
            ("text/html", None),
            ("nonsense", None),
        ] {
            assert_eq!(EventForm::wanted(accept), expected, "{accept}");
        }
    }
}
