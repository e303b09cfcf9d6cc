//! One client: connecting, authenticating, what its errors mean, and whether it works.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pulsar::authentication::Authentication;
use pulsar::error::{AuthenticationError, ConnectionError, ConsumerError, ProducerError, ServiceDiscoveryError};
use pulsar::message::proto::ServerError;
use pulsar::{ConnectionRetryOptions, OperationRetryOptions, Pulsar, PulsarBuilder, TokioExecutor};
use tokio_util::sync::CancellationToken;

use crate::bus::{Config, Error, Health, Source, Topic};

/// Pause between two attempts to connect, at most; a broker that comes back is found within it.
const CONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// Pause before an operation that the broker was not ready for is repeated.
const OPERATION_PAUSE: Duration = Duration::from_millis(500);

/// The client with its configuration and what is known about its health.
///
/// Two connections to each broker: the crate leaves Nagle's algorithm on, and an acknowledgement, which the broker does
/// not answer, would hold back the message sent behind it for the 40 ms of a delayed TCP acknowledgement.
pub(super) struct Client {
    pub(super) consuming: Pulsar<TokioExecutor>,
    pub(super) producing: Pulsar<TokioExecutor>,
    pub(super) config: Config,
    pub(super) status: Status,
}

/// The parts that do not work, with the reason.
#[derive(Debug, Default)]
pub(super) struct Status(Mutex<BTreeMap<String, String>>);

/// Reads the token anew whenever the broker asks, so that a rotated file is used without a restart.
struct TokenFile(PathBuf);

impl Client {
    pub(super) async fn connect(config: Config) -> Result<Self, Error> {
        let roots = match &config.tls_roots_file {
            Some(path) => Some(tokio::fs::read(path).await.map_err(|error| Error::Rejected {
                operation: format!("connect without the roots in {}", path.display()),
                source: Some(error.into()),
            })?),
            None => None,
        };
        let patience = Duration::from_millis(config.operation_timeout_ms);
        let operation = format!("accept a connection at {}", config.url);
        let both = async { tokio::try_join!(builder(&config, roots.clone()).build(), builder(&config, roots).build()) };
        let (consuming, producing) = match tokio::time::timeout(patience, both).await {
            Ok(built) => built.map_err(|error| explain(operation, error))?,
            Err(elapsed) => return Err(Error::Unavailable { operation, source: Some(elapsed.into()) }),
        };
        Ok(Self { consuming, producing, config, status: Status::default() })
    }

    /// The connection for messages on `topic`. Nobody waits for progress, so it shares the other one with what also may
    /// be late: an outcome sent right behind it would be held back until the broker had stored it.
    pub(super) fn sending(&self, topic: Topic) -> &Pulsar<TokioExecutor> {
        match topic {
            Topic::Progress => &self.consuming,
            Topic::Specs | Topic::Patches | Topic::Verdicts | Topic::Retry | Topic::DeadLetters => &self.producing,
        }
    }

    /// The full names of the partitions of `topic` with their numbers; a topic without partitions has number -1.
    pub(super) async fn partitions(&self, topic: Topic) -> Result<Vec<(i32, String)>, Error> {
        let name = self.config.topics.full_name(topic);
        let count = self.producing.lookup_partitioned_topic_number(&name).await;
        let count = count.map_err(|error| explain(format!("tell the partitions of {name}"), error))?;
        if count == 0 {
            return Ok(vec![(-1, name)]);
        }
        let numbers = 0..i32::try_from(count).unwrap_or(i32::MAX);
        Ok(numbers.map(|number| (number, format!("{name}-partition-{number}"))).collect())
    }
}

/// One connection to be made as `config` says, trusting `roots` too.
fn builder(config: &Config, roots: Option<Vec<u8>>) -> PulsarBuilder<TokioExecutor> {
    let mut builder = Pulsar::builder(&config.url, TokioExecutor)
        .with_connection_retry_options(ConnectionRetryOptions {
            max_backoff: CONNECT_PAUSE_MAX,
            max_retries: config.connection_retries_max,
            ..ConnectionRetryOptions::default()
        })
        .with_operation_retry_options(OperationRetryOptions {
            operation_timeout: Duration::from_millis(config.operation_timeout_ms),
            retry_delay: OPERATION_PAUSE,
            max_retries: Some(config.connection_retries_max),
        });
    if let Some(path) = &config.token_file {
        builder = builder.with_auth_provider(Box::new(TokenFile(path.clone())));
    }
    match roots {
        Some(roots) => builder.with_certificate_chain(roots),
        None => builder,
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.config.url).field("status", &self.status).finish_non_exhaustive()
    }
}

impl Status {
    pub(super) fn up(&self, part: &str) {
        self.lock().remove(part);
    }

    pub(super) fn down(&self, part: &str, reason: String) {
        self.lock().insert(part.to_owned(), reason);
    }

