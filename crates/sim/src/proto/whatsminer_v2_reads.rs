//! What a Whatsminer says about itself on TCP 4028.

use serde_json::{Value, json};

use super::cgminer::{self, Bytes, Record, Reply};
use super::whatsminer_v2::answer;
use crate::config::{Mode, Personality};
use crate::miner::Miner;
use crate::view::{View, r2};

const DESCRIPTION: &str = "cgminer 4.9.2";

/// The reply to a read; `None` for a command the firmware does not know.
pub(super) fn read(miner: &Miner, command: &str) -> Option<Bytes> {
    let view = miner.view();
    let list = |code, message: String, name, records| {
        Reply::new(code, message, DESCRIPTION).section(name, records).render(view.unix, true)
    };
    Some(match command {
        "summary" => list(11, "Summary".into(), "SUMMARY", vec![summary(miner, &view)]),
        "pools" => {
            let pools = cgminer::pools(&view, 1);
            list(7, format!("{} Pool(s)", pools.len()), "POOLS", pools)
        }
        "devs" | "edevs" => {
            let devs = devs(&view);
            list(9, format!("{} ASC(s)", devs.len()), "DEVS", devs)
        }
        "devdetails" => list(69, "Device Details".into(), "DEVDETAILS", details(miner)),
        "get_version" => answer(miner, 131, version(miner)),
        "get_miner_info" => answer(miner, 131, info(miner, &view)),
        "status" => answer(miner, 131, status(miner, &view)),
        "get_psu" => answer(miner, 131, psu(miner, &view)),
        "get_error_code" => {
            let errors = view.fault_words.map_or_else(|| json!(errors(&view)), |words| json!(words));
            answer(miner, 131, json!({ "error_code": errors }))
        }
        _ => return None,
    })
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Low => "Low",
        Mode::Normal => "Normal",
        Mode::High => "High",
    }
}

fn firmware(miner: &Miner) -> &'static str {
    match miner.spec.personality {
        Personality::WhatsminerV3 => "20250214.16.Rel",
        _ => "20230803.17.Rel",
    }
}

fn summary(miner: &Miner, view: &View) -> Record {
    let fan = |i: usize| json!(view.fans_rpm.get(i).copied().unwrap_or(0));
    let frequency = view.boards.iter().map(|b| b.frequency_mhz).fold(0.0, f64::max);
    let mut record = cgminer::summary(view);
    record.extend([
        ("HS RT", json!(r2(view.rate * 1e6))),
        ("Temperature", json!(r2(view.chip_avg_c - 8.0))),
        ("freq_avg", json!(frequency.round())),
        ("Fan Speed In", fan(0)),
        ("Fan Speed Out", fan(1)),
        ("Power", json!(view.power_w.round())),
        ("Power Rate", json!(if view.rate > 0.0 { r2(view.power_w / view.rate) } else { 0.0 })),
        ("Power Mode", json!(mode_name(view.mode))),
        ("Power Limit", json!(view.power_limit_w.round())),
        ("Factory GHS", json!((miner.model.rate_ths * 1000.0).round())),
        ("Target MHS", json!((view.rate_goal * 1e6).round())),
        ("Target Freq", json!(miner.model.frequency_mhz)),
        ("Env Temp", json!(r2(view.ambient_c))),
        ("Chip Temp Min", json!(r2(view.chip_min_c))),
        ("Chip Temp Max", json!(r2(view.chip_max_c))),
        ("Chip Temp Avg", json!(r2(view.chip_avg_c))),
        ("Uptime", json!(view.uptime_s)),
        ("Hash Stable", json!(view.rate > 0.97 * view.rate_goal)),
        ("Security Mode", json!(0)),
        ("MAC", json!(view.mac.to_string())),
    ]);
    record
}

fn devs(view: &View) -> Vec<Record> {
    let board = |(slot, b): (usize, &crate::view::BoardView)| -> Record {
        vec![
            ("ASC", json!(slot)),
            ("Slot", json!(slot)),
            ("Enabled", json!("Y")),
            ("Status", json!(if b.alive { "Alive" } else { "Dead" })),
            ("Temperature", json!(r2(b.pcb_c))),
            ("Chip Frequency", json!(b.frequency_mhz.round())),
            ("Frequency", json!(b.frequency_mhz.round())),
            ("MHS av", json!(r2(b.rate * 1e6))),
            ("MHS 5s", json!(r2(b.rate * 1e6))),
            ("MHS 1m", json!(r2(b.rate * 1e6))),
            ("HS RT", json!(r2(b.rate * 1e6))),
            ("HS Factory", json!((b.rate_rated * 1e6).round())),
            ("Factory GHS", json!((b.rate_rated * 1000.0).round())),
            ("Accepted", json!(view.accepted / view.boards.len() as u64)),
            ("Rejected", json!(view.rejected / view.boards.len() as u64)),
            ("Device Elapsed", json!(view.elapsed_s)),
            ("Upfreq Complete", json!(u8::from(view.rate > 0.97 * view.rate_goal))),
            ("Effective Chips", json!(b.chips)),
            ("PCB SN", json!(b.serial)),
            ("Chip Temp Min", json!(r2(b.chip_min_c))),
            ("Chip Temp Max", json!(r2(b.chip_max_c))),
            ("Chip Temp Avg", json!(r2((b.chip_min_c + b.chip_max_c) / 2.0))),
        ]
    };
    view.boards.iter().enumerate().map(board).collect()
}

fn details(miner: &Miner) -> Vec<Record> {
    (0..miner.model.boards)
        .map(|i| {
            vec![
                ("DEVDETAILS", json!(i)),
                ("Name", json!("SM")),
                ("ID", json!(i)),
                ("Driver", json!("bitmicro")),
                ("Kernel", json!("")),
                ("Model", json!(miner.model.name)),
            ]
        })
        .collect()
}

fn version(miner: &Miner) -> Value {
    json!({ "api_ver": "2.0.5", "fw_ver": firmware(miner), "platform": "H616", "chip": "SIM" })
}

fn info(miner: &Miner, view: &View) -> Value {
    json!({
        "ip": miner.spec.ip.to_string(), "proto": "dhcp", "netmask": "255.0.0.0",
        "gateway": "127.0.0.1", "dns": "127.0.0.1", "hostname": "WhatsMiner",
        "mac": view.mac.to_string(), "ledstat": if view.led { "manual" } else { "auto" },
        "minersn": view.serial, "powersn": format!("PSU{}", view.serial),
    })
}

fn status(miner: &Miner, view: &View) -> Value {
    let off = if view.sleeping { "true" } else { "false" };
    json!({
        "btmineroff": off, "mineroff": off, "mineroff_reason": "", "mineroff_time": "",
        "Firmware Version": firmware(miner), "FirmwareVersion": firmware(miner),
        "power_mode": mode_name(view.mode).to_lowercase(), "hash_percent": "0",
        "power_limit_set": format!("{}", view.power_limit_w.round()),
    })
}

fn psu(miner: &Miner, view: &View) -> Value {
    json!({
        "name": "P222B", "model": "P222B", "hw_version": "SIM", "sw_version": "230208.220429",
        "iin": format!("{:.0}", view.power_w / 230.0 * 1000.0), "vin": "23000",
        "fan_speed": if miner.model.fans == 0 { "0" } else { "6000" },
        "serial_no": format!("PSU{}", view.serial), "version": "-1", "vender": "7",
    })
}

/// Error codes as {code: since}.
fn errors(view: &View) -> Vec<Value> {
    view.errors.iter().map(|(code, _)| json!({ code: "2026-01-01 00:00:00" })).collect()
}
