//! `adit recover`, run as a program on a folder of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{
    authz::{Actor, Principal, Role},
    command::{Command, Submission},
    ids::{AccountId, RequestId, UserId},
    requests::{Action, Control, PolicyChange, RequestState, Scenario},
};
use adit_server::{
    Opened,
    founding::{self, NewPerson},
};
use std::{path::Path, process::Output};

fn person(name: &str) -> NewPerson {
    let email = format!("{}@norte.example", name.to_lowercase());
    NewPerson { email, name: name.to_owned(), password: "correct horse battery".to_owned() }
}

/// An account on which changing a power mode takes its owner and its administrator.
async fn norte(data: &Path) -> (AccountId, UserId, UserId) {
    let opened = Opened::open(data.to_owned()).unwrap();
    let account = founding::found(&opened, "Norte", &person("Lena")).await.unwrap();
    let owner = founding::account(&opened).unwrap().1;
    let other = founding::add(&opened, account, Role::Administrator, &person("Omar")).await.unwrap();
    let actor = Actor { account, principal: Principal::User(owner), authenticated_at: opened.engine().now() };
    let changes = vec![PolicyChange::counts(Scenario::FleetMode, 2, 1)];
    let asked = Submission {
        id: RequestId(1_u128.into()),
        action: Action::Control(Control::SetPolicies { changes }),
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    };
    opened.engine().run(actor, Command::Submit(asked)).await.unwrap();
    (account, owner, other)
}

async fn adit(data: &Path, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_adit"));
    command.arg("recover").args(args).arg("--data").arg(data).kill_on_drop(true).output().await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn with_a_shell_on_the_server_a_recovery_is_asked_for_and_called_off() {
    let root = tempfile::tempdir().unwrap();
    let (account, _, other) = norte(root.path()).await;
    let start = ["start", "--reason", "nobody answers", "--lower", "fleet.mode=1+0", "--remove", "omar@norte.example"];
    let started = adit(root.path(), &start).await;
    assert!(started.status.success(), "{}", said(&started));
    assert!(said(&started).contains("R-2: recovery of Norte is asked for."), "{}", said(&started));

    let opened = Opened::open(root.path().to_owned()).unwrap();
    let request = opened.engine().state().request_of_number(account, 2).unwrap().clone();
    assert_eq!((request.state, request.payload.initiator), (RequestState::Approved, Principal::Operator));
    assert_eq!(request.not_before.unwrap().since(request.created_at), adit_core::time::Millis::hours(72));
    let Action::Control(Control::Recover(recovery)) = &request.payload.action else { unreachable!() };
    assert!(recovery.remove.contains(&other));
    assert_eq!(opened.engine().state().policy(account, Scenario::FleetMode).required, 2, "not before it has waited");

    let busy = adit(root.path(), &start).await;
    assert!(!busy.status.success() && said(&busy).contains("stop the server first"), "{}", said(&busy));
    drop(opened);

    let again = adit(root.path(), &start).await;
    assert!(!again.status.success(), "one at a time: {}", said(&again));
    let off = adit(root.path(), &["call-off", "R-2", "--reason", "they answered"]).await;
    assert_eq!((off.status.success(), said(&off).trim()), (true, "R-2 of Norte is called off."));
    let opened = Opened::open(root.path().to_owned()).unwrap();
    assert_eq!(opened.engine().state().request_of_number(account, 2).unwrap().state, RequestState::Cancelled);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    norte(root.path()).await;
    for (args, words) in [
        (&["start", "--reason", "why"][..], "name counts to lower or approvers to remove"),
        (&["start", "--reason", "why", "--lower", "fleet.mode"], "write it as fleet.mode=1"),
        (&["start", "--reason", "why", "--lower", "fleet.modes=1"], "there is no scenario \"fleet.modes\""),
        (&["start", "--reason", "why", "--lower", "fleet.mode=3"], "fleet.mode required"),
        (&["start", "--reason", " ", "--lower", "fleet.mode=1"], "say why"),
        (&["start", "--reason", "why", "--remove", "nobody@norte.example"], "nobody here signs in as"),
        (&["start", "--reason", "why", "--account", "Sur"], "there is \"Norte\""),
        (&["call-off", "R-9"], "there is no request R-9"),
        (&["call-off", "R-1"], "can no longer be changed"),
    ] {
        let refused = adit(root.path(), args).await;
        assert_eq!(refused.status.code(), Some(1), "{args:?}: {}", said(&refused));
        assert!(said(&refused).contains(words), "{args:?}: {}", said(&refused));
    }
    let nowhere = adit(&root.path().join("nowhere"), &["call-off", "R-1"]).await;
    assert!(said(&nowhere).contains("there is no folder"), "{}", said(&nowhere));
}
