//! All parts together: from a data folder to a server that listens, and back to a folder that another may take.

use crate::{
    Agents, Clock, Engine, EngineError, Herald, HeraldOptions, Live, SystemClock,
    agents::{self, AgentsError},
    api::{self, Api},
    heads::{self, HeadFile},
    live_file::LiveFile,
    measuring, net, public_url,
};
use adit_store::{DataDir, People, Secrets, StoreError};
use axum::middleware;
use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// How long open connections may take to end once the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Its folder: log, people, secrets. Made if there is none.
    pub data: PathBuf,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Seconds between two polls of a device, 1 to 3600.
    pub poll_interval_s: u32,
    /// The file in which heads of the log are noted; `heads.jsonl` in the folder if none is named, where it is of less use.
    pub heads: Option<PathBuf>,
    /// How the interface for people is served.
    pub api: api::Options,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be folded.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The folder knows people, and nothing has ever happened: ids would be given a second time.
    #[error(
        "{place}: the log is missing, though {people} people are known; put the folder `log` back, from a backup if need be"
    )]
    LogMissing {
        /// Where it should be.
        place: String,
        /// How many people.
        people: usize,
    },
    /// Agents cannot be served.
    #[error(transparent)]
    Agents(#[from] AgentsError),
    /// The file of heads cannot be used.
    #[error("{path}: heads of the log cannot be noted there: {source}")]
    Heads {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Passwords would cross a network in the clear, or the public address is none.
    #[error("{0}")]
    PublicUrl(String),
    /// The interface cannot be served.
    #[error("the interface cannot be served: {0}")]
    Api(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The folder's parts and the engine on them, before anybody can reach it.
pub struct Opened {
    dir: DataDir,
    engine: Engine,
    people: Arc<Mutex<People>>,
    secrets: Arc<Mutex<Secrets>>,
}

impl Opened {
    /// Takes the folder and folds its log.
    ///
    /// # Errors
    /// [`ServerError`]: above all, that another server has the folder.
    pub fn open(data: PathBuf) -> Result<Self, ServerError> {
        Self::by_clock(data, Arc::new(SystemClock))
    }

    /// The same, by another clock than the machine's.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn by_clock(data: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, ServerError> {
        let dir = DataDir::open(data)?;
        let log = dir.log()?;
        if let Some(cut_off) = log.cut_off() {
            tracing::warn!("{cut_off}");
        }
        let engine = Engine::start(Box::new(log), clock)?;
        let people = dir.people()?;
        if engine.state().seq() == 0 {
            let place = dir.log_path().display().to_string();
            match people.persons()?.len() {
                0 => {}
                people => return Err(ServerError::LogMissing { place, people }),
            }
        }
        let people = Arc::new(Mutex::new(people));
        let secrets = Arc::new(Mutex::new(dir.secrets()?));
        Ok(Self { dir, engine, people, secrets })
    }

    /// What decides.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Who people are.
    pub fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shared_people(&self) -> &Mutex<People> {
        &self.people
    }

    /// Sealed secrets.
    pub fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens, and serves people and agents from then on.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn serve(self, options: ServerOptions) -> Result<Server, ServerError> {
        let Self { dir, engine, people, secrets } = self;
        let mut options = options;
        options.api.public_url = public_url::checked(options.listen, &options.api).map_err(ServerError::PublicUrl)?;
        let listener = TcpListener::bind(options.listen).await;
        let listener = listener.map_err(|source| ServerError::Listen { address: options.listen, source })?;
        let address =
            listener.local_addr().map_err(|source| ServerError::Listen { address: options.listen, source })?;
        let live = Live::of(&engine);
        let reader = || dir.log_reader().map(Box::new);
        let (poll, limits) = (options.poll_interval_s, options.api.limits.clone());
        let agents = Agents::limited(engine.clone(), live.clone(), Arc::clone(&secrets), reader()?, poll, &limits)?;
        let live_file = LiveFile::new(dir.live(), &engine, &live, &agents);
        live_file.restore();
        let noted = options.heads.clone().unwrap_or_else(|| dir.path().join("heads.jsonl"));
        let noted = HeadFile::open(&noted, &agents.heads(), engine.now())
            .map_err(|source| ServerError::Heads { path: noted.clone(), source })?;
        let noted = Arc::new(Mutex::new(noted));
        let log = reader()?;
        if options.api.public_url.is_empty() {
            options.api.public_url = public_url::local(address);
        }
        let public_url = options.api.public_url.clone();
        let herald = HeraldOptions {
            public_url: public_url.clone(),
            mail: options.api.mail.clone(),
            webhooks: options.api.webhooks.clone(),
        };
        let herald = Herald::new(engine.clone(), dir.notices()?, Arc::clone(&people), secrets, agents.heads(), herald);
        let herald = herald.map_err(ServerError::Api)?;
        let bounds = (limits, options.api.proxies.clone());
        let measured = live.clone();
        let api = Api::new(engine.clone(), live, people, Arc::clone(&agents), Arc::clone(&herald), log, options.api)
            .map_err(ServerError::Api)?;
        let (stop, stopped) = watch::channel(());
        let api = Arc::new(api);
        let mut service = api::router(Arc::clone(&api)).merge(agents::router(Arc::clone(&agents)));
        if address.ip().is_loopback() {
            service =
                service.layer(middleware::from_fn_with_state(net::host::Known::of(&public_url), net::host::check));
        }
        let mut keepers = JoinSet::new();
        let reader = reader()?;
        api.catch_up().await.map_err(ServerError::Api)?;
        let (ticking, snapshots) = (engine.clone(), engine.clone());
        keepers.spawn(async move { ticking.keep_ticking().await });
        keepers.spawn(async move { snapshots.keep_snapshots(reader).await });
        keepers.spawn(herald.work(Box::new(dir.log_reader()?)));
        keepers.spawn(heads::keep(engine.clone(), agents.heads(), Arc::clone(&noted)));
        keepers.spawn(measuring::keep(engine.clone(), measured.clone()));
        keepers.spawn(live_file.clone().keep());
        let followed = Arc::clone(&agents);
        keepers.spawn(async move { followed.follow().await });
        let mut serving = JoinSet::new();
        serving.spawn(net::serve(listener, service, bounds, stopped));
        tracing::info!(%address, "listening");
        Ok(Server {
            address,
            public_url,
            engine,
            live: (measured, live_file),
            api,
            agents,
            noted,
            stop,
            serving,
            keepers,
            _dir: dir,
        })
    }
}

/// A server that listens. Dropping it ends it at once; [`stop`](Self::stop) lets answers under way be finished.
pub struct Server {
    address: SocketAddr,
    public_url: String,
    engine: Engine,
    live: (Live, LiveFile),
    api: Arc<Api>,
    agents: Arc<Agents>,
    noted: Arc<Mutex<HeadFile>>,
    stop: watch::Sender<()>,
    serving: JoinSet<()>,
    keepers: JoinSet<()>,
    _dir: DataDir,
}

impl Server {
    /// Opens the folder and serves it.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        Opened::open(options.data.clone())?.serve(options).await
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where people reach it.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// What decides.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What every device says now.
    #[must_use]
    pub const fn live(&self) -> &Live {
        &self.live.0
    }

    /// Ends when the server does not listen any more, with the reason.
    pub async fn failed(&mut self) -> String {
        match self.serving.join_next().await {
            Some(Err(error)) => error.to_string(),
            _ => "the listener ended".to_owned(),
        }
    }

    /// Takes no more connections, lets answers under way be finished for a moment, and gives the folder back.
    pub async fn stop(mut self) {
        // Nobody listens to it if serving has failed already.
        let _ = self.stop.send(());
        self.agents.close();
        self.api.close();
        let ended = tokio::time::timeout(FAREWELL, self.serving.join_next()).await;
        if ended.is_err() {
            tracing::info!("connections that stayed open are cut");
        }
        self.serving.shutdown().await;
        self.keepers.shutdown().await;
        let (heads, now) = (self.agents.heads(), self.engine.now());
        if let Err(error) = self.live.1.save() {
            tracing::error!(error, "what devices say is not saved");
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = noted.note(&heads, now) {
            tracing::error!(%error, path = %noted.path().display(), "the log's last head is not noted");
        }
    }
}
