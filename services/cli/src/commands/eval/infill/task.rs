//! Tasks in the format of HumanEval-Infilling.

use std::{io::Read, path::Path};

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::input;

/// Largest data file, as it stands on disk.
const FILE_BYTES_MAX: usize = 256 << 20;
/// Largest data, unpacked.
const DATA_BYTES_MAX: u64 = 2 << 30;

/// One hole in one function.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Task {
    pub(super) task_id: String,
    pub(super) entry_point: String,
    /// What stands before the hole.
    pub(super) prompt: String,
    /// What stands after it.
    pub(super) suffix: String,
    /// What the hole held.
    pub(super) canonical_solution: String,
    /// Defines `check(candidate)`, which raises where the candidate is wrong.
    pub(super) test: String,
}

/// Every task of a file.
pub(super) fn read(path: &Path) -> Result<Vec<Task>> {
    let bytes = input::file(path, FILE_BYTES_MAX).with_context(|| format!("read {}", path.display()))?;
    if bytes.len() > FILE_BYTES_MAX {
        bail!("{} is larger than {FILE_BYTES_MAX} bytes", path.display());
    }
    let text = if bytes.starts_with(&[0x1f, 0x8b]) { unpacked(&bytes)? } else { bytes };
    let text = String::from_utf8(text).with_context(|| format!("{} is no UTF-8", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).with_context(|| format!("{} line {}", path.display(), number + 1))
        })
        .collect()
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes).take(DATA_BYTES_MAX + 1).read_to_end(&mut text).context("unpack the data")?;
    if text.len() as u64 > DATA_BYTES_MAX {
        bail!("the data are larger than {DATA_BYTES_MAX} bytes when unpacked");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LINE: &str = r#"{"task_id":"t/0","entry_point":"f","prompt":"def f():\n","suffix":"","canonical_solution":"    return 1\n","test":"def check(c): assert c() == 1"}"#;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn plain_and_packed_lines_are_read_alike_and_a_bad_one_is_named() {
        let plain = file(format!("{LINE}\n\n{LINE}\n").as_bytes());
        assert_eq!(read(plain.path()).unwrap().len(), 2);
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(LINE.as_bytes()).unwrap();
        let packed = file(&packer.finish().unwrap());
        assert_eq!(read(packed.path()).unwrap()[0].entry_point, "f");
        let bad = file(format!("{LINE}\n{{}}\n").as_bytes());
        assert!(format!("{:#}", read(bad.path()).unwrap_err()).contains("line 2"));
    }
}
