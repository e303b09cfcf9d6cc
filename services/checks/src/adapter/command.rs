//! Any command: judged by its exit status, and marked so.

use reweave_core::CheckStatus;

use super::{Exit, Verdict};

pub(super) fn judge(exit: Exit) -> Verdict {
    match exit {
        Exit::Code(0) => Verdict::bare(CheckStatus::Passed),
        Exit::Code(_) | Exit::Signal(_) => {
            Verdict { failing: vec![exit.identifier()], ..Verdict::bare(CheckStatus::Failed) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exit_status_0_passes_and_each_other_end_has_a_name() {
        assert_eq!(judge(Exit::Code(0)), Verdict::bare(CheckStatus::Passed));
        assert_eq!(judge(Exit::Code(2)).failing, ["exit status 2"]);
        assert_eq!(judge(Exit::Signal(11)).failing, ["signal 11"]);
        assert_eq!(judge(Exit::Signal(11)).status, CheckStatus::Failed);
    }
}
