use super::{Account, AccountEvent, AccountRefusal, DeliveryTermsSet};
use crate::{
    Role,
    delivery_terms::{DeliveryTerms, LEAD_DAYS_MAX},
};

/// Say when goods are handed over. Orders placed before keep what was agreed on.
#[derive(Clone, Debug, PartialEq)]
pub struct SetDeliveryTerms {
    /// From now on.
    pub terms: DeliveryTerms,
}

impl Account {
    pub(super) fn set_delivery_terms(
        &self,
        command: &SetDeliveryTerms,
    ) -> Result<Vec<AccountEvent>, AccountRefusal> {
        let Some(role) = self.role else {
            return Err(AccountRefusal::NoSuchAccount);
        };
        if role != Role::Producer {
            return Err(AccountRefusal::NoProducer);
        }
        if command.terms.weekdays.is_empty() {
            return Err(AccountRefusal::NoWeekdays);
        }
        if command.terms.lead_days > LEAD_DAYS_MAX {
            return Err(AccountRefusal::TooManyLeadDays { max: LEAD_DAYS_MAX });
        }
        if self.delivery_terms.as_ref() == Some(&command.terms) {
            return Ok(vec![]);
        }
        Ok(vec![DeliveryTermsSet { terms: command.terms.clone() }.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{RoleGranted, fixtures::*},
        delivery_terms::fixtures::terms,
        testing::given,
    };

    fn set(terms: DeliveryTerms) -> SetDeliveryTerms {
        SetDeliveryTerms { terms }
    }

    fn fridays() -> DeliveryTerms {
        terms("Europe/Paris", "16:00", 1, "friday")
    }

    fn has_set(terms: DeliveryTerms) -> AccountEvent {
        DeliveryTermsSet { terms }.into()
    }

    #[test]
    fn a_producer_says_when_goods_are_handed_over() {
        given::<Account>([registered()]).when(set(fridays())).then([has_set(fridays())]);
        assert_eq!(given::<Account>([registered()]).state().delivery_terms, None);
        let known = given::<Account>([registered(), has_set(fridays())]).state();
        assert_eq!(known.delivery_terms, Some(fridays()));
    }

    #[test]
    fn the_same_terms_change_nothing_and_others_count_from_then_on() {
        let mondays = terms("Europe/Paris", "16:00", 1, "monday");
        let known = || given::<Account>([registered(), has_set(fridays())]);
        known().when(set(fridays())).then_nothing();
        known().when(set(mondays.clone())).then([has_set(mondays.clone())]);
        let state = given::<Account>([registered(), has_set(fridays()), has_set(mondays.clone())]).state();
        assert_eq!(state.delivery_terms, Some(mondays));
    }

    #[test]
    fn only_a_producer_has_terms() {
        let no_more: AccountEvent = RoleGranted { role: Role::Admin }.into();
        given::<Account>([registered(), no_more])
            .when(set(fridays()))
            .then_refused(AccountRefusal::NoProducer);
        given::<Account>([]).when(set(fridays())).then_refused(AccountRefusal::NoSuchAccount);
    }

    #[test]
    fn goods_are_handed_over_on_some_day() {
        let never = DeliveryTerms { weekdays: [].into(), ..fridays() };
        given::<Account>([registered()]).when(set(never)).then_refused(AccountRefusal::NoWeekdays);
    }

    #[test]
    fn goods_are_ready_within_sixty_days() {
        let late = |lead_days| DeliveryTerms { lead_days, ..fridays() };
        given::<Account>([registered()]).when(set(late(60))).then([has_set(late(60))]);
        given::<Account>([registered()])
            .when(set(late(61)))
            .then_refused(AccountRefusal::TooManyLeadDays { max: LEAD_DAYS_MAX });
    }
}
