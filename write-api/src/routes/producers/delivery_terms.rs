//! `PUT /v1/producers/me/delivery-terms`: say when goods are handed over.

use std::collections::BTreeSet;

use agrodeep_commands::{
    Commands,
    account::{self, SetDeliveryTermsRequest},
};
use agrodeep_domain::delivery_terms::{DeliveryTerms, LEAD_DAYS_MAX, Weekday};
use agrodeep_http::{Invalid, Problem, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::Answer,
    caller::{Caller, CommandHeaders, Producers},
    problems,
    routes::CommandProblems,
};

/// How times of the day are written.
const TIME_OF_DAY: &str = "%H:%M";

/// When goods are handed over.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryTermsBody {
    /// By which clock and calendar: a name of the IANA time zone database, or a distance from UTC such as `+02:00`.
    #[schema(example = "Europe/Paris", max_length = 64)]
    time_zone: String,
    /// What is ordered at this time of the day, or later, counts as ordered the day after.
    #[schema(example = "16:00", pattern = "^[0-9]{2}:[0-9]{2}$")]
    cut_off: String,
    /// How many days after that of the order the goods are ready; 0: on the same day.
    #[schema(example = 1, maximum = 60)]
    lead_days: u32,
    /// On which days of the week goods are handed over: `monday`, …; each once, at least one.
    #[schema(example = json!(["tuesday", "friday"]), min_items = 1, max_items = 7)]
    weekdays: Vec<String>,
}

/// Say when goods are handed over: all of it. Orders with a day on which that cannot be are refused from now on; those placed
/// before keep what was agreed on.
#[utoipa::path(
    put, path = "/v1/producers/me/delivery-terms", tag = "producers", security(("bearer" = [])),
    params(CommandHeaders),
    request_body = DeliveryTermsBody,
    responses((status = 200, description = "The terms as they are now", body = DeliveryTermsBody), CommandProblems)
)]
pub async fn set_delivery_terms(
    State(commands): State<Commands>,
    caller: Caller<Producers>,
    StrictJson { value: body, raw }: StrictJson<DeliveryTermsBody>,
) -> Result<Response, Problem> {
    let terms = parse(&body)?;
    let view = view(&terms);
    let request = SetDeliveryTermsRequest { producer_id: caller.signed_in.account_id, terms };
    caller
        .run(&raw, move |context| async move {
            let executed = account::set_delivery_terms(&commands, request, context).await;
            Ok(Answer::json(StatusCode::OK, &view)?.executed(&executed.map_err(problems::account)?))
        })
        .await
}

fn parse(body: &DeliveryTermsBody) -> Result<DeliveryTerms, Problem> {
    let mut invalid = Invalid::new();
    let time_zone = invalid.check("/time_zone", body.time_zone.parse());
    let cut_off = NaiveTime::parse_from_str(&body.cut_off, TIME_OF_DAY).ok();
    // One way of writing each: chrono takes more.
    let cut_off = cut_off.filter(|time| time.format(TIME_OF_DAY).to_string() == body.cut_off);
    if cut_off.is_none() {
        invalid.at("/cut_off", "must be a time of the day such as 16:00");
    }
    if body.lead_days > LEAD_DAYS_MAX {
        invalid.at("/lead_days", format!("must be at most {LEAD_DAYS_MAX}"));
    }
    if body.weekdays.is_empty() || body.weekdays.len() > Weekday::ALL.len() {
        invalid.at("/weekdays", "must have 1 to 7 days");
    }
    let mut weekdays = BTreeSet::new();
    for (index, text) in body.weekdays.iter().take(Weekday::ALL.len()).enumerate() {
        let at = format!("/weekdays/{index}");
        if let Some(day) = invalid.check(&at, text.parse::<Weekday>())
            && !weekdays.insert(day)
        {
            invalid.at(at, "is there before");
        }
    }
    let terms = time_zone.zip(cut_off).map(|(time_zone, cut_off)| DeliveryTerms {
        time_zone,
        cut_off,
        lead_days: body.lead_days,
        weekdays,
    });
    invalid.finish(terms)
}

fn view(terms: &DeliveryTerms) -> DeliveryTermsBody {
    DeliveryTermsBody {
        time_zone: terms.time_zone.to_string(),
        cut_off: terms.cut_off.format(TIME_OF_DAY).to_string(),
        lead_days: terms.lead_days,
        weekdays: terms.weekdays.iter().map(|day| day.as_str().to_owned()).collect(),
    }
}
