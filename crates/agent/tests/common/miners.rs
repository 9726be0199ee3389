//! Miners of an invented make: they accept connections on loopback addresses and otherwise do as the test says.

use super::bounded;
use adit_core::{
    fleet::{
        DeviceIdentity, FoundDevice, MissReason, ModePower, OpKind, Operation, PoolPassword, PowerMode, Reading,
        SecretRef,
    },
    ids::DeviceId,
};
use adit_drivers::{Credential, Device, DeviceError, Driver, Heard, Outcome, Probe, Target, Verdict};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    future::pending,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

/// What a miner does when it is asked for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    #[default]
    Well,
    /// Never answers, and the driver does not notice.
    Hangs,
    /// Nobody is there, or no trustworthy answer comes.
    Fails,
    /// Another device answers.
    Stranger,
    /// The driver has a bug.
    Panics,
}

#[derive(Debug, Clone, Default)]
pub struct Miner {
    pub read: Manner,
    pub execute: Manner,
    pub verify: Manner,
    /// The MAC that it tells, if not its own.
    pub mac: Option<String>,
    /// Everything it was told.
    pub told: Vec<Operation>,
    /// The pool passwords it was given.
    pub passwords: Vec<String>,
    /// Conversations under way, and the most there ever were at once.
    pub talking: u32,
    pub most_talking: u32,
    pub reads: u32,
    pub probes: u32,
    /// Passwords that each probe was given.
    pub offered: Vec<Vec<String>>,
}

/// All miners; clones share them.
#[derive(Clone)]
pub struct Miners {
    all: Arc<Mutex<BTreeMap<IpAddr, Miner>>>,
    changed: Arc<watch::Sender<u64>>,
    port: &'static [u16],
    subnet: [u8; 3],
    sockets: Arc<Mutex<Vec<TcpListener>>>,
}

impl Miners {
    /// No miners yet, on a 127.x.y.0/24 and a port that no other test uses.
    pub async fn none() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = std::process::id().wrapping_mul(31).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let subnet = [127, 200 + (n / 256 % 50) as u8, (n % 256) as u8];
        let listener = TcpListener::bind((Ipv4Addr::new(subnet[0], subnet[1], subnet[2], 254), 0)).await.unwrap();
        let port = Box::leak(Box::new([listener.local_addr().unwrap().port()]));
        let changed = Arc::new(watch::channel(0).0);
        Self { all: Arc::default(), changed, port, subnet, sockets: Arc::default() }
    }

    /// Miners at `.1` to `.n`, listening.
    pub async fn listening(n: u8) -> Self {
        let miners = Self::none().await;
        for host in 1..=n {
            miners.listen(host).await;
            miners.add(host);
        }
        miners
    }

    /// Something that accepts connections.
    pub async fn listen(&self, host: u8) {
        let listener = TcpListener::bind((self.v4(host), self.port[0])).await.unwrap();
        self.sockets.lock().unwrap().push(listener);
    }

    /// A miner, whether anything listens or not.
    pub fn add(&self, host: u8) {
        self.all.lock().unwrap().insert(self.ip(host), Miner::default());
    }

    fn v4(&self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(self.subnet[0], self.subnet[1], self.subnet[2], host)
    }

    pub fn ip(&self, host: u8) -> IpAddr {
        IpAddr::V4(self.v4(host))
    }

    /// `.1` to `.last`, as a scan task writes it.
    pub fn range(&self, last: u8) -> String {
        format!("{}-{last}", self.v4(1))
    }

    pub fn set(&self, host: u8, change: impl FnOnce(&mut Miner)) {
        change(self.all.lock().unwrap().get_mut(&self.ip(host)).unwrap());
        self.changed.send_modify(|n| *n += 1);
    }

    pub fn get(&self, host: u8) -> Miner {
        self.all.lock().unwrap()[&self.ip(host)].clone()
    }

    /// Waits until a miner is as wanted.
    pub async fn wait(&self, host: u8, wanted: impl Fn(&Miner) -> bool) {
        let mut changes = self.changed.subscribe();
        bounded(async {
            while !wanted(&self.get(host)) {
                changes.changed().await.unwrap();
            }
        })
        .await;
    }

    pub fn driver(&self) -> Arc<dyn Driver> {
        Arc::new(FakeDriver(self.clone()))
    }

    /// A handle on the miner at `host`, which the server calls `dev-host`.
    pub fn device(&self, host: u8) -> Arc<dyn Device> {
        Arc::new(FakeDevice { id: DeviceId(host.into()), ip: self.ip(host), miners: self.clone() })
    }

    fn enter(&self, ip: IpAddr) -> Talk {
        let mut all = self.all.lock().unwrap();
        let miner = all.get_mut(&ip).unwrap();
        miner.talking += 1;
        miner.most_talking = miner.most_talking.max(miner.talking);
        Talk(self.clone(), ip)
    }

    fn note(&self, ip: IpAddr, change: impl FnOnce(&mut Miner) -> Manner) -> Manner {
        let manner = change(self.all.lock().unwrap().get_mut(&ip).unwrap());
        self.changed.send_modify(|n| *n += 1);
        manner
    }
}

/// One conversation with a miner.
struct Talk(Miners, IpAddr);

