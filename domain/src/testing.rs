//! Tests as sentences: `given([placed()]).when(Cancel { .. }).then([cancelled()])`.

use std::fmt::Debug;

use crate::Aggregate;

/// What has happened before.
pub struct Given<A>(A);

/// What came of the command.
pub struct Outcome<A: Aggregate>(Result<Vec<A::Event>, A::Refusal>);

/// An aggregate to which `events` have happened.
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    let events: Vec<_> = events.into_iter().collect();
    Given(A::fold(&events))
}

impl<A: Aggregate> Given<A> {
    /// Asks for `command`.
    pub fn when(self, command: impl Into<A::Command>) -> Outcome<A> {
        Outcome(self.0.decide(&command.into()))
    }

    /// The state reached.
    pub fn state(self) -> A {
        self.0
    }
}

impl<A: Aggregate> Outcome<A>
where
    A::Refusal: Debug,
{
    /// Exactly these events follow.
    pub fn then(self, expected: impl IntoIterator<Item = A::Event>) {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(self.0, Ok(expected));
    }

    /// Nothing follows: the wish was already so.
    pub fn then_nothing(self) {
        assert_eq!(self.0, Ok(vec![]));
    }

    /// The aggregate says no.
    pub fn then_refused(self, refusal: A::Refusal) {
        assert_eq!(self.0, Err(refusal));
    }
}
