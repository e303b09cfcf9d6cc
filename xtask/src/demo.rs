//! `cargo xtask demo`: the committed specs over real files, each outcome compared with what is expected.
pub(crate) fn run(_: &crate::layout::Layout, _: std::time::Instant) -> anyhow::Result<bool> {
    anyhow::bail!("soon")
}