impl Drop for Talk {
    fn drop(&mut self) {
        if let Some(miner) = self.0.all.lock().unwrap().get_mut(&self.1) {
            miner.talking -= 1;
        }
    }
}

pub fn mac(ip: IpAddr) -> String {
    let IpAddr::V4(ip) = ip else { panic!("IPv4 only") };
    let [a, b, c, d] = ip.octets();
    format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

struct FakeDriver(Miners);

#[async_trait]
impl Driver for FakeDriver {
    fn id(&self) -> &'static str {
        "fake"
    }
    fn family(&self) -> &'static str {
        "fake"
    }
    fn ports(&self) -> &'static [u16] {
        self.0.port
    }
    async fn probe(&self, ip: IpAddr, credentials: &[Credential], _: Duration) -> Probe {
        if !self.0.all.lock().unwrap().contains_key(&ip) {
            return Probe::OpenUnknown;
        }
        let _talk = self.0.enter(ip);
        let told = self.0.get_ip(ip).mac.unwrap_or_else(|| mac(ip));
        self.0.note(ip, |miner| {
            miner.probes += 1;
            miner.offered.push(credentials.iter().map(|credential| credential.password.clone()).collect());
            Manner::Well
        });
        tokio::task::yield_now().await;
        Probe::Found(Box::new(FoundDevice {
            identity: DeviceIdentity { mac: Some(told), serial: None },
            ip,
            make: "Fake".to_owned(),
            model: "One".to_owned(),
            firmware: "1".to_owned(),
            driver: "fake".to_owned(),
            supports: vec![OpKind::Reboot, OpKind::Locate, OpKind::SetPowerMode, OpKind::SetPools],
            modes: vec![PowerMode::Sleep, PowerMode::Normal],
            mode_power: ModePower::default(),
            expected_hashrate_ghs: None,
        }))
    }
    fn open(&self, target: Target, _: &[Credential]) -> Arc<dyn Device> {
        Arc::new(FakeDevice { id: target.device, ip: target.ip, miners: self.0.clone() })
    }
}

struct FakeDevice {
    id: DeviceId,
    ip: IpAddr,
    miners: Miners,
}

#[async_trait]
impl Device for FakeDevice {
    fn supports(&self, kind: OpKind) -> bool {
        matches!(kind, OpKind::Reboot | OpKind::Locate | OpKind::SetPowerMode | OpKind::SetPools)
    }
    fn modes(&self) -> &[PowerMode] {
        &[PowerMode::Sleep, PowerMode::Normal]
    }
    async fn read(&self, _: Duration) -> Result<Reading, DeviceError> {
        let _talk = self.miners.enter(self.ip);
        let manner = self.miners.note(self.ip, |miner| {
            miner.reads += 1;
            miner.read
        });
        tokio::task::yield_now().await;
        match manner {
            Manner::Well => Ok(Reading { power_w: Some(3_000), ..Reading::empty(self.id) }),
            Manner::Stranger => Err(DeviceError::Changed { seen: "02:ff".to_owned() }),
            Manner::Hangs => pending().await,
            Manner::Fails => {
                Err(DeviceError::Unreachable { reason: MissReason::NoRoute, words: "no route".to_owned() })
            }
            Manner::Panics => panic!("a driver's bug, made on purpose"),
        }
    }
    async fn confirm_identity(&self, _: Duration) -> Result<(), DeviceError> {
        let _talk = self.miners.enter(self.ip);
        match self.miners.get_ip(self.ip).execute {
            Manner::Stranger => Err(DeviceError::Changed { seen: "02:ff".to_owned() }),
            _ => Ok(()),
        }
    }
    async fn execute(&self, operation: &Operation<PoolPassword>, _: Duration) -> Outcome {
        let _talk = self.miners.enter(self.ip);
        let manner = self.miners.note(self.ip, |miner| {
            miner.passwords.extend(operation.passwords().map(|password| password.as_str().to_owned()));
            let told = operation.clone().with_passwords(|_, _| Ok::<_, ()>(SecretRef::new(0)));
            miner.told.extend(told);
            miner.execute
        });
        tokio::task::yield_now().await;
        match manner {
            Manner::Well => Outcome::Accepted,
            Manner::Hangs => pending().await,
            Manner::Fails => Outcome::Unknown { reason: "the connection broke".to_owned() },
            Manner::Stranger => Outcome::NotSent { reason: "never asked".to_owned() },
            Manner::Panics => panic!("a driver's bug, made on purpose"),
        }
    }
    async fn verify(&self, _: &Operation<PoolPassword>, before: &Reading, _: Duration, heard: Heard<'_>) -> Verdict {
        let _talk = self.miners.enter(self.ip);
        let manner = self.miners.note(self.ip, |miner| miner.verify);
        tokio::task::yield_now().await;
        match manner {
            Manner::Well => {
                heard(before);
                heard(before);
                Verdict::Confirmed { seen: "as asked".to_owned() }
            }
            Manner::Hangs => pending().await,
            Manner::Fails => Verdict::Unreadable { reason: "no answer".to_owned() },
            Manner::Stranger => Verdict::Contradicted { seen: "otherwise".to_owned() },
            Manner::Panics => panic!("a driver's bug, made on purpose"),
        }
    }
}

impl Miners {
    fn get_ip(&self, ip: IpAddr) -> Miner {
        self.all.lock().unwrap()[&ip].clone()
    }
}
