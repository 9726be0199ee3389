//! A model check of the rules that make counts mean something: H1 (lowering a count takes as many people as it asked for), H2
//! (making an approver takes as many as the highest count), R6 (nobody goes whom a count needs).
//!
//! `naive` says the rules in a page of arithmetic that shares nothing with the engine. `reach` goes through everything that can
//! follow in that model. `agrees` holds the engine against it, one operation at a time from every account of up to
//! four approvers and every count, so that what is shown of the model holds for the engine. `votes` does the same for
//! one waiting request while people vote, come and go.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod agrees;
mod naive;
mod reach;
#[path = "../support/mod.rs"]
mod support;
mod votes;
