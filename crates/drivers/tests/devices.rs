//! Every driver against simulated devices: what it finds, reads, orders and reads back, and what it says when a device
//! misbehaves.
#![allow(clippy::unwrap_used, reason = "tests")]

mod lab;

use adit_core::fleet::{Activity, OpKind, Operation, Pool, PoolPassword, PowerMode};
use adit_drivers::{DeviceError, Outcome, Probe, Verdict};
use adit_sim::Personality::{self, AntminerStock, AvalonA, WhatsminerV2, WhatsminerV3};
use adit_sim::{Fault, FaultRule, Mode, Scope};
use lab::{LIMIT, Lab, bounded, each, pool};
use std::time::Duration;

#[tokio::test]
async fn a_device_is_found_by_its_driver_and_by_no_other() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let Probe::Found(found) = adit_drivers::identify(lab.ip(), &lab.credentials(), LIMIT, LIMIT).await else {
            panic!("{personality:?} was not found");
        };
        let truth = lab.miner.truth();
        assert_eq!(found.driver, lab.driver().id());
        assert_eq!(found.identity.mac, Some(truth.mac.to_string().to_ascii_lowercase()));
        assert_eq!(found.identity.serial, Some(truth.serial));
        assert_eq!(found.ip, lab.ip());
        assert!(found.modes.contains(&PowerMode::Sleep) && found.modes.contains(&PowerMode::Normal));
        assert!(found.mode_power.normal_w.is_some(), "{}", found.model);
        assert!(found.expected_hashrate_ghs.is_some_and(|ghs| ghs > 50_000));
        for other in adit_drivers::all().iter().filter(|driver| driver.id() != found.driver) {
            let probe = other.probe(lab.ip(), &lab.credentials(), LIMIT).await;
            assert!(!matches!(probe, Probe::Found(_)), "{} took a {personality:?}", other.id());
        }
        assert!(lab.miner.writes().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_whatsminer_with_both_interfaces_belongs_to_the_newer() {
    bounded(async {
        let lab = Lab::with(WhatsminerV3, |spec| spec.legacy_api = true).await;
        let probe = adit_drivers::identify(lab.ip(), &[], LIMIT, LIMIT).await;
        assert!(matches!(probe, Probe::Found(found) if found.driver == "whatsminer-v3"));
    })
    .await;
}

#[tokio::test]
async fn nobody_at_an_address_is_silence() {
    bounded(async {
        let lab = Lab::new(WhatsminerV2).await;
        lab.miner.set_fault(Fault::Offline).unwrap();
        lab.miner.wait_offline().await;
        assert_eq!(adit_drivers::identify(lab.ip(), &[], LIMIT, LIMIT).await, Probe::Silent);
        let error = lab.device().read(LIMIT).await.unwrap_err();
        assert!(matches!(error, DeviceError::Unreachable { .. }), "{error}");
        assert!(matches!(lab.order(&Operation::Pause {}).await, Outcome::NotSent { .. }));
    })
    .await;
}

#[tokio::test]
async fn a_reading_is_what_the_device_does() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let reading = lab.read().await;
        let truth = lab.miner.truth();
        let near = |seen: f32, is: f64| (f64::from(seen) / is - 1.0).abs() < 0.05;
        assert_eq!(reading.activity, Some(Activity::Mining));
        assert!(near(reading.hashrate_ths.unwrap(), truth.hashrate_ths), "{reading:?}");
        assert!(near(reading.power_w.unwrap() as f32, truth.power_w), "{reading:?}");
        assert_eq!(reading.uptime_s, Some(truth.elapsed_s));
        assert_eq!(reading.power_mode, Some(PowerMode::Normal));
        assert_eq!(reading.led_on, Some(false));
        let pools: Vec<Pool> =
            truth.pools.iter().map(|p| Pool { url: p.url.clone(), user: p.user.clone(), password: None }).collect();
        assert_eq!(reading.pools, Some(pools));
        assert!(reading.temp_chip_max_c.unwrap() > 30.0);
        assert!(reading.fan_rpm.unwrap_or(0) > 0 || truth.model.starts_with("M63"));
        assert!(reading.errors.is_empty(), "{:?}", reading.errors);
    })
    .await;
}

