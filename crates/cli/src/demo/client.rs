//! One signed-in person's view of the HTTP interface.

use super::seed;
use adit_core::authz::Role;
use anyhow::{Context, bail, ensure};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::time::{Instant, sleep};

/// Anything that takes longer has failed; far more than a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Somebody who is signed in.
pub struct Client {
    http: reqwest::Client,
    base: String,
    cookie: String,
    csrf: String,
}

impl Client {
    /// Signs in as the demo's person of this role.
    pub async fn sign_in(server: SocketAddr, role: Role) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        let mut client = Self { http, base: format!("http://{server}"), cookie: String::new(), csrf: String::new() };
        let body = json!({ "email": seed::email(role), "password": seed::PASSWORD });
        let response = client.request(Method::POST, "/session").json(&body).send().await?;
        let cookie = response.headers().get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
        client.cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
        let status = response.status();
        let session: Value = response.json().await?;
        ensure!(status.is_success(), "{} cannot sign in: {session}", role.title());
        client.csrf = text(&session, "csrf")?;
        Ok(client)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        request.header(header::COOKIE, &self.cookie).header("x-adit-csrf", &self.csrf)
    }

    /// Any call: its status and body (null if it has none).
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<(StatusCode, Value)> {
        let request = self.request(method.clone(), path);
        let request = if let Some(body) = &body { request.json(body) } else { request };
        let response = request.send().await.with_context(|| format!("{method} {path}"))?;
        let status = response.status();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// A read that must succeed.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.must(Method::GET, path, None).await
    }

    /// A change that must succeed.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.must(Method::POST, path, Some(body)).await
    }

    /// Any call that must succeed.
    pub async fn must(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let (status, body) = self.call(method.clone(), path, body).await?;
        ensure!(status.is_success(), "{method} {path} was answered {status}: {}", body["detail"]);
        Ok(body)
    }

    /// A change that must be refused with this code.
    pub async fn refused(&self, path: &str, body: Value, code: &str) -> anyhow::Result<()> {
        let (status, body) = self.call(Method::POST, path, Some(body)).await?;
        ensure!(body["code"] == code, "POST {path} should be refused as {code}, and was answered {status}: {body}");
        Ok(())
    }

    /// Looks at `path` until `done` says so of the answer.
    pub async fn until(&self, path: &str, done: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let start = Instant::now();
        loop {
            let seen = self.get(path).await?;
            if done(&seen) {
                return Ok(seen);
            }
            if start.elapsed() > PATIENCE {
                bail!("{path} did not become what it should within {} s; last seen: {seen:.600}", PATIENCE.as_secs());
            }
            sleep(LOOK).await;
        }
    }

    /// The request once it has ended.
    pub async fn ended(&self, request: &str) -> anyhow::Result<Value> {
        let open = ["pending", "approved", "executing"];
        self.until(&format!("/requests/{request}"), |r| !open.iter().any(|state| r["state"] == *state)).await
    }

    /// Votes on exactly what the request says now.
    pub async fn vote(&self, request: &Value, decision: &str, comment: Option<&str>) -> anyhow::Result<Value> {
        let body = json!({ "decision": decision, "content_hash": request["content_hash"], "comment": comment });
        self.post(&format!("/requests/{}/votes", text(request, "id")?), body).await
    }
}

/// A text field of an answer.
pub fn text(value: &Value, field: &str) -> anyhow::Result<String> {
    let text = value[field].as_str().with_context(|| format!("the answer lacks the text {field}: {value:.300}"))?;
    Ok(text.to_owned())
}

/// A list field of an answer.
pub fn list<'a>(value: &'a Value, field: &str) -> anyhow::Result<&'a Vec<Value>> {
    value[field].as_array().with_context(|| format!("the answer lacks the list {field}: {value:.300}"))
}
