//! The saga with record-then-act turned around, to show that this would be found.

use agrodeep_commands::CommandContext;
use agrodeep_domain::{Aggregate, OrderId};

use crate::{
    effects::{Cause, Services, perform},
    order_fulfilment::{
        CompensationsPlanned, EffectsPlanned, OrderFulfilment, OrderFulfilmentCommand, OrderFulfilmentEvent,
    },
};

/// Does what `command` leads to, before any of it is recorded.
pub(crate) async fn act_first(
    services: &Services,
    order_id: OrderId,
    command: &OrderFulfilmentCommand,
    context: &CommandContext,
) {
    let Ok(found) = services.executor.state::<OrderFulfilment>(order_id.uuid()).await else { return };
    let mut state = found.state;
    let Ok(events) = state.decide(command) else { return };
    for event in &events {
        state.apply(event);
    }
    let cause = Cause {
        actor: context.actor.clone(),
        correlation_id: context.correlation_id,
        causation_id: context.command_id,
        traceparent: context.traceparent.clone(),
        occurred_at: context.occurred_at,
    };
    for event in events {
        if let OrderFulfilmentEvent::EffectsPlanned(EffectsPlanned { effects })
        | OrderFulfilmentEvent::CompensationsPlanned(CompensationsPlanned { effects }) = event
        {
            for effect in effects {
                // What comes of it is not recorded: that comes later, if it comes.
                let _ = perform(services, &cause, &state, effect.step, false).await;
            }
        }
    }
}
