//! A session: who is there, and a channel that only these two have.
//!
//! Both draw an X25519 share, and both sign everything that was said and both public keys (as in SIGMA). From the shared secret
//! come two keys, one for each direction; every frame is sealed with AES-256-GCM under its number, which is not sent. A frame that was
//! altered, repeated, left out, swapped or made up does not open, and the session is over.

use crate::signing::{AgentKey, ServerKey, SignatureError, VerifyingKey, hex, sha256, unhex};
use adit_core::ids::AgentId;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

const AGENT_CONTEXT: &[u8] = b"adit/session/agent/v1\n";
const SERVER_CONTEXT: &[u8] = b"adit/session/server/v1\n";
const REFUSAL_CONTEXT: &[u8] = b"adit/session/refusal/v1\n";
const TO_AGENT: &[u8] = b"adit/session/to-agent/v1";
const TO_SERVER: &[u8] = b"adit/session/to-server/v1";

/// What sealing adds to a frame, bytes.
pub const OVERHEAD: usize = 16;

/// The server's first words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// 32 random bytes, in hex.
    pub nonce: String,
    /// The server's X25519 share, 64 hex digits.
    pub share: String,
}

/// The agent's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Who I am.
    pub agent: AgentId,
    /// The agent's X25519 share, 64 hex digits.
    pub share: String,
    /// Everything said so far and both public keys, signed with the agent's key; 128 hex digits.
    pub signature: String,
}

/// The server's answer to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// You are who you say; from here on everything is sealed.
    Accepted {
        /// Everything said so far and both public keys, signed with the server's key; 128 hex digits.
        signature: String,
    },
    /// You are refused; reconnecting will not help until somebody acts.
    Refused {
        /// For the log.
        reason: String,
        /// That and everything said so far, signed with the server's key; 128 hex digits.
        signature: String,
    },
}

/// Why there is no session, or none any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Somebody is not who they say, or something was altered on the way.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// No key came of the two shares.
    #[error("no key can be agreed upon")]
    NoKey,
    /// A frame that the other side has not sealed as the next one.
    #[error("a frame was altered, repeated, left out or made up on the way")]
    Broken,
}

/// Everything that was said in a greeting, as both sign it. All parts but the agent's number have a fixed length.
fn transcript(agent: &VerifyingKey, server: &VerifyingKey, challenge: &Challenge, hello: (AgentId, &str)) -> String {
    let (id, share) = hello;
    let (agent, server) = (agent.to_hex(), server.to_hex());
    let Challenge { nonce, share: server_share } = challenge;
    format!("{}\n{id}\n{agent}\n{server}\n{nonce}\n{server_share}\n{share}", crate::PROTOCOL)
}

fn refusal(challenge: &Challenge, hello: (AgentId, &str), reason: &str) -> String {
    let (id, share) = hello;
    format!("{}\n{id}\n{}\n{}\n{share}\n{reason}", crate::PROTOCOL, challenge.nonce, challenge.share)
}

fn share() -> Result<(EphemeralPrivateKey, String), SessionError> {
    let own = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(|_| SessionError::NoKey)?;
    let public = own.compute_public_key().map_err(|_| SessionError::NoKey)?;
    let public = hex(public.as_ref());
    Ok((own, public))
}

/// A greeting as the server has begun it.
pub struct Offer {
    own: EphemeralPrivateKey,
    challenge: Challenge,
}

impl Offer {
    /// Draws a challenge.
    ///
    /// # Errors
    /// [`SessionError::NoKey`] if the system gives no random bytes.
    pub fn new() -> Result<Self, SessionError> {
        let (own, share) = share()?;
        let mut nonce = [0; 32];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SessionError::NoKey)?;
        Ok(Self { own, challenge: Challenge { nonce: hex(&nonce), share } })
    }

    /// To be sent.
    #[must_use]
    pub const fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// Is it the agent that holds `agent`? Then there is a session.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn accept(
        self,
        key: &ServerKey,
        agent: &VerifyingKey,
        hello: &Hello,
    ) -> Result<(Answer, Session), SessionError> {
        let said = transcript(agent, &key.verifying_key(), &self.challenge, (hello.agent, &hello.share));
        agent.check(AGENT_CONTEXT, said.as_bytes(), &hello.signature)?;
        let signature = key.sign_bytes(SERVER_CONTEXT, said.as_bytes());
        let session = agree(self.own, &hello.share, &said, TO_AGENT, TO_SERVER)?;
        Ok((Answer::Accepted { signature }, session))
    }

    /// There is none, and why.
    #[must_use]
    pub fn refuse(&self, key: &ServerKey, hello: &Hello, reason: String) -> Answer {
        let said = refusal(&self.challenge, (hello.agent, &hello.share), &reason);
        Answer::Refused { signature: key.sign_bytes(REFUSAL_CONTEXT, said.as_bytes()), reason }
    }
}

