//! The metrics of CONTRACT: their buckets and what they mean.

use std::time::Duration;

use agrodeep_commands::payments::difference::DifferenceKind;
use agrodeep_domain::order_fulfilment::StepName;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// 1 ms … 5 s.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// Events or commands that are handled together.
const BATCH: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Installs the recorder of this process; the handle gives the text for `/metrics`.
///
/// # Errors
/// When another recorder is installed.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_batch_size".to_owned()), &BATCH)?
        .install_recorder()?;
    describe();
    begin_at_zero();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        // Folds recorded durations into buckets, so that memory stays flat when nobody scrapes.
        let mut ticks = tokio::time::interval(Duration::from_secs(5));
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// Counters that alerts look at (`deploy/monitoring/alerts.yaml`) are there before anything has gone wrong: the first increase of a
/// counter that was not there is none to Prometheus.
fn begin_at_zero() {
    use metrics::counter;

    counter!("saga_stuck_total").absolute(0);
    counter!("payment_time_extended_total").absolute(0);
    for step in StepName::all() {
        counter!("saga_effects_failed_total", "step" => step.as_str()).absolute(0);
    }
    for kind in DifferenceKind::ALL {
        counter!("payment_differences_total", "kind" => kind.as_str()).absolute(0);
    }
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

    describe_counter!("http_requests_total", "Requests answered, by method, route, status and service");
    describe_histogram!("http_request_duration_seconds", Unit::Seconds, "Time to answer a request");
    describe_counter!("orders_created_total", "Orders placed");
    describe_counter!("payments_failed_total", "Payments that failed, by error code and gateway");
    describe_counter!("payment_differences_total", "Differences between payment provider and log, by kind");
    describe_counter!("payments_reconciled_total", "Payments that the provider was asked about, by result");
    describe_gauge!("payments_without_outcome", "Payments that the last reconciliation asked about");
    describe_counter!(
        "payment_provider_retries_total",
        "Requests that were sent to the payment provider again"
    );
    describe_counter!("payment_time_extended_total", "Payments that were waited for longer");
    describe_histogram!("db_query_duration_seconds", Unit::Seconds, "Time of a database query");
    describe_gauge!("active_connections", "Connections in use, by type");
    describe_counter!("jwt_validation_failures_total", "Access tokens that were refused");
    describe_counter!("rbac_denied_total", "Requests refused because of the role");
    describe_gauge!("projection_lag_events", "How many events a projection is behind the log");
    describe_gauge!(
        "projection_lag_seconds",
        Unit::Seconds,
        "How long the oldest event that a projection has not seen has waited"
    );
    describe_gauge!("saga_in_flight", "Orders whose saga has not ended, by step");
    describe_gauge!("saga_parked", "Orders of which a step waits for a person");
    describe_gauge!(
        "saga_deadlines_overdue",
        "Deadlines that passed a minute ago or longer without being acted on"
    );
    describe_counter!("saga_stuck_total", "Times that a fulfilment could not be read or recorded");
    describe_counter!("saga_effects_failed_total", "Attempts at a step that failed and come again, by step");
    describe_counter!("saga_compensations_total", "Compensations done, by step");
    describe_counter!("events_appended_total", "Events appended to the log, by aggregate");
    describe_histogram!("append_batch_size", "Commands appended together in one statement");
}
