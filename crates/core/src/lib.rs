//! The rules of Adit, and nothing else: who may do what to which machine and which money, what must be approved by
//! whom, and what follows. Pure: no input or output, no clock, no randomness.
#![deny(missing_docs)]

pub mod audit;
pub mod fleet;
pub mod ids;
pub mod time;
