//! The reply format of cgminer and its descendants: a status and named lists
//! of records, as JSON or as `KEY=value` text ending in a zero byte.

use serde_json::{Map, Value, json};

use crate::net::Framed;
use crate::view::{View, r2};

/// Field names and values in the order the text form prints them.
pub(crate) type Record = Vec<(&'static str, Value)>;

/// One reply.
pub(crate) struct Reply {
    status: &'static str,
    code: u32,
    message: String,
    description: &'static str,
    sections: Vec<(&'static str, Vec<Record>)>,
}

impl Reply {
    pub fn new(code: u32, message: impl Into<String>, description: &'static str) -> Self {
        Self { status: "S", code, message: message.into(), description, sections: Vec::new() }
    }

    pub fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    pub fn section(mut self, name: &'static str, records: Vec<Record>) -> Self {
        self.sections.push((name, records));
        self
    }

    pub fn render(&self, unix: u64, as_json: bool) -> Bytes {
        if as_json {
            let mut object = Map::new();
            object.insert(
                "STATUS".into(),
                json!([{
                    "STATUS": self.status, "When": unix, "Code": self.code,
                    "Msg": self.message, "Description": self.description,
                }]),
            );
            for (name, records) in &self.sections {
                let records = records
                    .iter()
                    .map(|record| record.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect::<Map<_, _>>());
                object.insert((*name).to_owned(), records.collect());
            }
            object.insert("id".into(), json!(1));
            return Bytes(Value::Object(object).to_string().into_bytes());
        }
        let mut text = format!(
            "STATUS={},When={unix},Code={},Msg={},Description={}|",
            self.status, self.code, self.message, self.description
        );
        for (name, records) in &self.sections {
            for record in records {
                // Numbered records start with their number, others with the
                // section's name.
                if !matches!(record.first(), Some(("POOL" | "ASC" | "STATS", _))) {
                    text.push_str(name);
                    text.push(',');
                }
                let fields: Vec<String> = record
                    .iter()
                    .map(|(k, v)| match v {
                        Value::String(s) => format!("{k}={s}"),
                        other => format!("{k}={other}"),
                    })
                    .collect();
                text.push_str(&fields.join(","));
                text.push('|');
            }
        }
        Bytes(text.into_bytes())
    }
}

/// A rendered reply; a zero byte ends it on the wire.
pub(crate) struct Bytes(pub Vec<u8>);

impl Framed for Bytes {
    fn head(&self, _: usize) -> Vec<u8> {
        Vec::new()
    }

    fn body(&self) -> &[u8] {
        &self.0
    }

    fn tail(&self) -> &'static [u8] {
        b"\0"
    }
}

/// A command as JSON (`{"command":..,"parameter":..}`) or text (`name|rest`).
pub(crate) struct Request {
    pub command: String,
    pub parameter: String,
    pub json: bool,
    /// Bitmain's flag for the format its web pages use.
    pub new_api: bool,
}

/// Parses a request; `Err` says whether the answer should be JSON.
pub(crate) fn parse(request: &[u8]) -> Result<Request, bool> {
    let request = crate::net::trim(request);
    if request.trim_ascii_start().first() == Some(&b'{') {
        let value: Value = serde_json::from_slice(request).map_err(|_| true)?;
        let command = value["command"].as_str().ok_or(true)?.to_owned();
        let parameter = match &value["parameter"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        return Ok(Request { command, parameter, json: true, new_api: value["new_api"] == true });
    }
    let text = std::str::from_utf8(request).map_err(|_| false)?.trim();
    let (command, parameter) = text.split_once('|').unwrap_or((text, ""));
    Ok(Request {
        command: command.into(),
        parameter: parameter.trim_end_matches('|').into(),
        json: false,
        new_api: false,
    })
}

/// The pool list every descendant prints alike. `first` is the number of the
/// first slot.
pub(crate) fn pools(view: &View, first: usize) -> Vec<Record> {
    let configured = view.pools.iter().enumerate().filter(|(_, p)| !p.url.is_empty());
    configured
        .map(|(slot, pool)| {
            let active = view.pool_active(slot);
            let shares = |n: u64| if active { n } else { 0 };
            vec![
                ("POOL", json!(slot + first)),
                ("URL", json!(pool.url)),
                ("Status", json!(if view.pools_alive { "Alive" } else { "Dead" })),
                ("Priority", json!(slot)),
                ("Quota", json!(1)),
                ("Long Poll", json!("N")),
                ("Getworks", json!(shares(view.elapsed_s / 30))),
                ("Accepted", json!(shares(view.accepted))),
                ("Rejected", json!(shares(view.rejected))),
                ("Works", json!(shares(view.accepted * 40))),
                ("Discarded", json!(0)),
                ("Stale", json!(shares(view.rejected / 4))),
                ("Get Failures", json!(0)),
                ("Remote Failures", json!(0)),
                ("User", json!(pool.user)),
                ("Last Share Time", json!(if active { view.unix - view.share_age_s() } else { 0 })),
                ("Stratum Active", json!(active)),
                ("Stratum URL", json!(if active { pool.url.as_str() } else { "" })),
                ("Stratum Difficulty", json!(if active { 262_144.0 } else { 0.0 })),
                ("Pool Rejected%", json!(if active { 0.2 } else { 0.0 })),
                ("Pool Stale%", json!(0.0)),
            ]
        })
        .collect()
}

/// The `summary` record; hashrates in MH/s as cgminer prints them.
pub(crate) fn summary(view: &View) -> Record {
    let mhs = |ths: f64| json!(r2(ths * 1e6));
    vec![
        ("Elapsed", json!(view.elapsed_s)),
        ("MHS av", mhs(view.rate_avg)),
        ("MHS 5s", mhs(view.rate)),
        ("MHS 1m", mhs(view.rate_1m)),
        ("MHS 5m", mhs(view.rate_1m)),
        ("MHS 15m", mhs(view.rate_avg)),
        ("Found Blocks", json!(0)),
        ("Getworks", json!(view.elapsed_s / 30)),
        ("Accepted", json!(view.accepted)),
        ("Rejected", json!(view.rejected)),
        ("Hardware Errors", json!(view.accepted / 50)),
        ("Utility", json!(r2(view.rate_avg * 0.06))),
        ("Stale", json!(view.rejected / 4)),
        ("Get Failures", json!(0)),
        ("Remote Failures", json!(0)),
        ("Total MH", json!((view.accepted as f64 * 262_144.0 * 4294.967296).round())),
        ("Device Hardware%", json!(0.01)),
        ("Device Rejected%", json!(0.2)),
        ("Pool Rejected%", json!(0.2)),
        ("Pool Stale%", json!(0.0)),
        ("Last getwork", json!(view.unix)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_request_forms_are_understood() {
        let json = parse(br#"{"command":"ascset","parameter":"0,led,1-1"}"#).ok().unwrap();
        let text = parse(b"ascset|0,led,1-1\n").ok().unwrap();
        assert_eq!((json.command.as_str(), json.parameter.as_str()), ("ascset", "0,led,1-1"));
        assert_eq!((text.command, text.parameter), (json.command, json.parameter));
        assert!(json.json && !text.json);
        assert_eq!(parse(b"{oops").err(), Some(true));
        assert_eq!(parse(&[0xff, 0xfe]).err(), Some(false));
    }

    #[test]
    fn text_and_json_carry_the_same_fields() {
        let reply = Reply::new(22, "CGMiner versions", "cgminer 4.11.1")
            .section("VERSION", vec![vec![("API", json!("3.7")), ("N", json!(2))]]);
        let text = String::from_utf8(reply.render(9, false).0).unwrap();
        assert_eq!(
            text,
            "STATUS=S,When=9,Code=22,Msg=CGMiner versions,Description=cgminer 4.11.1|VERSION,API=3.7,N=2|"
        );
        let json: Value = serde_json::from_slice(&reply.render(9, true).0).unwrap();
        assert_eq!(json["VERSION"][0]["API"], "3.7");
        assert_eq!(json["STATUS"][0]["Code"], 22);
    }
}
