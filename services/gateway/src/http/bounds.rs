//! How much the door takes: requests per second, at a time, and how long one may last.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Door, problem::Problem};
use crate::{config::millis, metrics};

/// A token bucket.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: f64,
    burst: f64,
    state: Mutex<(f64, Instant)>,
}

impl Rate {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let burst = f64::from(burst);
        Self { per_second: per_second.into(), burst, state: Mutex::new((burst, Instant::now())) }
    }

    /// Whether one more request is within the rate at `now`.
    fn take(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let refilled = now.saturating_duration_since(state.1).as_secs_f64() * self.per_second;
        let tokens = (state.0 + refilled).min(self.burst);
        let taken = tokens >= 1.0;
        *state = (if taken { tokens - 1.0 } else { tokens }, now.max(state.1));
        taken
    }
}

/// Answers at once what is over a bound, and what takes too long when its time is over.
pub(super) async fn bounded(State(door): State<Door>, request: Request, next: Next) -> Response {
    if !door.0.rate.take(Instant::now()) {
        return Problem::too_many().into_response();
    }
    let Ok(_permit) = door.0.requests.try_acquire() else { return Problem::overloaded().into_response() };
    let longest = millis(door.config().request_timeout_ms);
    match tokio::time::timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timed_out(longest).into_response(),
    }
}

/// Counts every answer by route and status.
pub(super) async fn counted(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let response = next.run(request).await;
    metrics::count_request(&route, response.status().as_u16());
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let rate = Rate { per_second: 2.0, burst: 3.0, state: Mutex::new((3.0, start)) };
        let taken = |at: u64| (0..9).filter(|_| rate.take(start + Duration::from_millis(at))).count();
        assert_eq!([taken(0), taken(400), taken(500), taken(60_000)], [3, 0, 1, 3]);
    }
}
