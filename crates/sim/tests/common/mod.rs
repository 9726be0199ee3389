//! Small clients of the four protocols, written against the protocols and
//! not with the simulator's own code, and fleets on addresses of their own.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "every test program uses a part")]

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adit_sim::{Clock, MinerHandle, MinerSpec, Personality, SimConfig, Simulator, Timing};
use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The four personalities that can be served here: without privileges port
/// 80 and with it the Antminer is left out.
pub async fn personalities() -> Vec<Personality> {
    let mut all = vec![Personality::WhatsminerV2, Personality::WhatsminerV3, Personality::AvalonA];
    if low_ports().await {
        all.push(Personality::AntminerStock);
    }
    all
}

/// Whether port 80 can be bound.
pub async fn low_ports() -> bool {
    let bound = TcpListener::bind((Ipv4Addr::new(127, 254, 254, 254), 80)).await;
    !matches!(bound, Err(e) if e.kind() == io::ErrorKind::PermissionDenied)
}

/// Nothing here takes a minute; a test that does is stuck.
pub async fn bounded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("the test is stuck")
}

/// A 127.x.y.0/24 no other running test uses, for as long as it lives.
pub struct Subnet {
    pub base: [u8; 3],
    _reserved: TcpListener,
}

impl Subnet {
    pub async fn free() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let n = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
            let base = [127, 100 + (n / 256 % 100) as u8, (n % 256) as u8];
            if let Ok(reserved) = TcpListener::bind((at(base, 254), 4999)).await {
                return Self { base, _reserved: reserved };
            }
        }
    }

    pub fn ip(&self, host: u8) -> Ipv4Addr {
        at(self.base, host)
    }
}

fn at([a, b, c]: [u8; 3], host: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, host)
}

/// One miner on a manual clock.
pub struct Lab {
    pub sim: Simulator,
    pub miner: MinerHandle,
    pub client: Client,
    _subnet: Subnet,
}

impl Lab {
    pub async fn new(personality: Personality) -> Self {
        Self::with(personality, |_| {}).await
    }

    pub async fn with(personality: Personality, change: impl FnOnce(&mut MinerSpec)) -> Self {
        Self::start(personality, change, Timing::default()).await
    }

    pub async fn timed(personality: Personality, timing: Timing) -> Self {
        Self::start(personality, |_| {}, timing).await
    }

    async fn start(personality: Personality, change: impl FnOnce(&mut MinerSpec), timing: Timing) -> Self {
        let subnet = Subnet::free().await;
        let mut spec = MinerSpec::new(personality, subnet.ip(1));
        change(&mut spec);
        let client = Client { personality, ip: spec.ip, password: spec.password.clone() };
        let booting = spec.booting;
        let mut config = SimConfig::new(42, vec![spec]);
        config.clock = Clock::manual();
        config.timing = timing;
        let sim = Simulator::start(config).await.unwrap();
        let miner = sim.miner(client.ip).unwrap();
        if !booting {
            miner.wait_online().await;
        }
        Self { sim, miner, client, _subnet: subnet }
    }

    pub fn advance(&self, seconds: u64) {
        self.sim.clock().advance(Duration::from_secs(seconds));
    }
}

#[derive(Clone)]
pub struct Client {
    pub personality: Personality,
    pub ip: Ipv4Addr,
    pub password: String,
}

