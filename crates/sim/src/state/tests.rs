use super::*;
use std::net::Ipv4Addr;

fn fixture(personality: Personality) -> (State, &'static Model, Timing) {
    let spec = MinerSpec::new(personality, Ipv4Addr::new(127, 1, 1, 1));
    let model = Model::find(personality, &spec.model).unwrap();
    let timing = Timing::default();
    (State::new(&spec, model, &timing, 7), model, timing)
}

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[test]
fn looking_often_changes_nothing() {
    let run = |steps: u64| {
        let (mut state, model, timing) = fixture(Personality::WhatsminerV2);
        state.apply(Op::Reboot, Personality::WhatsminerV2, &timing);
        for i in 1..=steps {
            state.advance(secs(20) * i as u32 / steps as u32, model, &timing);
        }
        (state.power_w, state.rate_ths, state.uptime(), state.activity(model))
    };
    let (power, rate, uptime, activity) = run(1);
    assert_eq!(activity, Activity::Mining);
    assert_eq!(uptime, secs(12));
    let often = run(1000);
    assert!((often.0 - power).abs() < 1e-6 && (often.1 - rate).abs() < 1e-6);
    assert_eq!((often.2, often.3), (uptime, activity));
}

#[test]
fn a_reboot_goes_through_booting_and_ramping_and_resets_uptime() {
    let (mut state, model, timing) = fixture(Personality::AvalonA);
    assert!(state.uptime() > secs(86_400));
    state.apply(Op::Suspend, Personality::AvalonA, &timing);
    state.apply(Op::Reboot, Personality::AvalonA, &timing);
    assert_eq!(state.activity(model), Activity::Booting);
    state.advance(secs(10), model, &timing);
    assert_eq!(state.activity(model), Activity::Ramping);
    assert_eq!(state.uptime(), secs(2));
    state.advance(secs(30), model, &timing);
    assert_eq!(state.activity(model), Activity::Mining);
    assert!((state.power_w - model.power_w).abs() < 1.0);
}

#[test]
fn sleep_survives_a_reboot_only_on_an_antminer() {
    let (mut state, model, timing) = fixture(Personality::AntminerStock);
    state.apply(Op::Suspend, Personality::AntminerStock, &timing);
    state.apply(Op::Reboot, Personality::AntminerStock, &timing);
    state.advance(secs(30), model, &timing);
    assert_eq!(state.activity(model), Activity::Sleeping);
    assert_eq!(state.power_w, STANDBY_W);
}

#[test]
fn scheduled_sleep_happens_at_its_time() {
    let (mut state, model, timing) = fixture(Personality::AvalonA);
    state.apply(Op::Schedule { at: secs(5), sleep: true }, Personality::AvalonA, &timing);
    state.advance(secs(4), model, &timing);
    assert!(!state.sleeping);
    state.advance(secs(40), model, &timing);
    assert_eq!((state.activity(model), state.power_w), (Activity::Sleeping, STANDBY_W));
}

/// A miner goes on in a later simulation as what it was, and as long as it was.
#[test]
fn what_is_kept_is_what_a_later_simulation_goes_on_from() {
    let (mut state, model, timing) = fixture(Personality::WhatsminerV3);
    state.advance(secs(100), model, &timing);
    state.apply(Op::SetMode { mode: Mode::Low, restart: false }, Personality::WhatsminerV3, &timing);
    state.apply(Op::SetPools(vec![Pool::new("stratum+tcp://other:1", "w")]), Personality::WhatsminerV3, &timing);
    state.apply(Op::SetPassword("new".into()), Personality::WhatsminerV3, &timing);
    state.apply(Op::Suspend, Personality::WhatsminerV3, &timing);
    let text = serde_json::to_string(&state.kept(1_000_000)).unwrap();
    let (mut later, model, _) = fixture(Personality::WhatsminerV3);
    later.resume(serde_json::from_str(&text).unwrap(), model, 1_000_060);
    assert_eq!((later.activity(model), later.mode, later.password.as_str()), (Activity::Sleeping, Mode::Low, "new"));
    assert_eq!(later.pools, state.pools);
    assert_eq!(later.uptime(), state.uptime() + secs(60), "it ran on meanwhile");
    assert_eq!(later.power_w, STANDBY_W);
}
