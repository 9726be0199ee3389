//! The table that is printed at the end.

use crate::measure::Spread;

/// What a ratio is to be.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// None: given to be known.
    Known,
}

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    /// Row of the goals.
    pub row: &'static str,
    /// What was done.
    pub what: String,
    /// By us, for people: depends on the machine.
    pub ours: String,
    /// By whom else.
    pub reference: String,
    /// By them, for people.
    pub theirs: String,
    /// The ratio.
    pub ratio: Spread,
    /// What it is to be.
    pub goal: Goal,
}

impl Line {
    fn is_met(&self) -> bool {
        match self.goal {
            Goal::AtMost(most) => self.ratio.median <= most,
            Goal::AtLeast(least) => self.ratio.median >= least,
            Goal::Known => true,
        }
    }

    fn cells(&self) -> [String; 8] {
        let (goal, verdict) = match self.goal {
            Goal::AtMost(most) => (format!("<= {most}"), if self.is_met() { "met" } else { "MISSED" }),
            Goal::AtLeast(least) => (format!(">= {least}"), if self.is_met() { "met" } else { "MISSED" }),
            Goal::Known => (String::new(), ""),
        };
        let Spread { median, low, high } = self.ratio;
        let ratio = format!("{} ({} .. {})", figure(median), figure(low), figure(high));
        let (what, ours) = (self.what.clone(), self.ours.clone());
        let (reference, theirs) = (self.reference.clone(), self.theirs.clone());
        [self.row.into(), what, ours, reference, theirs, ratio, goal, verdict.into()]
    }
}

/// Prints the table, and whether every goal is met.
#[must_use]
pub fn print(lines: &[Line]) -> bool {
    let head =
        ["row", "work", "measured", "reference", "measured", "ratio (middle half)", "goal", ""].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(lines.iter().map(Line::cells)).collect();
    let widths: [usize; 8] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("| {} |", cells.join(" | "));
        if number == 0 {
            println!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
        }
    }
    let missed: Vec<_> = lines.iter().filter(|line| !line.is_met()).collect();
    println!();
    for line in &missed {
        let Spread { median, .. } = line.ratio;
        println!("missed: {} {}: {} of {}", line.row, line.what, figure(median), line.reference);
    }
    if missed.is_empty() {
        println!("every goal is met");
    }
    missed.is_empty()
}

/// Three digits.
fn figure(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A length of time, with its unit.
#[must_use]
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{} ns", figure(s * 1e9)),
        s if s < 1e-3 => format!("{} us", figure(s * 1e6)),
        s if s < 1.0 => format!("{} ms", figure(s * 1e3)),
        s => format!("{} s", figure(s)),
    }
}