/// A greeting as the agent has answered it.
pub struct Reply {
    own: EphemeralPrivateKey,
    server: VerifyingKey,
    challenge: Challenge,
    hello: Hello,
    said: String,
}

/// What came of a greeting.
pub enum Greeted {
    /// A session.
    Accepted(Box<Session>),
    /// The server, and nobody else, says no.
    Refused(String),
}

impl Reply {
    /// Answers the challenge of whoever says that it is `server`.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn to(
        challenge: Challenge,
        (agent, key): (AgentId, &AgentKey),
        server: VerifyingKey,
    ) -> Result<Self, SessionError> {
        for part in [&challenge.nonce, &challenge.share] {
            unhex::<32>(part)?;
        }
        let (own, share) = share()?;
        let said = transcript(&key.verifying_key(), &server, &challenge, (agent, &share));
        let signature = key.sign_bytes(AGENT_CONTEXT, said.as_bytes());
        Ok(Self { own, server, challenge, hello: Hello { agent, share, signature }, said })
    }

    /// To be sent.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Reads the server's answer.
    ///
    /// # Errors
    /// [`SessionError`], if it is not the server's, or not to this.
    pub fn hear(self, answer: Answer) -> Result<Greeted, SessionError> {
        match answer {
            Answer::Accepted { signature } => {
                self.server.check(SERVER_CONTEXT, self.said.as_bytes(), &signature)?;
                let session = agree(self.own, &self.challenge.share, &self.said, TO_SERVER, TO_AGENT)?;
                Ok(Greeted::Accepted(Box::new(session)))
            }
            Answer::Refused { reason, signature } => {
                let said = refusal(&self.challenge, (self.hello.agent, &self.hello.share), &reason);
                self.server.check(REFUSAL_CONTEXT, said.as_bytes(), &signature)?;
                Ok(Greeted::Refused(reason))
            }
        }
    }
}

/// Both ends of one side's channel.
pub struct Session {
    /// Its name: the hash of the greeting, 64 hex digits. No two sessions have the same.
    pub id: String,
    /// For what this side says.
    pub sealer: Sealer,
    /// For what the other side says.
    pub opener: Opener,
}

struct Aes256;

impl KeyType for Aes256 {
    fn len(&self) -> usize {
        32
    }
}

fn agree(own: EphemeralPrivateKey, share: &str, said: &str, out: &[u8], into: &[u8]) -> Result<Session, SessionError> {
    let share = UnparsedPublicKey::new(&X25519, unhex::<32>(share)?);
    let salt = sha256(&[said.as_bytes()]);
    agree_ephemeral(own, share, SessionError::NoKey, |secret| {
        let prk = Salt::new(HKDF_SHA256, &salt).extract(secret);
        let key = |info: &[u8]| -> Result<Channel, SessionError> {
            let info = [info];
            let mut bytes = [0; 32];
            let filled = prk.expand(&info, Aes256).and_then(|okm| okm.fill(&mut bytes));
            filled.map_err(|_| SessionError::NoKey)?;
            let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| SessionError::NoKey)?;
            Ok(Channel { key: LessSafeKey::new(key), next: 0 })
        };
        Ok(Session { id: hex(&salt), sealer: Sealer(key(out)?), opener: Opener(key(into)?) })
    })
}

struct Channel {
    key: LessSafeKey,
    next: u64,
}

impl Channel {
    /// The next frame's number, as no other frame under this key has it.
    fn nonce(&mut self) -> Result<Nonce, SessionError> {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.next.to_be_bytes());
        self.next = self.next.checked_add(1).ok_or(SessionError::Broken)?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// Seals frames, one after the other.
pub struct Sealer(Channel);

impl Sealer {
    /// The next frame.
    ///
    /// # Errors
    /// [`SessionError::Broken`] after more frames than there are numbers.
    pub fn seal(&mut self, frame: String) -> Result<Vec<u8>, SessionError> {
        let nonce = self.0.nonce()?;
        let mut bytes = frame.into_bytes();
        let sealed = self.0.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut bytes);
        sealed.map_err(|_| SessionError::Broken)?;
        Ok(bytes)
    }
}

