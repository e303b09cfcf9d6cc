//! Opening the ledger: embedded SQLite behind a lock file, or Postgres; both are brought to the newest schema.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sqlx::{AnyConnection, Connection, any::install_default_drivers, migrate::Migrator};

use super::{executor::Executor, sql::SqlLedger, statements};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// An embedded ledger, for one replica.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file; its folder is made when it is missing.
    pub path: PathBuf,
}

/// A ledger on a Postgres server, for any number of replicas.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    pub connections_max: u32,
}

/// Why the ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the ledger {path} is held by another process; the embedded ledger is for one replica, use Postgres for more",
        path = path.display()
    )]
    Held { path: PathBuf },
    #[error("the ledger file {path} cannot be used", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the ledger's path {path} is not UTF-8", path = path.display())]
    Path { path: PathBuf },
    #[error("the ledger does not open")]
    Connect { source: sqlx::Error },
    #[error("the ledger's schema cannot be brought up to date")]
    Migrate { source: sqlx::migrate::MigrateError },
}

impl SqliteOptions {
    /// Opens the file, alone: a second opener is refused while the first lives. All leases of an earlier process end.
    pub async fn open(&self) -> Result<SqlLedger, OpenError> {
        install_default_drivers();
        let lock = self.lock()?;
        let connect = |source| OpenError::Connect { source };
        let mut connection = AnyConnection::connect(&sqlite_url(&self.path)?).await.map_err(connect)?;
        for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 5000"] {
            sqlx::query(pragma).execute(&mut connection).await.map_err(connect)?;
        }
        MIGRATIONS.run(&mut connection).await.map_err(|source| OpenError::Migrate { source })?;
        statements::end_all_leases(&mut connection).await.map_err(connect)?;
        Ok(SqlLedger::new(Executor::grouped(connection, lock)))
    }

    fn lock(&self) -> Result<File, OpenError> {
        let path = with_suffix(&self.path, ".lock");
        let failed = |source| OpenError::File { path: path.clone(), source };
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(OpenError::Held { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl PostgresOptions {
    /// Connects and migrates; replicas that start together wait for each other.
    pub async fn open(&self) -> Result<SqlLedger, OpenError> {
        install_default_drivers();
        let connect = |source| OpenError::Connect { source };
        let mut connection = AnyConnection::connect(&self.url).await.map_err(connect)?;
        MIGRATIONS.run(&mut connection).await.map_err(|source| OpenError::Migrate { source })?;
        connection.close().await.map_err(connect)?;
        let executor = Executor::pooled(&self.url, self.connections_max).await.map_err(connect)?;
        Ok(SqlLedger::new(executor))
    }
}

/// Bytes that mean something in a URL are escaped, so that any UTF-8 path works.
fn sqlite_url(path: &Path) -> Result<String, OpenError> {
    let text = path.to_str().ok_or_else(|| OpenError::Path { path: path.to_owned() })?;
    let escaped: String = text
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    Ok(format!("sqlite:{escaped}?mode=rwc"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}