#[tokio::test]
async fn every_operation_is_carried_out_and_read_back() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let device = lab.device();
        for kind in [
            OpKind::Reboot,
            OpKind::RestartMining,
            OpKind::Pause,
            OpKind::Resume,
            OpKind::SetPowerMode,
            OpKind::Locate,
            OpKind::SetPools,
        ] {
            assert!(device.supports(kind), "{personality:?} {kind:?}");
        }
        lab.confirmed(&Operation::Locate { on: true }).await;
        assert!(lab.miner.truth().led);
        lab.confirmed(&Operation::Locate { on: false }).await;
        lab.confirmed(&Operation::Pause {}).await;
        assert!(lab.miner.truth().sleeping);
        lab.confirmed(&Operation::Resume {}).await;
        assert!(!lab.miner.truth().sleeping);
        for mode in device.modes() {
            lab.confirmed(&Operation::SetPowerMode { mode: *mode }).await;
            let truth = lab.miner.truth();
            assert_eq!(truth.sleeping, *mode == PowerMode::Sleep);
            let is = match truth.mode {
                Mode::Low => PowerMode::Low,
                Mode::Normal => PowerMode::Normal,
                Mode::High => PowerMode::High,
            };
            assert!(truth.sleeping || is == *mode, "{personality:?} {mode:?} {is:?}");
        }
        lab.confirmed(&Operation::RestartMining {}).await;
        assert_eq!(lab.miner.truth().reboots, 0);
        lab.confirmed(&Operation::Reboot {}).await;
        assert_eq!(lab.miner.truth().reboots, 1);
        let pools = vec![pool("stratum+tcp://one.invalid:3333"), pool("stratum+tcp://two.invalid:3333")];
        lab.confirmed(&Operation::SetPools { pools }).await;
        let one = vec![pool("stratum+tcp://three.invalid:3333")];
        lab.confirmed(&Operation::SetPools { pools: one }).await;
        assert!(lab.miner.truth().pools[0].url.contains("three.invalid:3333"));
    })
    .await;
}

#[tokio::test]
async fn another_mode_wakes_a_sleeping_device() {
    each(async |personality| {
        let lab = Lab::with(personality, |spec| spec.sleeping = true).await;
        assert_eq!(lab.read().await.power_mode, Some(PowerMode::Sleep));
        let mode = lab.device().modes()[1];
        lab.confirmed(&Operation::SetPowerMode { mode }).await;
        assert!(!lab.miner.truth().sleeping);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_is_told_where_it_can_be_seen() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::WrongPassword).unwrap();
        let (probe, read) = (lab.probe().await, lab.device().read(LIMIT).await);
        if personality == AntminerStock {
            assert_eq!(probe, Probe::AuthRequired { family: "antminer" });
            let identified = adit_drivers::identify(lab.ip(), &lab.credentials(), LIMIT, LIMIT).await;
            assert_eq!(identified, Probe::AuthRequired { family: "antminer" });
            assert_eq!(read, Err(DeviceError::AuthRequired));
        } else {
            assert!(matches!(probe, Probe::Found(_)) && read.is_ok());
        }
        if personality != AvalonA {
            let outcome = lab.order(&Operation::Pause {}).await;
            let Outcome::Rejected { reason } = outcome else { panic!("{personality:?} {outcome:?}") };
            assert!(reason.contains("none of the passwords"), "{personality:?} {reason}");
            assert!(!lab.miner.truth().sleeping);
        }
    })
    .await;
}