    pub(super) fn health(&self) -> Health {
        let parts = self.lock();
        let reasons: Vec<_> = parts.iter().map(|(part, reason)| format!("{part}: {reason}")).collect();
        if reasons.is_empty() { Health::Up } else { Health::Down(reasons.join("; ")) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the broker something small at intervals, so that a silent loss shows in the health. Ends with `closed`.
pub(super) async fn probe(client: Arc<Client>, closed: CancellationToken) {
    let interval = Duration::from_millis(client.config.probe_interval_ms);
    loop {
        tokio::select! {
            () = closed.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
        // In a task of its own: dropping it half way could leave the client's connection attempt unfinished.
        let asked = client.clone();
        let mut answer = pin!(tokio::spawn(async move { asked.partitions(Topic::Specs).await }));
        let answered = loop {
            tokio::select! {
                () = closed.cancelled() => return,
                answered = &mut answer => break answered,
                () = tokio::time::sleep(interval) => client.status.down("broker", "no answer".to_owned()),
            }
        };
        match answered {
            Ok(Ok(_)) => client.status.up("broker"),
            Ok(Err(error)) => client.status.down("broker", chain(&error)),
            Err(panic) => client.status.down("broker", panic.to_string()),
        }
    }
}

/// The error with its causes, for a log line or the health.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Says whether `error` is the broker's refusal, its overload, or something that may pass.
pub(super) fn explain(operation: String, error: pulsar::Error) -> Error {
    let kind = server_error(&error);
    // The crate's errors hold futures that are not `Sync`; their text is all that is of use.
    let source: Option<Source> = Some(error.to_string().into());
    match kind {
        Some(
            ServerError::AuthenticationError
            | ServerError::AuthorizationError
            | ServerError::TopicNotFound
            | ServerError::SubscriptionNotFound
            | ServerError::TopicTerminatedError
            | ServerError::InvalidTopicName
            | ServerError::IncompatibleSchema
            | ServerError::NotAllowedError
            | ServerError::UnsupportedVersionError,
        ) => Error::Rejected { operation, source },
        _ => Error::Unavailable { operation, source },
    }
}

/// Whether the broker, or the client's own queue, is full rather than broken.
pub(super) fn is_overload(error: &pulsar::Error) -> bool {
    let slow_down = matches!(
        error,
        pulsar::Error::Connection(ConnectionError::SlowDown)
            | pulsar::Error::Producer(ProducerError::Connection(ConnectionError::SlowDown))
    );
    let quota = matches!(
        server_error(error),
        Some(
            ServerError::ProducerBlockedQuotaExceededError
                | ServerError::ProducerBlockedQuotaExceededException
                | ServerError::TooManyRequests
        )
    );
    slow_down || quota
}

fn server_error(error: &pulsar::Error) -> Option<ServerError> {
    let connection = match error {
        pulsar::Error::Connection(error)
        | pulsar::Error::Producer(ProducerError::Connection(error))
        | pulsar::Error::Consumer(ConsumerError::Connection(error))
        | pulsar::Error::ServiceDiscovery(ServiceDiscoveryError::Connection(error)) => error,
        pulsar::Error::ServiceDiscovery(ServiceDiscoveryError::Query(kind, _)) => return *kind,
        pulsar::Error::Authentication(_) => return Some(ServerError::AuthenticationError),
        _ => return None,
    };
    match connection {
        ConnectionError::PulsarError(kind, _) => *kind,
        ConnectionError::Authentication(AuthenticationError::Custom(_)) => Some(ServerError::AuthenticationError),
        _ => None,
    }
}

#[async_trait]
impl Authentication for TokenFile {
    fn auth_method_name(&self) -> String {
        "token".to_owned()
    }

    async fn initialize(&mut self) -> Result<(), AuthenticationError> {
        // At the start a missing file is a mistake; later it may be a rotation in progress.
        self.auth_data().await.map(drop).map_err(|error| AuthenticationError::Custom(error.to_string()))
    }

    async fn auth_data(&mut self) -> Result<Vec<u8>, AuthenticationError> {
        let token = tokio::fs::read_to_string(&self.0).await;
        let unreadable = |why: String| AuthenticationError::Retriable(format!("{}: {why}", self.0.display()));
        match token.map_err(|error| unreadable(error.to_string()))?.trim() {
            "" => Err(unreadable("the file is empty".to_owned())),
            token => Ok(token.as_bytes().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_rotated_token_is_used_at_the_next_authentication() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let mut token = TokenFile(file.path().to_owned());
        assert!(matches!(token.initialize().await, Err(AuthenticationError::Custom(_))), "empty");
        for text in ["first\n", "second"] {
            std::fs::write(file.path(), text).expect("writable");
            assert_eq!(token.auth_data().await.expect("readable"), text.trim().as_bytes());
        }
    }

    #[test]
    fn a_refusal_of_the_broker_is_not_tried_again() {
        let refused =
            |kind| pulsar::Error::Producer(ProducerError::Connection(ConnectionError::PulsarError(Some(kind), None)));
        assert!(!explain("x".into(), refused(ServerError::AuthorizationError)).is_transient());
        assert!(explain("x".into(), refused(ServerError::PersistenceError)).is_transient());
        assert!(is_overload(&refused(ServerError::ProducerBlockedQuotaExceededError)));
        assert!(is_overload(&ConnectionError::SlowDown.into()));
    }

    #[test]
    fn the_health_names_every_part_that_is_down() {
        let status = Status::default();
        status.down("a", "gone".into());
        status.down("b", "slow".into());
        assert_eq!(status.health(), Health::Down("a: gone; b: slow".into()));
        status.up("a");
        status.up("b");
        assert_eq!(status.health(), Health::Up);
    }
}
