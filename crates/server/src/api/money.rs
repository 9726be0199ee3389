//! Where a sub-account's money goes, and what it is owed. It is changed by requests alone.

use super::{
    Names, Shared,
    caller::Permitted,
    id,
    problem::{Answer, Problem},
    requests::visible,
    views::initiator,
};
use adit_core::{
    accounts::{Allocation, Recipient, Share, Wallet, address::masked},
    authz::{Actor, Permission, Place, Reach},
    ids::SubAccountId,
    requests::{Action, Control, Request, RequestState},
    state::State,
    time::Timestamp,
};
use axum::{
    Json,
    extract::{Path, State as Shares},
};
use serde_json::{Value, json};

/// What a list of sub-accounts tells of each one's money; nothing to whoever sees neither its revenue nor its wallet.
pub fn summary(state: &State, actor: &Actor, of: SubAccountId, now: Timestamp) -> Value {
    let (rights, place) = (state.rights_of(actor), Place::sub_account(of));
    let sees = |permission| rights.allow(permission, &place, now);
    if !sees(Permission::RevenueView) && !sees(Permission::WalletView) {
        return Value::Null;
    }
    let due = state.due(of).iter().map(|due| due.sat).sum::<u64>();
    let address = state.money(of).wallet().map(|wallet| masked(&wallet.address));
    json!({ "due_sat": due, "address": address })
}

const WALLET: u8 = Permission::WalletView as u8;
const REVENUE: u8 = Permission::RevenueView as u8;

/// A sub-account within reach.
fn sought(state: &State, reach: &Reach, text: &str) -> Answer<SubAccountId> {
    let sub_account = id::<SubAccountId>(text, "sub-account")?;
    let place = Place::sub_account(sub_account);
    let known = state.sub_account(sub_account).filter(|of| reach.covers(of.account, &place));
    known.map(|of| of.id).ok_or_else(|| Problem::not_found("sub-account"))
}

fn open(state: &State, is_it: impl Fn(&Control) -> bool) -> Option<&Request> {
    state.open_requests().find(|request| match &request.payload.action {
        Action::Control(control) => is_it(control),
        Action::Device(_) => false,
    })
}

/// With where money is to go by it; addresses masked where they are `hidden`.
fn open_view(state: &State, request: &Request, names: &Names, hidden: bool) -> Value {
    let mut view = json!({
        "request": request.id, "number": request.number, "by": initiator(state, request, names), "state": request.state,
        "not_before": request.not_before, "holds": request.state == RequestState::Approved,
    });
    match &request.payload.action {
        Action::Control(Control::SetWallet { address, .. }) => {
            view["address"] = json!(if hidden { masked(address) } else { address.clone() });
        }
        Action::Control(Control::SetAllocation { shares, .. }) => view["shares"] = shares_view(shares, hidden),
        _ => {}
    }
    view
}

fn wallet_view(wallet: &Wallet) -> Value {
    json!({ "version": wallet.version, "address": wallet.address, "since": wallet.since })
}

/// `GET /sub-accounts/{sub_account}/wallet`, by a person or with an API key.
pub async fn wallet(
    Shares(api): Shares<Shared>,
    permitted: Permitted<WALLET>,
    Path(text): Path<String>,
) -> Answer<Json<Value>> {
    let (state, names, now) = (api.engine.state(), api.names(permitted.asker.0.account)?, api.now());
    let of = sought(&state, permitted.permit.reach(), &text)?;
    let money = state.money(of);
    let coming =
        open(&state, |control| matches!(control, Control::SetWallet { sub_account, .. } if *sub_account == of));
    let actor = &permitted.asker.0;
    let hold = state.hold_on(of).filter(|request| visible(&state, request, actor, now));
    let view = |request: &Request| {
        open_view(&state, request, &names, state.hides_addresses(actor, &request.payload.action, now))
    };
    let due = state.due(of).into_iter();
    let due: Vec<_> =
        due.map(|due| json!({ "address": due.address, "sat": due.sat, "held_by": due.held_by })).collect();
    Ok(Json(json!({
        "sub_account": of, "current": money.wallet().map(wallet_view), "coming": coming.map(view), "hold": hold.map(view), "due": due,
        "versions": money.wallets.iter().rev().map(wallet_view).collect::<Vec<_>>(),
    })))
}

fn shares_view(shares: &[Share], hidden: bool) -> Value {
    let shares = shares.iter().map(|share| {
        let recipient = match &share.recipient {
            Recipient::Address { address } if hidden => Recipient::Address { address: masked(address) },
            other => other.clone(),
        };
        json!({ "recipient": recipient, "basis_points": share.basis_points })
    });
    shares.collect()
}

/// `GET /sub-accounts/{sub_account}/allocation`, by a person or with an API key. Addresses are masked for who may not see
/// wallets.
pub async fn allocation(
    Shares(api): Shares<Shared>,
    permitted: Permitted<REVENUE>,
    Path(text): Path<String>,
) -> Answer<Json<Value>> {
    let (state, names, now) = (api.engine.state(), api.names(permitted.asker.0.account)?, api.now());
    let of = sought(&state, permitted.permit.reach(), &text)?;
    let place = Place::sub_account(of);
    let hidden = !state.rights_of(&permitted.asker.0).allow(Permission::WalletView, &place, now);
    let view = |allocation: &Allocation| {
        let shares = shares_view(&allocation.shares, hidden);
        json!({ "version": allocation.version, "effective_from": allocation.effective_from, "shares": shares })
    };
    let money = state.money(of);
    let (current, latest) = (money.allocation_at(now.day()), money.latest_allocation());
    let coming = (latest.version != current.version).then(|| view(&latest));
    let waits =
        open(&state, |control| matches!(control, Control::SetAllocation { sub_account, .. } if *sub_account == of));
    Ok(Json(json!({
        "sub_account": of, "current": view(&current), "coming": coming, "waits": waits.map(|request| open_view(&state, request, &names, hidden)),
        "masked": hidden, "versions": money.allocations.iter().rev().map(view).collect::<Vec<_>>(),
    })))
}
