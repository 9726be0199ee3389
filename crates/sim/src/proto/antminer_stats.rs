//! What an Antminer says about itself in the format of its web pages.

use serde_json::{Value, json};

use crate::config::Mode;
use crate::miner::Miner;
use crate::state::State;
use crate::view::{View, r2};

pub(super) const MINER_VERSION: &str = "uart_trans.1.3";
/// The firmware's build date: it tells clients which interface it has.
pub(super) const COMPILE_TIME: &str = "Fri Nov 15 11:04:51 CST 2024";

fn page(miner: &Miner, view: &View, name: &str, section: &str, rows: Value) -> Value {
    json!({
        "STATUS": { "STATUS": "S", "when": view.unix, "Msg": name, "api_version": "1.0.0" },
        "INFO": {
            "miner_version": MINER_VERSION, "CompileTime": COMPILE_TIME, "type": miner.model.name,
        },
        (section): rows,
    })
}

pub(super) fn summary(miner: &Miner, view: &View) -> Value {
    let check = |kind: &str, good: bool| match good {
        true => json!({ "type": kind, "status": "s", "code": 0, "msg": "" }),
        false => json!({ "type": kind, "status": "e", "code": "R1", "msg": view.fault_words.unwrap_or("rate low") }),
    };
    let alive = view.boards.iter().all(|b| b.alive);
    let row = json!({
        "elapsed": view.elapsed_s, "rate_5s": r2(view.rate * 1e3), "rate_30m": r2(view.rate_avg * 1e3),
        "rate_avg": r2(view.rate_avg * 1e3), "rate_ideal": r2(miner.model.rate_ths * 1e3),
        "rate_unit": "GH/s", "hw_all": view.accepted / 50, "bestshare": view.accepted * 262_144,
        "status": [check("rate", alive && view.fault_words.is_none()), check("network", true), check("fans", true), check("temp", true)],
    });
    page(miner, view, "summary", "SUMMARY", json!([row]))
}

pub(super) fn stats(miner: &Miner, view: &View) -> Value {
    let chain = |(i, b): (usize, &crate::view::BoardView)| {
        json!({
            "index": i, "freq_avg": b.frequency_mhz.round(), "rate_ideal": r2(b.rate_rated * 1e3),
            "rate_real": r2(b.rate * 1e3), "asic_num": b.chips, "asic": "o".repeat(b.chips as usize),
            "temp_pic": [r2(b.pcb_c - 6.0), r2(b.pcb_c - 6.0), r2(b.pcb_c), r2(b.pcb_c)],
            "temp_pcb": [r2(b.pcb_c - 4.0), r2(b.pcb_c - 4.0), r2(b.pcb_c), r2(b.pcb_c)],
            "temp_chip": [r2(b.chip_min_c), r2(b.chip_min_c), r2(b.chip_max_c), r2(b.chip_max_c)],
            "hw": view.accepted / 150, "eeprom_loaded": b.alive, "sn": b.serial, "hwp": 0.01,
        })
    };
    let row = json!({
        "elapsed": view.elapsed_s, "rate_5s": r2(view.rate * 1e3), "rate_30m": r2(view.rate_avg * 1e3),
        "rate_avg": r2(view.rate_avg * 1e3), "rate_ideal": r2(miner.model.rate_ths * 1e3),
        "rate_unit": "GH/s", "chain_num": view.boards.len(), "fan_num": view.fans_rpm.len(),
        "fan": view.fans_rpm, "hwp_total": 0.01, "miner-mode": mode_value(view.sleeping, view.mode),
        "freq-level": 100, "watt": view.power_w.round(),
        "chain": view.boards.iter().enumerate().map(chain).collect::<Vec<_>>(),
    });
    page(miner, view, "stats", "STATS", json!([row]))
}

pub(super) fn pools(miner: &Miner, view: &View) -> Value {
    let pool = |(i, p): (usize, &crate::config::Pool)| {
        let active = view.pool_active(i);
        let age = view.share_age_s();
        json!({
            "index": i, "url": p.url, "user": p.user, "priority": i,
            "status": if p.url.is_empty() { "" } else if view.pools_alive { "Alive" } else { "Dead" },
            "getworks": view.elapsed_s / 30, "accepted": if active { view.accepted } else { 0 },
            "rejected": if active { view.rejected } else { 0 }, "discarded": 0, "stale": 0,
            "diff": if active { "262K" } else { "" }, "diff1": 0,
            "diffa": if active { view.accepted * 262_144 } else { 0 }, "diffr": 0, "diffs": 0,
            "lsdiff": if active { 262_144 } else { 0 },
            "lstime": if active { format!("0:00:{age:02}") } else { "0".into() },
        })
    };
    let rows: Vec<Value> = view.pools.iter().enumerate().map(pool).collect();
    page(miner, view, "pools", "POOLS", json!(rows))
}

