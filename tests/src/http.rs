//! A small blocking HTTP client that speaks JSON: for the node's RPC, and for the product's API.

use std::time::Duration;

use serde_json::Value;

/// How long one request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null when it was empty or not JSON.
    pub body: Value,
}

/// No answer was had: refused, cut off or too late. Whether the server acted is unknown.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer: {0}")]
pub struct NoAnswer(#[from] ureq::Error);

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8545`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self::with_patience(base, REQUEST_TIME_MAX)
    }

    /// The same that gives a request up after so long.
    #[must_use]
    pub fn with_patience(base: &str, patience: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(patience))
            .http_status_as_error(false)
            .build();
        Self {
            agent: config.new_agent(),
            base: base.to_owned(),
        }
    }

    /// Where the server is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Reads `path`.
    ///
    /// # Errors
    /// [`NoAnswer`]; an error status is an answer.
    pub fn get(&self, path: &str) -> Result<Answer, NoAnswer> {
        self.get_with(path, &[])
    }

    /// Reads `path` with these headers.
    ///
    /// # Errors
    /// [`NoAnswer`]; an error status is an answer.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer, NoAnswer> {
        let mut request = self.agent.get(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.call()?)
    }

    /// Sends `body` to `path`, with more headers if there are any.
    ///
    /// # Errors
    /// [`NoAnswer`]; an error status is an answer.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer, NoAnswer> {
        let json = ("content-type", "application/json");
        self.post_text(path, &[headers, &[json]].concat(), &body.to_string())
    }

    /// Sends `body`, whatever it is, to `path` with these headers and no others.
    ///
    /// # Errors
    /// [`NoAnswer`]; an error status is an answer.
    pub fn post_text(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer, NoAnswer> {
        let mut request = self.agent.post(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body)?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, NoAnswer> {
    let status = response.status().as_u16();
    let text = response
        .body_mut()
        .with_config()
        .limit(u64::MAX)
        .read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status, body })
}
