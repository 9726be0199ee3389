//! Agents and scan tasks: new ones, changes, and the end of them. Passwords come in here and are never given back.

use super::{
    Shared,
    caller::{Allowed, Caller, Permitted},
    etag::IfMatch,
    fleet::agent_view,
    id,
    problem::{Answer, Body, Params, Problem},
    requests::{self, key_of, submit_control},
    session::random_token,
    structure::{made, sees},
};
use crate::agents::Call;
use adit_core::{
    authz::{Permission, Place},
    fleet::{Agent, AgentMode, Ranges, ScanTask},
    ids::{AgentId, RequestId, ScanTaskId, SiteId},
    requests::{Control, MAX_RANGES, Passwords, RequestState},
    state::{Seen, State, Thing},
};
use adit_wire::{Credential, EnrolmentToken};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

const LIST: u8 = Permission::DeviceList as u8;
const AGENTS: u8 = Permission::AgentManage as u8;
const SCANS: u8 = Permission::ScanTaskManage as u8;
/// Most passwords of one scan task.
const MAX_CREDENTIALS: usize = 16;
/// Longest user name or password, bytes.
const MAX_SECRET: usize = 128;
/// Makes that there is a driver for.
const FAMILIES: [&str; 3] = ["antminer", "avalon", "whatsminer"];

/// A new agent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAgent {
    site: SiteId,
    name: String,
    reason: Option<String>,
}

/// `POST /agents`: the token is in the answer, once. It is good for one enrolment, as soon as the request is carried out.
pub async fn create_agent(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<AGENTS>,
    Body(asked): Body<NewAgent>,
) -> Answer<Response> {
    let NewAgent { site, name, reason } = asked;
    let state = api.engine.state();
    let own = state.site(site).is_some_and(|known| known.account == caller.actor.account);
    if !own || !sees(&api, &caller, &Place::site(site)) {
        return Err(Problem::not_found("site"));
    }
    let token = random_token()?;
    let token_hash = EnrolmentToken::hash_of(&token);
    let control = Control::CreateAgent { site, name, token_hash: token_hash.clone() };
    let request = submit_control(&api, &caller, None, control, reason, None).await?;
    let state = api.engine.state();
    let mut agents = state.agents_of(caller.actor.account);
    let agent = agents.find(|agent| agent.token_hash.as_deref() == Some(&token_hash));
    let agent = agent.map(|agent| agent_view(&api, &state, agent));
    made(&api, &caller, request, json!({ "agent": agent, "token": api.agents.enrolment_token(&token) }))
}

/// Why another token is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reissue {
    reason: Option<String>,
}

/// `POST /agents/{agent}/token`: another token for an agent that has not enrolled, in place of the one before.
pub async fn reissue_token(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<AGENTS>,
    Path(agent): Path<String>,
    Body(asked): Body<Reissue>,
) -> Answer<Response> {
    let agent = agent_meant(&api, &caller, id(&agent, "agent")?)?.id;
    let token = random_token()?;
    let control = Control::ReissueAgentToken { agent, token_hash: EnrolmentToken::hash_of(&token) };
    let request = submit_control(&api, &caller, None, control, asked.reason, None).await?;
    let state = api.engine.state();
    let agent = state.agent(agent).map(|agent| agent_view(&api, &state, agent));
    made(&api, &caller, request, json!({ "agent": agent, "token": api.agents.enrolment_token(&token) }))
}

/// Which agent somebody in whose sight it is means.
fn agent_meant(api: &Shared, caller: &Caller, agent: AgentId) -> Answer<Agent> {
    let state = api.engine.state();
    let agent = state.agent(agent).filter(|agent| agent.account == caller.actor.account);
    let agent = agent.filter(|agent| sees(api, caller, &Place::site(agent.site)));
    agent.cloned().ok_or_else(|| Problem::not_found("agent"))
}

/// An agent as it is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentChange {
    name: String,
    mode: AgentMode,
    paused: bool,
    reason: Option<String>,
}

