//! With the feature: who asks for faults, and how they are acted out.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{Fault, Place, chance};

tokio::task_local! {
    /// The order that is being worked on.
    static ORDER: Uuid;
}

/// The faults that tests have asked for in this process.
static ARMED: Mutex<Vec<Arc<Arm>>> = Mutex::new(Vec::new());
/// How many these are: without any, nobody looks.
static ARMED_COUNT: AtomicUsize = AtomicUsize::new(0);

/// A fault at one point for one order, a number of times.
struct Arm {
    order: Uuid,
    point: String,
    fault: String,
    left: AtomicU32,
    hits: watch::Sender<u32>,
    resumed: watch::Sender<bool>,
}

/// A fault that was asked for, until this is dropped. What waits at its point then waits on.
pub struct Armed(Arc<Arm>);

impl Armed {
    /// How often it has come about.
    pub fn hits(&self) -> u32 {
        *self.0.hits.borrow()
    }

    /// Waits until it has come about so often.
    pub async fn hit(&self, times: u32) {
        // The sender lives as long as this does.
        let _ = self.0.hits.subscribe().wait_for(|hits| *hits >= times).await;
    }

    /// Lets what is paused at this point go on.
    pub fn resume(&self) {
        self.0.resumed.send_replace(true);
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        armed().retain(|arm| !Arc::ptr_eq(arm, &self.0));
        ARMED_COUNT.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Asks for a fault, in the words of the environment, at the next `times` passes of `point` for `order`.
pub fn arm(order: Uuid, point: &str, fault: &str, times: u32) -> Armed {
    let arm = Arm {
        order,
        point: point.to_owned(),
        fault: fault.to_owned(),
        left: AtomicU32::new(times),
        hits: watch::Sender::new(0),
        resumed: watch::Sender::new(false),
    };
    let arm = Arc::new(arm);
    armed().push(Arc::clone(&arm));
    ARMED_COUNT.fetch_add(1, Ordering::SeqCst);
    Armed(arm)
}

fn armed() -> MutexGuard<'static, Vec<Arc<Arm>>> {
    ARMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works on `order`: what tests have asked for it, happens in there.
pub async fn of_order<F: Future>(order: Uuid, work: F) -> F::Output {
    ORDER.scope(order, work).await
}

/// Before something is done.
pub async fn before(place: Place) -> Option<Fault> {
    pass(place, "before").await
}

/// After something was done.
pub async fn after(place: Place) -> Option<Fault> {
    pass(place, "after").await
}

/// Does it, with a point before and one after; `failed` says that it was not done, or that nobody knows.
pub async fn around<T, E>(
    place: Place,
    call: impl Future<Output = Result<T, E>>,
    failed: impl Fn() -> E,
) -> Result<T, E> {
    if before(place).await.is_some() {
        return Err(failed());
    }
    let done = call.await;
    match after(place).await {
        None | Some(Fault::Twice) => done,
        Some(Fault::Error | Fault::Refused) => Err(failed()),
    }
}

/// Whether a switch is on that takes a safeguard away, for `order` or the order that is worked on, or for all.
pub fn switched(name: &str, order: Option<Uuid>) -> bool {
    if configured(name).is_some() {
        return true;
    }
    if ARMED_COUNT.load(Ordering::SeqCst) == 0 {
        return false;
    }
    let order = order.or_else(|| ORDER.try_with(|order| *order).ok());
    armed().iter().any(|arm| Some(arm.order) == order && arm.point == name)
}

/// Whether the environment asks for any fault.
fn environment() -> bool {
    static ASKS: OnceLock<bool> = OnceLock::new();
    *ASKS.get_or_init(|| {
        let asks = std::env::var_os("FAILPOINTS").is_some_and(|points| !points.is_empty());
        if asks {
            tracing::warn!("this program has fault points, and FAILPOINTS asks for faults");
            // Until the process ends.
            std::mem::forget(fail::FailScenario::setup());
        }
        asks
    })
}

/// What the environment says of a point.
fn configured(name: &str) -> Option<String> {
    if environment() {
        fail::fail_point!(name, |fault| Some(fault.unwrap_or_default()));
    }
    None
}

/// Passes a point, and acts out what can be acted out here.
async fn pass(place: Place, side: &'static str) -> Option<Fault> {
    if ARMED_COUNT.load(Ordering::SeqCst) == 0 && !environment() {
        return None;
    }
    let Place { part, what, which } = place;
    let point = format!("{part}::{side}_{what}::{which}");
    let mut paused = None;
    let fault = match armed_for(&point) {
        Some(arm) => {
            let fault = arm.fault.clone();
            paused = Some(arm);
            fault
        }
        None => match configured(&point) {
            Some(fault) => fault,
            None => chance::draw(&configured("faults::random")?, &point, side, what)?,
        },
    };
    tracing::warn!(point, fault, "fault injected");
    match fault.as_str() {
        "error" => Some(Fault::Error),
        "refused" => Some(Fault::Refused),
        "twice" => Some(Fault::Twice),
        "hang" => pending().await,
        "abort" => std::process::abort(),
        "pause" => {
            if let Some(arm) = paused {
                let mut resumed = arm.resumed.subscribe();
                drop(arm);
                if resumed.wait_for(|resumed| *resumed).await.is_err() {
                    pending::<()>().await;
                }
            }
            None
        }
        other => {
            let milliseconds = other.strip_prefix("delay:").and_then(|text| text.parse().ok());
            let Some(milliseconds) = milliseconds else {
                panic!("{point}: {other:?} is no fault");
            };
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            None
        }
    }
}

/// The fault that a test has asked for at this point, for the order that is worked on.
fn armed_for(point: &str) -> Option<Arc<Arm>> {
    let order = ORDER.try_with(|order| *order).ok()?;
    let arm = armed()
        .iter()
        .find(|arm| {
            arm.order == order
                && arm.point == point
                && arm
                    .left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_ok()
        })
        .cloned()?;
    arm.hits.send_modify(|hits| *hits += 1);
    Some(arm)
}
