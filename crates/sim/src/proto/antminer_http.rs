//! Bitmain's stock firmware on HTTP: CGI pages behind digest authentication.
//! `set_miner_conf.cgi` takes the whole configuration and says what it thinks
//! of it in a `code` (M000 good, M001 bad), always with status 200.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::antminer_stats as stats;
use crate::config::{Mode, Pool};
use crate::crypto::{hex, md5_hex};
use crate::miner::{Intent, Miner, Write};
use crate::net::{self, Framed};
use crate::noise;
use crate::state::Op;

const REALM: &str = "antMiner Configuration";
const MAX_HEAD: usize = 8 * 1024;

pub(crate) async fn serve(miner: &Miner, mut stream: TcpStream) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        let allowed = authorized(miner, &request);
        let write = allowed && is_write(&request.path);
        let outcome = miner
            .exchange(write, |miner| match allowed {
                true => handle(miner, &request),
                false => Intent::Answer(Page::unauthorized(miner)),
            })
            .await;
        if !net::deliver(miner, &mut stream, outcome).await || request.close {
            return;
        }
    }
}

struct Request {
    method: String,
    path: String,
    target: String,
    authorization: String,
    body: Vec<u8>,
    close: bool,
}

/// Reads one request; `None` at the end or when it is not one.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let mut chunk = [0; 4096];
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let n = net::read_some(stream, &mut chunk).await.ok()?;
        if n == 0 || buffer.len() > MAX_HEAD {
            return None;
        }
        buffer.extend_from_slice(&chunk[..n]);
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: HashMap<String, &str> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let length = headers.get("content-length").map_or(Ok(0), |l| l.parse::<usize>()).ok()?;
    if length > net::MAX_REQUEST {
        return None;
    }
    while buffer.len() < head_end + 4 + length {
        let n = net::read_some(stream, &mut chunk).await.ok()?;
        if n == 0 {
            return None;
        }
        buffer.extend_from_slice(&chunk[..n]);
    }
    let body = buffer[head_end + 4..head_end + 4 + length].to_vec();
    let request = Request {
        method,
        path: target.split('?').next().unwrap_or("").to_owned(),
        target,
        authorization: headers.get("authorization").copied().unwrap_or("").to_owned(),
        body,
        close: headers.get("connection").is_some_and(|c| c.eq_ignore_ascii_case("close")),
    };
    buffer.drain(..head_end + 4 + length);
    Some(request)
}

fn is_write(path: &str) -> bool {
    matches!(path, "/cgi-bin/set_miner_conf.cgi" | "/cgi-bin/blink.cgi" | "/cgi-bin/reboot.cgi")
}

/// A page with its status line and headers.
struct Page {
    status: &'static str,
    content_type: &'static str,
    extra: String,
    body: Vec<u8>,
}

impl Framed for Page {
    fn head(&self, body_len: usize) -> Vec<u8> {
        format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {body_len}\r\n{}Server: lighttpd/1.4.45\r\n\r\n",
            self.status, self.content_type, self.extra
        )
        .into_bytes()
    }

    fn body(&self) -> &[u8] {
        &self.body
    }
}

impl Page {
    fn json(value: &Value) -> Self {
        let body = value.to_string().into_bytes();
        Self { status: "200 OK", content_type: "application/json", extra: String::new(), body }
    }

    fn html(status: &'static str, title: &str) -> Self {
        let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self { status, content_type: "text/html", extra: String::new(), body: body.into_bytes() }
    }

    fn unauthorized(miner: &Miner) -> Self {
        let mut page = Self::html("401 Unauthorized", "401 Unauthorized");
        page.extra =
            format!("WWW-Authenticate: Digest realm=\"{REALM}\", nonce=\"{}\", qop=\"auth\"\r\n", nonce(miner));
        page
    }
}

/// One nonce from boot to boot.
fn nonce(miner: &Miner) -> String {
    let reboots = u64::from(miner.state().reboots);
    let seed = noise::mix(miner.seed ^ 60 << 32, reboots);
    hex(&[seed.to_be_bytes(), noise::mix(seed, 1).to_be_bytes()].concat())
}

fn authorized(miner: &Miner, request: &Request) -> bool {
    let Some(fields) = request.authorization.strip_prefix("Digest ") else {
        return false;
    };
    let field = |name: &str| {
        fields.split(',').find_map(|part| {
            let (key, value) = part.trim().split_once('=')?;
            (key == name).then(|| value.trim_matches('"'))
        })
    };
    let get = |name| field(name).unwrap_or("");
    if get("username") != "root" || get("nonce") != nonce(miner) || get("uri") != request.target {
        return false;
    }
    let user = md5_hex(&format!("root:{REALM}:{}", miner.password()));
    let call = md5_hex(&format!("{}:{}", request.method, request.target));
    let expected = match field("qop") {
        Some(qop) => format!("{user}:{}:{}:{}:{qop}:{call}", get("nonce"), get("nc"), get("cnonce")),
        None => format!("{user}:{}:{call}", get("nonce")),
    };
    get("response") == md5_hex(&expected)
}

