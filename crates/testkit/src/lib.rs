//! What tests of several crates share, and the tests of the workspace as a whole.

pub mod mail;
pub mod oidc;
pub mod receiver;
pub mod tls;