pub fn error(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

pub fn parse(bytes: &[u8]) -> io::Result<Value> {
    if bytes.is_empty() {
        return Err(error("no answer"));
    }
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    serde_json::from_slice(&bytes[..end]).map_err(io::Error::from)
}

/// Sends and reads to the end.
pub async fn send(ip: Ipv4Addr, port: u16, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((ip, port)).await?;
    stream.write_all(request).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    Ok(reply)
}

pub async fn rpc(ip: Ipv4Addr, request: Value) -> io::Result<Value> {
    parse(&send(ip, 4028, request.to_string().as_bytes()).await?)
}

fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub fn seal(key: &[u8; 32], text: &str) -> String {
    let cipher = Aes256::new(key.into());
    let mut data = text.as_bytes().to_vec();
    data.resize(data.len().div_ceil(16) * 16, 0);
    for chunk in data.chunks_exact_mut(16) {
        let mut block = aes::Block::default();
        block.copy_from_slice(chunk);
        cipher.encrypt_block(&mut block);
        chunk.copy_from_slice(&block);
    }
    BASE64_STANDARD.encode(data)
}

fn unseal(key: &[u8; 32], text: &str) -> String {
    let cipher = Aes256::new(key.into());
    let mut data = BASE64_STANDARD.decode(text).unwrap();
    for chunk in data.chunks_exact_mut(16) {
        let mut block = aes::Block::default();
        block.copy_from_slice(chunk);
        cipher.decrypt_block(&mut block);
        chunk.copy_from_slice(&block);
    }
    String::from_utf8(data).unwrap().trim_end_matches('\0').to_owned()
}

fn crypt(password: &str, salt: &str) -> String {
    let full = md5crypt::md5crypt(password.as_bytes(), salt.as_bytes());
    String::from_utf8(full).unwrap().split('$').nth(3).unwrap().to_owned()
}

/// Key and token of a Whatsminer v2.
pub async fn v2_token(ip: Ipv4Addr, password: &str) -> io::Result<([u8; 32], String)> {
    let reply = rpc(ip, json!({ "cmd": "get_token" })).await?;
    let field = |name: &str| reply["Msg"][name].as_str().ok_or_else(|| error("no token"));
    let key = crypt(password, field("salt")?);
    let sign = crypt(&format!("{key}{}", field("time")?), field("newsalt")?);
    Ok((sha256(&key), sign))
}

pub async fn v2_sealed(ip: Ipv4Addr, key: &[u8; 32], request: &Value) -> io::Result<Value> {
    let envelope = json!({ "enc": 1, "data": seal(key, &request.to_string()) });
    let reply = rpc(ip, envelope).await?;
    match reply["enc"].as_str() {
        Some(sealed) => Ok(serde_json::from_str(&unseal(key, sealed))?),
        None => Ok(reply),
    }
}

pub async fn v2_write(ip: Ipv4Addr, password: &str, mut request: Value) -> io::Result<Value> {
    let (key, sign) = v2_token(ip, password).await?;
    request["token"] = json!(sign);
    v2_sealed(ip, &key, &request).await
}

/// Sends one framed message and reads one.
pub async fn v3_frame(stream: &mut TcpStream, request: &Value) -> io::Result<Value> {
    let body = request.to_string().into_bytes();
    stream.write_all(&(body.len() as u32).to_le_bytes()).await?;
    stream.write_all(&body).await?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let mut reply = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut reply).await?;
    parse(&reply)
}

pub async fn v3(ip: Ipv4Addr, request: Value) -> io::Result<Value> {
    v3_frame(&mut TcpStream::connect((ip, 4433)).await?, &request).await
}

/// The fields that sign a command, and the key of its secrets.
pub async fn v3_signed(
    ip: Ipv4Addr,
    (account, password): (&str, &str),
    command: &str,
) -> io::Result<(Value, [u8; 32])> {
    let info = v3(ip, json!({ "cmd": "get.device.info", "param": "salt" })).await?;
    let salt = info["msg"]["salt"].as_str().ok_or_else(|| error("no salt"))?;
    let ts = 1_790_000_000;
    let key = sha256(&format!("{command}{password}{salt}{ts}"));
    let token = &BASE64_STANDARD.encode(key)[..8];
    Ok((json!({ "cmd": command, "ts": ts, "token": token, "account": account }), key))
}

pub async fn v3_write(ip: Ipv4Addr, password: &str, command: &str, param: Value) -> io::Result<Value> {
    let (mut request, key) = v3_signed(ip, ("super", password), command).await?;
    request["param"] = match command {
        "set.miner.pools" => json!(seal(&key, &param.to_string())),
        _ => param,
    };
    v3(ip, request).await
}

