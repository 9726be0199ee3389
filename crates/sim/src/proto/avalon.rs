//! Canaan's A series: cgminer's JSON or text on TCP 4028, one command a
//! connection, one connection at a time, no login. Telemetry is a string of
//! `Key[value]` pairs; writes are `ascset 0,<name>,<value>`. `reboot` and
//! `softon` are never answered. Work modes 0 and 1 are normal and high, as on
//! the A13 series; 2 stands for a mode below normal. cgminer's `restart` starts
//! mining over and is answered by a status of its own.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::cgminer::{self, Bytes, Record, Reply, Request};
use crate::config::{Mode, Pool};
use crate::miner::{Intent, Miner, Write};
use crate::net;
use crate::noise;
use crate::state::Op;
use crate::view::{View, r2};

const DESCRIPTION: &str = "cgminer 4.11.1";
const HELP: &str = "help|fan-spd|led|reboot|setpool|softoff|softon|workmode";

pub(crate) async fn serve(miner: &Miner, mut stream: TcpStream) {
    let Some(bytes) = net::read_request(&mut stream).await else {
        return;
    };
    let request = cgminer::parse(&bytes);
    let write =
        request.as_ref().is_ok_and(|r| r.command == "restart" || (r.command == "ascset" && !asks(&r.parameter)));
    let outcome = miner.exchange(write, |miner| handle(miner, &request)).await;
    net::deliver(miner, &mut stream, outcome).await;
}

/// Whether an `ascset` only asks.
fn asks(parameter: &str) -> bool {
    matches!(parameter, "0,help" | "0,workmode,get" | "0,workmode,255")
}

