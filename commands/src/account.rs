//! What can be asked of an account: its facts. Secrets (passwords, tokens) are elsewhere.

mod grant_role;
mod register;

pub use self::{
    grant_role::{GrantRoleRequest, grant_role},
    register::{RegisterRequest, register},
};
