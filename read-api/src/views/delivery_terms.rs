//! Terms of delivery, and what follows from them, as JSON.

use agrodeep_domain::{
    AccountId,
    delivery::DeliveryWindow,
    delivery_terms::{DeliveryTerms, Weekday},
    order::DeliveryAgreed,
};
use agrodeep_projections::accounts::Account;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::text;

/// When a producer hands goods over.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeliveryTermsView {
    /// Which producer.
    #[schema(value_type = String, example = "usr_01h455vb4pex5vsknk084sn02q")]
    pub producer_id: AccountId,
    /// What it has said; null: nothing, so that any day may be wished for.
    pub terms: Option<TermsView>,
    /// The earliest day for what is ordered now; null without terms.
    #[schema(example = "2024-08-17")]
    pub earliest_delivery_date: Option<NaiveDate>,
}

/// What a producer has said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TermsView {
    /// By which clock and calendar: a name of the IANA time zone database, or a distance from UTC.
    #[schema(example = "Europe/Paris")]
    pub time_zone: String,
    /// What is ordered at this time of the day, or later, counts as ordered the day after.
    #[schema(example = "16:00")]
    pub cut_off: String,
    /// How many days after that of the order the goods are ready.
    #[schema(example = 1)]
    pub lead_days: u32,
    /// On which days of the week goods are handed over.
    #[schema(example = json!(["tuesday", "friday"]))]
    pub weekdays: Vec<&'static str>,
}

impl DeliveryTermsView {
    /// Those of a producer, for what is ordered at `now`.
    pub fn of(producer: &Account, now: DateTime<Utc>) -> Self {
        let terms = producer.delivery_terms.as_ref();
        Self {
            producer_id: producer.account_id,
            terms: terms.map(TermsView::of),
            earliest_delivery_date: terms.and_then(|terms| terms.earliest_day(now)),
        }
    }
}

impl TermsView {
    fn of(terms: &DeliveryTerms) -> Self {
        Self {
            time_zone: text(&terms.time_zone),
            cut_off: text(&terms.cut_off.format("%H:%M")),
            lead_days: terms.lead_days,
            weekdays: terms.weekdays.iter().copied().map(Weekday::as_str).collect(),
        }
    }
}

/// The day on which an order's producers deliver it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreedDeliveryView {
    /// The day: the one that the buyer would like, or the earliest on which all producers could when it was placed.
    #[schema(example = "2024-08-17")]
    pub day: NaiveDate,
    /// The hours at which it is that day for the producers.
    pub window: WindowView,
}

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WindowView {
    /// Not before.
    pub from: DateTime<Utc>,
    /// Before.
    pub until: DateTime<Utc>,
}

impl From<&DeliveryAgreed> for AgreedDeliveryView {
    fn from(agreed: &DeliveryAgreed) -> Self {
        Self { day: agreed.day, window: agreed.window.into() }
    }
}

impl From<DeliveryWindow> for WindowView {
    fn from(window: DeliveryWindow) -> Self {
        Self { from: window.from, until: window.until }
    }
}
