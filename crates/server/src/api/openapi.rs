//! The interface as an OpenAPI 3.1 document, made of the table of operations and of `openapi/components.json`.
//!
//! Each operation says under `x-permission` what it needs: a permission's name, `""` for whoever is signed in, `public` for
//! anybody.

use super::routes::{ANY_JSON, CSV, EVENT_STREAM, JSON_LINES, Needs, Once, Operation, PLAIN, V1, table};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const COMPONENTS: &str = include_str!("openapi/components.json");
/// More schemas: of what the modules of `routes` take and give.
const MORE: [&str; 8] = [
    include_str!("openapi/sign_in.json"),
    include_str!("openapi/people.json"),
    include_str!("openapi/accounts.json"),
    include_str!("openapi/governance.json"),
    include_str!("openapi/notices.json"),
    include_str!("openapi/structure.json"),
    include_str!("openapi/money.json"),
    include_str!("openapi/observers.json"),
];

static TEXT: LazyLock<String> = LazyLock::new(text);

/// `GET /api/openapi.json`
pub async fn show() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, TEXT.as_str()).into_response()
}

/// The document as it is served.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", document())
}

fn document() -> Value {
    // A test reads it; without it the document has no schemas.
    let mut components: Value = serde_json::from_str(COMPONENTS).unwrap_or_default();
    let parameters = components["parameters"].take();
    if let Some(schemas) = components["schemas"].as_object_mut() {
        for more in MORE {
            schemas.extend(serde_json::from_str::<Map<String, Value>>(more).unwrap_or_default());
        }
    }
    let mut paths: Map<String, Value> = Map::new();
    for operation in table() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if operation.base != V1 {
            let base = if operation.base.is_empty() { "/" } else { operation.base };
            path["servers"] = json!([{ "url": base }]);
        }
        path[operation.method] = described(&operation, &parameters);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Adit",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Times are Unix milliseconds. Whatever lies outside the caller's reach does not exist for them: lists \
                leave it out and ids answer 404. Lists go on with `next_cursor`. Refusals are problems (RFC 9457) with a stable `code`. \
                Too much at a time is 429 (`quota_reached`: a share of one's own is used up, and `detail` says which and what to do; \
                `too_many_attempts`) or 503 (`busy`), with `Retry-After` where time helps.",
        },
        "servers": [{ "url": V1 }],
        "paths": paths,
        "components": {
            "schemas": components["schemas"],
            "responses": {
                "Problem": {
                    "description": "A refusal or a failure.",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
                },
            },
            "securitySchemes": {
                "api_key": { "type": "http", "scheme": "bearer", "description": "An API key's token; it asks and never votes." },
                "session": { "type": "apiKey", "in": "cookie", "name": "adit_session" },
                "csrf": {
                    "type": "apiKey", "in": "header", "name": "X-Adit-Csrf",
                    "description": "`csrf` of the session; with every call that changes something.",
                },
            },
        },
    })
}

fn described(operation: &Operation, parameters: &Value) -> Value {
    let changes = operation.method != "get";
    let (permission, mut security) = match operation.needs {
        Needs::Nothing => ("public", json!([])),
        Needs::SignIn => ("", credentials(changes)),
        Needs::Holds(permission) => (permission.name(), credentials(changes)),
    };
    if let (true, Some(ways)) = (operation.by_key, security.as_array_mut()) {
        ways.push(json!({ "api_key": [] }));
    }
    let named = operation.path.split(['/', '{', '}', '-', '.']).filter(|word| !word.is_empty());
    let id = named.fold(operation.method.to_owned(), |id, word| format!("{id}_{word}"));
    let mut described = json!({
        "operationId": id,
        "summary": operation.summary,
        "x-permission": permission,
        "security": security,
        "responses": responses(operation),
    });
    let parameters = all_parameters(operation, parameters);
    if !parameters.is_empty() {
        described["parameters"] = json!(parameters);
    }
    if let Some(schema) = operation.body {
        described["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": named_schema(schema) } } });
    }
    described
}

fn credentials(changes: bool) -> Value {
    if changes { json!([{ "session": [], "csrf": [] }]) } else { json!([{ "session": [] }]) }
}

fn named_schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn all_parameters(operation: &Operation, known: &Value) -> Vec<Value> {
    let in_path = operation.path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let mut all: Vec<_> = in_path
        .map(|(name, _)| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    all.extend(operation.query.iter().map(|name| {
        let (name, required) = name.strip_suffix('!').map_or((*name, false), |name| (name, true));
        let mut parameter = known[name].clone();
        parameter["name"] = json!(name);
        parameter["in"] = json!("query");
        parameter["required"] = json!(required);
        parameter
    }));
    let once = (operation.once != Once::No).then_some("idempotency-key");
    all.extend(
        operation
            .headers
            .iter()
            .copied()
            .chain(once)
            .map(|name| json!({ "name": name, "in": "header", "required": false, "schema": { "type": "string" } })),
    );
    all
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, what) in &operation.answers {
        let content = match *what {
            "" => None,
            EVENT_STREAM | PLAIN | CSV | JSON_LINES => Some(json!({ *what: { "schema": { "type": "string" } } })),
            ANY_JSON => Some(json!({ ANY_JSON: { "schema": { "type": "object" } } })),
            schema => Some(json!({ "application/json": { "schema": named_schema(schema) } })),
        };
        let waits = *status == 202 && *what == "Request";
        let mut response = json!({ "description": if waits { "It waits for approvals." } else { "Done." } });
        if let Some(content) = content {
            response["content"] = content;
        }
        if *status == 201 || waits {
            response["headers"] = json!({ "Location": { "schema": { "type": "string" } } });
        }
        responses.insert(status.to_string(), response);
    }
    // What somebody asks for or agrees to may take their own sight of it away.
    if operation.asks() && operation.answers.iter().any(|(_, what)| *what == "Request") {
        responses.insert("204".to_owned(), json!({ "description": "Done; whoever asked does not see it any more." }));
    }
    for status in operation.refused().iter().map(ToString::to_string).chain(["5XX".to_owned()]) {
        responses.insert(status, json!({ "$ref": "#/components/responses/Problem" }));
    }
    Value::Object(responses)
}
