//! One small HTTP request, for enrolment.

use crate::transport::Transport;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, body::Bytes, header};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(15);
const MAX_ANSWER: usize = 64 << 10;

/// Posts JSON; the answer's status and body. Errors are for people: the server could not be reached or did not answer.
pub(crate) async fn post_json(transport: &Transport, path: &str, body: Vec<u8>) -> Result<(u16, Bytes), String> {
    timeout(LIMIT, exchange(transport, path, body)).await.map_err(|_| "no answer in time".to_owned())?
}

async fn exchange(transport: &Transport, path: &str, body: Vec<u8>) -> Result<(u16, Bytes), String> {
    let stream = transport.connect().await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    let request = Request::post(path)
        .header(header::HOST, transport.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::from(body)))
        .map_err(|e| e.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await.map_err(|e| e.to_string())?;
        Ok((status, body.to_bytes()))
    };
    tokio::pin!(connection, answer);
    tokio::select! {
        answer = &mut answer => answer,
        // The connection may end together with the answer's last byte.
        end = &mut connection => match end {
            Ok(()) => answer.await,
            Err(error) => Err(error.to_string()),
        },
    }
}
