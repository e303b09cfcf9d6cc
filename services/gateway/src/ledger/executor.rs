//! Where statements run: grouped on the one SQLite connection, or each on a connection of the Postgres pool.
//!
//! SQLite makes every commit durable by itself, which costs a disk flush. So operations that arrive while a commit is
//! under way share the next one; each is answered after it. Postgres groups commits in the server.

use std::fs::File;

use futures::future::BoxFuture;
use sqlx::{AnyConnection, AnyPool, Connection, any::AnyPoolOptions};
use tokio::sync::{mpsc, oneshot};

use super::Error;

/// Most operations in one SQLite transaction.
const GROUP_MAX: usize = 256;
/// Most operations that wait for the SQLite connection; more wait for a place in the queue.
const QUEUE_MAX: usize = 1024;

/// Runs operations on the database.
#[derive(Clone, Debug)]
pub(super) enum Executor {
    Grouped(mpsc::Sender<Job>),
    Pooled(AnyPool),
}

/// An operation with the way to answer it once the group is committed.
pub(super) type Job = Box<dyn for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Ran> + Send>;

/// What an operation did inside its group: whether to commit, and the answer to give after that.
pub(super) struct Ran {
    failed: bool,
    answer: Box<dyn FnOnce(bool) + Send>,
}

impl Executor {
    /// An executor over the one connection; its task ends when the last clone is dropped, and lets go of `lock` then.
    pub(super) fn grouped(connection: AnyConnection, lock: File) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(async move {
            run_groups(connection, receiver).await;
            drop(lock);
        });
        Self::Grouped(sender)
    }

    /// An executor over at most `connections_max` connections to `url`.
    pub(super) async fn pooled(url: &str, connections_max: u32) -> Result<Self, sqlx::Error> {
        AnyPoolOptions::new().max_connections(connections_max).connect(url).await.map(Self::Pooled)
    }

    /// Runs `operation` and answers once what it wrote is durable. `action` says what it does, for the error.
    pub(super) async fn run<T, F>(&self, action: &'static str, operation: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    {
        let ran = match self {
            Self::Pooled(pool) => match pool.acquire().await {
                Ok(mut connection) => operation(&mut connection).await,
                Err(source) => Err(source),
            },
            Self::Grouped(queue) => {
                let (answer, answered) = oneshot::channel();
                let job: Job = Box::new(move |connection| Box::pin(run_in_group(connection, operation, answer)));
                queue.send(job).await.map_err(|_| Error::Closed)?;
                answered.await.map_err(|_| Error::Closed)?
            }
        };
        ran.map_err(|source| Error::Database { action, source })
    }
}

async fn run_in_group<T, F>(
    connection: &mut AnyConnection,
    operation: F,
    answer: oneshot::Sender<Result<T, sqlx::Error>>,
) -> Ran
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send,
{
    let result = operation(connection).await;
    let failed = result.is_err();
    let answer = Box::new(move |committed: bool| {
        let result = if committed { result } else { result.and(Err(group_failed())) };
        // Nobody waits any more when the caller was dropped; the write stands all the same.
        let _ = answer.send(result);
    });
    Ran { failed, answer }
}

fn group_failed() -> sqlx::Error {
    sqlx::Error::Protocol("the transaction it shared was rolled back".into())
}

async fn run_groups(mut connection: AnyConnection, mut queue: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while queue.recv_many(&mut group, GROUP_MAX).await > 0 {
        let (ran, committed) = run_group(&mut connection, &mut group).await;
        for one in ran {
            (one.answer)(committed);
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the ledger did not close cleanly");
    }
}

async fn run_group(connection: &mut AnyConnection, group: &mut Vec<Job>) -> (Vec<Ran>, bool) {
    let mut ran = Vec::with_capacity(group.len());
    let mut transaction = match connection.begin().await {
        Ok(transaction) => transaction,
        Err(error) => {
            tracing::error!(%error, "the ledger cannot begin a transaction");
            group.clear();
            return (ran, false);
        }
    };
    for job in group.drain(..) {
        ran.push(job(&mut transaction).await);
    }
    let failed = ran.iter().any(|one| one.failed);
    let outcome = match failed {
        true => transaction.rollback().await.map(|()| false),
        false => transaction.commit().await.map(|()| true),
    };
    let committed = outcome.unwrap_or_else(|error| {
        tracing::error!(%error, "the ledger cannot end a transaction");
        false
    });
    (ran, committed)
}