#[tokio::test]
async fn the_right_password_may_be_the_second() {
    for personality in [WhatsminerV2, WhatsminerV3, AvalonA, AntminerStock] {
        bounded(async {
            let Some(lab) = Lab::possible(personality, |spec| spec.password = "changed".into()).await else { return };
            let device = lab.device_with(&[lab.credential("factory"), lab.credential("changed")]);
            let pools = vec![pool("stratum+tcp://one.invalid:3333")];
            let before = device.read(LIMIT).await.unwrap();
            let operation = Operation::SetPools { pools };
            let outcome = device.execute(&operation, LIMIT).await;
            assert!(
                !matches!(outcome, Outcome::Rejected { .. } | Outcome::NotSent { .. }),
                "{personality:?} {outcome:?}"
            );
            let verdict = lab.while_time_passes(device.verify(&operation, &before, LIMIT, &|_| {})).await;
            assert!(matches!(verdict, Verdict::Confirmed { .. }), "{personality:?} {verdict:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn no_password_at_all_means_nothing_is_sent() {
    for personality in [WhatsminerV2, WhatsminerV3] {
        bounded(async {
            let lab = Lab::new(personality).await;
            let outcome = lab.device_with(&[]).execute(&Operation::Pause {}, LIMIT).await;
            assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
            assert!(lab.miner.writes().is_empty());
        })
        .await;
    }
}

/// Avalons are sent the password in clear, so whoever answers at the address reads it.
#[tokio::test]
async fn a_password_goes_in_clear_only_to_a_device_that_took_an_order_with_it_or_where_that_is_allowed() {
    bounded(async {
        let lab = Lab::new(AvalonA).await;
        let operation = Operation::SetPools { pools: vec![pool("stratum+tcp://one.invalid:3333")] };
        let kept = adit_drivers::Credential { to_unknown: false, ..lab.credentials().remove(0) };
        let Outcome::NotSent { reason } = lab.device_with(&[kept]).execute(&operation, LIMIT).await else {
            panic!("it was sent")
        };
        assert!(reason.contains("in clear"), "{reason}");
        assert!(lab.miner.writes().is_empty());
        // It reboots for it, and may close without an answer.
        let sent = lab.device().execute(&operation, LIMIT).await;
        assert!(!matches!(sent, Outcome::Rejected { .. } | Outcome::NotSent { .. }), "{sent:?}");
        assert!(!lab.miner.writes().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_write_interface_that_is_off_stays_off() {
    for personality in [WhatsminerV2, WhatsminerV3] {
        bounded(async {
            let lab = Lab::with(personality, |spec| spec.write_api = false).await;
            let outcome = lab.order(&Operation::Pause {}).await;
            let Outcome::Rejected { reason } = outcome else { panic!("{outcome:?}") };
            assert!(reason.contains("permission denied"), "{reason}");
            assert_eq!(lab.miner.write_count("open_write_api"), 0);
        })
        .await;
    }
}

#[tokio::test]
async fn an_order_without_an_answer_is_unknown_until_read_back() {
    each(async |personality| {
        for fault in [Fault::AppliedNoReply, Fault::AppliedThenClosed] {
            let lab = Lab::new(personality).await;
            lab.miner.set_fault(fault).unwrap();
            let operation = Operation::Locate { on: true };
            let before = lab.read().await;
            let outcome = lab.device().execute(&operation, Duration::from_secs(3)).await;
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{personality:?} {outcome:?}");
            let verdict = lab.device().verify(&operation, &before, LIMIT, &|_| {}).await;
            assert!(matches!(verdict, Verdict::Confirmed { .. }), "{personality:?} {verdict:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_yes_that_changed_nothing_is_contradicted() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::ReplyNotApplied).unwrap();
        let operation = Operation::Locate { on: true };
        let before = lab.read().await;
        assert_eq!(lab.order(&operation).await, Outcome::Accepted, "{personality:?}");
        let verdict = lab.device().verify(&operation, &before, Duration::from_secs(3), &|_| {}).await;
        assert_eq!(verdict, Verdict::Contradicted { seen: "LED dark".into() }, "{personality:?}");
    })
    .await;
}

/// What nobody can read back is looked for in the simulated device.
#[tokio::test]
async fn each_pool_is_given_its_password_or_one_of_no_meaning() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let with = |url: &str, password: Option<&str>| Pool {
            password: password.map(|text| PoolPassword::try_from(text.to_owned()).unwrap()),
            ..pool(url)
        };
        let (one, two) = ("stratum+tcp://one.invalid:3333", "stratum+tcp://two.invalid:3333");
        let pools = vec![with(one, Some("d=1024;Gk#7'<&%+")), with(two, None)];
        lab.confirmed(&Operation::SetPools { pools }).await;
        let has: Vec<_> = lab.miner.truth().pools.into_iter().map(|pool| pool.password).take(2).collect();
        assert_eq!(has, ["d=1024;Gk#7'<&%+", "x"], "{personality:?}");
        let before = lab.read().await;
        let verdict = lab
            .device()
            .verify(&Operation::SetPools { pools: vec![with(one, None), with(two, None)] }, &before, LIMIT, &|_| {})
            .await;
        let Verdict::Confirmed { seen } = verdict else { panic!("{personality:?} {verdict:?}") };
        assert!(!seen.contains("Gk#7"), "{personality:?} {seen}");
    })
    .await;
}

#[tokio::test]
async fn the_same_pools_for_another_account_are_not_what_was_asked() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let url = "stratum+tcp://one.invalid:3333";
        let as_user = |user: &str| Operation::SetPools {
            pools: vec![Pool { url: url.into(), user: user.into(), password: None }],
        };
        lab.confirmed(&as_user("farm.1")).await;
        let before = lab.read().await;
        let short = Duration::from_secs(3);
        for other in ["thief.1", "farm.2"] {
            let verdict = lab.device().verify(&as_user(other), &before, short, &|_| {}).await;
            let Verdict::Contradicted { seen } = verdict else { panic!("{personality:?} {verdict:?}") };
            assert!(seen.contains("one.invalid:3333 as farm.1"), "{personality:?} {seen}");
        }
        let verdict = lab.device().verify(&as_user("farm.1"), &before, short, &|_| {}).await;
        assert!(matches!(verdict, Verdict::Confirmed { .. }), "{personality:?} {verdict:?}");
    })
    .await;
}

#[tokio::test]
async fn a_device_that_hangs_costs_no_more_than_the_limit() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let before = lab.read().await;
        lab.miner.set_fault(Fault::Hang).unwrap();
        let short = Duration::from_millis(300);
        let error = lab.device().read(short).await.unwrap_err();
        assert!(matches!(error, DeviceError::Unreachable { .. }), "{personality:?} {error}");
        assert_eq!(lab.driver().probe(lab.ip(), &lab.credentials(), short).await, Probe::OpenUnknown);
        let verdict = lab.device().verify(&Operation::Pause {}, &before, short, &|_| {}).await;
        assert!(matches!(verdict, Verdict::Unreadable { .. }), "{personality:?} {verdict:?}");
        lab.miner.clear_faults();
        lab.miner.set_fault(FaultRule::from(Fault::Hang).only(Scope::Writes)).unwrap();
        let outcome = lab.device().execute(&Operation::Locate { on: true }, Duration::from_secs(3)).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{personality:?} {outcome:?}");
    })
    .await;
}

#[tokio::test]
async fn half_an_answer_to_an_order_is_no_answer() {
    each(async |personality| {
        for fault in [Fault::TruncatedJson, Fault::ResetMidBody] {
            let lab = Lab::new(personality).await;
            lab.miner.set_fault(FaultRule::from(fault.clone()).only(Scope::Writes)).unwrap();
            let outcome = lab.order(&Operation::Locate { on: true }).await;
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{personality:?} {outcome:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn of_answers_that_are_cut_off_what_is_sound_is_read_and_the_rest_is_named() {
    each(async |personality| {
        for fault in [Fault::TruncatedJson, Fault::ResetMidBody] {
            let lab = Lab::new(personality).await;
            let whole = lab.read().await;
            lab.miner.set_fault(fault.clone()).unwrap();
            match lab.device().read(LIMIT).await {
                Ok(half) => {
                    assert!(
                        half.errors.iter().any(|error| error.starts_with("not read: ")),
                        "{personality:?} {half:?}"
                    );
                    // A number is the one that was told or none.
                    assert!(half.power_w.is_none() || half.power_w == whole.power_w, "{personality:?} {half:?}");
                    assert!(half.uptime_s.is_none() || half.uptime_s == whole.uptime_s, "{personality:?} {half:?}");
                }
                // Who it is was in the other half.
                Err(error) => assert!(
                    matches!(error, DeviceError::Unreadable(_) | DeviceError::Unreachable { .. }),
                    "{personality:?} {error}"
                ),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn another_device_at_the_address_is_noticed() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let device = lab.device();
        assert_eq!(device.confirm_identity(LIMIT).await, Ok(()));
        let before = lab.read().await;
        lab.miner.set_fault(Fault::WrongMac { mac: "02:ff:00:00:00:01".parse().unwrap() }).unwrap();
        let changed = DeviceError::Changed { seen: "02:ff:00:00:00:01".into() };
        assert_eq!(device.confirm_identity(LIMIT).await, Err(changed.clone()), "{personality:?}");
        assert_eq!(device.read(LIMIT).await, Err(changed), "{personality:?}");
        let verdict = device.verify(&Operation::Pause {}, &before, LIMIT, &|_| {}).await;
        assert!(matches!(verdict, Verdict::Unreadable { .. }), "{personality:?} {verdict:?}");
    })
    .await;
}

#[tokio::test]
async fn an_antminer_keeps_the_rest_of_its_configuration() {
    bounded(async {
        let Some(lab) = Lab::possible(AntminerStock, |_| {}).await else { return };
        let before = lab.miner.truth().pools;
        lab.confirmed(&Operation::SetPowerMode { mode: PowerMode::Low }).await;
        assert_eq!(lab.miner.truth().pools, before);
        assert_eq!(lab.miner.write_count("set_miner_conf.cgi"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_mode_a_make_lacks_is_not_sent() {
    for (personality, mode) in [(AvalonA, PowerMode::Low), (AntminerStock, PowerMode::High)] {
        bounded(async {
            let Some(lab) = Lab::possible(personality, |_| {}).await else { return };
            let outcome = lab.order(&Operation::SetPowerMode { mode }).await;
            assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
            assert!(lab.miner.writes().is_empty());
        })
        .await;
    }
}

#[test]
fn drivers_are_found_by_their_ids() {
    for driver in adit_drivers::all() {
        assert_eq!(adit_drivers::by_id(driver.id()).map(|d| d.id()), Some(driver.id()));
    }
    assert!(adit_drivers::by_id("bitaxe").is_none());
    assert_eq!(adit_drivers::ports(), [80, 4028, 4433]);
    assert_eq!(lab::ALL.map(Lab::driver_of), ["whatsminer-v2", "whatsminer-v3", "avalon", "antminer"]);
    let _: [Personality; 4] = lab::ALL;
}
