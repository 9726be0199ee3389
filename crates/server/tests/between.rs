//! Somebody stands between agent and server and may do to every frame what they please: alter, cut, leave out, repeat, swap, take one
//! from another session or from the other direction, or make one up. Nothing comes of it but lost time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/rig.rs"]
mod rig;
mod support;

use adit_core::{
    authz::Actor,
    command::Command,
    fleet::Operation,
    ids::DeviceId,
    requests::{Action, ItemState, RequestState},
};
use adit_telemetry::DeviceStatus;
use adit_wire::PROTOCOL;
use axum::{
    Router,
    body::Bytes,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
    routing::get,
};
use futures_util::{SinkExt, StreamExt};
use rig::{Rig, all_are, wait_for};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use support::{ACCOUNT, OWNER, ask, bounded, until};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message as Frame, client::IntoClientRequest, http::HeaderValue},
};

/// What is done to a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    Alter,
    Cut,
    LeaveOut,
    Repeat,
    Swap,
    /// One of an earlier session comes in its place.
    Replay,
    /// One that the receiver itself has said comes in its place.
    Turn,
    MakeUp,
}

const TRICKS: [Trick; 8] =
    [Trick::Alter, Trick::Cut, Trick::LeaveOut, Trick::Repeat, Trick::Swap, Trick::Replay, Trick::Turn, Trick::MakeUp];

/// At which frame of which direction something is done. The greeting counts.
#[derive(Debug, Clone, Copy)]
struct Plan {
    to_agent: bool,
    at: usize,
    trick: Trick,
    seed: u64,
}

#[derive(Default)]
struct Known {
    plan: Option<Plan>,
    /// Everything that was ever said in each direction.
    said: [Vec<Frame>; 2],
    connections: u32,
    played: u32,
}

#[derive(Clone)]
struct Between {
    server: SocketAddr,
    known: Arc<Mutex<Known>>,
    /// Ends the connection under way.
    cut: watch::Sender<u64>,
}

/// One connection's frames in one direction.
struct Way {
    direction: usize,
    count: usize,
    held: Option<Frame>,
}

