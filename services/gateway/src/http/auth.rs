//! Bearer tokens from a file that may be replaced while the gateway runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use axum::{
    extract::{Request, State},
    http::header::{AUTHORIZATION, WWW_AUTHENTICATE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use reweave_chassis::service::chain;
use reweave_core::Sha256;

use super::{Door, problem::Problem};

/// Most bytes of the file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The tokens that are accepted now.
#[derive(Debug)]
pub(super) struct Tokens {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    stamp: Stamp,
    /// Digests, so that comparing takes the same time wherever two tokens differ.
    tokens: Vec<Sha256>,
}

/// What changes when the file is replaced or written.
type Stamp = (Option<SystemTime>, u64);

/// Why there are no tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    #[error("the tokens in {path} cannot be read", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the tokens file {path} holds no token", path = path.display())]
    Empty { path: PathBuf },
    #[error("the tokens file {path} is larger than {FILE_BYTES_MAX} bytes", path = path.display())]
    TooLarge { path: PathBuf },
}

impl Tokens {
    pub(super) fn read(path: PathBuf) -> Result<Self, TokensError> {
        let read = read(&path)?;
        Ok(Self { path, read: Mutex::new(read) })
    }

    /// Whether `token` is one of the file's. A file that cannot be read any more keeps its last tokens.
    fn accept(&self, token: &str) -> bool {
        let mut current = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp(&self.path).is_ok_and(|now| now != current.stamp) {
            match read(&self.path) {
                Ok(new) => *current = new,
                Err(error) => tracing::warn!(error = chain(&error), "the tokens were not read again"),
            }
        }
        let given = Sha256::of(token.as_bytes());
        // No early end: the time tells nothing about which token came near.
        current.tokens.iter().fold(false, |found, token| found | (*token == given))
    }
}

fn read(path: &Path) -> Result<Read, TokensError> {
    let failed = |source| TokensError::File { path: path.to_owned(), source };
    let stamp = stamp(path).map_err(failed)?;
    if stamp.1 > FILE_BYTES_MAX {
        return Err(TokensError::TooLarge { path: path.to_owned() });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let tokens: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|token| Sha256::of(token.as_bytes()))
        .collect();
    if tokens.is_empty() {
        return Err(TokensError::Empty { path: path.to_owned() });
    }
    Ok(Read { stamp, tokens })
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let data = fs::metadata(path)?;
    Ok((data.modified().ok(), data.len()))
}

/// Lets a request through that has a token, or any where no tokens are configured.
pub(super) async fn authenticated(State(door): State<Door>, request: Request, next: Next) -> Response {
    let Some(tokens) = &door.0.tokens else { return next.run(request).await };
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if token.is_some_and(|(_, token)| tokens.accept(token.trim())) {
        return next.run(request).await;
    }
    let mut response = Problem::unauthorized().into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, axum::http::HeaderValue::from_static("Bearer realm=\"reweave\""));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_again_when_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, "# ours\n one \n\ntwo\n").unwrap();
        let tokens = Tokens::read(path.clone()).unwrap();
        assert!(tokens.accept("one") && tokens.accept("two"));
        assert!(!tokens.accept("# ours") && !tokens.accept("") && !tokens.accept("thr"));
        fs::write(&path, "three, which is longer\n").unwrap();
        assert!(!tokens.accept("one") && tokens.accept("three, which is longer"));
        fs::remove_file(&path).unwrap();
        assert!(tokens.accept("three, which is longer"));
    }

    #[test]
    fn a_file_without_tokens_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        assert!(matches!(Tokens::read(path.clone()), Err(TokensError::File { .. })));
        fs::write(&path, "# nothing\n").unwrap();
        assert!(matches!(Tokens::read(path.clone()), Err(TokensError::Empty { .. })));
        fs::write(&path, vec![b'x'; 2 << 20]).unwrap();
        assert!(matches!(Tokens::read(path), Err(TokensError::TooLarge { .. })));
    }
}
