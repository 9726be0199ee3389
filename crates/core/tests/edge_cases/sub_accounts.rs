//! Sub-accounts: whose they are, and what becomes of their money.

use crate::{ask, stranger, support::World};
use adit_core::{
    authz::{Node, Permission, Place, Role, Scope},
    command::{Command, Reply},
    fleet::PowerMode,
    ids::{DeviceId, SubAccountId, UserId},
    requests::{Control, NewGrant},
};

fn sub_account(w: &mut World, name: &str) -> SubAccountId {
    let owner = w.actor(w.owner);
    match w.run(&owner, Command::CreateSubAccount { name: name.into() }).unwrap() {
        Reply::SubAccount(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Somebody whose role ends at a sub-account.
fn client(w: &mut World, role: Role, sub_account: SubAccountId) -> UserId {
    let (user, owner) = (stranger(w), w.owner);
    let scope = Scope::Nodes([Node::SubAccount(sub_account)].into());
    ask(w, owner, Control::AddGrant(NewGrant::new(user, role, scope)));
    user
}

fn assign(w: &mut World, device: u32, to: Option<SubAccountId>) {
    let owner = w.owner;
    ask(w, owner, Control::AssignDevices { devices: vec![DeviceId(device)], sub_account: to });
}

#[test]
fn e034_a_sub_account_that_takes_a_deleted_ones_name_is_another() {
    let mut w = World::new(1);
    let owner = w.owner;
    let first = sub_account(&mut w, "hosting");
    let client = client(&mut w, Role::OperationsManager, first);
    assign(&mut w, 1, Some(first));
    let low = crate::support::mode(PowerMode::Low);
    w.ask(client, low.clone(), &[1]);
    assign(&mut w, 1, None);
    ask(&mut w, owner, Control::RemoveSubAccount { sub_account: first });
    let second = sub_account(&mut w, "hosting");
    assert_ne!(first, second);
    assign(&mut w, 1, Some(second));
    let place = Place { sub_account: Some(second), ..Place::ACCOUNT };
    for permission in Permission::all() {
        assert!(!w.state.may(w.account, client, permission, &place, w.now), "{}", permission.name());
    }
    assert_eq!(w.try_ask(client, low, &[1]).unwrap_err().status(), 404, "its machine does not exist for them");
}
