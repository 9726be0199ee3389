//! The live stream: what changes, told as server-sent events.
//!
//! A stream looks four times a second at what has changed since it last looked, and writes all of it at once, so a slow reader
//! gets fewer and larger writes instead of a queue. What it may tell is asked anew each time: whoever loses a right hears
//! nothing more from that moment on, and whoever loses their session, or acts for another account, is told so and the stream
//! ends.
//!
//! An event's id says how much its reader knows. A reader that comes back with it within the life of the server goes on from
//! there if that is possible, and is told to fetch everything anew if it is not.

mod changes;
mod look;

use super::{
    Shared,
    caller::Allowed,
    problem::{Answer, Params, Problem},
};
use adit_core::{
    authz::{Permission, Place},
    ids::{SiteId, UserId},
};
use axum::{
    body::{Body, Bytes},
    extract::State as Shares,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use look::{Look, Watcher};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior},
};

const P: u8 = Permission::DashboardView as u8;
/// Between two looks.
const TICK: Duration = Duration::from_millis(250);
/// Looks in a second.
const PER_SECOND: u64 = 4;
/// Looks after which something is written even if nothing has changed.
const HEARTBEAT: u64 = 2 * PER_SECOND;
/// Most streams of one session.
const MAX_OF_SESSION: usize = 8;
/// Most streams of one person, in all their sessions. There is no number for all people that some could use up for others.
const MAX_OF_PERSON: usize = 32;

/// Whose stream, and of which session.
type Viewer = (UserId, [u8; 32]);

/// The streams there are.
pub struct Streams {
    /// Told apart from those of the server's earlier lives.
    epoch: String,
    open: Mutex<BTreeMap<Viewer, usize>>,
    closing: watch::Sender<bool>,
}

impl Streams {
    /// None yet. `epoch` is different at every start of the server.
    pub fn new(epoch: String) -> Self {
        Self { epoch, open: Mutex::default(), closing: watch::Sender::new(false) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.open().values().sum()
    }

    /// Ends all of them, and every later one at once.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// What its reader knows: the log up to `seq`, and the live table up to version `told`.
    fn id(&self, seq: u64, told: u64) -> String {
        format!("{}.{seq}.{told}", self.epoch)
    }

    /// The same, read back; `None` if it is of another life of the server.
    fn known(&self, id: &str) -> Option<(u64, u64)> {
        let (seq, told) = id.strip_prefix(&self.epoch)?.strip_prefix('.')?.split_once('.')?;
        Some((seq.parse().ok()?, told.parse().ok()?))
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<Viewer, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream's place among them.
struct Seat {
    api: Shared,
    viewer: Viewer,
}

impl Seat {
    fn take(api: &Shared, (user, session): Viewer) -> Answer<Self> {
        let mut open = api.streams.open();
        let of_person: usize = open.range((user, [0; 32])..=(user, [u8::MAX; 32])).map(|(_, streams)| streams).sum();
        let of_session = open.get(&(user, session)).copied().unwrap_or_default();
        if of_session >= MAX_OF_SESSION || of_person >= MAX_OF_PERSON {
            let detail = "too many live streams of yours are open: close other tabs";
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail));
        }
        open.insert((user, session), of_session + 1);
        drop(open);
        Ok(Self { api: Shared::clone(api), viewer: (user, session) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.api.streams.open();
        if let Some(own) = open.get_mut(&self.viewer) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.viewer);
            }
        }
    }
}

/// Of which site the header and the devices are told; of all if none is named.
#[derive(Deserialize)]
pub struct Asked {
    site: Option<SiteId>,
}

/// `GET /events`
pub async fn stream(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Answer<Response> {
    if let Some(id) = asked.site {
        let reach = allowed.permit.reach();
        let state = api.engine.state();
        let site = state.site(id).filter(|site| reach.covers(site.account, &Place::site(id)));
        site.ok_or_else(|| Problem::not_found("site"))?;
    }
    let last = headers.get("last-event-id").map(|value| String::from_utf8_lossy(value.as_bytes()));
    let session = &allowed.caller.session;
    let seat = Seat::take(&api, (session.user, session.token_hash))?;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let closing = api.streams.closing.subscribe();
    let watcher = Watcher::new(api, &allowed.caller, asked.site, last.as_deref());
    let writes = stream::unfold(Some(Writer { watcher, ticks, closing, silent: 0, _seat: seat }), Writer::write);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // A proxy that gathers writes would hold them back.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(writes)).into_response())
}

struct Writer {
    watcher: Watcher,
    ticks: Interval,
    closing: watch::Receiver<bool>,
    silent: u64,
    _seat: Seat,
}

type Written = Result<Bytes, Infallible>;

impl Writer {
    /// Looks until there is something to write.
    async fn write(this: Option<Self>) -> Option<(Written, Option<Self>)> {
        let mut this = this?;
        loop {
            tokio::select! {
                _ = this.closing.wait_for(|closing| *closing) => return None,
                _ = this.ticks.tick() => {}
            }
            match this.watcher.look() {
                Look::Nothing if this.silent < HEARTBEAT => this.silent += 1,
                Look::Nothing => {
                    this.silent = 0;
                    return Some((Ok(Bytes::from_static(b"event: beat\ndata: {}\n\n")), Some(this)));
                }
                Look::Changes(text) => {
                    this.silent = 0;
                    return Some((Ok(text.into()), Some(this)));
                }
                // The reader comes back, and is told then.
                Look::Unknown => return None,
                Look::Elsewhere => return Some((Ok(Bytes::from_static(b"event: account\ndata: {}\n\n")), None)),
                Look::SignedOut => return Some((Ok(Bytes::from_static(b"event: signed_out\ndata: {}\n\n")), None)),
            }
        }
    }
}
