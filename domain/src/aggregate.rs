//! The two functions every aggregate has, and the adapter that makes each of them a `cqrs_es::Aggregate` too.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use crate::evolution::Upcaster;

/// A consistency boundary: commands are decided on its state alone, events change that state.
pub trait Aggregate: Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Names the kind of stream, for example `order`. Stored with every event: never change it.
    const TYPE: &'static str;
    /// Which form its state has as JSON, and which events lead to which state: states are kept beside the log, and of another
    /// form they are of no use. To be counted up whenever the state's members or what `apply` does with events changes.
    const STATE_FORM: u32;
    /// Everything that can be asked of it.
    type Command: Clone + Debug + Send + Sync + 'static;
    /// Everything that can have happened to it.
    type Event: DomainEvent;
    /// Why it says no. A refusal says what is so (`AlreadyShipped`), not what was wanted.
    type Refusal: std::error::Error + Clone + PartialEq + Send + Sync + 'static;

    /// Decides a command on the present state. No events: there is nothing to do, the wish is already so.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Takes an event in. Total: what has happened is never refused.
    fn apply(&mut self, event: &Self::Event);

    /// The state after `events`, from the beginning.
    fn fold<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }
}

/// An event as it is stored: a name that never changes and the version of its form.
pub trait DomainEvent:
    Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + 'static
{
    /// The name and the version of every event of this kind, in the order in which they are declared.
    const FORMS: &'static [(&'static str, &'static str)] = &[];
    /// What turns older forms into those of today: for each version but the newest, of each event, one.
    const UPCASTERS: &'static [Upcaster] = &[];

    /// The event's name, for example `OrderPlaced`.
    fn name(&self) -> &'static str;
    /// The version of the event's form; a changed form gets a new one and an upcaster.
    fn version(&self) -> &'static str {
        FIRST_VERSION
    }
}

/// The version of the form that an event begins with.
pub const FIRST_VERSION: &str = "1";

/// The version of an event's form as it was declared, or the first.
#[doc(hidden)]
#[macro_export]
macro_rules! event_version {
    () => {
        $crate::aggregate::FIRST_VERSION
    };
    ($version:literal) => {
        stringify!($version)
    };
}

/// Declares an event enum whose variants wrap structs of the same name, with their names and `From` conversions. An event
/// whose form has changed has its newest version after its name (`OrderPlaced: 2`), and after the enum comes what reads the
/// older ones (`upcast by UPCASTERS`).
#[macro_export]
macro_rules! events {
    (
        $(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident $(: $version:literal)?),+ $(,)? }
        $(upcast by $upcasters:expr)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$vmeta])* $variant($variant)),+ }

        impl $name {
            /// The names of all events of this kind.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($variant)),+];
        }

        impl $crate::aggregate::DomainEvent for $name {
            const FORMS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($variant), $crate::event_version!($($version)?))),+];
            $(const UPCASTERS: &'static [$crate::evolution::Upcaster] = $upcasters;)?

            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($variant)),+ }
            }

            fn version(&self) -> &'static str {
                match self { $(Self::$variant(_) => $crate::event_version!($($version)?)),+ }
            }
        }

        impl cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                $crate::aggregate::DomainEvent::name(self).to_owned()
            }
            fn event_version(&self) -> String {
                $crate::aggregate::DomainEvent::version(self).to_owned()
            }
        }

        $(impl From<$variant> for $name {
            fn from(event: $variant) -> Self { Self::$variant(event) }
        })+
    };
}

/// Declares a command enum whose variants wrap one command each, with their `From` conversions.
#[macro_export]
macro_rules! commands {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident($command:ident)),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name { $($(#[$vmeta])* $variant($command)),+ }

        $(impl From<$command> for $name {
            fn from(command: $command) -> Self { Self::$variant(command) }
        })+
    };
}

/// Makes an [`Aggregate`] a `cqrs_es::Aggregate` as well: its async `handle` decides, its `apply` applies.
#[macro_export]
macro_rules! cqrs_es_aggregate {
    ($aggregate:ty) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = <$aggregate as $crate::aggregate::Aggregate>::TYPE;
            type Command = <$aggregate as $crate::aggregate::Aggregate>::Command;
            type Event = <$aggregate as $crate::aggregate::Aggregate>::Event;
            type Error = <$aggregate as $crate::aggregate::Aggregate>::Refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                _services: &Self::Services,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in $crate::aggregate::Aggregate::decide(self, &command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                $crate::aggregate::Aggregate::apply(self, &event);
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use cqrs_es::test::TestFramework;
    use proptest::{collection::vec, prelude::*};

    use crate::{
        Aggregate, Order, Product,
        fixtures::{order_id, quantity},
        order::{self, OrderRefusal},
        product::{self, HoldStock},
        round_trip::{order_event, product_event},
    };

    #[test]
    fn cqrs_es_decides_as_we_do() {
        TestFramework::<Order>::with(())
            .given(order::fixtures::until_processing())
            .when(order::fixtures::cancel().into())
            .then_expect_events(vec![order::fixtures::cancelled_paid()]);
    }

    #[test]
    fn cqrs_es_refuses_as_we_do() {
        TestFramework::<Order>::with(())
            .given(order::fixtures::until_shipped())
            .when(order::fixtures::cancel().into())
            .then_expect_error(OrderRefusal::AlreadyShipped);
        TestFramework::<Order>::with(())
            .given_no_previous_events()
            .when(order::fixtures::cancel().into())
            .then_expect_error_message("there is no such order");
    }

    #[test]
    fn cqrs_es_knows_the_aggregates_by_their_names() {
        assert_eq!(<Order as cqrs_es::Aggregate>::TYPE, "order");
        assert_eq!(<Product as cqrs_es::Aggregate>::TYPE, "product");
        assert_eq!(<crate::Delivery as cqrs_es::Aggregate>::TYPE, "delivery");
        assert_eq!(<crate::DeliveryTrack as cqrs_es::Aggregate>::TYPE, "delivery_track");
        assert_eq!(<crate::Account as cqrs_es::Aggregate>::TYPE, "account");
    }

    proptest! {
        #[test]
        fn cqrs_es_agrees_on_any_history(
            orders in vec(order_event(), 0..10),
            products in vec(product_event(), 0..10),
            on_hand in 0..100_000i64,
        ) {
            let cancel = order::OrderCommand::from(order::fixtures::cancel());
            let ours = Order::fold(&orders).decide(&cancel);
            let theirs = TestFramework::<Order>::with(()).given(orders).when(cancel).inspect_result();
            prop_assert_eq!(ours, theirs);

            let hold = HoldStock { order_id: order_id(1), ..product::fixtures::hold(1, "1") };
            let hold = product::ProductCommand::from(HoldStock { quantity: quantity(&on_hand.to_string()), ..hold });
            let ours = Product::fold(&products).decide(&hold);
            let theirs = TestFramework::<Product>::with(()).given(products).when(hold).inspect_result();
            prop_assert_eq!(ours, theirs);
        }
    }
}
