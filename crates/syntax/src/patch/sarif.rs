//! The patch as a `fix` in a log of the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0).
//!
//! One run with one result, whose fix holds the replacements of all files: it is meant as a whole. Each region is given
//! twice, by lines and columns and by bytes; the former leave a byte order mark out, the latter count it. A fix replaces
//! text in files that are there: one that is made, removed, renamed or given another mode is an error.

use std::collections::BTreeMap;

use reweave_core::{Patch, Sha256};
use serde::Serialize;

use super::position::{Cursor, LineEnds, Replacement, replacements};
use super::{Change, Error, uri};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ROOT: &str = "SRCROOT";

/// The top of a log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    original_uri_base_ids: BTreeMap<&'static str, BaseLocation>,
    column_kind: &'static str,
    newline_sequences: [&'static str; 2],
    artifacts: Vec<Artifact>,
    results: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Driver {
    name: &'static str,
    version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct BaseLocation {
    uri: String,
}

/// A file with the digest of the text that the regions are for.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Artifact {
    location: Location,
    hashes: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: String,
    level: &'static str,
    message: Message,
    locations: Vec<Place>,
    fixes: Vec<Fix>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Message {
    text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: PhysicalLocation,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Location,
    region: Region,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix {
    description: Message,
    artifact_changes: Vec<ArtifactChange>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: Location,
    replacements: Vec<WireReplacement>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireReplacement {
    deleted_region: Region,
    inserted_content: Message,
}

/// Lines and columns from 1, the end column behind the last character; bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    byte_offset: usize,
    byte_length: usize,
}

/// The log of `changes` below the folder with the URI `root`, which ends with `/`; `patch` says why.
pub fn log(root: &str, changes: &[Change<'_>], patch: &Patch) -> Result<Log, Error> {
    changes.iter().try_for_each(|change| change.said_by_text_alone("SARIF"))?;
    let changed: Vec<&Change<'_>> = changes.iter().filter(|change| !change.edits.is_empty()).collect();
    let artifact_changes = changed.iter().map(|change| artifact_change(change)).collect::<Result<Vec<_>, _>>()?;
    let run = Run {
        tool: Tool { driver: Driver { name: "reweave", version: patch.provenance.version.clone() } },
        original_uri_base_ids: BTreeMap::from([(ROOT, BaseLocation { uri: root.to_owned() })]),
        column_kind: "utf16CodeUnits",
        newline_sequences: ["\r\n", "\n"],
        artifacts: changed.iter().map(|change| artifact(change)).collect(),
        results: vec![finding(artifact_changes, patch)],
    };
    Ok(Log { schema: SCHEMA, version: "2.1.0", runs: vec![run] })
}

fn finding(artifact_changes: Vec<ArtifactChange>, patch: &Patch) -> Finding {
    let mut said: Vec<&str> = Vec::new();
    for hunk in &patch.provenance.hunks {
        if !said.contains(&hunk.description.as_str()) {
            said.push(&hunk.description);
        }
    }
    let text = if said.is_empty() { "apply the patch".to_owned() } else { said.join("; ") };
    let rule = patch.provenance.hunks.first();
    Finding {
        rule_id: rule.map_or("patch".into(), |hunk| format!("{}/{}", hunk.proposer.as_str(), hunk.operator)),
        level: "note",
        message: Message { text: text.clone() },
        locations: artifact_changes.iter().filter_map(first_place).collect(),
        fixes: vec![Fix { description: Message { text }, artifact_changes }],
    }
}

fn first_place(change: &ArtifactChange) -> Option<Place> {
    let region = change.replacements.first()?.deleted_region;
    Some(Place { physical_location: PhysicalLocation { artifact_location: change.artifact_location.clone(), region } })
}

fn artifact(change: &Change<'_>) -> Artifact {
    let digest = Sha256::of(change.before.as_bytes()).to_string();
    Artifact { location: location(change), hashes: BTreeMap::from([("sha-256", digest)]) }
}

fn artifact_change(change: &Change<'_>) -> Result<ArtifactChange, Error> {
    let mut cursor = Cursor::new(change.before, LineEnds::NewlineOnly);
    let replacements = replacements(change.before, change.edits)?;
    let replacements = replacements.into_iter().map(|replacement| WireReplacement {
        deleted_region: region(&mut cursor, &replacement),
        inserted_content: Message { text: replacement.text.into_owned() },
    });
    Ok(ArtifactChange { artifact_location: location(change), replacements: replacements.collect() })
}

fn region(cursor: &mut Cursor<'_>, replacement: &Replacement<'_>) -> Region {
    let (start, end) = (cursor.advance(replacement.span.start), cursor.advance(replacement.span.end));
    Region {
        start_line: start.line + 1,
        start_column: start.column + 1,
        end_line: end.line + 1,
        end_column: end.column + 1,
        byte_offset: replacement.span.start,
        byte_length: replacement.span.len(),
    }
}

fn location(change: &Change<'_>) -> Location {
    Location { uri: uri::encoded(change.path.as_str()), uri_base_id: ROOT }
}