fn handle(miner: &Miner, request: &Request) -> Intent<Page> {
    let view = miner.view();
    let Some(cgi) = request.path.strip_prefix("/cgi-bin/").and_then(|p| p.strip_suffix(".cgi")) else {
        return Intent::Answer(match request.path.as_str() {
            "/" | "/index.html" => Page::html("200 OK", "Antminer"),
            _ => Page::html("404 Not Found", "404 Not Found"),
        });
    };
    Intent::Answer(Page::json(&match cgi {
        "get_blink_status" | "blink" | "summary" | "stats" | "pools" if miner.spec.form_pages => {
            return Intent::Answer(Page::html("404 Not Found", "404 Not Found"));
        }
        "get_system_info" => stats::system_info(miner, &view),
        "get_network_info" => stats::network_info(miner, &view),
        "miner_type" => json!({ "miner_type": miner.model.name, "subtype": "SIM_CtrlBoard" }),
        "get_miner_conf" => stats::conf(miner, &miner.state()),
        "get_blink_status" => json!({ "blink": view.led }),
        "summary" => stats::summary(miner, &view),
        "stats" => stats::stats(miner, &view),
        "pools" => stats::pools(miner, &view),
        "set_miner_conf" if miner.spec.form_pages => return set_form(request),
        "set_miner_conf" => return set_conf(miner, request),
        "blink" => return blink(request),
        "reboot" => {
            let mut page = Page::html("200 OK", "");
            page.body.clear();
            return Intent::Write(Write { late: true, ..Write::new("reboot.cgi", Value::Null, Op::Reboot, page) });
        }
        _ => return Intent::Answer(Page::html("404 Not Found", "404 Not Found")),
    }))
}

fn verdict(code: &str) -> Page {
    let good = code.ends_with("000");
    Page::json(&json!({
        "stats": if good { "success" } else { "error" }, "code": code,
        "msg": if good { "OK!" } else { "FAIL!" },
    }))
}

fn blink(request: &Request) -> Intent<Page> {
    let text = String::from_utf8_lossy(&request.body);
    let json: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let on = match &json["blink"] {
        Value::Bool(on) => Some(*on),
        Value::String(on) => on.parse().ok(),
        _ => text.trim().strip_prefix("blink=").and_then(|on| on.parse().ok()),
    };
    match on {
        Some(on) => {
            let page = Page::json(&json!({ "code": if on { "B000" } else { "B100" } }));
            Intent::Write(Write::new("blink.cgi", json!(on), Op::SetLed(on), page))
        }
        None => Intent::Refuse {
            command: "blink.cgi".into(),
            params: Value::Null,
            answer: Page::json(&json!({ "code": "B001" })),
        },
    }
}

/// Takes the fields by place, whatever they are called, and says `ok` to anything.
fn set_form(request: &Request) -> Intent<Page> {
    let body = String::from_utf8_lossy(&request.body);
    let fields: Vec<&str> = body.split('&').map(|field| field.split_once('=').map_or("", |(_, value)| value)).collect();
    let field = |at: usize| fields.get(at).copied().unwrap_or("").to_owned();
    let pools: Vec<Pool> =
        (0..3).map(|n| Pool { url: field(3 * n), user: field(3 * n + 1), password: field(3 * n + 2) }).collect();
    let mut page = Page::html("200 OK", "");
    page.body = b"ok".to_vec();
    let params = json!({ "pools": pools });
    Intent::Write(Write::new("set_miner_conf.cgi", params, Op::All(vec![Op::SetPools(pools), Op::RestartMining]), page))
}

fn set_conf(miner: &Miner, request: &Request) -> Intent<Page> {
    let conf: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    match conf_ops(&conf) {
        Some((ops, params)) => Intent::Write(Write {
            delay: miner.fleet.timing.conf_reply,
            ..Write::new("set_miner_conf.cgi", params, Op::All(ops), verdict("M000"))
        }),
        None => Intent::Refuse { command: "set_miner_conf.cgi".into(), params: Value::Null, answer: verdict("M001") },
    }
}

/// What a configuration asks for, and its public part. `None` for anything
/// but a whole and valid one: a partial object is refused.
fn conf_ops(conf: &Value) -> Option<(Vec<Op>, Value)> {
    let number = |key: &str| match conf.get(key)? {
        Value::String(text) => text.parse::<u64>().ok(),
        other => other.as_u64(),
    };
    // Where both names are given, the one of the write interface counts.
    let mode = number("miner-mode").or_else(|| number("bitmain-work-mode"))?;
    let manual = conf.get("bitmain-fan-ctrl")?.as_bool()?;
    let percent = number("bitmain-fan-pwm").filter(|p| *p <= 100)?;
    conf.get("freq-level").or_else(|| conf.get("bitmain-freq-level"))?;
    let text = |v: &Value| v.as_str().map(str::to_owned).filter(|t| t.len() <= 256);
    let pools: Vec<Pool> = conf
        .get("pools")?
        .as_array()?
        .iter()
        .map(|p| Some(Pool { url: text(&p["url"])?, user: text(&p["user"])?, password: text(&p["pass"])? }))
        .collect::<Option<_>>()?;
    if !(1..=3).contains(&pools.len()) {
        return None;
    }
    let mut ops = match mode {
        0 => vec![Op::Resume, Op::SetMode { mode: Mode::Normal, restart: false }],
        3 => vec![Op::Resume, Op::SetMode { mode: Mode::Low, restart: false }],
        1 => vec![Op::Suspend],
        _ => return None,
    };
    let params = json!({ "miner-mode": mode, "pools": pools });
    ops.extend([
        Op::SetFan { manual, percent: percent as u8 },
        Op::SetPools(pools),
        // The mining process starts over with every new configuration.
        Op::RestartMining,
    ]);
    Some((ops, params))
}