/// An HTTP reply: status, lower-case head, body.
pub struct Http {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

pub async fn http(
    (ip, port): (Ipv4Addr, u16),
    method: &str,
    path: &str,
    authorization: &str,
    body: &str,
) -> io::Result<Http> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {ip}\r\nConnection: close\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = send(ip, port, request.as_bytes()).await?;
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(|| error("no head"))?;
    let head = String::from_utf8_lossy(&reply[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| error("no status"))?;
    Ok(Http { status, head, body: reply[end + 4..].to_vec() })
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// A request as a browser makes it: challenge, then answer.
pub async fn digest(ip: Ipv4Addr, password: &str, method: &str, cgi: &str, body: &str) -> io::Result<Http> {
    let path = format!("/cgi-bin/{cgi}.cgi");
    let challenge = http((ip, 80), method, &path, "", body).await?;
    assert_eq!(challenge.status, 401);
    assert!(challenge.head.contains("Digest realm=\"antMiner Configuration\""), "{}", challenge.head);
    let nonce = challenge.head.split("nonce=\"").nth(1).and_then(|n| n.split('"').next()).unwrap();
    let user = md5_hex(&format!("root:antMiner Configuration:{password}"));
    let call = md5_hex(&format!("{method}:{path}"));
    let response = md5_hex(&format!("{user}:{nonce}:00000001:abcd:auth:{call}"));
    let header = format!(
        "Authorization: Digest username=\"root\", realm=\"antMiner Configuration\", nonce=\"{nonce}\", \
         uri=\"{path}\", qop=auth, nc=00000001, cnonce=\"abcd\", response=\"{response}\"\r\n"
    );
    http((ip, 80), method, &path, &header, body).await
}

pub async fn cgi(ip: Ipv4Addr, password: &str, method: &str, cgi: &str, body: &str) -> io::Result<Value> {
    let page = digest(ip, password, method, cgi, body).await?;
    if page.status != 200 {
        return Err(error("not 200"));
    }
    parse(&page.body)
}

impl Client {
    /// Some telemetry.
    pub async fn read(&self) -> io::Result<Value> {
        match self.personality {
            Personality::WhatsminerV3 => v3(self.ip, json!({ "cmd": "get.miner.status", "param": "summary" })).await,
            _ => rpc(self.ip, json!({ "command": "summary" })).await,
        }
    }

    /// The MAC in lower case without separators.
    pub async fn mac(&self) -> io::Result<String> {
        let (reply, pointer) = match self.personality {
            Personality::WhatsminerV2 => (rpc(self.ip, json!({ "cmd": "get_miner_info" })).await?, "/Msg/mac"),
            Personality::WhatsminerV3 => (v3(self.ip, json!({ "cmd": "get.device.info" })).await?, "/msg/network/mac"),
            Personality::AvalonA => (rpc(self.ip, json!({ "command": "version" })).await?, "/VERSION/0/MAC"),
            Personality::AntminerStock => {
                (cgi(self.ip, &self.password, "GET", "get_system_info", "").await?, "/macaddr")
            }
        };
        let mac = reply.pointer(pointer).and_then(Value::as_str).ok_or_else(|| error("no MAC"))?;
        Ok(mac.replace(':', "").to_lowercase())
    }

    /// Switches the light; whether the miner said yes.
    pub async fn led(&self, on: bool) -> io::Result<bool> {
        let (ip, password) = (self.ip, self.password.as_str());
        Ok(match self.personality {
            Personality::WhatsminerV2 => {
                let request = match on {
                    true => {
                        json!({ "cmd": "set_led", "color": "red", "period": 200, "duration": 100, "start": 0 })
                    }
                    false => json!({ "cmd": "set_led", "param": "auto" }),
                };
                v2_write(ip, password, request).await?["Code"] == 131
            }
            Personality::WhatsminerV3 => {
                let param = match on {
                    true => json!([{ "color": "red", "period": 200, "duration": 100, "start": 0 }]),
                    false => json!("auto"),
                };
                v3_write(ip, password, "set.system.led", param).await?["code"] == 0
            }
            Personality::AvalonA => {
                let parameter = format!("0,led,1-{}", u8::from(on));
                let reply = rpc(ip, json!({ "command": "ascset", "parameter": parameter })).await?;
                reply["STATUS"][0]["STATUS"] == "S"
            }
            Personality::AntminerStock => {
                let body = json!({ "blink": on.to_string() }).to_string();
                let reply = cgi(ip, password, "POST", "blink", &body).await?;
                reply["code"].as_str().is_some_and(|c| c.ends_with("00"))
            }
        })
    }

    /// Reboots; the error tells of a miner that went down without a word.
    pub async fn reboot(&self) -> io::Result<()> {
        let (ip, password) = (self.ip, self.password.as_str());
        match self.personality {
            Personality::WhatsminerV2 => v2_write(ip, password, json!({ "cmd": "reboot" })).await.map(drop),
            Personality::WhatsminerV3 => v3_write(ip, password, "set.system.reboot", Value::Null).await.map(drop),
            Personality::AvalonA => rpc(ip, json!({ "command": "ascset", "parameter": "0,reboot,0" })).await.map(drop),
            Personality::AntminerStock => {
                let page = digest(ip, password, "POST", "reboot", "").await?;
                if page.status == 200 { Ok(()) } else { Err(error("not 200")) }
            }
        }
    }
}
