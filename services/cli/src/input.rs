//! Bytes of a file named on the command line, or of standard input where a command takes `-` for it.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The bytes of `path`. At most one byte over `bytes_max` is read, so that a huge file is refused and not held.
pub(crate) fn file(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    bounded(File::open(path)?, bytes_max)
}

/// The bytes of `path`, or of standard input for `-`, as [`file`] reads them.
pub(crate) fn file_or_stdin(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    if path == Path::new("-") { bounded(io::stdin().lock(), bytes_max) } else { file(path, bytes_max) }
}

fn bounded(input: impl Read, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
