//! Commands that hang, multiply, grow, print, delete, look around and stay.

use crate::kit::Kit;

#[tokio::test]
async fn a_command_that_works_passes_and_says_by_what_it_was_judged() {
    let report = Kit::new(&[("a.txt", "hello")]).shell("cat", "cat a.txt").run("cat").await;
    assert_eq!((report.status.as_str(), report.judged_by.as_str(), report.exit_code), ("passed", "exit_status", Some(0)));
    assert_eq!((report.log_tail.as_str(), report.log_bytes), ("hello", 5));
}
