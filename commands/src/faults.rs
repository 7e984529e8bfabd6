//! Fault points: places at which things can be made to go wrong, to show that they still come out right.
//!
//! Compiled in by the feature `fault-points` alone. Without it every function here is empty, asks nobody and is gone after
//! compiling; no release is built with it. With it a fault comes from one of three sides:
//!
//! * the environment: `FAILPOINTS="saga::before_effect::hold_stock=1*return(abort)"`, in the words of the crate `fail`, with
//!   one of the faults below as the argument of `return`;
//! * the environment, at random at every point: `FAILPOINTS="faults::random=return(seed:7,life:1,per_mille:20)"`;
//! * a test in the same process, for one order: [`arm`].
//!
//! | fault | what happens |
//! |---|---|
//! | `abort` | the process dies, as by `kill -9` |
//! | `error` | before: it is not done, and that is said. After: it is done, and the answer is lost |
//! | `refused` | before an effect: it is refused for good |
//! | `twice` | after an effect: it is done again. After a record: the same is recorded again |
//! | `hang` | nothing is heard of it any more |
//! | `pause` | it goes on when the test says so |
//! | `delay:250` | it goes on 250 ms later |
//!
//! The name of a point is `<part>::<before|after>_<what>::<which>`.

#[cfg(feature = "fault-points")]
mod chance;
#[cfg(not(feature = "fault-points"))]
mod off;
#[cfg(feature = "fault-points")]
mod on;

#[cfg(not(feature = "fault-points"))]
pub use off::{after, around, before, of_order, switched};
#[cfg(feature = "fault-points")]
pub use on::{Armed, after, arm, around, before, of_order, switched};

/// A place in the program, with a fault point before it and one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The part of the program, for example `saga`.
    pub part: &'static str,
    /// What is done there, for example `effect`.
    pub what: &'static str,
    /// Which of these, for example `hold_stock`.
    pub which: &'static str,
}

/// A fault that whoever passes a point has to act out by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It does not work; or it has worked, and nobody hears of it.
    Error,
    /// It is refused for good.
    Refused,
    /// It is done a second time.
    Twice,
}

/// What a fault's error says.
pub const WORDS: &str = "a fault was injected here";
