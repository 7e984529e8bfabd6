//! What can be asked of an account: its facts. Secrets (passwords, tokens) are elsewhere.

mod grant_role;
mod register;
mod set_delivery_terms;

pub use self::{
    grant_role::{GrantRoleRequest, grant_role},
    register::{RegisterRequest, register},
    set_delivery_terms::{SetDeliveryTermsRequest, set_delivery_terms},
};
