//! `adit audit verify`: the chain, what its records add up to, the snapshots beside it, and heads that were told outside.

use super::{hex, records, sound};
use adit_core::{
    audit::{Head, Record},
    event::Entry,
    refold::{Refold, told_of},
    state::State,
};
use adit_store::{FileReader, LogReader, Snapshot};
use adit_wire::{SignedHead, VerifyingKey};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

/// What the record of a state's hash has in it.
const MARK: &str = "\"state_hashed.v1\"";
/// Most differences of a snapshot that are named.
const NAMED: usize = 8;

#[derive(Args)]
pub struct Options {
    /// The log (the folder `log`) or an export of it (`.jsonl`)
    log: PathBuf,
    /// A head noted earlier, 64 hex digits: also prove that the log still contains it
    #[arg(long, value_name = "HASH")]
    contains: Option<String>,
    /// Heads that the server told earlier, one a line of JSON: its heads.jsonl, an agent's head.json, one out of a letter or a webhook's
    /// message; also prove that the log still contains each
    #[arg(long = "head", value_name = "FILE")]
    heads: Option<PathBuf>,
    /// The server's public key, 64 hex digits, as agents have it in agent.json: also check who signed the heads
    #[arg(long, value_name = "HEX", requires = "heads")]
    key: Option<String>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let log = &options.log;
    let mut expected = Expected::of(options)?;
    let mut wanted = BTreeSet::new();
    let seen = records(log)?.inspect(|record| {
        if let Ok(record) = record {
            expected.see(record);
            wanted.extend(hashed(record));
        }
    });
    let head = sound(log, seen)?;
    expected.all_seen(log)?;
    println!("{} records, chain sound, head {}", head.seq, hex(&head.hash));
    let snapshots = snapshots_beside(log, head.seq)?;
    refold(log, head, wanted, snapshots)?;
    if let Some(told) = expected.told {
        println!("{told}");
    }
    Ok(())
}

/// What the log has to have in it.
struct Expected {
    hash: Option<String>,
    heads: BTreeMap<u64, Vec<Head>>,
    told: Option<String>,
}

impl Expected {
    fn of(options: &Options) -> anyhow::Result<Self> {
        let mut this = Self { hash: options.contains.clone(), heads: BTreeMap::new(), told: None };
        let Some(path) = &options.heads else { return Ok(this) };
        let key = options.key.as_deref().map(VerifyingKey::from_hex).transpose().context("--key")?;
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut count = 0;
        for (number, line) in (1..).zip(BufReader::new(file).lines()) {
            let (line, place) = (line?, || format!("{}, line {number}", path.display()));
            if line.trim().is_empty() {
                continue;
            }
            let told: SignedHead = serde_json::from_str(&line).with_context(place)?;
            if let Some(key) = &key {
                key.check_head(&told).with_context(place)?;
            }
            // An empty log begins every log.
            if told.head != Head::EMPTY {
                this.heads.entry(told.head.seq).or_default().push(told.head);
            }
            count += 1;
        }
        if count == 0 {
            bail!("{} has no head in it", path.display());
        }
        let signed =
            if key.is_some() { "signed by the key given" } else { "their signatures were not checked (--key)" };
        this.told = Some(format!("heads told earlier: {count}, all in the log; {signed}"));
        Ok(this)
    }

    /// What a record shows to be there need not be looked for any more.
    fn see(&mut self, record: &Record) {
        if self.hash.as_ref().is_some_and(|hash| hex(&record.hash).eq_ignore_ascii_case(hash)) {
            self.hash = None;
        }
        if let Some(heads) = self.heads.get_mut(&record.seq) {
            heads.retain(|head| *head != record.as_head());
            if heads.is_empty() {
                self.heads.remove(&record.seq);
            }
        }
    }

    fn all_seen(&self, log: &Path) -> anyhow::Result<()> {
        let log = log.display();
        if self.hash.is_some() {
            bail!("{log} is sound but does not contain the head you noted: records were cut off or replaced");
        }
        if let Some(seq) = self.heads.keys().next() {
            bail!(
                "{log} is sound but does not contain the head of record {seq} that the server told: the folder was put back to an \
                 earlier state, or records from {seq} on or before were replaced"
            );
        }
        Ok(())
    }
}

