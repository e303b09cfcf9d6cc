//! Tells the linker where the libtorch that set-up fetched lies when this package's programs and tests are started.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    // From target/<profile>/ and target/<profile>/deps/, so that the repository may be moved; then where it lay when it was
    // built, for target folders elsewhere.
    for folder in ["$ORIGIN/../../.reweave/libtorch/lib", "$ORIGIN/../../../.reweave/libtorch/lib"] {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if let Ok(libtorch) = std::env::var("LIBTORCH") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
    }
}
