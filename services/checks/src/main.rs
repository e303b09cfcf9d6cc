//! `reweave-checks`: the service on its own.

fn main() {
    reweave_checks::launcher_main();
}