/// `PUT /agents/{agent}`
pub async fn change_agent(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<AGENTS>,
    seen: IfMatch,
    Path(agent): Path<String>,
    Body(asked): Body<AgentChange>,
) -> Answer<Response> {
    let agent = agent_meant(&api, &caller, id(&agent, "agent")?)?.id;
    let AgentChange { name, mode, paused, reason } = asked;
    let control = Control::ChangeAgent { agent, name, mode, paused };
    let request = submit_control(&api, &caller, seen.of(Thing::Agent(agent)), control, reason, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

/// `DELETE /agents/{agent}`
pub async fn revoke_agent(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<AGENTS>,
    seen: IfMatch,
    Path(agent): Path<String>,
) -> Answer<Response> {
    let agent = agent_meant(&api, &caller, id(&agent, "agent")?)?.id;
    let (seen, control) = (seen.of(Thing::Agent(agent)), Control::RevokeAgent { agent });
    let request = submit_control(&api, &caller, seen, control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

/// Of which agent.
#[derive(Deserialize)]
pub struct OfAgent {
    agent: Option<AgentId>,
}

fn task_view(state: &State, agent: &Agent, task: &ScanTask) -> Value {
    let addresses = Ranges::parse(&task.ranges).map_or(0, |ranges| ranges.count());
    json!({
        "id": task.id, "etag": state.tag_of(Thing::ScanTask(task.id)), "agent": agent.id, "site": agent.site, "name": task.name, "ranges": task.ranges,
        "addresses": addresses, "interval_s": task.interval_s, "enabled": task.enabled,
        "has_credentials": task.credentials.is_some(), "passwords_to_unknown": task.passwords_to_unknown,
    })
}

/// `GET /scan-tasks`
pub async fn scan_tasks(
    Shares(api): Shares<Shared>,
    allowed: Permitted<LIST>,
    Params(of): Params<OfAgent>,
) -> Json<Value> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let here = |agent: &&Agent| of.agent.is_none_or(|wanted| wanted == agent.id);
    let agents = state.agents_of(reach.account()).filter(here);
    let agents = agents.filter(|agent| reach.covers(agent.account, &Place::site(agent.site)));
    let tasks = agents.flat_map(|agent| state.scan_tasks_of(agent.id).map(|task| task_view(&state, agent, task)));
    Json(json!({ "items": tasks.collect::<Vec<_>>() }))
}

/// A user name and a password for one make.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedCredential {
    family: String,
    #[serde(default)]
    user: String,
    password: String,
}

fn credentials(asked: Vec<AskedCredential>) -> Answer<Vec<Credential>> {
    if asked.len() > MAX_CREDENTIALS {
        return Err(Problem::field("/credentials", format!("has at most {MAX_CREDENTIALS}")));
    }
    let one = |(place, AskedCredential { family, user, password }): (usize, AskedCredential)| {
        let wrong = |field: &str, detail: String| Problem::field(&format!("/credentials/{place}/{field}"), detail);
        if !FAMILIES.contains(&family.as_str()) {
            return Err(wrong("family", format!("must be one of {}", FAMILIES.join(", "))));
        }
        for (field, text) in [("user", &user), ("password", &password)] {
            if text.len() > MAX_SECRET {
                return Err(wrong(field, format!("has at most {MAX_SECRET} bytes")));
            }
        }
        Ok(Credential { family, user, password })
    };
    asked.into_iter().enumerate().map(one).collect()
}

/// Asks with the reference to the sealed passwords in the passwords' place.
async fn ask_sealed(
    api: &Shared,
    caller: &Caller,
    seen: Option<Seen>,
    control: Control,
    reason: Option<String>,
    key: Option<String>,
) -> Answer<RequestId> {
    let reference = control.passwords().map(str::to_owned);
    let asked = submit_control(api, caller, seen, control, reason, key).await;
    if let Some(reference) = reference {
        api.agents.asked_with(&reference);
    }
    asked
}

fn seal(api: &Shared, caller: &Caller, key: Option<&str>, credentials: &[Credential]) -> Answer<String> {
    let call = Call { actor: &caller.actor, key };
    api.agents.seal_credentials(call, credentials).map_err(|error| Problem::internal(&error))
}

/// A new scan task.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewScanTask {
    agent: AgentId,
    name: String,
    ranges: Vec<String>,
    interval_s: u32,
    #[serde(default)]
    credentials: Vec<AskedCredential>,
    /// They may be sent to devices that have not been confirmed with them.
    #[serde(default)]
    passwords_to_unknown: bool,
    reason: Option<String>,
}

/// `POST /scan-tasks`
pub async fn create_scan_task(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<SCANS>,
    headers: HeaderMap,
    Body(asked): Body<NewScanTask>,
) -> Answer<Response> {
    let NewScanTask { agent, name, ranges, interval_s, credentials: given, passwords_to_unknown, reason } = asked;
    let agent = agent_meant(&api, &caller, agent)?;
    let given = credentials(given)?;
    let key = key_of(&headers);
    let credentials = if given.is_empty() { None } else { Some(seal(&api, &caller, key.as_deref(), &given)?) };
    let before: Vec<_> = api.engine.state().scan_tasks_of(agent.id).map(|task| task.id).collect();
    let control = Control::CreateScanTask {
        agent: agent.id,
        name: name.clone(),
        ranges,
        interval_s,
        credentials,
        passwords_to_unknown,
    };
    let request = ask_sealed(&api, &caller, None, control, reason, key).await?;
    let state = api.engine.state();
    let mut tasks = state.scan_tasks_of(agent.id).filter(|task| !before.contains(&task.id));
    let task = tasks.find(|task| task.name == name).map(|task| task_view(&state, &agent, task));
    made(&api, &caller, request, json!({ "scan_task": task }))
}

/// Which scan task somebody in whose sight it is means.
fn task_meant(api: &Shared, caller: &Caller, text: &str) -> Answer<ScanTaskId> {
    let missing = || Problem::not_found("scan task");
    let state = api.engine.state();
    let task = state.scan_task(id(text, "scan task")?).ok_or_else(missing)?;
    agent_meant(api, caller, task.agent).map_err(|_| missing())?;
    Ok(task.id)
}

/// A scan task as it is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanTaskChange {
    name: String,
    ranges: Vec<String>,
    interval_s: u32,
    enabled: bool,
    /// Left out, they stay, unless they would reach more than they do: then they are typed again, or gone.
    credentials: Option<Vec<AskedCredential>>,
    /// Left out, it stays.
    passwords_to_unknown: Option<bool>,
    reason: Option<String>,
}

