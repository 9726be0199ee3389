//! How each operation of the document is tried. `$dev` and the like stand for the id of something out of the caller's sight,
//! and then for one that was never given.

use serde_json::{Value, json};

/// One way to ask.
pub struct Probe {
    /// Under the operation's base, with its query.
    pub path: String,
    pub body: Option<Value>,
    /// Whether it is refused: what it names does not exist for the caller.
    pub refused: bool,
}

/// Names something that does not exist.
fn of(path: &str) -> Probe {
    Probe { path: path.into(), body: None, refused: true }
}

fn with(path: &str, body: Value) -> Probe {
    Probe { path: path.into(), body: Some(body), refused: true }
}

/// Answers, and says nothing of others.
fn seen(path: &str) -> Probe {
    Probe { path: path.into(), body: None, refused: false }
}

fn seen_with(path: &str, body: Value) -> Probe {
    Probe { path: path.into(), body: Some(body), refused: false }
}

fn action(name: &str, params: Value) -> Value {
    json!({ "action": { "action": name, "params": params } })
}

fn on(device: &str) -> Value {
    json!({ "action": { "action": "locate", "params": { "on": true } }, "targets": [device] })
}

/// What is asked for as a request and names something.
fn actions() -> Vec<Value> {
    let scope = |node: &str, id: &str| json!({ "nodes": [{ "node": node, "id": id }] });
    let grant = |scope: Value| action("add_grant", json!({ "user": "$me", "role": "viewer", "scope": scope }));
    let scan = json!({ "ranges": ["10.99.0.1"], "name": "x", "interval_s": 60 });
    let scan = |key: &str, id: &str, name: &str| {
        let mut params = scan.clone();
        params[key] = json!(id);
        if key == "scan_task" {
            params["enabled"] = json!(true);
        }
        action(name, params)
    };
    let to_sub = |id: &str| json!({ "recipient": { "to": "sub_account", "sub_account": id }, "basis_points": 10_000 });
    vec![
        on("$dev"),
        json!({ "action": { "action": "locate", "params": { "on": true } }, "targets": ["dev-5", "$dev"] }),
        action("place_devices", json!({ "devices": ["$dev"], "container": null })),
        action("move_devices", json!({ "devices": ["$dev"], "agent": "agt-1" })),
        action("move_devices", json!({ "devices": ["dev-5"], "agent": "$agent" })),
        action("reissue_agent_token", json!({ "agent": "$agent", "token_hash": "ad".repeat(32) })),
        action("place_devices", json!({ "devices": ["dev-5"], "container": "$box" })),
        action("assign_devices", json!({ "devices": ["$dev"], "sub_account": null })),
        action("assign_devices", json!({ "devices": ["dev-5"], "sub_account": "$sub" })),
        action("remove_sub_account", json!({ "sub_account": "$sub" })),
        action("set_wallet", json!({ "sub_account": "$sub", "address": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa" })),
        action("set_allocation", json!({ "sub_account": "$sub", "shares": [to_sub("sub-1")] })),
        action("set_allocation", json!({ "sub_account": "sub-1", "shares": [to_sub("$sub")] })),
        action("restart_workers", json!({ "site": "$site" })),
        action("change_site", json!({ "site": "$site", "name": "x" })),
        action("remove_site", json!({ "site": "$site", "name": "x" })),
        action("create_agent", json!({ "site": "$site", "name": "x", "token_hash": "ab".repeat(32) })),
        action("change_agent", json!({ "agent": "$agent", "name": "x", "mode": "full_control", "paused": true })),
        action("revoke_agent", json!({ "agent": "$agent" })),
        scan("agent", "$agent", "create_scan_task"),
        scan("scan_task", "$task", "change_scan_task"),
        action("remove_scan_task", json!({ "scan_task": "$task" })),
        grant(scope("site", "$site")),
        grant(scope("container", "$box")),
        grant(scope("sub_account", "$sub")),
        grant(scope("group", "$group")),
        action("create_group", json!({ "name": "x", "devices": ["$dev"] })),
        action("change_group", json!({ "group": "$group", "name": "x", "devices": [] })),
        action("delete_group", json!({ "group": "$group" })),
        action("change_grant", json!({ "grant": "$grant", "role": "viewer", "scope": "all" })),
        action("remove_grant", json!({ "grant": "$grant" })),
        action("remove_user", json!({ "user": "$user" })),
        action("suspend_user", json!({ "user": "$user" })),
        action("unsuspend_user", json!({ "user": "$user" })),
        action("revoke_key", json!({ "key": "$key" })),
        action(
            "issue_key",
            json!({ "grant": "$grant", "name": "x", "access": "read_only", "secret_hash": "ab".repeat(32) }),
        ),
    ]
}

/// Each way to try an operation; `None` if nobody has thought of it.
#[allow(clippy::too_many_lines, reason = "one row for each operation")]
pub fn probes(operation: &str) -> Option<Vec<Probe>> {
    let named = || json!({ "name": "x" });
    let scan = json!({ "name": "x", "ranges": ["10.99.0.1"], "interval_s": 60 });
    let vote = json!({ "decision": "approve", "content_hash": "0".repeat(64) });
    Some(match operation {
        "GET /agents" => vec![seen("/agents")],
        "POST /agents" => vec![with("/agents", json!({ "site": "$site", "name": "x" }))],
        "PUT /agents/{id}" => {
            let body = json!({ "name": "x", "mode": "full_control", "paused": true });
            vec![with("/agents/$agent", body)]
        }
        "POST /agents/{id}/token" => vec![with("/agents/$agent/token", json!({}))],
        "GET /device-conflicts" => vec![seen("/device-conflicts")],
        "DELETE /agents/{id}" => vec![of("/agents/$agent")],
        "GET /approval-policies" => vec![seen("/approval-policies")],
        "PUT /approval-policies" => vec![seen_with("/approval-policies", json!({ "changes": [] }))],
        "GET /approval-policies/presets" => vec![seen("/approval-policies/presets")],
        "GET /approval-policies/simulate" => vec![of("/approval-policies/simulate?remove=$user")],
        "POST /approval-policies/simulate" => {
            let simulate = "/approval-policies/simulate";
            let nothing = json!({});
            vec![seen_with(simulate, nothing), with(simulate, json!({ "roles": { "$user": "viewer" } }))]
        }
        "GET /audit/as-of" => vec![seen("/audit/as-of?seq=60"), seen("/audit/as-of?at=9999999999999")],
        "GET /audit/export.csv" => vec![
            seen("/audit/export.csv"),
            seen("/audit/export.csv?q=zqx"),
            seen("/audit/export.csv?request=$req"),
            seen("/audit/export.csv?object=$dev"),
        ],
        "GET /audit/export.jsonl" => vec![seen("/audit/export.jsonl")],
        "GET /audit" => vec![
            seen("/audit?limit=500"),
            seen("/audit?limit=500&q=zqx"),
            seen("/audit?limit=500&request=$req"),
            seen("/audit?limit=500&actor=$user"),
            seen("/audit?limit=500&object=$dev"),
            seen("/audit?limit=500&object=$group"),
        ],
        "GET /containers" => vec![seen("/containers"), seen("/containers?site=$site")],
        "PUT /containers/{id}" => vec![with("/containers/$box", named())],
        "DELETE /containers/{id}" => vec![of("/containers/$box")],
        "GET /devices" => vec![
            seen("/devices?group=$group"),
            seen("/devices?limit=500"),
            seen("/devices?site=$site"),
            seen("/devices?q=zqx"),
            seen("/devices?sort=ip&order=desc"),
        ],
        "GET /devices/ids" => vec![seen("/devices/ids"), seen("/devices/ids?site=$site")],
        "POST /devices/pools" => vec![with("/devices/pools", json!({ "targets": ["$dev"] }))],
        "GET /devices/{id}" => vec![of("/devices/$dev")],
        "GET /draft" => vec![of("/draft?site=$site")],
        "DELETE /draft" => vec![of("/draft?site=$site")],
        "POST /draft/changes" => {
            vec![with("/draft/changes?site=$site", on("dev-5")), with("/draft/changes?site=site-1", on("$dev"))]
        }
        "DELETE /draft/changes/{change}" => vec![of("/draft/changes/1?site=$site")],
        "DELETE /draft/changes/{change}/targets/{device}" => vec![of("/draft/changes/9/targets/$dev?site=site-1")],
        "POST /draft/submit" => vec![with("/draft/submit?site=$site", json!({ "version": 1 }))],
        "GET /events" => vec![of("/events?site=$site")],
        "GET /explain" => vec![
            of("/explain?subject=$me&action=device.reboot&resource=$dev"),
            of("/explain?subject=$me&action=device.reboot&resource=$site"),
            seen("/explain?subject=$user&action=device.reboot"),
        ],
        "GET /groups" => vec![seen("/groups")],
        "POST /groups" => vec![with("/groups", json!({ "name": "x", "devices": ["$dev"] }))],
        "GET /groups/{id}" => vec![of("/groups/$group")],
        "PUT /groups/{id}" => vec![with("/groups/$group", json!({ "name": "x", "devices": [] }))],
        "DELETE /groups/{id}" => vec![of("/groups/$group")],
        "GET /inbox" => vec![seen("/inbox?limit=100"), seen("/inbox?tab=mine"), seen("/inbox?tab=done")],
        // The numbers of items count up from 1 for everybody together: what the first says is somebody else's.
        "POST /inbox/marks" => vec![seen_with("/inbox/marks", json!({ "items": ["1", "2", "3"], "done": true }))],
        "POST /people" => {
            let asked = |scope: Value| json!({ "email": "engineer@adit.test", "role": "viewer", "scope": scope });
            let on = |node: &str, id: &str| json!({ "nodes": [{ "node": node, "id": id }] });
            let nodes = [("site", "$site"), ("container", "$box"), ("sub_account", "$sub"), ("group", "$group")];
            nodes.map(|(node, id)| with("/people", asked(on(node, id)))).into()
        }
        "POST /requests/{id}/comments" => vec![with("/requests/$req/comments", json!({ "words": "x" }))],
        "POST /requests/{id}/review" => vec![with("/requests/$req/review", json!({ "words": "x" }))],
        "GET /webhooks" => vec![seen("/webhooks")],
        "PUT /webhooks/{id}" => vec![with("/webhooks/$hook", named())],
        "DELETE /webhooks/{id}" => vec![of("/webhooks/$hook")],
        "GET /webhooks/{id}/deliveries" => vec![of("/webhooks/$hook/deliveries")],
        "POST /webhooks/{id}/deliveries/{delivery}/again" => vec![of("/webhooks/$hook/deliveries/1/again")],
        "POST /webhooks/{id}/secret" => vec![of("/webhooks/$hook/secret")],
        "POST /webhooks/{id}/test" => vec![of("/webhooks/$hook/test")],
        "GET /invitations" => vec![seen("/invitations")],
        "POST /invitations" => {
            let scope = json!({ "nodes": [{ "node": "site", "id": "$site" }] });
            vec![with("/invitations", json!({ "email": "new@adit.test", "role": "viewer", "scope": scope }))]
        }
        "DELETE /invitations/{id}" => vec![of("/invitations/$inv")],
        "GET /keys" => vec![seen("/keys")],
        "POST /keys" => vec![with("/keys", json!({ "grant": "$grant", "name": "x", "access": "read_only" }))],
        "DELETE /keys/{id}" => vec![of("/keys/$key")],
        "GET /me/keys" => vec![seen("/me/keys")],
        "POST /me/keys" => vec![with("/me/keys", json!({ "grant": "$grant", "name": "x", "access": "read_only" }))],
        "PUT /me/keys/{id}" => vec![with("/me/keys/$key", json!({ "name": "x" }))],
        "POST /me/keys/{id}/rotation" => vec![with("/me/keys/$key/rotation", json!({}))],
        "DELETE /me/keys/{id}" => vec![of("/me/keys/$key")],
        "GET /me/panel" => vec![seen("/me/panel")],
        "GET /me/permissions" => vec![seen("/me/permissions"), of("/me/permissions?resource=$dev")],
        "GET /me/security" => vec![seen("/me/security")],
        "GET /me/sessions" => vec![seen("/me/sessions")],
        "DELETE /me/sessions/{id}" => vec![of("/me/sessions/$session")],
        "GET /metrics" => vec![seen("/metrics")],
        "GET /overview" => vec![seen("/overview"), seen("/overview?site=$site")],
        "GET /people" => vec![seen("/people")],
        "GET /requests" => {
            ["", "&box=needs_me", "&box=mine", "&box=done", "&state=executing", "&q=1", "&device=$dev", "&site=$site"]
                .map(|more| seen(&format!("/requests?limit=200{more}")))
                .into()
        }
        "POST /requests" => actions().into_iter().map(|body| with("/requests", body)).collect(),
        "POST /requests/preview" => {
            let others = actions().into_iter().skip(2).map(|body| seen_with("/requests/preview", body));
            std::iter::once(with("/requests/preview", on("$dev"))).chain(others).collect()
        }
        "GET /requests/{id}" => vec![of("/requests/$req")],
        "GET /requests/{id}/items" => vec![of("/requests/$req/items")],
        "POST /requests/{id}/amend" => vec![with("/requests/$req/amend", on("dev-5"))],
        "POST /requests/{id}/cancel" => vec![with("/requests/$req/cancel", json!({ "reason": "x" }))],
        "POST /requests/{id}/votes" => vec![with("/requests/$req/votes", vote)],
        "POST /requests/{id}/votes/passkey" => vec![with("/requests/$req/votes/passkey", vote)],
        "DELETE /requests/{id}/votes/me" => vec![of("/requests/$req/votes/me")],
        "GET /roles" => vec![seen("/roles")],
        "GET /scan-tasks" => vec![seen("/scan-tasks"), seen("/scan-tasks?agent=$agent")],
        "POST /scan-tasks" => {
            let mut body = scan;
            body["agent"] = json!("$agent");
            vec![with("/scan-tasks", body)]
        }
        "POST /scan-tasks/check" => {
            let ranges = json!(["10.66.9.0/24", "10.66.10.0/24", "10.0.2.0/24"]);
            let of_task = json!({ "agent": "agt-1", "ranges": ranges, "scan_task": "$task" });
            vec![
                with("/scan-tasks/check", json!({ "agent": "$agent", "ranges": ranges })),
                seen_with("/scan-tasks/check", of_task),
            ]
        }
        "PUT /scan-tasks/{id}" => {
            let mut body = scan;
            body["enabled"] = json!(true);
            vec![with("/scan-tasks/$task", body)]
        }
        "DELETE /scan-tasks/{id}" => vec![of("/scan-tasks/$task")],
        "GET /session" => vec![seen("/session")],
        "GET /session/accounts" => vec![seen("/session/accounts")],
        "POST /session/account" => vec![with("/session/account", json!({ "account": "$account" }))],
        "POST /requests/{id}/answer" => {
            vec![with("/requests/$req/answer", json!({ "accept": true, "content_hash": "0".repeat(64) }))]
        }
        "GET /sites" => vec![seen("/sites")],
        "GET /sites/{id}" => vec![of("/sites/$site")],
        "PUT /sites/{id}" => vec![with("/sites/$site", named())],
        "DELETE /sites/{id}" => vec![of("/sites/$site?name=x")],
        "POST /sites/{id}/containers" => vec![with("/sites/$site/containers", named())],
        "GET /sub-accounts" => vec![seen("/sub-accounts")],
        "PUT /sub-accounts/{id}" => vec![with("/sub-accounts/$sub", named())],
        "GET /sub-accounts/{id}/observe" => vec![of("/sub-accounts/$sub/observe")],
        "GET /observer-links" => vec![seen("/observer-links")],
        "POST /observer-links" => {
            let sections = json!({ "workers": true, "earnings": false });
            vec![with("/observer-links", json!({ "sub_accounts": ["$sub"], "sections": sections, "label": "x" }))]
        }
        "PUT /observer-links/{id}/sections" => {
            vec![seen_with("/observer-links/obs-1/sections", json!({ "workers": false, "earnings": false }))]
        }
        "DELETE /observer-links/{id}" => vec![seen("/observer-links/obs-1")],
        "PUT /observer-protection" => vec![seen_with("/observer-protection", json!({ "on": true }))],
        "GET /observe/view" => vec![seen("/observe/view")],
        "GET /observe/{coin}/{sub_account}" => vec![seen("/observe/btc/hosting")],
        "GET /sub-accounts/{id}/wallet" => vec![of("/sub-accounts/$sub/wallet")],
        "GET /sub-accounts/{id}/allocation" => vec![of("/sub-accounts/$sub/allocation")],
        "DELETE /sub-accounts/{id}" => vec![of("/sub-accounts/$sub")],
        "GET /demo-users" | "GET /healthz" | "GET /readyz" | "GET /sign-in-options" => {
            vec![seen(operation.trim_start_matches("GET "))]
        }
        // The same for everybody.
        "GET /openapi.json" => Vec::new(),
        // They name nothing of anybody's: what they make is new, or belongs to the person alone.
        "POST /sites" | "POST /sub-accounts" | "POST /accounts" | "POST /webhooks" => Vec::new(),
        // Of the account that the caller acts for.
        "PUT /account" | "POST /account/deletion" | "DELETE /account/deletion" | "POST /me/leave" => Vec::new(),
        // Of an account that the caller was given something on and has never opened; any other answers 404.
        "DELETE /session/accounts/{id}" => Vec::new(),
        // By a secret of the person's own, or by a link's token.
        "POST /observe"
        | "DELETE /me/sessions"
        | "DELETE /me/totp"
        | "DELETE /session"
        | "POST /email-verifications"
        | "POST /invitations/accept"
        | "POST /invitations/check"
        | "POST /me/email-verification"
        | "GET /me/letters"
        | "PUT /me/letters"
        | "POST /me/identities/{id}"
        | "DELETE /me/identities/{id}"
        | "POST /me/passkeys"
        | "POST /me/passkeys/begin"
        | "DELETE /me/passkeys/{id}"
        | "PUT /me/password"
        | "POST /me/recovery-codes"
        | "POST /me/totp"
        | "POST /me/totp/confirm"
        | "POST /password-resets"
        | "POST /password-resets/use"
        | "POST /session"
        | "POST /session/passkey"
        | "POST /session/passkey/begin"
        | "POST /session/second-factor"
        | "POST /session/step-up"
        | "POST /session/step-up/passkey"
        | "POST /setup"
        | "POST /setup/check"
        | "GET /sso/{id}/callback"
        | "GET /sso/{id}/start" => Vec::new(),
        _ => return None,
    })
}
