use agrodeep_domain::{
    Account, Role,
    account::{AccountRegistered, DeliveryTermsSet, RoleGranted},
    delivery_terms::{DeliveryTerms, Weekday},
};

use super::{market::Market, story::somebody};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_shows_who_it_is_and_the_role_it_has_now() {
    let market = Market::open().await;
    let marie = somebody();
    let registered = AccountRegistered {
        account_id: marie,
        role: Role::Producer,
        email: "marie@ferme.example".to_owned().into(),
        first_name: "Marie".to_owned().into(),
        last_name: "Dubois".to_owned().into(),
        phone: Some("+33 6 12 34 56 78".to_owned().into()),
        company: Some("Ferme des Lilas".to_owned()),
    };
    market.happens::<Account>(marie.uuid(), "system:sign_up", registered).await;
    let registered_at = market.now();
    market.project().await;
    assert_eq!(market.reads.account(marie).await.unwrap().unwrap().role, Role::Producer);

    market.happens::<Account>(marie.uuid(), "system:admin", RoleGranted { role: Role::Admin }).await;
    market.project().await;
    let account = market.reads.account(marie).await.unwrap().unwrap();
    assert_eq!(account.role, Role::Admin);
    assert_eq!(account.first_name.reveal(), "Marie");
    assert_eq!(account.company.as_deref(), Some("Ferme des Lilas"));
    assert_eq!(
        (account.version, account.registered_at, account.updated_at),
        (2, registered_at, market.now())
    );

    let terms = DeliveryTerms {
        time_zone: "Europe/Paris".parse().unwrap(),
        cut_off: "16:00:00".parse().unwrap(),
        lead_days: 1,
        weekdays: [Weekday::Friday].into(),
    };
    assert_eq!(account.delivery_terms, None);
    let set = DeliveryTermsSet { terms: terms.clone() };
    market.happens::<Account>(marie.uuid(), "producer:marie", set).await;
    market.project().await;
    let account = market.reads.account(marie).await.unwrap().unwrap();
    assert_eq!((account.delivery_terms.as_ref(), account.version), (Some(&terms), 3));

    let several = market.reads.accounts(&[marie, somebody(), marie]).await.unwrap();
    assert_eq!(several.into_values().collect::<Vec<_>>(), [account]);
    assert_eq!(market.reads.account(somebody()).await.unwrap(), None);
}
