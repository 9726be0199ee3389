//! Orders go only to miners whose language is established, in the form they take, and change nothing else.
#![allow(clippy::unwrap_used, reason = "tests")]

mod lab;

use adit_core::fleet::{Activity, OpKind, Operation, PoolPassword, PowerMode};
use adit_drivers::{Outcome, Probe};
use adit_sim::Personality::AntminerStock;
use lab::{LIMIT, Lab, bounded, pool};

fn all_operations() -> Vec<Operation<PoolPassword>> {
    vec![
        Operation::RestartMining {},
        Operation::Pause {},
        Operation::Resume {},
        Operation::SetPowerMode { mode: PowerMode::Low },
        Operation::SetPowerMode { mode: PowerMode::Normal },
        Operation::Locate { on: true },
        Operation::SetPools { pools: vec![pool("stratum+tcp://one.invalid:3333")] },
    ]
}

#[tokio::test]
async fn pages_that_take_a_form_are_sent_no_configuration() {
    bounded(async {
        let Some(lab) = Lab::possible(AntminerStock, |spec| spec.form_pages = true).await else { return };
        let Probe::Found(found) = lab.probe().await else { panic!("not found") };
        assert_eq!((found.model.as_str(), found.identity.serial), ("S17 Pro", None));
        assert_eq!((found.supports, found.modes), (vec![OpKind::Reboot], vec![]));
        let pools = lab.miner.truth().pools;
        // The one handle knows the model, the other does not: both leave the pools alone.
        for model in ["S17 Pro", "an unheard-of model"] {
            let device = lab.device_of_model(model);
            for operation in all_operations() {
                let outcome = device.execute(&operation, LIMIT).await;
                assert!(matches!(outcome, Outcome::NotSent { .. }), "{model} {operation:?} {outcome:?}");
            }
            assert_eq!(device.supports(OpKind::SetPools), model != "S17 Pro");
        }
        assert!(lab.miner.writes().is_empty());
        assert_eq!(lab.miner.truth().pools, pools);
        let reading = lab.read().await;
        assert_eq!((reading.activity, reading.power_mode), (Some(Activity::Mining), None));
        assert!(reading.pools.is_some_and(|pools| pools.len() == 3));
    })
    .await;
}

#[tokio::test]
async fn a_miner_wakes_in_the_mode_it_was_put_to_sleep_in() {
    bounded(async {
        let Some(lab) = Lab::possible(AntminerStock, |spec| spec.model = "Antminer S21".into()).await else { return };
        lab.confirmed(&Operation::SetPowerMode { mode: PowerMode::Low }).await;
        lab.confirmed(&Operation::Pause {}).await;
        lab.confirmed(&Operation::Resume {}).await;
        assert_eq!(lab.read().await.power_mode, Some(PowerMode::Low));
    })
    .await;
}
