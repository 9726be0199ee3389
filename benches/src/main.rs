//! Everything the product is measured against, in one program: `make bench`. Ends with 1 if a goal is missed.
//!
//! Without arguments it runs every part; otherwise the parts that are named.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "figures, and small known counts")]

mod authorization;
mod commands;
mod company;
mod lists;
mod measure;
mod overriding;
mod races;
mod requests;
mod table;

use std::process::ExitCode;
use table::Line;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What it is called by, and what measures it.
type Part = (&'static str, fn() -> Vec<Line>);

const PARTS: [Part; 6] = [
    ("authorization", authorization::run),
    ("overriding", overriding::run),
    ("requests", requests::run),
    ("lists", lists::run),
    ("races", races::run),
    ("commands", commands::run),
];

fn main() -> ExitCode {
    let named: Vec<_> = std::env::args().skip(1).collect();
    if let Some(unknown) = named.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        eprintln!("there is no part \"{unknown}\"; there are {}", PARTS.map(|(part, _)| part).join(", "));
        return ExitCode::from(2);
    }
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    let lines: Vec<_> = PARTS.iter().filter(|(part, _)| wanted(part)).flat_map(|(_, run)| run()).collect();
    println!();
    if table::print(&lines) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
