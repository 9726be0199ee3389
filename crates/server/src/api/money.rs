//! Where a sub-account's money goes, and what it is owed. It is changed by requests alone.

use super::{
    Shared,
    caller::Permitted,
    id,
    problem::{Answer, Problem},
};
use adit_core::{
    accounts::{Allocation, Recipient, Share, Wallet, address::masked},
    authz::{Permission, Place, Reach},
    ids::SubAccountId,
    requests::{Action, Control, Request, RequestState},
    state::State,
};
use axum::{
    Json,
    extract::{Path, State as Shares},
};
use serde_json::{Value, json};

const WALLET: u8 = Permission::WalletView as u8;
const REVENUE: u8 = Permission::RevenueView as u8;

/// A sub-account within reach.
fn sought(state: &State, reach: &Reach, text: &str) -> Answer<SubAccountId> {
    let sub_account = id::<SubAccountId>(text, "sub-account")?;
    let place = Place { sub_account: Some(sub_account), ..Place::ACCOUNT };
    let known = state.sub_account(sub_account).filter(|of| reach.covers(of.account, &place));
    known.map(|of| of.id).ok_or_else(|| Problem::not_found("sub-account"))
}

fn open(state: &State, is_it: impl Fn(&Control) -> bool) -> Option<&Request> {
    state.open_requests().find(|request| match &request.payload.action {
        Action::Control(control) => is_it(control),
        Action::Device(_) => false,
    })
}

fn open_view(request: &Request) -> Value {
    json!({
        "request": request.id, "number": request.number, "state": request.state, "not_before": request.not_before,
        "holds": request.state == RequestState::Approved,
    })
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
    let state = api.engine.state();
    let of = sought(&state, permitted.permit.reach(), &text)?;
    let money = state.money(of);
    let coming =
        open(&state, |control| matches!(control, Control::SetWallet { sub_account, .. } if *sub_account == of));
    let coming = coming.map(|request| {
        let mut view = open_view(request);
        if let Action::Control(Control::SetWallet { address, .. }) = &request.payload.action {
            view["address"] = json!(address);
        }
        view
    });
    let due = state.due(of).into_iter();
    let due: Vec<_> =
        due.map(|due| json!({ "address": due.address, "sat": due.sat, "held_by": due.held_by })).collect();
    Ok(Json(json!({
        "sub_account": of, "current": money.wallet().map(wallet_view), "coming": coming, "due": due,
        "versions": money.wallets.iter().rev().map(wallet_view).collect::<Vec<_>>(),
    })))
}

fn share_view(share: &Share, hidden: bool) -> Value {
    let recipient = match &share.recipient {
        Recipient::Address { address } if hidden => Recipient::Address { address: masked(address) },
        other => other.clone(),
    };
    json!({ "recipient": recipient, "basis_points": share.basis_points })
}

/// `GET /sub-accounts/{sub_account}/allocation`, by a person or with an API key. Addresses are masked for who may not see
/// wallets.
pub async fn allocation(
    Shares(api): Shares<Shared>,
    permitted: Permitted<REVENUE>,
    Path(text): Path<String>,
) -> Answer<Json<Value>> {
    let (state, now) = (api.engine.state(), api.now());
    let of = sought(&state, permitted.permit.reach(), &text)?;
    let place = Place { sub_account: Some(of), ..Place::ACCOUNT };
    let hidden = !state.rights_of(&permitted.asker.0).allow(Permission::WalletView, &place, now);
    let view = |allocation: &Allocation| {
        let shares: Vec<_> = allocation.shares.iter().map(|share| share_view(share, hidden)).collect();
        json!({ "version": allocation.version, "effective_from": allocation.effective_from, "shares": shares })
    };
    let money = state.money(of);
    let (current, latest) = (money.allocation_at(now.day()), money.latest_allocation());
    let coming = (latest.version != current.version).then(|| view(&latest));
    let waits =
        open(&state, |control| matches!(control, Control::SetAllocation { sub_account, .. } if *sub_account == of));
    Ok(Json(json!({
        "sub_account": of, "current": view(&current), "coming": coming, "waits": waits.map(open_view),
        "versions": money.allocations.iter().rev().map(view).collect::<Vec<_>>(),
    })))
}
