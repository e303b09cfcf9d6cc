//! What the fuzz targets do with their bytes: plain functions, called by cargo-fuzz and by this test.

pub(crate) mod gates_apply_undo;
mod hunks;
mod input;
pub(crate) mod mask_splice;
