//! Which safetensors files a folder's weights lie in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Error, file};

const INDEX: &str = "model.safetensors.index.json";
const SINGLE: &str = "model.safetensors";

/// The weight files, in the order of their names, and for each tensor of an index the file that should hold it.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) paths: Vec<PathBuf>,
    pub(super) promised: BTreeMap<String, String>,
}

impl Files {
    pub(super) fn find(dir: &Path) -> Result<Self, Error> {
        if let Some(index) = file::json(&dir.join(INDEX))? {
            return Self::of_index(dir, &index);
        }
        let single = dir.join(SINGLE);
        if single.is_file() {
            return Ok(Self { paths: vec![single], promised: BTreeMap::new() });
        }
        Err(Error::NoWeights { path: dir.to_owned() })
    }

    fn of_index(dir: &Path, index: &Value) -> Result<Self, Error> {
        let map = index.get("weight_map").and_then(Value::as_object);
        let map = map.ok_or_else(|| Error::FieldMissing { file: INDEX, field: "weight_map".to_owned() })?;
        let mut promised = BTreeMap::new();
        for (tensor, shard) in map {
            let shard = shard.as_str().unwrap_or_default();
            let wrong =
                |problem| Error::Index { file: INDEX, tensor: tensor.clone(), shard: shard.to_owned(), problem };
            if Path::new(shard).file_name().is_none_or(|name| name != shard) {
                return Err(wrong("is no name of a file in this folder"));
            }
            if !dir.join(shard).is_file() {
                return Err(wrong("is not there"));
            }
            promised.insert(tensor.clone(), shard.to_owned());
        }
        let mut names: Vec<&String> = promised.values().collect();
        names.sort();
        names.dedup();
        Ok(Self { paths: names.into_iter().map(|name| dir.join(name)).collect(), promised })
    }

    /// The error for a tensor that its shard does not hold after all.
    pub(super) fn absent(&self, tensor: &str) -> Error {
        match self.promised.get(tensor) {
            Some(shard) => {
                let problem = "does not hold it";
                Error::Index { file: INDEX, tensor: tensor.to_owned(), shard: shard.clone(), problem }
            }
            None => Error::TensorMissing { tensor: tensor.to_owned() },
        }
    }
}