pub(super) fn system_info(miner: &Miner, view: &View) -> Value {
    if miner.spec.form_pages {
        return json!({
            "minertype": "Antminer S17 Pro", "nettype": "DHCP", "netdevice": "eth0",
            "macaddr": view.mac.to_string(), "hostname": "antMiner",
            "ipaddress": miner.spec.ip.to_string(), "netmask": "255.0.0.0", "gateway": "",
            "dnsservers": "", "curtime": "00:00:00", "uptime": view.uptime_s, "loadaverage": "1.0, 1.0, 1.0",
            "mem_total": "1021640", "ant_hwv": "1.0.0", "bmminer_version": "1.0.0", "system_mode": "GNU/Linux",
            "system_kernel_version": "Linux 3.8.13", "system_filesystem_version": COMPILE_TIME,
        });
    }
    json!({
        "minertype": miner.model.name, "nettype": "DHCP", "netdevice": "eth0",
        "macaddr": view.mac.to_string(), "hostname": "Antminer",
        "ipaddress": miner.spec.ip.to_string(), "netmask": "255.0.0.0", "gateway": "",
        "dnsservers": "", "system_mode": "GNU/Linux", "firmware_type": "Release",
        "system_kernel_version": "Linux 4.9.113 #1 SMP PREEMPT", "Algorithm": "sha256d",
        "system_filesystem_version": COMPILE_TIME, "serinum": view.serial,
    })
}

pub(super) fn network_info(miner: &Miner, view: &View) -> Value {
    json!({
        "nettype": "DHCP", "netdevice": "eth0", "macaddr": view.mac.to_string(),
        "ipaddress": miner.spec.ip.to_string(), "netmask": "255.0.0.0", "conf_nettype": "DHCP",
        "conf_hostname": "Antminer", "conf_ipaddress": "", "conf_netmask": "",
        "conf_gateway": "", "conf_dnsservers": "",
    })
}

/// Bitmain's number for what the miner is asked to do.
pub(super) fn mode_value(sleeping: bool, mode: Mode) -> u8 {
    match (sleeping, mode) {
        (true, _) => 1,
        (false, Mode::Normal) => 0,
        (false, Mode::High) => 2,
        (false, Mode::Low) => 3,
    }
}

/// The stored configuration as `get_miner_conf.cgi` prints it.
pub(super) fn conf(miner: &Miner, state: &State) -> Value {
    let mode = mode_value(state.sleeping, state.mode).to_string();
    let told = crate::view::told_pools(state);
    let pools: Vec<Value> = (0..3)
        .map(|i| match told.get(i) {
            Some(p) => json!({ "url": p.url, "user": p.user, "pass": p.password }),
            None => json!({ "url": "", "user": "", "pass": "" }),
        })
        .collect();
    if miner.spec.form_pages {
        return json!({
            "pools": pools, "api-listen": true, "api-network": true, "api-allow": "A:0/0,W:*",
            "bitmain-fan-ctrl": state.fan.manual, "bitmain-fan-pwm": state.fan.percent.to_string(),
            "bitmain-use-vil": true, "bitmain-freq": miner.model.frequency_mhz.to_string(),
            "bitmain-work-mode": if state.sleeping { "254" } else { "1" },
        });
    }
    json!({
        "pools": pools, "api-listen": true, "api-network": true, "api-allow": "A:0/0,W:*",
        "api-groups": "A:stats:pools:devs:summary:version",
        "bitmain-fan-ctrl": state.fan.manual, "bitmain-fan-pwm": state.fan.percent.to_string(),
        "bitmain-use-vil": true, "bitmain-freq": miner.model.frequency_mhz.to_string(),
        "bitmain-voltage": "1280", "bitmain-ccdelay": "0", "bitmain-pwth": "0",
        "bitmain-work-mode": mode, "miner-mode": mode, "bitmain-freq-level": "100",
    })
}
