//! Bitmain's stock firmware on TCP 4028: cgminer's interface, reads only.
//! With `"new_api":true` it answers in the format of the web pages.

use serde_json::json;
use tokio::net::TcpStream;

use super::antminer_stats as stats;
use super::cgminer::{self, Bytes, Record, Reply, Request};
use crate::miner::{Intent, Miner};
use crate::net;
use crate::view::{View, r2};

const DESCRIPTION: &str = "cgminer 1.0.0";

pub(crate) async fn serve(miner: &Miner, mut stream: TcpStream) {
    let Some(bytes) = net::read_request(&mut stream).await else {
        return;
    };
    let request = cgminer::parse(&bytes);
    let outcome = miner.exchange(false, |miner| Intent::Answer(handle(miner, &request))).await;
    net::deliver(miner, &mut stream, outcome).await;
}

fn handle(miner: &Miner, request: &Result<Request, bool>) -> Bytes {
    let view = miner.view();
    let error = |code, message: &str, json| Reply::new(code, message, DESCRIPTION).status("E").render(view.unix, json);
    let request = match request {
        Ok(request) => request,
        Err(json) => return error(23, "Invalid JSON", *json),
    };
    let list = |code, message: String, name, records| {
        Reply::new(code, message, DESCRIPTION).section(name, records).render(view.unix, request.json)
    };
    let page = |value: serde_json::Value| Bytes(value.to_string().into_bytes());
    match request.command.as_str() {
        "version" => list(22, "CGMiner versions".into(), "VERSION", vec![version(miner)]),
        "summary" if request.new_api => page(stats::summary(miner, &view)),
        "stats" if request.new_api => page(stats::stats(miner, &view)),
        "pools" if request.new_api => page(stats::pools(miner, &view)),
        "summary" => list(11, "Summary".into(), "SUMMARY", vec![summary(&view)]),
        "stats" => list(70, "CGMiner stats".into(), "STATS", vec![heading(miner), chains(miner, &view)]),
        "pools" => {
            let pools = cgminer::pools(&view, 0);
            list(7, format!("{} Pool(s)", pools.len()), "POOLS", pools)
        }
        "devs" => list(9, "1 ASC(s)".into(), "DEVS", vec![devs(&view)]),
        "restart" | "quit" | "addpool" | "removepool" | "switchpool" | "enablepool" | "disablepool" | "ascset" => {
            error(45, "Access denied to command", request.json)
        }
        _ => error(14, "Invalid command", request.json),
    }
}

fn version(miner: &Miner) -> Record {
    vec![
        ("BMMiner", json!("1.0.0")),
        ("API", json!("3.1")),
        ("Miner", json!(stats::MINER_VERSION)),
        ("CompileTime", json!(stats::COMPILE_TIME)),
        ("Type", json!(miner.model.name)),
    ]
}

/// Bitmain prints hashrates in GH/s.
fn summary(view: &View) -> Record {
    let mut record: Record = cgminer::summary(view).into_iter().filter(|(k, _)| !k.starts_with("MHS")).collect();
    record.extend([
        ("GHS 5s", json!(r2(view.rate * 1e3))),
        ("GHS av", json!(r2(view.rate_avg * 1e3))),
        ("GHS 30m", json!(r2(view.rate_avg * 1e3))),
    ]);
    record
}

fn devs(view: &View) -> Record {
    vec![
        ("ASC", json!(0)),
        ("Name", json!("BTM_SOC0")),
        ("ID", json!(0)),
        ("Enabled", json!("Y")),
        ("Status", json!("Alive")),
        ("MHS av", json!(r2(view.rate_avg * 1e6))),
        ("MHS 5s", json!(r2(view.rate * 1e6))),
        ("Accepted", json!(view.accepted)),
        ("Rejected", json!(view.rejected)),
        ("Device Elapsed", json!(view.elapsed_s)),
    ]
}

fn heading(miner: &Miner) -> Record {
    version(miner).into_iter().filter(|(key, _)| *key != "API").collect()
}

/// Names of the numbered fields, for up to four chains and fans.
const FANS: [&str; 4] = ["fan1", "fan2", "fan3", "fan4"];
const CHIPS: [&str; 4] = ["chain_acn1", "chain_acn2", "chain_acn3", "chain_acn4"];
const CHAINS: [&str; 4] = ["chain_acs1", "chain_acs2", "chain_acs3", "chain_acs4"];
const RATES: [&str; 4] = ["chain_rate1", "chain_rate2", "chain_rate3", "chain_rate4"];
const FREQUENCIES: [&str; 4] = ["freq1", "freq2", "freq3", "freq4"];
const PCB: [&str; 4] = ["temp_pcb1", "temp_pcb2", "temp_pcb3", "temp_pcb4"];
const CHIP: [&str; 4] = ["temp_chip1", "temp_chip2", "temp_chip3", "temp_chip4"];

fn chains(miner: &Miner, view: &View) -> Record {
    let mut record: Record = vec![
        ("STATS", json!(0)),
        ("ID", json!("BTM_SOC0")),
        ("Elapsed", json!(view.elapsed_s)),
        ("GHS 5s", json!(r2(view.rate * 1e3))),
        ("GHS av", json!(r2(view.rate_avg * 1e3))),
        ("rate_30m", json!(r2(view.rate_avg * 1e3))),
        ("rate_unit", json!("GH")),
        ("Mode", json!(2)),
        ("miner_count", json!(view.boards.len())),
        ("frequency", json!(miner.model.frequency_mhz)),
        ("fan_num", json!(view.fans_rpm.len())),
        ("total_rateideal", json!(r2(miner.model.rate_ths * 1e3))),
        ("total_acn", json!(view.boards.iter().map(|b| b.chips).sum::<u32>())),
        ("watt", json!(view.power_w.round())),
        ("miner_version", json!(stats::MINER_VERSION)),
    ];
    record.extend(FANS.into_iter().zip(view.fans_rpm.iter().map(|rpm| json!(rpm))));
    for (i, board) in view.boards.iter().enumerate().take(4) {
        let pair = |low: f64, high: f64| json!(format!("{low:.0}-{low:.0}-{high:.0}-{high:.0}"));
        record.extend([
            (CHIPS[i], json!(board.chips)),
            (CHAINS[i], json!("o".repeat(board.chips as usize))),
            (RATES[i], json!(format!("{:.2}", board.rate * 1e3))),
            (FREQUENCIES[i], json!(board.frequency_mhz.round() as u64)),
            (PCB[i], pair(board.pcb_c - 4.0, board.pcb_c)),
            (CHIP[i], pair(board.chip_min_c, board.chip_max_c)),
        ]);
    }
    record
}