/// Opens frames in the order in which they were sealed.
pub struct Opener(Channel);

impl Opener {
    /// The next frame.
    ///
    /// # Errors
    /// [`SessionError::Broken`] if it is not the next one. The session is over then.
    pub fn open(&mut self, frame: &[u8]) -> Result<Vec<u8>, SessionError> {
        let nonce = self.0.nonce()?;
        let mut bytes = frame.to_vec();
        let opened = self.0.key.open_in_place(nonce, Aad::empty(), &mut bytes).map_err(|_| SessionError::Broken)?;
        let length = opened.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> (ServerKey, AgentKey) {
        (ServerKey::from_secret([7; 32]), AgentKey::from_secret([3; 32]))
    }

    /// A greeting whose every part `alter` may change on its way; the agent's session and the server's.
    fn greeted(alter: impl Fn(&mut Challenge, &mut Hello, &mut Answer)) -> Result<(Session, Session), SessionError> {
        let (server, agent) = keys();
        let nothing = || (Hello { agent: AgentId(1), share: String::new(), signature: String::new() }, accepted());
        let offer = Offer::new()?;
        let mut challenge = offer.challenge().clone();
        let (mut hello, mut answer) = nothing();
        alter(&mut challenge, &mut hello, &mut answer);
        let reply = Reply::to(challenge.clone(), (AgentId(1), &agent), server.verifying_key())?;
        let mut hello = reply.hello().clone();
        alter(&mut challenge, &mut hello, &mut answer);
        let (mut answer, theirs) = offer.accept(&server, &agent.verifying_key(), &hello)?;
        alter(&mut challenge, &mut hello, &mut answer);
        match reply.hear(answer)? {
            Greeted::Accepted(session) => Ok((*session, theirs)),
            Greeted::Refused(_) => Err(SessionError::NoKey),
        }
    }

    fn accepted() -> Answer {
        Answer::Accepted { signature: String::new() }
    }

    #[test]
    fn both_sides_come_to_one_session_unless_anything_was_altered() {
        let (mut agent, mut server) = greeted(|_, _, _| {}).unwrap();
        assert_eq!(agent.id, server.id);
        let sealed = agent.sealer.seal("up".into()).unwrap();
        assert_eq!(server.opener.open(&sealed).unwrap(), b"up");
        let sealed = server.sealer.seal("down".into()).unwrap();
        assert_eq!(agent.opener.open(&sealed).unwrap(), b"down");
        let other = "ab".repeat(32);
        assert!(greeted(|challenge, _, _| challenge.nonce.clone_from(&other)).is_err());
        assert!(greeted(|challenge, _, _| challenge.share.clone_from(&other)).is_err());
        assert!(greeted(|_, hello, _| hello.share.clone_from(&other)).is_err());
        assert!(greeted(|_, hello, _| hello.agent = AgentId(2)).is_err());
        assert!(greeted(|_, _, answer| *answer = Answer::Accepted { signature: "ab".repeat(64) }).is_err());
        let refusal = Answer::Refused { reason: "go away".into(), signature: "ab".repeat(64) };
        let forged = greeted(|_, _, answer| *answer = refusal.clone());
        assert_eq!(forged.err(), Some(SessionError::Signature(SignatureError::Forged)));
    }

    #[test]
    fn only_the_pinned_server_and_the_enrolled_agent_come_to_a_session() {
        let (server, agent) = keys();
        let (stranger, impostor) = (ServerKey::from_secret([9; 32]), AgentKey::from_secret([9; 32]));
        let offer = Offer::new().unwrap();
        let reply = |key| Reply::to(offer.challenge().clone(), (AgentId(1), key), server.verifying_key()).unwrap();
        let hello = reply(&agent).hello().clone();
        let to_stranger = Offer { challenge: offer.challenge.clone(), ..Offer::new().unwrap() };
        assert!(
            to_stranger.accept(&stranger, &agent.verifying_key(), &hello).is_err(),
            "it was said to another server"
        );
        let refused = offer.refuse(&server, &hello, "revoked".into());
        let known = reply(&agent);
        let to_another = Offer { challenge: offer.challenge.clone(), ..Offer::new().unwrap() };
        assert!(known.hear(refused).is_err(), "it was said to another hello");
        let hello = reply(&impostor).hello().clone();
        assert!(to_another.accept(&server, &agent.verifying_key(), &hello).is_err());
    }

    #[test]
    fn a_refusal_is_the_servers_own() {
        let (server, agent) = keys();
        let offer = Offer::new().unwrap();
        let reply = Reply::to(offer.challenge().clone(), (AgentId(1), &agent), server.verifying_key()).unwrap();
        let answer = offer.refuse(&server, reply.hello(), "revoked".into());
        assert!(matches!(reply.hear(answer), Ok(Greeted::Refused(reason)) if reason == "revoked"));
    }

    #[derive(Debug, Clone)]
    enum Tamper {
        Alter(usize, usize, u8),
        Swap(usize, usize),
        Repeat(usize),
        Drop(usize),
        Slip(usize, Vec<u8>),
        Cut(usize, usize),
        Turn(usize),
    }

    fn tampering() -> impl Strategy<Value = Tamper> {
        let place = 0..12_usize;
        prop_oneof![
            (place.clone(), any::<usize>(), 1..=255_u8).prop_map(|(at, byte, by)| Tamper::Alter(at, byte, by)),
            (place.clone(), place.clone()).prop_map(|(one, other)| Tamper::Swap(one, other)),
            place.clone().prop_map(Tamper::Repeat),
            place.clone().prop_map(Tamper::Drop),
            (place.clone(), proptest::collection::vec(any::<u8>(), 0..60))
                .prop_map(|(at, with)| Tamper::Slip(at, with)),
            (place.clone(), 0..40_usize).prop_map(|(at, to)| Tamper::Cut(at, to)),
            place.prop_map(Tamper::Turn),
        ]
    }

    fn tamper(frames: &mut Vec<Vec<u8>>, back: &[Vec<u8>], what: Tamper) {
        let count = frames.len().max(1);
        let at = |at: usize| at % count;
        match what {
            Tamper::Alter(place, byte, by) => {
                if let Some(frame) = frames.get_mut(at(place)).filter(|frame| !frame.is_empty()) {
                    let length = frame.len();
                    frame[byte % length] ^= by;
                }
            }
            Tamper::Swap(one, other) if !frames.is_empty() => frames.swap(at(one), at(other)),
            Tamper::Repeat(place) if !frames.is_empty() => {
                let frame = frames[at(place)].clone();
                frames.insert(at(place), frame);
            }
            Tamper::Drop(place) if !frames.is_empty() => drop(frames.remove(at(place))),
            Tamper::Slip(place, with) => frames.insert(at(place).min(frames.len()), with),
            Tamper::Cut(place, to) => {
                if let Some(frame) = frames.get_mut(at(place)) {
                    frame.truncate(to);
                }
            }
            // What one side has said is told to it as the other's word.
            Tamper::Turn(place) => frames.insert(at(place).min(frames.len()), back[at(place) % back.len()].clone()),
            Tamper::Swap(..) | Tamper::Repeat(_) | Tamper::Drop(_) => {}
        }
    }

    proptest! {
        /// Whatever is done to the frames: what opens is a beginning of what was said, each frame as it was said.
        #[test]
        fn nothing_opens_but_what_was_said_in_the_order_in_which_it_was(
            said in proptest::collection::vec(".{0,40}", 1..12),
            tampered in proptest::collection::vec(tampering(), 1..4),
        ) {
            let (mut agent, mut server) = greeted(|_, _, _| {}).unwrap();
            let seal = |sealer: &mut Sealer| -> Vec<_> { said.iter().map(|s| sealer.seal(s.clone()).unwrap()).collect() };
            let (mut frames, back) = (seal(&mut server.sealer), seal(&mut agent.sealer));
            for what in tampered {
                tamper(&mut frames, &back, what);
            }
            let opened: Vec<_> = frames.iter().map_while(|frame| agent.opener.open(frame).ok()).collect();
            prop_assert!(opened.len() <= said.len());
            for (opened, said) in opened.iter().zip(&said) {
                prop_assert_eq!(opened.as_slice(), said.as_bytes());
            }
        }
    }
}
