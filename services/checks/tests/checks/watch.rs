//! Looks at the machine's processes, to see that nothing is left.

use std::{fs, time::Duration};

/// A number that only one test of one test process sleeps for or mentions.
pub(crate) fn marker(test: u32) -> String {
    format!("{}{test:02}", 10_000 + std::process::id())
}

/// Processes of the machine whose arguments hold `marker`, this test's own aside.
pub(crate) fn running_with(marker: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let arguments = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    arguments.filter(|arguments| arguments.windows(marker.len()).any(|window| window == marker.as_bytes())).count()
}

/// Waits for what happens soon, and fails when it does not.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "it did not happen within 20 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
