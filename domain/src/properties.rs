//! What holds for every aggregate, whatever is asked of it in whatever order.
#![allow(clippy::unwrap_used)]

use crate::Aggregate;

/// Asks `commands` one after the other, calls `check` with the state before, each event, and the state after it, and
/// gives back the events and the last state. Along the way:
///
/// - a command that has just been accepted, asked again, changes nothing more (it is refused or there is nothing to do);
/// - a snapshot of the state as JSON is the state;
/// - the state is the fold of the events.
pub(crate) fn ask_all<A>(
    commands: &[A::Command],
    mut check: impl FnMut(&A, &A::Event, &A),
) -> (Vec<A::Event>, A)
where
    A: Aggregate + PartialEq + std::fmt::Debug,
{
    let mut state = A::default();
    let mut history = Vec::new();
    for command in commands {
        let Ok(events) = state.decide(command) else { continue };
        for event in events {
            let before = state.clone();
            state.apply(&event);
            check(&before, &event, &state);
            history.push(event);
        }
        let again = state.decide(command).unwrap_or_default();
        assert_eq!(again, [], "{command:?} asked twice does more than asked once");
    }
    let snapshot = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<A>(&snapshot).unwrap(), state);
    assert_eq!(A::fold(&history), state);
    (history, state)
}
