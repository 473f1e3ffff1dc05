//! Reads a request's body: JSON of a known shape, every fault with its field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// A body of type `T`.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(
                    Code::BodyTooLarge,
                    "send a smaller body: the limit is in the configuration, api.body_bytes_max",
                )
            } else {
                Problem::new(Code::JsonMalformed, "the body broke off before its end")
            }
        })?;
        parse(&bytes).map(Self)
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = media_type.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Problem::new(
            Code::MediaTypeUnsupported,
            "send the header Content-Type: application/json",
        ))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        fault_of(&path, error.inner())
    })?;
    json.end()
        .map_err(|error| Problem::new(Code::JsonMalformed, error.to_string()))?;
    Ok(parsed)
}

fn fault_of(path: &str, error: &serde_json::Error) -> Problem {
    use serde_json::error::Category;
    let message = error.to_string();
    match error.classify() {
        Category::Io | Category::Syntax | Category::Eof => {
            Problem::new(Code::JsonMalformed, format!("the body is not JSON: {message}"))
        }
        Category::Data => {
            // The place in the text helps nobody who has the path; the rest of the message names the fault.
            let said = message.split(" at line ").next().unwrap_or(&message);
            // A field that is not known ends the path already; a variant that is not known does not.
            let (code, field) = if let Some(field) = quoted_after(said, "missing field ") {
                (Code::FieldMissing, joined(path, field))
            } else if let Some(field) = quoted_after(said, "unknown field ") {
                (
                    Code::FieldUnknown,
                    if path == "." {
                        field.to_owned()
                    } else {
                        path.to_owned()
                    },
                )
            } else if let Some(variant) = quoted_after(said, "unknown variant ").filter(|_| path == ".") {
                (Code::FieldUnknown, variant.to_owned())
            } else {
                (Code::FieldInvalid, path.to_owned())
            };
            Problem::new(code, said).at(field)
        }
    }
}

fn quoted_after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix)?.strip_prefix('`')?.split('`').next()
}

fn joined(path: &str, field: &str) -> String {
    if path == "." {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}
