//! What the demo's folder holds before anybody signs in: an account, six people, a site, an agent and what it searches.
//!
//! Every step looks first whether it is done, so that a start that was cut off is finished by the next one.

use adit_core::{
    authz::{Actor, Principal, Role},
    command::{Command, Reply, Submission},
    ids::{AccountId, AgentId, RequestId, SiteId, UserId},
    requests::{Action, Control, RequestState},
    state::State,
};
use adit_server::{
    Opened,
    agents::{credentials_name, enrolment_token, reference},
    api::{DemoUser, session::random_token},
    founding::{self, NewPerson},
};
use adit_wire::{Credential, EnrolmentToken};
use anyhow::{Context, anyhow, bail};
use std::net::Ipv4Addr;

/// Name of the account and of its site.
pub const COMPANY: &str = "Norte";
/// Everybody's password: a demo on loopback keeps no secret.
pub const PASSWORD: &str = "norte on loopback";
/// Where the agent's one-time token lies until it is used.
const TOKEN: &str = "demo/enrolment-token";

/// The demo's people: one for each of these roles.
pub const ROLES: [Role; 6] =
    [Role::Owner, Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Technician, Role::Viewer];

/// Where the person of this role signs in.
pub fn email(role: Role) -> String {
    format!("{}@norte.example", role.title().to_lowercase().replace(' ', "."))
}

/// As the sign-in page shows them.
pub fn people() -> Vec<DemoUser> {
    let person = |role: &Role| DemoUser {
        email: email(*role),
        name: role.title().to_owned(),
        role: role.title().to_owned(),
        password: PASSWORD.to_owned(),
    };
    ROLES.iter().map(person).collect()
}

/// Sets everything down that is missing. Gives the agent's one-time token; an agent that has enrolled looks at it no more, one
/// that was cut off before the server's answer came asks again.
pub async fn seed(opened: &Opened, first: Ipv4Addr, miners: usize) -> anyhow::Result<String> {
    let person =
        |role: Role| NewPerson { email: email(role), name: role.title().to_owned(), password: PASSWORD.to_owned() };
    let account = founding::found(opened, COMPANY, &person(Role::Owner)).await?;
    let (_, owner) = founding::account(opened).context("the demo's account has no owner")?;
    if opened.engine().state().requests().next().is_none() {
        for role in ROLES.into_iter().filter(|role| *role != Role::Owner) {
            founding::add(opened, account, role, &person(role)).await?;
        }
    }
    fleet(opened, account, owner, &range(first, miners)).await
}

/// The addresses of the simulated miners as one range.
fn range(first: Ipv4Addr, miners: usize) -> String {
    // Addresses ending in .0 and .255 carry no miner; a few more than there are miners do no harm.
    let spare = miners.div_ceil(254) * 2;
    let last = first.to_bits().saturating_add(u32::try_from(miners + spare).unwrap_or(u32::MAX));
    format!("{first}-{}", Ipv4Addr::from_bits(last))
}

async fn fleet(opened: &Opened, account: AccountId, owner: UserId, range: &str) -> anyhow::Result<String> {
    let state = || opened.engine().state();
    let site = |state: &State| state.sites_of(account).next().map(|site| site.id);
    let agent = |state: &State| state.agents_of(account).next().map(|agent| agent.id);
    if site(&state()).is_none() {
        let control = Control::CreateSite { name: COMPANY.to_owned(), capacity_w: Some(1_000_000) };
        ask(opened, account, owner, control).await?;
    }
    let site = site(&state()).context("the demo's site is missing")?;
    if agent(&state()).is_none() {
        create_agent(opened, account, owner, site).await?;
    }
    let agent = agent(&state()).context("the demo's agent is missing")?;
    if state().scan_tasks_of(agent).next().is_none() {
        create_scan_task(opened, account, owner, agent, range).await?;
    }
    let token = opened.secrets().get(TOKEN)?.context("the demo's enrolment token is lost: delete the demo's folder")?;
    Ok(enrolment_token(&mut opened.secrets(), &String::from_utf8_lossy(&token))?)
}

async fn create_agent(opened: &Opened, account: AccountId, owner: UserId, site: SiteId) -> anyhow::Result<()> {
    let token = random_token().map_err(|_| anyhow!("the system gives no random bytes"))?;
    // Before the agent exists: a token that is lost cannot be drawn again.
    opened.secrets().put(TOKEN, token.as_bytes())?;
    let token_hash = EnrolmentToken::hash_of(&token);
    ask(opened, account, owner, Control::CreateAgent { site, name: "norte-1".to_owned(), token_hash }).await
}

async fn create_scan_task(
    opened: &Opened,
    account: AccountId,
    owner: UserId,
    agent: AgentId,
    range: &str,
) -> anyhow::Result<()> {
    // Passwords as the vendors ship them.
    let passwords = [
        ("whatsminer", "", "admin"),
        ("whatsminer", "super", "super"),
        ("avalon", "", "root"),
        ("antminer", "root", "root"),
    ]
    .map(|(family, user, password)| Credential {
        family: family.to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
    });
    let reference = reference()?;
    opened.secrets().put(&credentials_name(&reference), &serde_json::to_vec(&passwords)?)?;
    let (name, ranges, credentials) = ("Simulated miners".to_owned(), vec![range.to_owned()], Some(reference));
    ask(
        opened,
        account,
        owner,
        Control::CreateScanTask { agent, name, ranges, interval_s: 60, credentials, passwords_to_unknown: true },
    )
    .await
}

/// Submits as the owner, for whom these run at once.
async fn ask(opened: &Opened, account: AccountId, owner: UserId, control: Control) -> anyhow::Result<()> {
    let engine = opened.engine();
    let title = Action::Control(control.clone()).title();
    let submission = Submission {
        id: request_id(opened)?,
        action: Action::Control(control),
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    };
    let actor = Actor { account, principal: Principal::User(owner), authenticated_at: engine.now() };
    let Reply::Request(request) = engine.run(actor, Command::Submit(submission)).await? else {
        bail!("{title}: nothing came of it");
    };
    match engine.state().request(request).map(|request| request.state) {
        Some(RequestState::Executed) => Ok(()),
        other => bail!("{title}: expected to be carried out at once and is {other:?}"),
    }
}

fn request_id(opened: &Opened) -> anyhow::Result<RequestId> {
    let random = random_token().map_err(|_| anyhow!("the system gives no random bytes"))?;
    let random = u128::from_str_radix(random.get(..32).unwrap_or("0"), 16)?;
    Ok(RequestId(ulid::Ulid::from_parts(opened.engine().now().0.unsigned_abs(), random)))
}
