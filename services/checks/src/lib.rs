//! Runs the project's own commands (lint, types, tests) in a sandbox.
