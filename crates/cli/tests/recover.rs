//! `adit recover` and `adit people`, run as programs on a folder of their own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{
    authz::{Actor, Principal, Role},
    command::{Command, Reply, Submission},
    ids::{AccountId, RequestId, UserId},
    requests::{Action, Control, PolicyChange, RequestState, Scenario},
};
use adit_server::{
    Opened,
    founding::{self, NewPerson},
};
use adit_store::Person;
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
    command.args(args).arg("--data").arg(data).kill_on_drop(true).output().await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn with_a_shell_on_the_server_a_recovery_is_asked_for_and_called_off() {
    let root = tempfile::tempdir().unwrap();
    let (account, _, other) = norte(root.path()).await;
    let start = ["recover", "start", "--reason", "nobody answers", "--remove", "omar@norte.example"];
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
    let off = adit(root.path(), &["recover", "call-off", "R-2", "--reason", "they answered"]).await;
    assert_eq!((off.status.success(), said(&off).trim()), (true, "R-2 of Norte is called off."));
    let opened = Opened::open(root.path().to_owned()).unwrap();
    assert_eq!(opened.engine().state().request_of_number(account, 2).unwrap().state, RequestState::Cancelled);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    norte(root.path()).await;
    for (args, words) in [
        (&["recover", "start", "--reason", "why"][..], "name those who are to be removed"),
        (&["recover", "start", "--reason", " ", "--remove", "omar@norte.example"], "say why"),
        (&["recover", "start", "--reason", "why", "--remove", "nobody@norte.example"], "nobody here signs in as"),
        (&["recover", "start", "--reason", "why", "--account", "Sur"], "there is \"Norte\""),
        (&["recover", "call-off", "R-9"], "there is no request R-9"),
        (&["recover", "call-off", "R-1"], "can no longer be changed"),
    ] {
        let refused = adit(root.path(), args).await;
        assert_eq!(refused.status.code(), Some(1), "{args:?}: {}", said(&refused));
        assert!(said(&refused).contains(words), "{args:?}: {}", said(&refused));
    }
    let nowhere = adit(&root.path().join("nowhere"), &["recover", "call-off", "R-1"]).await;
    assert!(said(&nowhere).contains("there is no folder"), "{}", said(&nowhere));
}

#[tokio::test]
async fn e018_whoever_has_left_cannot_be_kept_and_where_too_few_are_left_a_recovery_helps() {
    let root = tempfile::tempdir().unwrap();
    let (account, owner, other) = norte(root.path()).await;
    let remove = ["people", "remove", "Omar@norte.example"];
    let removed = adit(root.path(), &remove).await;
    assert!(removed.status.success(), "{}", said(&removed));
    assert!(said(&removed).contains("Norte has too few approvers now for fleet.mode:"), "{}", said(&removed));
    let again = adit(root.path(), &remove).await;
    assert!(said(&again).contains("nobody here signs in as"), "{}", said(&again));
    let owns = adit(root.path(), &["people", "remove", "lena@norte.example"]).await;
    assert!(!owns.status.success() && said(&owns).contains("owner"), "{}", said(&owns));

    let started = adit(root.path(), &["recover", "start", "--reason", "he has left"]).await;
    assert!(started.status.success(), "{}", said(&started));
    let opened = Opened::open(root.path().to_owned()).unwrap();
    let state = opened.engine().state();
    assert!(state.roles_of(account, other, opened.engine().now()).is_empty());
    assert_eq!(state.degraded(account).collect::<Vec<_>>(), [Scenario::FleetMode]);
    let names = opened.people().names().unwrap();
    let lena = (owner, "Lena".to_owned(), Some("lena@norte.example".to_owned()));
    assert_eq!(names, [lena, (other, "Omar".to_owned(), None)], "what he did stays his");
    assert_eq!(opened.people().person(other).unwrap(), None);
}

#[tokio::test]
async fn r031_whoever_runs_the_machine_answers_for_an_email() {
    let root = tempfile::tempdir().unwrap();
    let (account, owner, _) = norte(root.path()).await;
    let guest = {
        let opened = Opened::open(root.path().to_owned()).unwrap();
        let engine = opened.engine();
        // As by an invitation whose link the owner was shown.
        let actor = Actor { account, principal: Principal::User(owner), authenticated_at: engine.now() };
        let Reply::User(user) = engine.run(actor, Command::AddUser).await.unwrap() else { panic!("a person") };
        let (email, display_name) = ("guest@norte.example".to_owned(), "Guest".to_owned());
        let person = Person { user, email, display_name, password_hash: None, created_at: engine.now() };
        opened.people().add_person(&person).unwrap();
        assert!(!engine.state().is_verified(user));
        user
    };
    for words in ["is confirmed", "was confirmed before"] {
        let verified = adit(root.path(), &["people", "verify", "Guest@norte.example"]).await;
        assert!(verified.status.success() && said(&verified).contains(words), "{}", said(&verified));
    }
    let nobody = adit(root.path(), &["people", "verify", "nobody@norte.example"]).await;
    assert!(said(&nobody).contains("nobody here signs in as"), "{}", said(&nobody));
    assert!(Opened::open(root.path().to_owned()).unwrap().engine().state().is_verified(guest));
}
