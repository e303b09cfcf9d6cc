//! `reweave-gateway init`: topics, subscriptions and their policies, through the broker's admin REST API.
//!
//! Idempotent: what is as it should be is left alone and reported as kept. Nothing is ever deleted or shrunk.

use std::fmt;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bus::{Config, Topic};

/// The subscription that keeps dead letters until somebody has dealt with them.
pub const DEAD_LETTERS_SUBSCRIPTION: &str = "reweave-operators";

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// One thing that `init` sees to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Full name.
    pub topic: String,
    pub action: Action,
    pub state: State,
}

/// What a step is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The topic with this many partitions, 0 for none.
    Topic { partitions: u32 },
    /// A durable subscription from the oldest message on.
    Subscription { name: String },
    /// How long, and how many MiB of, acknowledged messages are kept.
    Retention { minutes: i64, mib: i64 },
    /// After how many seconds an unacknowledged message is dropped.
    TimeToLive { seconds: u64 },
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was so already.
    Kept,
    /// It was made so now.
    Done,
    /// It would be made so, were this not a dry run.
    Planned,
    /// It is otherwise and cannot be changed; the text says how it is.
    Differs(String),
}

/// Why `init` stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the admin address is empty; set bus.admin_url to the broker's web service, for example http://localhost:8080"
    )]
    NoAddress,
    #[error(
        "the admin address {0} wants TLS, which the admin client is built without; use the broker's plain web port"
    )]
    Tls(String),
    #[error("cannot read the token in {path}")]
    Token { path: String, source: std::io::Error },
    #[error("the topic name {0} is not persistent://tenant/namespace/topic")]
    TopicName(String),
    #[error("cannot reach the admin API at {url}")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("the admin API answered {status} to {method} {url}: {reason}")]
    Refused { status: StatusCode, method: Method, url: String, reason: String },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Kept => "kept",
            State::Done => "done",
            State::Planned => "planned",
            State::Differs(_) => "differs",
        };
        write!(f, "{state:<8} {} ", self.topic)?;
        match &self.action {
            Action::Topic { partitions: 0 } => f.write_str("topic without partitions")?,
            Action::Topic { partitions } => write!(f, "topic with {partitions} partitions")?,
            Action::Subscription { name } => write!(f, "subscription {name}")?,
            Action::Retention { minutes, mib } => write!(f, "retention {minutes} min, {mib} MiB")?,
            Action::TimeToLive { seconds } => write!(f, "time to live {seconds} s")?,
        }
        if let State::Differs(how) = &self.state { write!(f, ": {how}") } else { Ok(()) }
    }
}

/// Creates what `config` describes, or with `dry_run` says what it would create.
///
/// # Errors
/// The first step that failed; those before it are done, and running again goes on from there.
pub async fn init(config: &Config, dry_run: bool) -> Result<Vec<Step>, Error> {
    let admin = Admin::new(config)?;
    let mut steps = Vec::new();
    for (topic, _) in Topic::ALL {
        for action in wanted(config, topic) {
            let name = config.topics.full_name(topic);
            let state = admin.ensure(&name, &action, dry_run).await?;
            steps.push(Step { topic: name, action, state });
        }
    }
    Ok(steps)
}

/// What `init` makes of `topic`. Specs, retries and dead letters never expire by time: each has an outcome to come.
#[must_use]
pub fn wanted(config: &Config, topic: Topic) -> Vec<Action> {
    let init = &config.init;
    let subscription = |name: &str| Action::Subscription { name: name.to_owned() };
    let retention = Action::Retention { minutes: init.retention_minutes, mib: init.retention_mib };
    let expiry = (init.ttl_seconds > 0).then_some(Action::TimeToLive { seconds: init.ttl_seconds });
    let mut actions = vec![Action::Topic { partitions: init.partitions }];
    match topic {
        Topic::Specs | Topic::Retry => actions.push(subscription(&config.subscription)),
        Topic::DeadLetters => actions.extend([subscription(DEAD_LETTERS_SUBSCRIPTION), retention]),
        Topic::Patches | Topic::Verdicts => actions.extend([Some(retention), expiry].into_iter().flatten()),
        Topic::Progress => actions.extend(expiry),
    }
    actions
}

/// The admin REST API of one cluster.
#[derive(Debug)]
pub(super) struct Admin {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// One request that changes something.
struct Change {
    needed: bool,
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Admin {
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let base = config.admin_url.trim_end_matches('/').to_owned();
        if base.is_empty() {
            return Err(Error::NoAddress);
        }
        if base.starts_with("https:") {
            return Err(Error::Tls(base));
        }
        let token = config.token_file.as_ref().map(|path| {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|source| Error::Token { path: path.display().to_string(), source })?;
            Ok(text.trim().to_owned())
        });
        let http = reqwest::Client::builder().timeout(REQUEST_TIMEOUT).no_proxy().build();
        let http = http.map_err(|source| Error::Unreachable { url: base.clone(), source })?;
        Ok(Self { http, base, token: token.transpose()? })
    }

