//! A provider of OpenID Connect: discovery, keys, authorization codes with PKCE, and signed ID tokens. It asks nobody for a
//! password: whoever the test says is signed in.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeySize, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::{net::TcpListener, task::JoinSet};

/// What the provider knows the client by.
pub const CLIENT_ID: &str = "adit-test";
/// And its secret.
pub const CLIENT_SECRET: &str = "known to both";

/// How ID tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// RSA.
    Rs256,
    /// P-256.
    Es256,
    /// RSA, by a key that nobody published.
    Unpublished,
    /// Not at all.
    Nothing,
}

/// Who is signed in there, and what the provider does.
#[derive(Debug, Clone)]
pub struct Script {
    /// Their name there.
    pub subject: String,
    /// Their e-mail.
    pub email: String,
    /// Whether the provider says that it is theirs.
    pub email_verified: bool,
    /// How tokens are signed.
    pub signing: Signing,
    /// Claims in place of the true ones.
    pub instead: HashMap<String, Value>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            subject: "1".to_owned(),
            email: "nobody@adit.test".to_owned(),
            email_verified: true,
            signing: Signing::Es256,
            instead: HashMap::new(),
        }
    }
}

/// What somebody was sent with; a code stands for it once.
struct Grant {
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
}

struct Keys {
    rsa: RsaKeyPair,
    other: RsaKeyPair,
    ec: EcdsaKeyPair,
}

struct Shared {
    issuer: String,
    keys: Keys,
    script: Mutex<Script>,
    codes: Mutex<HashMap<String, Grant>>,
}

/// Listens on loopback until it is dropped.
pub struct Provider {
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

impl Provider {
    /// On a free port.
    ///
    /// # Errors
    /// What the system says.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(address).map_err(|()| io::Error::other("no keys"))?);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // It ends with the set, or the test has no provider any more.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, _serving: serving })
    }

    /// Its issuer address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// From now on this person is signed in, and this happens.
    pub fn play(&self, script: Script) {
        *self.shared.script() = script;
    }
}

impl Shared {
    fn new(address: SocketAddr) -> Result<Self, ()> {
        let rsa = || RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| ());
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| ())?;
        let keys = Keys { rsa: rsa()?, other: rsa()?, ec };
        Ok(Self { issuer: format!("http://{address}"), keys, script: Mutex::default(), codes: Mutex::default() })
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn codes(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id_token(&self, nonce: Option<&str>, access_token: &str) -> String {
        let script = self.script().clone();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let hash = Sha256::digest(access_token.as_bytes());
        let mut claims = json!({
            "iss": self.issuer, "sub": script.subject, "aud": CLIENT_ID, "iat": now, "exp": now + 300,
            "email": script.email, "email_verified": script.email_verified,
            "at_hash": BASE64_URL_SAFE_NO_PAD.encode(&hash[..16]),
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        for (name, value) in script.instead {
            claims[name.as_str()] = value;
        }
        let (algorithm, kid) = match script.signing {
            Signing::Rs256 | Signing::Unpublished => ("RS256", "rsa"),
            Signing::Es256 => ("ES256", "ec"),
            Signing::Nothing => ("none", "ec"),
        };
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": kid });
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = self.sign(script.signing, signed.as_bytes()).unwrap_or_default();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn sign(&self, signing: Signing, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        let key = match signing {
            Signing::Nothing => return None,
            Signing::Es256 => return Some(self.keys.ec.sign(&random, message).ok()?.as_ref().to_vec()),
            Signing::Rs256 => &self.keys.rsa,
            Signing::Unpublished => &self.keys.other,
        };
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
        Some(signature)
    }
}

async fn configuration(State(provider): State<Arc<Shared>>) -> Json<Value> {
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(provider): State<Arc<Shared>>) -> Json<Value> {
    let rsa = PublicKeyComponents::<Vec<u8>>::from(provider.keys.rsa.public_key());
    let point = provider.keys.ec.public_key().as_ref();
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    Json(json!({ "keys": [
        { "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa", "n": text(&rsa.n), "e": text(&rsa.e) },
        { "kty": "EC", "use": "sig", "alg": "ES256", "kid": "ec", "crv": "P-256",
          "x": text(&point[1..33]), "y": text(&point[33..65]) },
    ] }))
}

#[derive(Deserialize)]
struct Asked {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    nonce: Option<String>,
    code_challenge: String,
    code_challenge_method: String,
}

fn bad(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_request", "error_description": why }))).into_response()
}

/// Whoever the script names agrees at once.
async fn authorize(State(provider): State<Arc<Shared>>, Query(asked): Query<Asked>) -> Response {
    if asked.response_type != "code" || asked.client_id != CLIENT_ID {
        return bad("another flow or client");
    }
    if !asked.scope.split(' ').any(|scope| scope == "openid") || asked.code_challenge_method != "S256" {
        return bad("no openid, or no PKCE");
    }
    let code = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{}{}", asked.state, asked.code_challenge)));
    let separator = if asked.redirect_uri.contains('?') { '&' } else { '?' };
    let back = format!("{}{separator}code={code}&state={}", asked.redirect_uri, asked.state);
    let grant = Grant { redirect_uri: asked.redirect_uri, challenge: asked.code_challenge, nonce: asked.nonce };
    provider.codes().insert(code, grant);
    (StatusCode::FOUND, [(header::LOCATION, back)]).into_response()
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

async fn token(State(provider): State<Arc<Shared>>, headers: HeaderMap, Form(asked): Form<Exchange>) -> Response {
    let secret = BASE64_STANDARD.encode(format!("{CLIENT_ID}:{}", CLIENT_SECRET.replace(' ', "+")));
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shown != Some(&format!("Basic {secret}")) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let Some(grant) = provider.codes().remove(&asked.code) else { return bad("no such code") };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(asked.code_verifier.as_bytes()));
    if asked.grant_type != "authorization_code"
        || asked.redirect_uri != grant.redirect_uri
        || challenge != grant.challenge
    {
        return bad("not what the code was given for");
    }
    let access_token = format!("access-{}", asked.code);
    let id_token = provider.id_token(grant.nonce.as_deref(), &access_token);
    let answer =
        json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token });
    Json(answer).into_response()
}