/// Of which record's state the record tells the hash.
fn hashed(record: &Record) -> Option<u64> {
    let entry = record.body.contains(MARK).then(|| serde_json::from_str::<Entry>(&record.body).ok())??;
    told_of(&entry.event)
}

/// Those that a start of this program could use.
fn snapshots_beside(log: &Path, upto: u64) -> anyhow::Result<BTreeMap<u64, Snapshot>> {
    let mut found = BTreeMap::new();
    if log.is_dir() {
        let (reader, mut upto) = (FileReader::open(log)?, upto);
        while let Some(snapshot) = reader.latest_snapshot(State::FORM, upto)? {
            upto = snapshot.seq - 1;
            found.insert(snapshot.seq, snapshot);
        }
    }
    Ok(found)
}

/// Folds the log once more, up to its head, and says what differs.
fn refold(log: &Path, head: Head, wanted: BTreeSet<u64>, snapshots: BTreeMap<u64, Snapshot>) -> anyhow::Result<()> {
    let mut fold = Refold::new(wanted);
    let mut differing = Vec::new();
    for record in records(log)?.take(usize::try_from(head.seq).unwrap_or(usize::MAX)) {
        let record = record?;
        let entry: Entry = serde_json::from_str(&record.body).with_context(|| {
            format!(
                "the chain is sound, but this program does not understand record {}, so what the log adds up to was not checked; use the \
                 version of the program that wrote it",
                record.seq
            )
        })?;
        fold.take(&entry)?;
        if let Some(snapshot) = snapshots.get(&record.seq) {
            differing.extend(difference(snapshot, fold.state())?);
        }
    }
    if !differing.is_empty() {
        bail!("{}", differing.join("\n"));
    }
    let compared = fold.compared();
    let others = match compared.other_form {
        0 => String::new(),
        others => format!("; {others} more are over another version's form and say nothing here"),
    };
    let beside = match snapshots.len() {
        0 => "no snapshot lies beside it".to_owned(),
        count => format!("{count} of the snapshots beside it are what the records add up to"),
    };
    println!("what the records add up to: {} hashes of it in the log agree{others}; {beside}", compared.agree);
    Ok(())
}

/// In which places a snapshot says something other than the fold.
fn difference(snapshot: &Snapshot, state: &State) -> anyhow::Result<Option<String>> {
    let (bytes, _) = state.written()?;
    if bytes == snapshot.bytes {
        return Ok(None);
    }
    let mut places = Vec::new();
    match serde_json::from_slice::<Value>(&snapshot.bytes) {
        Ok(says) => compare(&says, &serde_json::from_slice(&bytes)?, String::new(), &mut places),
        Err(_) => places.push("all of it: it cannot be read".to_owned()),
    }
    let more = if places.len() > NAMED { ", and more" } else { "" };
    places.truncate(NAMED);
    let places = if places.is_empty() { "the way it is written".to_owned() } else { places.join(", ") };
    Ok(Some(format!(
        "the snapshot of record {} is not what the records up to there add up to. It differs in {places}{more}. Somebody has changed \
         it, or the disk is failing; a server does not use it. Keep a copy of it for whoever looks into that",
        snapshot.seq
    )))
}

fn compare(one: &Value, other: &Value, place: String, into: &mut Vec<String>) {
    if into.len() > NAMED || one == other {
        return;
    }
    let within = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match (one, other) {
        (Value::Object(these), Value::Object(those)) => {
            let keys: BTreeSet<_> = these.keys().chain(those.keys()).collect();
            for key in keys {
                let of = |members: &serde_json::Map<String, Value>| members.get(key).cloned().unwrap_or_default();
                compare(&of(these), &of(those), within(key), into);
            }
        }
        (Value::Array(these), Value::Array(those)) if these.len() == those.len() => {
            for (number, (one, other)) in these.iter().zip(those).enumerate() {
                compare(one, other, within(&number.to_string()), into);
            }
        }
        _ => into.push(place),
    }
}