fn handle(miner: &Miner, request: &Result<Request, bool>) -> Intent<Bytes> {
    let view = miner.view();
    let request = match request {
        Ok(request) => request,
        Err(json) => {
            let reply = Reply::new(23, "Invalid JSON", DESCRIPTION).status("E");
            return Intent::Answer(reply.render(view.unix, *json));
        }
    };
    let list = |code, message: String, name, records| {
        Intent::Answer(Reply::new(code, message, DESCRIPTION).section(name, records).render(view.unix, request.json))
    };
    match request.command.as_str() {
        "version" => list(22, "CGMiner versions".into(), "VERSION", vec![version(miner, &view)]),
        "summary" => list(11, "Summary".into(), "SUMMARY", vec![cgminer::summary(&view)]),
        "stats" | "estats" => list(70, "CGMiner stats".into(), "STATS", vec![stats(miner, &view)]),
        "devs" | "edevs" => list(9, "1 ASC(s)".into(), "DEVS", vec![devs(&view)]),
        "pools" => {
            let pools = cgminer::pools(&view, 0);
            list(7, format!("{} Pool(s)", pools.len()), "POOLS", pools)
        }
        "ascset" => ascset(miner, request, &view),
        "restart" => {
            let answer = Bytes(br#"{"STATUS":"RESTART"}"#.to_vec());
            Intent::Write(Write::new("restart", Value::Null, Op::RestartMining, answer))
        }
        _ => {
            let reply = Reply::new(14, "Invalid command", DESCRIPTION).status("E");
            Intent::Answer(reply.render(view.unix, request.json))
        }
    }
}

fn version(miner: &Miner, view: &View) -> Record {
    let model = miner.model.name;
    vec![
        ("CGMiner", json!("4.11.1")),
        ("API", json!("3.7")),
        ("PROD", json!(format!("AvalonMiner {model}-{}", miner.model.rate_ths))),
        ("MODEL", json!(format!("{model}-{}", miner.model.rate_ths))),
        ("HWTYPE", json!("MM4v1_X3")),
        ("SWTYPE", json!("MM318")),
        ("LVERSION", json!("24071801_sim")),
        ("BVERSION", json!("24071801_sim")),
        ("CGVERSION", json!("24071801_sim")),
        ("VERSION", json!("24071801_sim")),
        ("DNA", json!(view.serial)),
        ("MAC", json!(view.mac.compact())),
        ("UPAPI", json!("2")),
    ]
}

fn devs(view: &View) -> Record {
    vec![
        ("ASC", json!(0)),
        ("Name", json!("AVALON")),
        ("ID", json!(0)),
        ("Enabled", json!("Y")),
        ("Status", json!("Alive")),
        ("Temperature", json!(r2(view.chip_avg_c))),
        ("MHS av", json!(r2(view.rate_avg * 1e6))),
        ("MHS 5s", json!(r2(view.rate * 1e6))),
        ("MHS 1m", json!(r2(view.rate_1m * 1e6))),
        ("MHS 5m", json!(r2(view.rate_1m * 1e6))),
        ("MHS 15m", json!(r2(view.rate_avg * 1e6))),
        ("Accepted", json!(view.accepted)),
        ("Rejected", json!(view.rejected)),
        ("Device Elapsed", json!(view.elapsed_s)),
    ]
}

fn stats(miner: &Miner, view: &View) -> Record {
    vec![
        ("STATS", json!(0)),
        ("ID", json!("AVALON0")),
        ("Elapsed", json!(view.elapsed_s)),
        ("Calls", json!(0)),
        ("MM Count", json!(1)),
        ("MM ID0", json!(module(miner, view))),
    ]
}

/// The one string that holds a module's whole state.
fn module(miner: &Miner, view: &View) -> String {
    let boards = &view.boards;
    let each = |f: &dyn Fn(&crate::view::BoardView) -> f64| -> String {
        boards.iter().map(|b| format!("{}", r2(f(b)))).collect::<Vec<_>>().join(" ")
    };
    let work = if view.sleeping { "In Idle" } else { "In Work" };
    let running = boards.iter().filter(|b| b.alive).count();
    let frequency = boards.iter().map(|b| b.frequency_mhz).fold(0.0, f64::max);
    let mut out = format!(
        "Ver[{}-{}-24071801_sim] DNA[{}] MEMFREE[65432.0] NETFAIL[0 0 0 0 0 0 0 0] \
         SYSTEMSTATU[Work: {work}, Hash Board: {running} ] Elapsed[{}] BOOTBY[0x01.00000000] \
         LW[{}] MH[0 0 0] HW[{}] DH[1.2%] ",
        miner.model.name,
        miner.model.rate_ths,
        view.serial,
        view.elapsed_s,
        view.accepted * 40,
        view.accepted / 50,
    );
    out += &format!("Temp[{:.0}] TMax[{:.0}] TAvg[{:.0}] ", view.ambient_c, view.chip_max_c, view.chip_avg_c);
    for (i, rpm) in view.fans_rpm.iter().enumerate() {
        out += &format!("Fan{}[{rpm}] ", i + 1);
    }
    // PS: error, control board mV, board mV, A*10, W, set mV, target W.
    out += &format!(
        "FanR[{}%] Vo[325] PS[0 1210 1305 {:.0} {:.0} 1305 {:.0}] ",
        view.fan_percent,
        view.power_w / 13.05 * 10.0,
        view.power_w,
        view.power_limit_w,
    );
    out += &format!(
        "GHSspd[{:.2}] DHspd[1.2%] GHSmm[{:.2}] GHSavg[{:.2}] WU[{:.2}] Freq[{:.2}] Led[{}] ",
        view.rate * 1e3,
        view.rate_goal * 1e3,
        view.rate_avg * 1e3,
        view.rate_avg * 14.0,
        frequency,
        u8::from(view.led),
    );
    out += &format!(
        "MGHS[{}] MTmax[{}] MTavg[{}] ITemp[{}] TA[{}] Core[A3200] PING[12] POWS[0] ",
        each(&|b| b.rate * 1e3),
        each(&|b| b.chip_max_c.round()),
        each(&|b| ((b.chip_min_c + b.chip_max_c) / 2.0).round()),
        each(&|b| b.pcb_c.round()),
        boards.iter().map(|b| b.chips).sum::<u32>(),
    );
    for (i, board) in boards.iter().enumerate() {
        let f = board.frequency_mhz.round();
        out += &format!("SF{i}[{f} {f} {f} {f}] ");
    }
    for (i, board) in boards.iter().enumerate() {
        out += &chips(miner, i, board);
    }
    out += &format!(
        "HASHS[0 0 0] POOLS[0] SoftOFF[{}] ECHU[{}] ECMM[0] WORKMODE[{}] WORKLEVEL[0] MPO[{:.0}]",
        u8::from(view.sleeping),
        boards
            .iter()
            .map(|b| if b.alive && view.fault_words.is_none() { "0" } else { "16" })
            .collect::<Vec<_>>()
            .join(" "),
        work_mode(view.mode),
        view.power_limit_w,
    );
    out
}

/// Temperature (degrees), voltage (mV) and work done of every chip of a board;
/// a dead board prints zeros.
fn chips(miner: &Miner, index: usize, board: &crate::view::BoardView) -> String {
    let wobble = |chip: u32| noise::signed(miner.seed, 1_000 * (index as u64 + 1) + u64::from(chip));
    let list = |value: &dyn Fn(u32) -> f64| -> String {
        let value = |chip| if board.alive { value(chip) } else { 0.0 };
        let values = (0..miner.model.chips).map(|chip| format!("{:.0}", value(chip)));
        values.collect::<Vec<_>>().join(" ")
    };
    let middle = (board.chip_min_c + board.chip_max_c) / 2.0;
    let spread = (board.chip_max_c - board.chip_min_c) / 2.0;
    format!(
        "PVT_T{index}[{}] PVT_V{index}[{}] MW{index}[{}] ",
        list(&|chip| middle + spread * wobble(chip)),
        list(&|chip| 305.0 + 5.0 * wobble(chip)),
        list(&|chip| board.rate * 12.0 + 40.0 * wobble(chip)),
    )
}

fn work_mode(mode: Mode) -> u8 {
    match mode {
        Mode::Normal => 0,
        Mode::High => 1,
        Mode::Low => 2,
    }
}

fn ascset(miner: &Miner, request: &Request, view: &View) -> Intent<Bytes> {
    let info = |text: String| {
        let reply = Reply::new(118, format!("ASC 0 set info: {text}"), DESCRIPTION).status("I");
        reply.render(view.unix, request.json)
    };
    let done = || Reply::new(119, "ASC 0 set OK", DESCRIPTION).render(view.unix, request.json);

    let parts: Vec<&str> = request.parameter.split(',').map(str::trim).collect();
    let name = parts.get(1).copied().unwrap_or("");
    let refuse = |why: &str| Intent::Refuse {
        command: format!("ascset {name}"),
        params: Value::Null,
        answer: Reply::new(120, format!("ASC 0 set failed: {why}"), DESCRIPTION)
            .status("E")
            .render(view.unix, request.json),
    };
    if parts[0] != "0" {
        return refuse("no such device");
    }
    let (op, params, answer) = match (name, &parts[2..]) {
        ("help", []) => return Intent::Answer(info(HELP.into())),
        ("workmode", ["get" | "255"]) => {
            return Intent::Answer(info(format!("workmode {}", work_mode(view.mode))));
        }
        ("workmode", [mode @ ("0" | "1" | "2")] | ["set", mode @ ("0" | "1" | "2")]) => {
            let set = match *mode {
                "0" => Mode::Normal,
                "1" => Mode::High,
                _ => Mode::Low,
            };
            (Op::SetMode { mode: set, restart: false }, json!(mode), Some(done()))
        }
        ("led", [led]) if led.len() == 3 && (led.ends_with("-0") || led.ends_with("-1")) => {
            (Op::SetLed(led.ends_with('1')), json!(led), Some(done()))
        }
        ("softoff" | "softon", [when]) => {
            let Some(at) = due(miner, when) else {
                return refuse("bad time");
            };
            let sleep = name == "softoff";
            let answer = sleep.then(|| info(format!("success softoff:{}", &when[2..])));
            (Op::Schedule { at, sleep }, json!(when), answer)
        }
        ("fan-spd", [speed]) => match speed.parse::<i16>() {
            Ok(-1) => (Op::SetFan { manual: false, percent: 100 }, json!(-1), Some(done())),
            Ok(percent @ 15..=100) => {
                (Op::SetFan { manual: true, percent: percent as u8 }, json!(percent), Some(done()))
            }
            _ => return refuse("bad speed"),
        },
        ("setpool", [user, password, slot, url, worker, worker_password]) => {
            if *user != "root" || *password != miner.password() {
                return refuse("wrong user or password");
            }
            let Some(slot) = slot.parse::<usize>().ok().filter(|s| *s < 3) else {
                return refuse("bad pool number");
            };
            let pool = Pool { url: (*url).into(), user: (*worker).into(), password: (*worker_password).into() };
            let params = json!({ "slot": slot, "pool": pool });
            (Op::StagePool(slot, pool), params, Some(done()))
        }
        ("reboot", _) => (Op::Reboot, Value::Null, None),
        _ => return refuse("unknown option"),
    };
    let write = Write::new(format!("ascset {name}"), params, op, done());
    Intent::Write(Write { answer, ..write })
}

/// Simulated time of `1:<unix seconds>`; the past means now, and further
/// than a day ahead is refused.
fn due(miner: &Miner, when: &str) -> Option<Duration> {
    let unix: u64 = when.strip_prefix("1:")?.trim().parse().ok()?;
    let now = miner.unix();
    if unix > now + 86_400 {
        return None;
    }
    Some(miner.fleet.clock.now() + Duration::from_secs(unix.saturating_sub(now)))
}
