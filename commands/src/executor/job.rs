//! What waits in a lane.

use agrodeep_domain::Aggregate;
use tokio::sync::oneshot;

use super::{CommandContext, ExecuteError, Executed, Versioned};

pub(super) type Answer<A> = Result<Executed<A>, ExecuteError<<A as Aggregate>::Refusal>>;

type Look<A> = dyn FnOnce(Result<&Versioned<A>, ExecuteError<<A as Aggregate>::Refusal>>) + Send;

/// What somebody wants of an aggregate.
pub(super) enum Job<A: Aggregate> {
    /// A decision.
    Command(CommandJob<A>),
    /// A look at the state.
    Inspect(Box<Look<A>>),
}

impl<A: Aggregate> Job<A> {
    pub fn fail(self, error: ExecuteError<A::Refusal>) {
        match self {
            Self::Command(job) => job.reply.answer(Err(error)),
            Self::Inspect(look) => look(Err(error)),
        }
    }
}

pub(super) struct CommandJob<A: Aggregate> {
    pub command: A::Command,
    pub context: CommandContext,
    pub reply: Box<dyn Reply<A>>,
    pub attempts: u32,
    /// Whether the state was read from the log after the command had come: only then is a "no" final.
    pub verified: bool,
}

/// The way back to the caller.
pub(super) trait Reply<A: Aggregate>: Send {
    /// Takes from the state after the command what the caller wants to know. May be asked again: the last time counts.
    fn capture(&mut self, state: &A);
    /// Tells the caller. [`Self::capture`] was asked before every success.
    fn answer(self: Box<Self>, answer: Answer<A>);
}

pub(super) struct CapturingReply<A: Aggregate, T, F> {
    pub capture: F,
    pub captured: Option<T>,
    pub answer: oneshot::Sender<Result<(Executed<A>, T), ExecuteError<A::Refusal>>>,
}

impl<A, T, F> Reply<A> for CapturingReply<A, T, F>
where
    A: Aggregate,
    T: Send,
    F: Fn(&A) -> T + Send,
{
    fn capture(&mut self, state: &A) {
        self.captured = Some((self.capture)(state));
    }

    fn answer(self: Box<Self>, answer: Answer<A>) {
        let Self { captured, answer: caller, .. } = *self;
        let answer = answer.and_then(|executed| match captured {
            Some(captured) => Ok((executed, captured)),
            None => Err(ExecuteError::Unknown("the state after the command was not seen".to_owned())),
        });
        // A caller that no longer waits does not change what is so.
        let _ = caller.send(answer);
    }
}