/// `PUT /scan-tasks/{task}`
pub async fn change_scan_task(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<SCANS>,
    seen: IfMatch,
    Path(task): Path<String>,
    Body(asked): Body<ScanTaskChange>,
) -> Answer<Response> {
    let scan_task = task_meant(&api, &caller, &task)?;
    let ScanTaskChange { name, ranges, interval_s, enabled, credentials: given, passwords_to_unknown, reason } = asked;
    let task = api.engine.state().scan_task(scan_task).cloned().ok_or_else(|| Problem::not_found("scan task"))?;
    let passwords_to_unknown = passwords_to_unknown.unwrap_or(task.passwords_to_unknown);
    let dropped = given.is_none() && task.credentials.is_some() && !task.keeps_passwords(&ranges, passwords_to_unknown);
    let passwords = match given.map(credentials).transpose()? {
        // Said in the request itself, so that whoever approves it sees it.
        None if dropped => Passwords::None,
        None => Passwords::Keep,
        Some(none) if none.is_empty() => Passwords::None,
        Some(given) => Passwords::Sealed(seal(&api, &caller, None, &given)?),
    };
    let control =
        Control::ChangeScanTask { scan_task, name, ranges, interval_s, enabled, passwords_to_unknown, passwords };
    let request = ask_sealed(&api, &caller, seen.of(Thing::ScanTask(scan_task)), control, reason, None).await?;
    let waits = api.engine.state().request(request).is_some_and(|request| request.state == RequestState::Pending);
    let status = if waits { StatusCode::ACCEPTED } else { StatusCode::OK };
    let location = [(header::LOCATION, format!("/api/v1/requests/{request}"))];
    let body = json!({ "request": requests::shown(&api, &caller, request)?, "passwords_dropped": dropped });
    Ok((status, location, Json(body)).into_response())
}

/// `DELETE /scan-tasks/{task}`
pub async fn remove_scan_task(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<SCANS>,
    seen: IfMatch,
    Path(task): Path<String>,
) -> Answer<Response> {
    let scan_task = task_meant(&api, &caller, &task)?;
    let (seen, control) = (seen.of(Thing::ScanTask(scan_task)), Control::RemoveScanTask { scan_task });
    let request = submit_control(&api, &caller, seen, control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

/// Ranges to be looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    agent: AgentId,
    ranges: Vec<String>,
    scan_task: Option<ScanTaskId>,
}

/// `POST /scan-tasks/check`: what the ranges come to, and what is wrong with them. Changes nothing.
pub async fn check(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<SCANS>,
    Body(asked): Body<Draft>,
) -> Answer<Json<Value>> {
    let agent = agent_meant(&api, &caller, asked.agent)?;
    if asked.ranges.len() > MAX_RANGES {
        return Err(Problem::field("/ranges", format!("has at most {MAX_RANGES}")));
    }
    Ok(Json(checked(&api.engine.state(), &agent, &asked)))
}

fn checked(state: &State, agent: &Agent, asked: &Draft) -> Value {
    let mut sound: Vec<&str> = Vec::new();
    let mut problems = Vec::new();
    for (index, range) in asked.ranges.iter().enumerate() {
        match Ranges::for_scan_task(&[range]) {
            Ok(_) => sound.push(range),
            Err(error) => problems.push(json!({ "index": index, "problem": error.to_string() })),
        }
    }
    let ranges = Ranges::parse(&sound).unwrap_or_default();
    if let Err(error) = Ranges::for_scan_task(&sound) {
        problems.push(json!({ "index": null, "problem": error.to_string() }));
    }
    let overlaps = state.overlaps(agent, &ranges, asked.scan_task);
    let overlaps =
        overlaps.map(|(task, both)| json!({ "scan_task": task.id, "name": task.name, "ranges": both.to_texts() }));
    json!({
        "addresses": ranges.count(), "merged": ranges.to_texts(), "problems": problems,
        "overlaps": overlaps.collect::<Vec<_>>(),
    })
}
