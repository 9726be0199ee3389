//! Signing in with another company's account (OpenID Connect): authorization code with PKCE, state and nonce.

use adit_core::{
    ids::UserId,
    time::{Millis, Timestamp},
};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    Scope, TokenResponse,
    core::{CoreClient, CoreProviderMetadata, CoreResponseType, CoreUserInfoClaims},
};
use serde::{Deserialize, Serialize};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long one call to a provider may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest answer of a provider, bytes.
const MAX_ANSWER: usize = 1 << 20;
/// How long what a provider says of itself is believed.
const FRESH: Millis = Millis::minutes(60);

/// A provider and how it knows this server.
#[derive(Clone)]
pub struct SsoOptions {
    /// Short name, in addresses: letters, digits and dashes.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Its issuer address.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// And how this server shows who it is; `None` for a public client.
    pub client_secret: Option<String>,
}

impl std::fmt::Debug for SsoOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SsoOptions").field("id", &self.id).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A sign-in that has gone to the provider. Its browser carries this, sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Away {
    /// Which provider.
    pub(crate) provider: String,
    /// The text that the provider sends back with it.
    pub(crate) state: String,
    /// Where it goes on afterwards.
    pub(crate) to: String,
    /// Who wants this identity to be theirs; `None` to sign in.
    pub(crate) link: Option<UserId>,
    nonce: String,
    verifier: String,
}

/// Who came back.
pub(crate) struct Somebody {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) email: Option<String>,
    /// Whether the provider says that the e-mail is theirs.
    pub(crate) email_verified: bool,
}

/// Why it failed. For the log: people are told only that it did.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(String);

fn failed(error: impl std::fmt::Display) -> Failed {
    Failed(error.to_string())
}

/// All providers.
pub(crate) struct Sso {
    providers: Vec<Provider>,
}

/// One of them.
pub(crate) struct Provider {
    pub(crate) options: SsoOptions,
    redirect: RedirectUrl,
    fetch: Fetch,
    known: Mutex<Option<(Arc<CoreProviderMetadata>, Timestamp)>>,
}

impl Sso {
    /// # Errors
    /// A sentence about the option that is wrong.
    pub(crate) fn new(options: &[SsoOptions], public_url: &str) -> Result<Self, String> {
        let mut providers = Vec::new();
        for options in options {
            let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if options.id.is_empty() || !options.id.chars().all(fine) {
                return Err(format!("a provider's short name has letters, digits and dashes: {}", options.id));
            }
            let redirect = format!("{public_url}/api/v1/sso/{}/callback", options.id);
            let redirect = RedirectUrl::new(redirect).map_err(|error| format!("the public address: {error}"))?;
            providers.push(Provider {
                options: options.clone(),
                redirect,
                fetch: Fetch::new()?,
                known: Mutex::default(),
            });
        }
        Ok(Self { providers })
    }

    pub(crate) fn providers(&self) -> &[Provider] {
        &self.providers
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.options.id == id)
    }

    /// The provider of an issuer.
    pub(crate) fn of_issuer(&self, issuer: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.options.issuer == issuer)
    }
}

impl Provider {
    async fn metadata(&self, now: Timestamp) -> Result<Arc<CoreProviderMetadata>, Failed> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((metadata, at)) = known
            && now.since(at) < FRESH
        {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(self.options.issuer.clone()).map_err(failed)?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.fetch).await.map_err(failed)?;
        let metadata = Arc::new(metadata);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&metadata), now));
        Ok(metadata)
    }

    fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn credentials(&self) -> (ClientId, Option<ClientSecret>) {
        let secret = self.options.client_secret.clone().map(ClientSecret::new);
        (ClientId::new(self.options.client_id.clone()), secret)
    }

    /// Where to send the browser, and what it is to carry meanwhile.
    pub(crate) async fn send(
        &self,
        to: String,
        link: Option<UserId>,
        now: Timestamp,
    ) -> Result<(String, Away), Failed> {
        let metadata = self.metadata(now).await?;
        let (id, secret) = self.credentials();
        let client =
            CoreClient::from_provider_metadata((*metadata).clone(), id, secret).set_redirect_uri(self.redirect.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (url, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let (nonce, verifier) = (nonce.secret().clone(), verifier.into_secret());
        let away = Away { provider: self.options.id.clone(), state: state.into_secret(), to, link, nonce, verifier };
        Ok((url.to_string(), away))
    }

    /// Who it is that came back with this code.
    pub(crate) async fn receive(&self, code: &str, away: &Away, now: Timestamp) -> Result<Somebody, Failed> {
        let somebody = self.exchange(code, away, now).await;
        if somebody.is_err() {
            // Its keys may have changed: they are asked for anew next time.
            self.forget();
        }
        somebody
    }

    async fn exchange(&self, code: &str, away: &Away, now: Timestamp) -> Result<Somebody, Failed> {
        let metadata = self.metadata(now).await?;
        let (id, secret) = self.credentials();
        let client =
            CoreClient::from_provider_metadata((*metadata).clone(), id, secret).set_redirect_uri(self.redirect.clone());
        let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(failed)?;
        let tokens = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(away.verifier.clone()))
            .request_async(&self.fetch)
            .await
            .map_err(failed)?;
        let token = tokens.id_token().ok_or_else(|| failed("the provider gave no ID token"))?;
        let verifier = client.id_token_verifier();
        let claims = token.claims(&verifier, &Nonce::new(away.nonce.clone())).map_err(failed)?;
        if let Some(expected) = claims.access_token_hash() {
            let (algorithm, key) =
                (token.signing_alg().map_err(failed)?, token.signing_key(&verifier).map_err(failed)?);
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(failed)?;
            if actual != *expected {
                return Err(failed("the access token is not the one that the ID token speaks of"));
            }
        }
        let mut somebody = Somebody {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified() == Some(true),
        };
        // Many providers keep the e-mail out of the ID token where it can be asked for.
        if let (None, Some(_)) = (&somebody.email, metadata.userinfo_endpoint()) {
            let asking = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
            let said: CoreUserInfoClaims = asking.map_err(failed)?.request_async(&self.fetch).await.map_err(failed)?;
            somebody.email = said.email().map(|email| email.to_string());
            somebody.email_verified = said.email_verified() == Some(true);
        }
        Ok(somebody)
    }
}

/// Calls providers. Follows nothing elsewhere, and reads no more than [`MAX_ANSWER`].
struct Fetch(reqwest::Client);

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("the answer is too long")]
    TooLong,
    #[error("{0}")]
    Odd(#[from] openidconnect::http::Error),
}

impl Fetch {
    fn new() -> Result<Self, String> {
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
        builder.build().map(Self).map_err(|error| error.to_string())
    }
}

impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut answer = self.0.execute(request.try_into()?).await?;
            let mut response = openidconnect::http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_ANSWER {
                    return Err(FetchError::TooLong);
                }
            }
            Ok(response.body(body)?)
        })
    }
}
