//! What the double does wrong, on order.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

/// What goes wrong with one append.
#[derive(Clone, Copy, Debug)]
pub enum AppendFault {
    /// All connections are cut before it is done.
    CutBefore,
    /// It is done, but all connections are cut before the answer.
    AnswerLost,
    /// It is done, and the answer says that it took too long: `Aborted`, as when a quorum is slow.
    TimedOut,
    /// It is done, but nothing is answered, and the connection stays.
    Silence,
    /// It is done late.
    Slow(Duration),
}

type Plan = Box<dyn Fn(u64) -> Option<AppendFault> + Send>;

/// What a node is to do wrong.
pub struct Faults {
    connections: Mutex<CancellationToken>,
    next_appends: Mutex<VecDeque<AppendFault>>,
    plan: Mutex<Option<Plan>>,
    appends: AtomicU64,
    done: AtomicU64,
    next_reads: Mutex<VecDeque<usize>>,
    reads_cut: AtomicU64,
    not_ready: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Faults {
    pub(super) fn new() -> Self {
        Self {
            connections: Mutex::default(),
            next_appends: Mutex::default(),
            plan: Mutex::default(),
            appends: AtomicU64::new(0),
            done: AtomicU64::new(0),
            next_reads: Mutex::default(),
            reads_cut: AtomicU64::new(0),
            not_ready: AtomicBool::new(false),
        }
    }

    /// Cuts all connections that there are, at once.
    pub fn cut_connections(&self) {
        std::mem::take(&mut *lock(&self.connections)).cancel();
    }

    /// The next append goes wrong like this; asked again, the one after it.
    pub fn on_next_append(&self, fault: AppendFault) {
        lock(&self.next_appends).push_back(fault);
    }

    /// Appends go wrong as `plan` says of their number, from 1.
    pub fn on_appends(&self, plan: impl Fn(u64) -> Option<AppendFault> + Send + 'static) {
        *lock(&self.plan) = Some(Box::new(plan));
    }

    /// The next read is cut, with all connections, after so many answers.
    pub fn on_next_read(&self, answers: usize) {
        lock(&self.next_reads).push_back(answers);
    }

    /// Whether everything is answered with `Server Is Not Ready`, as after a start.
    pub fn set_not_ready(&self, not_ready: bool) {
        self.not_ready.store(not_ready, Ordering::SeqCst);
    }

    /// How many appends went wrong.
    pub fn appends_gone_wrong(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// How many appends were asked for.
    pub fn appends(&self) -> u64 {
        self.appends.load(Ordering::SeqCst)
    }

    /// How many reads were cut.
    pub fn reads_cut(&self) -> u64 {
        self.reads_cut.load(Ordering::SeqCst)
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.not_ready.load(Ordering::SeqCst)
    }

    pub(super) fn connections(&self) -> CancellationToken {
        lock(&self.connections).clone()
    }

    pub(super) fn of_append(&self) -> Option<AppendFault> {
        let number = self.appends.fetch_add(1, Ordering::SeqCst) + 1;
        let planned = lock(&self.plan).as_ref().and_then(|plan| plan(number));
        let fault = lock(&self.next_appends).pop_front().or(planned);
        if fault.is_some() {
            self.done.fetch_add(1, Ordering::SeqCst);
        }
        fault
    }

    pub(super) fn of_read(&self) -> Option<usize> {
        lock(&self.next_reads).pop_front()
    }

    pub(super) fn cut_a_read(&self) {
        self.reads_cut.fetch_add(1, Ordering::SeqCst);
        self.cut_connections();
    }
}
