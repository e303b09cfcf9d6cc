//! The reweave command.
