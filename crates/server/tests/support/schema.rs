//! Checks an answer against the OpenAPI document, as far as its schemas go: what a schema does not name may not be there.

use serde_json::Value;

pub struct Document(pub Value);

impl Document {
    pub fn read() -> Self {
        Self(serde_json::from_str(&adit_server::api::openapi::text()).unwrap())
    }

    /// Method, path template with its base, and the operation.
    pub fn operations(&self) -> Vec<(String, String, &Value)> {
        let paths = self.0["paths"].as_object().unwrap();
        let mut all = Vec::new();
        for (path, item) in paths {
            let base = item["servers"][0]["url"].as_str().unwrap_or("/api/v1").trim_end_matches('/');
            for method in ["get", "post", "put", "delete"] {
                if let Some(operation) = item.get(method) {
                    all.push((method.to_uppercase(), format!("{base}{path}"), operation));
                }
            }
        }
        all
    }

    pub fn schema(&self, name: &str) -> &Value {
        self.0["components"]["schemas"].get(name).unwrap_or_else(|| panic!("no schema {name}"))
    }

    /// What is wrong with a value, each with where it stands.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(schema, value, "", &mut faults);
        faults
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/components/schemas/").unwrap();
            return self.check(self.schema(name), value, at, faults);
        }
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let fits = alternatives.iter().filter(|one| self.faults(one, value).is_empty()).count();
            if fits != 1 {
                faults.push(format!("{at}: fits {fits} alternatives: {value}"));
            }
            return;
        }
        let types: Vec<_> = match &schema["type"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(all) => all.iter().map(|one| one.as_str().unwrap()).collect(),
            _ => Vec::new(),
        };
        if !types.is_empty() && !types.iter().any(|kind| is(kind, value)) {
            faults.push(format!("{at}: {value} is not {types:?}"));
            return;
        }
        let allowed = schema["enum"].as_array();
        if allowed.is_some_and(|allowed| !allowed.contains(value))
            || schema.get("const").is_some_and(|one| one != value)
        {
            faults.push(format!("{at}: {value} is none of the values"));
        }
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for (place, value) in values.iter().enumerate() {
                self.check(items, value, &format!("{at}/{place}"), faults);
            }
        }
        let Some(fields) = value.as_object().filter(|_| !types.is_empty()) else { return };
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap()) {
                faults.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, value) in fields {
            match schema["properties"].get(name).or_else(|| schema.get("additionalProperties")) {
                Some(schema) => self.check(schema, value, &format!("{at}/{name}"), faults),
                None => faults.push(format!("{at}: {name} is not in the document")),
            }
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("no type is called {other}"),
    }
}
