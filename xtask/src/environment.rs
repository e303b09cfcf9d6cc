//! What a machine may lack, and the command that gets it.

use std::fmt;
use std::path::PathBuf;

/// One missing prerequisite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// What is not there.
    pub(crate) what: String,
    /// What needs it.
    pub(crate) needed_for: &'static str,
    /// The command that gets it.
    pub(crate) command: String,
}

/// An error that ends with exit code 3: this machine, not the code, is the cause.
#[derive(Debug)]
pub(crate) struct Lacking(Vec<Missing>);

impl Lacking {
    /// Of at least one missing thing.
    pub(crate) fn new(missing: Vec<Missing>) -> Self {
        Self(missing)
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this machine lacks something")?;
        for missing in &self.0 {
            write!(f, "\n  {} (for {})\n    get it with: {}", missing.what, missing.needed_for, missing.command)?;
        }
        Ok(())
    }
}

impl std::error::Error for Lacking {}

/// The program's path on `PATH`, if it is there.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_thing_is_named_with_its_command() {
        let lacking = Lacking::new(vec![Missing {
            what: "Java 17 or later".into(),
            needed_for: "the tests over a real Pulsar",
            command: "sudo apt-get install openjdk-17-jdk-headless".into(),
        }]);
        let text = lacking.to_string();
        assert!(text.contains("Java 17 or later (for the tests over a real Pulsar)"), "{text}");
        assert!(text.contains("get it with: sudo apt-get install openjdk-17-jdk-headless"), "{text}");
    }

    #[test]
    fn a_program_is_found_on_the_path_and_an_invented_one_is_not() {
        assert!(program("sh").is_some());
        assert_eq!(program("no-such-program-of-reweave"), None);
    }
}
