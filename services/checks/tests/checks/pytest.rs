//! Test runs, judged by their own report.