    /// Breaks the connections of a topic's producers and consumers, as moving it between brokers does.
    #[cfg(any(test, feature = "contract"))]
    pub(super) async fn unload(&self, topic: &str) -> Result<(), Error> {
        let path = "/unload".to_owned();
        self.change(topic, Change { needed: true, method: Method::PUT, path, body: None }).await
    }

    async fn ensure(&self, topic: &str, action: &Action, dry_run: bool) -> Result<State, Error> {
        let change = match action {
            Action::Topic { partitions } => match self.topic_change(topic, *partitions).await? {
                Ok(change) => change,
                Err(state) => return Ok(state),
            },
            Action::Subscription { name } => {
                let known = self.get(topic, "/subscriptions").await?;
                let known = known.is_some_and(|names| names.as_array().is_some_and(|all| all.contains(&json!(name))));
                let earliest = json!({"ledgerId": -1, "entryId": -1});
                let path = format!("/subscription/{name}");
                Change { needed: !known, method: Method::PUT, path, body: Some(earliest) }
            }
            Action::Retention { minutes, mib } => {
                let policy = json!({"retentionTimeInMinutes": minutes, "retentionSizeInMB": mib});
                let needed = self.get(topic, "/retention").await?.as_ref() != Some(&policy);
                Change { needed, method: Method::POST, path: "/retention".to_owned(), body: Some(policy) }
            }
            Action::TimeToLive { seconds } => {
                let needed = self.get(topic, "/messageTTL").await? != Some(json!(seconds));
                let path = format!("/messageTTL?messageTTL={seconds}");
                Change { needed, method: Method::POST, path, body: None }
            }
        };
        match (change.needed, dry_run) {
            (false, _) => Ok(State::Kept),
            (true, true) => Ok(State::Planned),
            (true, false) => self.change(topic, change).await.map(|()| State::Done),
        }
    }

    /// What makes the topic so, or the state in which it must be left.
    async fn topic_change(&self, topic: &str, partitions: u32) -> Result<Result<Change, State>, Error> {
        let found = self.get(topic, "/partitions").await?;
        let found = found.map(|metadata| metadata["partitions"].as_u64().unwrap_or(0));
        let change = |method, path: &str, body| Change { needed: true, method, path: path.to_owned(), body };
        let count = Some(json!(partitions));
        Ok(match (found, u64::from(partitions)) {
            (None, 0) => Ok(change(Method::PUT, "", None)),
            (None, _) => Ok(change(Method::PUT, "/partitions", count)),
            (Some(found), wanted) if found == wanted => Err(State::Kept),
            (Some(0), _) => Err(State::Differs("it exists without partitions".to_owned())),
            (Some(found), wanted) if found > wanted => Err(State::Differs(format!("it has {found} partitions"))),
            (Some(_), _) => Ok(change(Method::POST, "/partitions", count)),
        })
    }

    /// The answer's JSON, or nothing when the topic does not exist.
    async fn get(&self, topic: &str, path: &str) -> Result<Option<Value>, Error> {
        let url = self.url(topic, path)?;
        let response = self.send(Method::GET, &url, None).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let text = response.text().await.map_err(|source| Error::Unreachable { url, source })?;
                // Policies that were never set are an empty body.
                Ok(Some(serde_json::from_str(&text).unwrap_or(Value::Null)))
            }
            status => Err(refused(status, Method::GET, url, response).await),
        }
    }

    async fn change(&self, topic: &str, change: Change) -> Result<(), Error> {
        let Change { method, path, body, .. } = change;
        let url = self.url(topic, &path)?;
        let response = self.send(method.clone(), &url, body).await?;
        match response.status() {
            // Conflict: another `init` was there in the meantime.
            status if status.is_success() || status == StatusCode::CONFLICT => Ok(()),
            status => Err(refused(status, method, url, response).await),
        }
    }

    async fn send(&self, method: Method, url: &str, body: Option<Value>) -> Result<reqwest::Response, Error> {
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.map_err(|source| Error::Unreachable { url: url.to_owned(), source })
    }

    fn url(&self, topic: &str, path: &str) -> Result<String, Error> {
        let name = topic.strip_prefix("persistent://").filter(|name| name.split('/').count() == 3);
        let name = name.ok_or_else(|| Error::TopicName(topic.to_owned()))?;
        Ok(format!("{}/admin/v2/persistent/{name}{path}", self.base))
    }
}

async fn refused(status: StatusCode, method: Method, url: String, response: reqwest::Response) -> Error {
    let body = response.text().await.unwrap_or_default();
    let reason = serde_json::from_str::<Value>(&body).ok().and_then(|body| body["reason"].as_str().map(str::to_owned));
    let reason = reason.unwrap_or_else(|| body.chars().take(200).collect());
    Error::Refused { status, method, url, reason }
}
