//! What the demo's folder holds before anybody signs in: an account, its people, sites, agents and what they search.
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

/// Name of the account, and of a bare demo's site.
pub const COMPANY: &str = "Norte";
/// Everybody's password: a demo on loopback keeps no secret.
pub const PASSWORD: &str = "norte on loopback";
/// The roles of the main journey: the first of the demo's people.
pub const ROLES: [Role; 6] =
    [Role::Owner, Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Technician, Role::Viewer];
/// Who is offered more for the night.
pub const NIGHT: &str = "technician.night@norte.example";

/// Somebody of the demo, called by their job and shift.
struct Somebody {
    /// Of their e-mail, before the @.
    local: &'static str,
    job: &'static str,
    role: Role,
}

const fn somebody(local: &'static str, job: &'static str, role: Role) -> Somebody {
    Somebody { local, job, role }
}

/// The first of each role is the one who signs in by [`email`].
const PEOPLE: [Somebody; 10] = [
    somebody("owner", "Mine owner", Role::Owner),
    somebody("administrator", "Operations director", Role::Administrator),
    somebody("site.manager", "Shift lead, day", Role::SiteManager),
    somebody("shift.lead.night", "Shift lead, night", Role::SiteManager),
    somebody("operations.manager", "Control room, day", Role::OperationsManager),
    somebody("control.room.night", "Control room, night", Role::OperationsManager),
    somebody("technician", "Technician, day", Role::Technician),
    somebody("technician.night", "Technician, night", Role::Technician),
    somebody("bookkeeper", "Bookkeeper", Role::Accountant),
    somebody("viewer", "Visitor", Role::Viewer),
];

/// Where the first person of this role signs in.
pub fn email(role: Role) -> String {
    let local = PEOPLE.iter().find(|one| one.role == role).map_or("nobody", |one| one.local);
    address(local)
}

fn address(local: &str) -> String {
    format!("{local}@norte.example")
}

/// As the sign-in page shows them. A bare demo has one for each role of the main journey, called after it.
pub fn people(bare: bool) -> Vec<DemoUser> {
    let shown = |one: &Somebody| DemoUser {
        email: address(one.local),
        name: if bare { one.role.title() } else { one.job }.to_owned(),
        role: one.role.title().to_owned(),
        password: PASSWORD.to_owned(),
    };
    if bare {
        let of_role = |role: Role| PEOPLE.iter().find(|one| one.role == role).map(shown);
        return ROLES.into_iter().filter_map(of_role).collect();
    }
    PEOPLE.iter().map(shown).collect()
}

/// A site with its agent, and the part of the miners that stands there.
pub struct Place {
    name: &'static str,
    agent: &'static str,
    capacity_w: u64,
    /// Where the agent keeps what it knows, in the demo's folder.
    pub folder: &'static str,
    /// Where its one-time token lies until it is used.
    token: &'static str,
}

const NORTE: Place =
    Place { name: COMPANY, agent: "norte-1", capacity_w: 1_000_000, folder: "agent", token: "demo/enrolment-token" };
const NORTH: Place = Place {
    name: "North quarry",
    agent: "north-1",
    capacity_w: 600_000,
    folder: "agent",
    token: "demo/enrolment-token",
};
const RIVER: Place = Place {
    name: "River hall",
    agent: "river-1",
    capacity_w: 400_000,
    folder: "agent-2",
    token: "demo/enrolment-token-2",
};

/// Sites with the addresses of their miners. A bare demo has one of both.
pub fn places(first: Ipv4Addr, miners: usize, bare: bool) -> Vec<(Place, String)> {
    if bare {
        return vec![(NORTE, range(first, miners))];
    }
    // By whole hundreds of addresses, so that what is spare in one range is not in the other.
    let north = Ipv4Addr::from_bits(first.to_bits().saturating_add(share_of_north(miners)));
    let last = range(first, miners);
    let last = last.split_once('-').map_or("", |(_, last)| last);
    let before = Ipv4Addr::from_bits(north.to_bits() - 1);
    vec![(NORTH, format!("{first}-{before}")), (RIVER, format!("{north}-{last}"))]
}

/// Three fifths of the miners stand on the first site.
fn share_of_north(miners: usize) -> u32 {
    u32::try_from(miners * 3 / 5).unwrap_or(u32::MAX)
}

/// Sets everything down that is missing. Gives each agent's folder and one-time token; an agent that has enrolled looks at it no more, one
/// that was cut off before the server's answer came asks again.
pub async fn seed(
    opened: &Opened,
    places: Vec<(Place, String)>,
    people: &[DemoUser],
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let person = |user: &DemoUser| NewPerson {
        email: user.email.clone(),
        name: user.name.clone(),
        password: PASSWORD.to_owned(),
    };
    let [owner, others @ ..] = people else { bail!("the demo has no people") };
    let account = founding::found(opened, COMPANY, &person(owner)).await?;
    let (_, owner) = founding::account(opened).context("the demo's account has no owner")?;
    if opened.engine().state().requests().next().is_none() {
        for user in others {
            let role = PEOPLE.iter().find(|one| address(one.local) == user.email).map(|one| one.role);
            founding::add(opened, account, role.context("somebody has no role")?, &person(user)).await?;
        }
    }
    let mut agents = Vec::new();
    for (place, range) in places {
        agents.push((place.folder, fleet(opened, account, owner, &place, &range).await?));
    }
    Ok(agents)
}

/// The addresses of the simulated miners as one range.
fn range(first: Ipv4Addr, miners: usize) -> String {
    // Addresses ending in .0 and .255 carry no miner; a few more than there are miners do no harm.
    let spare = miners.div_ceil(254) * 2;
    let last = first.to_bits().saturating_add(u32::try_from(miners + spare).unwrap_or(u32::MAX));
    format!("{first}-{}", Ipv4Addr::from_bits(last))
}

async fn fleet(
    opened: &Opened,
    account: AccountId,
    owner: UserId,
    place: &Place,
    range: &str,
) -> anyhow::Result<String> {
    let state = || opened.engine().state();
    let site = |state: &State| state.sites_of(account).find(|site| site.name == place.name).map(|site| site.id);
    if site(&state()).is_none() {
        let control = Control::CreateSite { name: place.name.to_owned(), capacity_w: Some(place.capacity_w) };
        ask(opened, account, owner, control).await?;
    }
    let site = site(&state()).context("the demo's site is missing")?;
    let agent = |state: &State| state.agents_of(account).find(|agent| agent.site == site).map(|agent| agent.id);
    if agent(&state()).is_none() {
        create_agent(opened, account, owner, site, place).await?;
    }
    let agent = agent(&state()).context("the demo's agent is missing")?;
    if state().scan_tasks_of(agent).next().is_none() {
        create_scan_task(opened, account, owner, agent, range).await?;
    }
    let token = opened.secrets().get(place.token)?;
    let token = token.context("the demo's enrolment token is lost: delete the demo's folder")?;
    Ok(enrolment_token(&mut opened.secrets(), &String::from_utf8_lossy(&token))?)
}

async fn create_agent(
    opened: &Opened,
    account: AccountId,
    owner: UserId,
    site: SiteId,
    place: &Place,
) -> anyhow::Result<()> {
    let token = random_token().map_err(|_| anyhow!("the system gives no random bytes"))?;
    // Before the agent exists: a token that is lost cannot be drawn again.
    opened.secrets().put(place.token, token.as_bytes())?;
    let token_hash = EnrolmentToken::hash_of(&token);
    ask(opened, account, owner, Control::CreateAgent { site, name: place.agent.to_owned(), token_hash }).await
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
