//! `adit audit`: is the log what was written?

mod verify;

use adit_core::audit::{self, Head, Record, VerifyError};
use adit_server::csv;
use adit_store::{FileReader, LogReader};
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::Value;
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

/// Records read from the log at a time.
const PAGE: usize = 1_000;

#[derive(Subcommand)]
pub enum Command {
    /// Check every record's hash and its link to the one before, and that what the records add up to is what the server had; works
    /// offline, also on an export
    Verify(verify::Options),
    /// Write every record: as one line of JSON, which can be verified, or as a table
    Export {
        /// The log (the folder `log`)
        log: PathBuf,
        /// As what
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// A record a line, with its hash and the one before
    Jsonl,
    /// Number, time, who, what, the event itself, and the hash
    Csv,
}

pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Verify(options) => verify::run(&options),
        Command::Export { log, format } => export(&log, format),
    }
}

fn export(log: &Path, format: Format) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if matches!(format, Format::Csv) {
        out.write_all(csv::line(&["seq", "at", "actor", "type", "event", "hash"]).as_bytes())?;
    }
    for record in records(log)? {
        let record = record?;
        match format {
            Format::Jsonl => {
                serde_json::to_writer(&mut out, &record)?;
                out.write_all(b"\n")?;
            }
            Format::Csv => out.write_all(row(&record)?.as_bytes())?,
        }
    }
    Ok(())
}

fn row(record: &Record) -> anyhow::Result<String> {
    let body: Value = serde_json::from_str(&record.body).with_context(|| format!("record {}", record.seq))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let actor = &body["actor"];
    let actor = if actor["id"].is_null() { text(&actor["kind"]) } else { text(&actor["id"]) };
    let event = &body["event"];
    Ok(csv::line(&[
        record.seq.to_string(),
        record.at.to_string(),
        actor,
        text(&event["type"]),
        event["data"].to_string(),
        hex(&record.hash),
    ]))
}

/// The log's head, if its chain is sound.
pub fn head(log: &Path) -> anyhow::Result<Head> {
    sound(log, records(log)?)
}

fn sound(log: &Path, records: impl Iterator<Item = anyhow::Result<Record>>) -> anyhow::Result<Head> {
    match audit::verify(records) {
        Ok(head) => Ok(head),
        Err(VerifyError::Broken(broken)) => bail!("{} is not what was written: {broken}", log.display()),
        Err(VerifyError::Unreadable { seq, source }) => {
            bail!("{}: record {seq} cannot be read: {source:#}", log.display())
        }
    }
}

type Records = Box<dyn Iterator<Item = anyhow::Result<Record>>>;

fn records(log: &Path) -> anyhow::Result<Records> {
    if log.extension().is_some_and(|extension| extension == "jsonl") {
        let file = File::open(log).with_context(|| format!("cannot open {}", log.display()))?;
        return Ok(Box::new(BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?))));
    }
    if !log.is_dir() {
        bail!(
            "there is no log at {}: give the path of the folder log in the server's data folder, or of an export",
            log.display()
        );
    }
    let reader = FileReader::open(log).with_context(|| format!("cannot open {}", log.display()))?;
    let mut next = 1;
    let pages = std::iter::from_fn(move || match reader.read(next, PAGE) {
        Ok(page) if page.is_empty() => None,
        Ok(page) => {
            next += page.len() as u64;
            Some(page.into_iter().map(Ok).collect::<Vec<_>>())
        }
        Err(error) => {
            // One error ends the reading: the next page would be of an unknown place.
            next = u64::MAX >> 1;
            Some(vec![Err(error.into())])
        }
    });
    Ok(Box::new(pages.flatten()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
