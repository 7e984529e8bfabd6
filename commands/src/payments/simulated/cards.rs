//! The means of payment that the simulated provider knows: Stripe's, by their names (<https://docs.stripe.com/testing>).

/// What becomes of paying with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Card {
    /// It pays.
    Pays,
    /// The bank says no, with this word.
    Declines(&'static str),
    /// The bank has not decided: it does when it is asked to ([`super::SimulatedGateway::settle`]).
    Waits,
}

/// Those that are known, as bad input is told.
pub(super) const KNOWN: &str = "pm_card_visa, pm_card_chargeDeclined, pm_card_chargeDeclinedInsufficientFunds, \
     pm_card_chargeDeclinedExpiredCard, pm_card_chargeDeclinedIncorrectCvc, pm_card_chargeDeclinedProcessingError \
     or pm_usBankAccount_processing";

/// The one of this name.
pub(super) fn card(name: &str) -> Option<Card> {
    Some(match name {
        "pm_card_visa" => Card::Pays,
        "pm_card_chargeDeclined" => Card::Declines("card_declined"),
        "pm_card_visa_chargeDeclinedInsufficientFunds" | "pm_card_chargeDeclinedInsufficientFunds" => {
            Card::Declines("insufficient_funds")
        }
        "pm_card_chargeDeclinedExpiredCard" => Card::Declines("expired_card"),
        "pm_card_chargeDeclinedIncorrectCvc" => Card::Declines("incorrect_cvc"),
        "pm_card_chargeDeclinedProcessingError" => Card::Declines("processing_error"),
        "pm_usBankAccount_processing" => Card::Waits,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_that_is_told_is_known() {
        for name in KNOWN.split([',', ' ']).filter(|word| word.starts_with("pm_")) {
            assert!(card(name).is_some(), "{name}");
        }
        assert_eq!(card("4242424242424242"), None);
    }
}
