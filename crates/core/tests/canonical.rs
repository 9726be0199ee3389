//! What is hashed for approval is the payload in the canonical form of RFC 8785, whatever words people put in it.

use adit_core::{
    authz::Principal,
    fleet::{Operation, Pool, SecretRef, TemplateField},
    ids::{AccountId, DeviceId, UserId},
    requests::{Action, Base, Payload, Pinned, Scenario, Target},
    time::Timestamp,
};
use proptest::prelude::*;

fn payload(pools: Vec<(String, String)>, not_after: i64, targets: Vec<u32>) -> Payload {
    let mut pinned = Pinned::default();
    for (_, user) in &pools {
        pinned.push([(TemplateField::Serial, user.clone()), (TemplateField::Ip3, user.clone())].into());
    }
    let pools = pools
        .into_iter()
        .map(|(url, user)| Pool { url, password: Some(SecretRef::new(user.len() as u128)), user })
        .collect();
    Payload {
        account: AccountId(1),
        scenario: Scenario::FleetPower,
        action: Action::Device(Operation::SetPools { pools }),
        targets: targets.into_iter().map(|id| Target::Device(DeviceId(id))).collect(),
        pinned,
        base_versions: [(Base::Policy(Scenario::FleetPower), "2".into()), (Base::Places, "ab".repeat(8))].into(),
        initiator: Principal::User(UserId(7)),
        revision: 1,
        policy_version: 3,
        not_after: Timestamp(not_after),
    }
}

proptest! {
    #[test]
    fn a_payload_is_written_as_the_standard_says(
        pools in prop::collection::vec((any::<String>(), any::<String>()), 0..4),
        not_after in -(1_i64 << 53)..(1_i64 << 53),
        targets in prop::collection::vec(any::<u32>(), 0..5),
    ) {
        let payload = payload(pools, not_after, targets);
        prop_assert_eq!(payload.canonical(), serde_jcs::to_string(&payload).unwrap());
    }
}

#[test]
fn control_characters_quotes_and_other_scripts_are_written_as_the_standard_says() {
    let words = "\u{0}\u{8}\t\n\u{c}\r\u{1f}\"\\/\u{7f}\u{80}\u{2028}é漢\u{1f600}";
    let payload = payload(vec![(words.into(), words.into())], 0, vec![1]);
    assert_eq!(payload.canonical(), serde_jcs::to_string(&payload).unwrap());
}
