//! Passkeys (WebAuthn): each ceremony begins here with options for the browser and ends here with what its authenticator answered.
//! Users are verified by their authenticator each time, so a passkey is two factors in one.

use adit_core::{
    ids::{RequestId, UserId},
    requests::{ContentHash, Decision},
};
use adit_store::Passkey;
use serde_json::{Map, Value};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication64, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, PublicKeyCredentialDescriptor, RpId,
        auth::AuthenticationVerificationOptions,
        register::{CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle64},
    },
    response::{
        AuthTransports, CredentialId,
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

type Key = StaticState<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// What a ceremony is for. It is good for this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A passkey for this person.
    Registration(UserId),
    /// A proof.
    Proof(Purpose),
}

impl Ceremony {
    /// No two have the same name.
    pub(crate) fn name(self) -> String {
        format!("passkey ceremony: {self:?}")
    }
}

/// What a passkey is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing in, as whoever it is.
    SignIn,
    /// Showing once more that it is this person.
    StepUp(UserId),
    /// This person's decision on exactly this.
    Vote(UserId, RequestId, Decision, ContentHash),
}

impl Purpose {
    /// Whose passkey it must be.
    pub(crate) const fn whose(self) -> Option<UserId> {
        match self {
            Self::SignIn => None,
            Self::StepUp(user) | Self::Vote(user, ..) => Some(user),
        }
    }
}

/// Where passkeys belong to. Ceremonies under way are not remembered: whoever began one carries its state, sealed.
pub(crate) struct Passkeys {
    site: RpId,
    /// The part of the web address that browsers report.
    pub(crate) origin: String,
}

/// A passkey as its authenticator made it.
pub(crate) struct Made {
    pub(crate) id: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) state: Vec<u8>,
}

/// Why a ceremony failed. For the log: people are told only that it did.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(String);

fn failed(error: impl std::fmt::Display) -> Failed {
    Failed(error.to_string())
}

impl Passkeys {
    /// For a server that people reach there. `None` where browsers have no passkeys: without TLS (but on this machine), or where
    /// the host is a number.
    pub(crate) fn of(public_url: &str) -> Option<Self> {
        let (scheme, rest) = public_url.split_once("://")?;
        let authority = rest.split('/').next()?;
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let secure = scheme == "https" || host == "localhost";
        if !secure || host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
            return None;
        }
        let site = RpId::Domain(AsciiDomain::try_from(host.to_ascii_lowercase()).ok()?);
        Some(Self { site, origin: format!("{scheme}://{authority}") })
    }

    /// The name that passkeys belong to.
    pub(crate) fn site(&self) -> &str {
        self.site.as_ref()
    }

    /// Begins to register one for a person with this handle, who has these already.
    pub(crate) fn begin_registration(
        &self,
        handle: [u8; 64],
        email: &str,
        name: &str,
        known: &[Passkey],
    ) -> Result<(Vec<u8>, Value), Failed> {
        let handle = UserHandle64::decode(handle).map_err(failed)?;
        let known = known.iter().map(|passkey| {
            let id = CredentialId::<Vec<u8>>::decode(passkey.id.clone()).map_err(failed)?;
            let transports = AuthTransports::decode(0).map_err(failed)?;
            Ok(PublicKeyCredentialDescriptor { id, transports })
        });
        let entity = PublicKeyCredentialUserEntity {
            name: email.try_into().map_err(failed)?,
            id: &handle,
            // A name that the standard does not allow is left out: the e-mail says enough.
            display_name: name.try_into().ok(),
        };
        let known = known.collect::<Result<_, Failed>>()?;
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.site, entity, known);
        // Authenticators that do not know it refuse, and the user is verified each time anyway.
        options.extensions.cred_protect = CredProtect::None;
        let (state, options) = options.start_ceremony().map_err(failed)?;
        Ok((state.encode().map_err(failed)?, serde_json::to_value(&options).map_err(failed)?))
    }

    /// Ends it, with the browser's `credential.toJSON()`.
    pub(crate) fn register(&self, begun: &[u8], answer: &Map<String, Value>) -> Result<Made, Failed> {
        let begun = RegistrationServerState::<64>::decode(begun).map_err(failed)?;
        let json = serde_json::to_vec(answer).map_err(failed)?;
        let answer = Registration::from_json_relaxed(&json).map_err(failed)?;
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &[self.origin.as_str()],
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = begun.verify(&self.site, &answer, &options).map_err(failed)?;
        Ok(Made {
            id: made.id().as_ref().to_vec(),
            key: made.static_state().encode().map_err(failed)?,
            state: made.dynamic_state().encode().map_err(failed)?.to_vec(),
        })
    }

    /// Begins a proof by any passkey of this site.
    pub(crate) fn begin(&self) -> Result<(Vec<u8>, Value), Failed> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.site);
        let (state, options) = options.start_ceremony().map_err(failed)?;
        Ok((state.encode().map_err(failed)?, serde_json::to_value(&options).map_err(failed)?))
    }

    /// Ends it: which passkey it claims to be, and then whether it is. Gives what is to be kept of its state.
    pub(crate) fn verify(
        &self,
        begun: &[u8],
        answer: &Proof,
        passkey: &Passkey,
        handle: [u8; 64],
    ) -> Result<Vec<u8>, Failed> {
        let begun = DiscoverableAuthenticationServerState::decode(begun).map_err(failed)?;
        let handle = UserHandle64::decode(handle).map_err(failed)?;
        let key = Key::decode(&passkey.key).map_err(failed)?;
        let state = <[u8; 7]>::try_from(passkey.state.as_slice()).map_err(failed)?;
        let state = DynamicState::decode(state).map_err(failed)?;
        let id = CredentialId::<&[u8]>::decode(&passkey.id).map_err(failed)?;
        let mut known = AuthenticatedCredential::new(id, &handle, key, state).map_err(failed)?;
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &[self.origin.as_str()],
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        begun.verify(&self.site, &answer.0, &mut known, &options).map_err(failed)?;
        Ok(known.dynamic_state().encode().map_err(failed)?.to_vec())
    }
}

/// What an authenticator answered.
pub(crate) struct Proof(DiscoverableAuthentication64);

impl Proof {
    /// From the browser's `credential.toJSON()`.
    pub(crate) fn read(answer: &Map<String, Value>) -> Result<Self, Failed> {
        let json = serde_json::to_vec(answer).map_err(failed)?;
        DiscoverableAuthentication64::from_json_relaxed(&json).map(Self).map_err(failed)
    }

    /// Which passkey it claims to be.
    pub(crate) fn id(&self) -> Vec<u8> {
        self.0.raw_id().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::Passkeys;

    #[test]
    fn passkeys_belong_to_a_name_over_tls_or_to_this_machine() {
        let of = |url: &str| Passkeys::of(url).map(|passkeys| (passkeys.site().to_owned(), passkeys.origin));
        let pair = |site: &str, origin: &str| Some((site.to_owned(), origin.to_owned()));
        assert_eq!(of("https://adit.example.com"), pair("adit.example.com", "https://adit.example.com"));
        assert_eq!(of("https://adit.example.com:8443/x"), pair("adit.example.com", "https://adit.example.com:8443"));
        assert_eq!(of("http://localhost:7070"), pair("localhost", "http://localhost:7070"));
        for none in ["http://adit.example.com", "http://127.0.0.1:7070", "https://10.0.0.1", "https://[::1]:7070", ""] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
