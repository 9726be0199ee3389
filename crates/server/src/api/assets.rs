//! The web console: files made by `npm run build` in `web/`. A release has them inside; a development build reads them
//! from the source tree when they are asked for, so that a new build of the console needs no new build of the server.

use super::problem::Problem;
use axum::{
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};

// `struct Console`, with the folder's path.
include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// Scripts come from here alone. The component library writes style elements, hence inline styles.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);
/// Their names hold a hash of their content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
const NOT_BUILT: &str = "<!doctype html><title>Adit</title><p>The server runs, but the console is not built: run \
                         <code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code>, then reload this page.</p>";

/// Whatever is no route: a file of the console, or the console itself, which has pages of its own.
pub async fn serve(method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return Problem::not_found("page").into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Console::get(path) {
        let caching = if path.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN };
        return answer(file, caching);
    }
    // A script that is gone must not come back as a page.
    if ["assets/", "api/", "agent/", "access/"].iter().any(|folder| path.starts_with(folder)) {
        return Problem::not_found("page").into_response();
    }
    match Console::get("index.html") {
        Some(index) => answer(index, ASK_AGAIN),
        None => (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_SECURITY_POLICY, POLICY)], Html(NOT_BUILT))
            .into_response(),
    }
}

fn answer(file: rust_embed::EmbeddedFile, caching: HeaderValue) -> Response {
    let kind = HeaderValue::from_str(file.metadata.mimetype());
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, caching), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, file.data.into_owned()).into_response()
}