fn bytes_of(frame: &Frame) -> Vec<u8> {
    match frame {
        Frame::Text(text) => text.as_bytes().to_vec(),
        Frame::Binary(bytes) => bytes.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// The same kind of frame with other content; a text stays one.
fn like(frame: &Frame, bytes: Vec<u8>) -> Frame {
    match (frame, String::from_utf8(bytes.clone())) {
        (Frame::Text(_), Ok(text)) => Frame::text(text),
        _ => Frame::binary(bytes),
    }
}

fn altered(frame: &Frame, seed: u64) -> Frame {
    let mut bytes = bytes_of(frame);
    let at = usize::try_from(seed).unwrap_or_default() % bytes.len();
    // In a text a letter for a letter, so that it can still be read.
    bytes[at] = if bytes[at].is_ascii_lowercase() { b'a' + (bytes[at] - b'a' + 1) % 26 } else { bytes[at] ^ 1 };
    like(frame, bytes)
}

impl Between {
    async fn start(server: SocketAddr) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let between = Self { server, known: Arc::default(), cut: watch::Sender::default() };
        let app = Router::new().route("/agent/v1/connect", get(connect)).with_state(between.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (between, address)
    }

    /// What comes out of a frame on its way.
    fn pass(&self, way: &mut Way, plan: &mut Option<Plan>, frame: Frame) -> Vec<Frame> {
        let mut known = self.known.lock().unwrap();
        let count = way.count;
        way.count += 1;
        if let Some(held) = way.held.take() {
            return vec![frame, held];
        }
        let due = plan.take_if(|plan| usize::from(plan.to_agent) == way.direction && plan.at == count);
        let earlier = |direction: usize, seed: u64| -> Option<Frame> {
            let said: &[Frame] = &known.said[direction];
            let kind: Vec<_> = said.iter().filter(|f| f.is_text() == frame.is_text()).collect();
            kind.get(usize::try_from(seed).ok()? % kind.len().max(1)).map(|frame| (*frame).clone())
        };
        let out = match due {
            None => vec![frame.clone()],
            Some(Plan { trick, seed, .. }) => {
                let out = match trick {
                    Trick::Alter => vec![altered(&frame, seed)],
                    Trick::Cut => {
                        let mut bytes = bytes_of(&frame);
                        bytes.truncate(bytes.len() / 2);
                        vec![like(&frame, bytes)]
                    }
                    Trick::LeaveOut => vec![],
                    Trick::Repeat => vec![frame.clone(), frame.clone()],
                    Trick::Swap => {
                        way.held = Some(frame.clone());
                        vec![]
                    }
                    Trick::Replay => earlier(way.direction, seed).into_iter().collect(),
                    Trick::Turn => earlier(1 - way.direction, seed).into_iter().collect(),
                    Trick::MakeUp => vec![like(&frame, format!("{{\"type\":\"{seed}\"}}").into_bytes())],
                };
                known.played += 1;
                out
            }
        };
        known.said[way.direction].push(frame);
        out
    }

    async fn relay(self, agent: WebSocket) {
        let mut cut = self.cut.subscribe();
        let mut plan = {
            let mut known = self.known.lock().unwrap();
            known.connections += 1;
            known.plan.take()
        };
        let mut request = format!("ws://{}/agent/v1/connect", self.server).into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
        let stream = TcpStream::connect(self.server).await.unwrap();
        let (server, _) = client_async(request, stream).await.unwrap();
        let (mut to_server, mut from_server) = server.split();
        let (mut to_agent, mut from_agent) = agent.split();
        let mut ways = [0, 1].map(|direction| Way { direction, count: 0, held: None });
        loop {
            tokio::select! {
                _ = cut.changed() => return,
                heard = from_agent.next() => {
                    let frame = match heard {
                        Some(Ok(Message::Text(text))) => Frame::text(text.as_str()),
                        Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                        _ => return,
                    };
                    for frame in self.pass(&mut ways[0], &mut plan, frame) {
                        if to_server.send(frame).await.is_err() {
                            return;
                        }
                    }
                }
                heard = from_server.next() => {
                    let frame = match heard {
                        Some(Ok(frame @ (Frame::Text(_) | Frame::Binary(_)))) => frame,
                        Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => continue,
                        _ => return,
                    };
                    for frame in self.pass(&mut ways[1], &mut plan, frame) {
                        let sent = match frame {
                            Frame::Text(text) => to_agent.send(Message::text(text.as_str())).await,
                            frame => to_agent.send(Message::Binary(Bytes::from(bytes_of(&frame)))).await,
                        };
                        if sent.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}

async fn connect(State(between): State<Between>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols([PROTOCOL]).on_upgrade(|socket| between.relay(socket))
}

fn drawn(seed: u64) -> u64 {
    // SplitMix64.
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stands_between_agent_and_server_achieves_nothing() {
    let rig = Rig::start(45).await;
    let devices: Vec<_> = (1..=4).map(DeviceId).collect();
    // It enrols without them: that nobody can enrol in an agent's place is the wire's own test.
    let agent = rig.agent(None);
    wait_for("every miner is hashing", || all_are(&rig.live, &devices, DeviceStatus::Hashing)).await;
    agent.stop().await;
    let (between, address) = Between::start(rig.address).await;
    let agent = rig.agent_by(address, None);
    wait_for("it is there again", || all_are(&rig.live, &devices, DeviceStatus::Hashing)).await;
    let places: Vec<_> = rig.engine.state().devices().map(|d| (d.id, d.place(), d.found.clone())).collect();
    // Devices are numbered as they are found, which is not the order of their addresses.
    let lit = || {
        let state = rig.engine.state();
        let ip = |id: &DeviceId| state.device(*id).unwrap().found.ip;
        let led = |id| rig.fleet.miners().iter().find(|miner| ip(id) == miner.ip()).unwrap().truth().led;
        devices.iter().map(led).collect::<Vec<_>>()
    };

    let mut expected = lit();
    for round in 0..24_u64 {
        let seed = drawn(round);
        let plan = Plan {
            to_agent: round % 2 == 0,
            at: usize::try_from(seed % 6).unwrap(),
            trick: TRICKS[usize::try_from(round / 2).unwrap() % TRICKS.len()],
            seed: seed >> 8,
        };
        between.known.lock().unwrap().plan = Some(plan);
        // The session under way ends, and the next is tampered with.
        let before = between.known.lock().unwrap().connections;
        between.cut.send_modify(|cuts| *cuts += 1);
        let target = usize::try_from(seed % 4).unwrap();
        let on = !expected[target];
        let locate = Action::Device(Operation::Locate { on });
        let id = ask(&rig.engine, OWNER, 1_000 + u128::from(round), locate, &devices[target..=target]).await.unwrap();
        let done = until(&rig.engine, id, |request| request.state.is_terminal()).await;
        assert_eq!(done.state, RequestState::Executed, "{plan:?}: {:?}", done.items);
        assert!(matches!(done.items[0], ItemState::Ended { .. }));
        expected[target] = on;
        assert_eq!(lit(), expected, "{plan:?}: no other machine, and this one as asked");
        wait_for(&format!("{plan:?}: the tampered session is over"), || {
            let known = between.known.lock().unwrap();
            known.played > u32::try_from(round).unwrap() || known.connections > before + 1
        })
        .await;
        let state = rig.engine.state();
        let now: Vec<_> = state.devices().map(|d| (d.id, d.place(), d.found.clone())).collect();
        assert_eq!(now, places, "{plan:?}: what is known of the machines has changed");
    }
    assert!(between.known.lock().unwrap().played >= 20, "the frames were there to be tampered with");
    bounded("time", rig.engine.run(Actor::system(ACCOUNT), Command::Tick)).await.unwrap();
    agent.stop().await;
    rig.end().await;
}
