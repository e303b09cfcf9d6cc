//! One file: everything that is tried on it.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reweave_core::{Candidate, Edit, Edits, FileText, Language, Proposer, Refusal, RelativePath, Sha256, Span};
use reweave_syntax::{
    GateReport, ParsedFile,
    gates::{self, Predictor},
    language::Layout,
    mask, tree_errors,
};

use serde_json::json;

use super::{
    corruption,
    native::{Native, Word},
    spoiled::Trial,
    tally::Tally,
};

/// Largest node that is replaced, and largest donor, in bytes.
const NODE_BYTES_MAX: usize = 4 << 10;
/// Characters of a spoiled place that a report shows.
const SHOWN_MAX: usize = 200;
/// How often another donor is drawn when one cannot stand there by its layout, or changes nothing.
const DRAWS_MAX: usize = 8;

/// A named node of the file.
#[derive(Clone, Copy, Debug)]
struct Place {
    span: Span,
    kind: u16,
    parent: u16,
    depth: usize,
    column: usize,
    broken: bool,
}

/// A file with what is tried on it.
struct Subject<'a> {
    base: &'a ParsedFile,
    predictor: Predictor<'a>,
    places: Vec<Place>,
    /// Indices of `places` by kind, and by the kind of the parent.
    by_kind: HashMap<u16, Vec<usize>>,
    by_parent: HashMap<u16, Vec<usize>>,
    tree_errors: usize,
    /// Of the compiler's own parser in the base, once it was asked; none where it cannot be.
    native_errors: Option<Option<u32>>,
    random: StdRng,
}

/// What is tried on each file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trials<'a> {
    /// Of each kind.
    pub(super) count: u32,
    pub(super) seed: u64,
    pub(super) native: &'a Native,
}

/// Tries everything on the file at `path`.
pub(super) fn file(language: Language, path: &Path, trials: Trials<'_>) -> Tally {
    let mut tally = Tally::of_one_file();
    let base = match read(language, path) {
        Ok((base, took)) => {
            tally.bytes += base.text().len() as u64;
            tally.strict_parse_ms.push(milliseconds(took));
            base
        }
        Err(reason) => {
            tally.refuse(path, &reason);
            return tally;
        }
    };
    let mut subject = Subject::new(&base, path, trials.seed);
    subject.identity(path, &mut tally);
    for _ in 0..trials.count {
        subject.substitution(path, &mut tally);
        subject.corruption(path, trials.native, &mut tally);
    }
    tally
}

fn read(language: Language, path: &Path) -> Result<(ParsedFile, Duration), String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name: RelativePath = name.parse().map_err(|error: reweave_core::RelativePathError| error.to_string())?;
    let shown = |refusal: Refusal| refusal.code.to_string();
    let text = FileText::decode(name, bytes).map_err(shown)?;
    let started = Instant::now();
    let parsed = ParsedFile::parse(language, text).map_err(shown)?;
    Ok((parsed, started.elapsed()))
}

impl<'a> Subject<'a> {
    fn new(base: &'a ParsedFile, path: &Path, seed: u64) -> Self {
        let places = places(base);
        let (mut by_kind, mut by_parent) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (index, place) in places.iter().enumerate() {
            by_kind.entry(place.kind).or_default().push(index);
            by_parent.entry(place.parent).or_default().push(index);
        }
        // Of the path, not of the order: a file has the same trials in whatever company it is measured.
        let digest = Sha256::of(path.as_os_str().as_encoded_bytes()).to_string();
        let own = u64::from_str_radix(digest.get(..16).unwrap_or("0"), 16).unwrap_or_default();
        Self {
            base,
            predictor: Predictor::new(base),
            places,
            by_kind,
            by_parent,
            tree_errors: tree_errors(base.language(), base.text()),
            native_errors: None,
            random: StdRng::seed_from_u64(seed ^ own),
        }
    }

    /// Masks all nodes of one depth at a time, for every depth, and puts the old texts back.
    fn identity(&self, path: &Path, tally: &mut Tally) {
        let deepest = self.places.iter().map(|place| place.depth).max().unwrap_or(0);
        let mut levels: Vec<Vec<Span>> = vec![Vec::new(); deepest + 1];
        for place in self.places.iter().filter(|place| !place.span.is_empty()) {
            levels[place.depth].push(place.span);
        }
        for spans in levels.iter().filter(|spans| !spans.is_empty()) {
            tally.masked += spans.len() as u64;
            let spliced = mask::mask(self.base.text(), spans).and_then(|masked| {
                let old: Vec<&str> = masked.holes().iter().map(|hole| hole.text.as_str()).collect();
                masked.splice(&old)
            });
            if spliced.as_deref() != Ok(self.base.text()) {
                tally.break_promise(format!("{}: masking and splicing changed the file", path.display()));
            }
        }
    }

    /// Puts the text of one node in the place of another that is of its kind, or stands below the same kind.
    fn substitution(&mut self, path: &Path, tally: &mut Tally) {
        let Some((hole, donor)) = self.draw() else { return };
        let new_text = self.base.slice(donor.span);
        let edit = Edit::of(self.base.text(), hole.span, new_text, "", "");
        let started = Instant::now();
        let doubt = self.predictor.doubt(&edit);
        tally.predict_us.push(milliseconds(started.elapsed()) * 1e3);
        let predicted = doubt.is_none();
        let Some((report, took)) = self.gated(edit) else { return };
        tally.ladder_ms.push(milliseconds(took));
        let started = Instant::now();
        let tree_valid = tree_errors(self.base.language(), &report.result) <= self.tree_errors;
        tally.tree_parse_ms.push(milliseconds(started.elapsed()));
        tally.substituted(predicted, tree_valid, report.validation.syntax_valid);
        if predicted != tree_valid {
            tally.exemplify(
                predicted,
                json!({
                    "file": path.display().to_string(),
                    "line": self.base.line(hole.span.start),
                    "old": self.base.slice(hole.span),
                    "new": new_text,
                    "doubt": doubt,
                }),
            );
        }
        if report.refused.is_none() {
            tally.accepted += 1;
            if report.validation.bytes_changed_outside != 0 {
                tally.break_promise(format!("{}: bytes changed outside the hole", path.display()));
            }
        }
    }

    /// Spoils one place, and asks the gates and the compiler's own parser.
    fn corruption(&mut self, path: &Path, native: &Native, tally: &mut Tally) {
        let Some((way, edit)) = corruption::draw(self.base, &mut self.random) else { return };
        let (span, new) = (edit.span, edit.new_text.clone());
        let Some((report, _)) = self.gated(edit) else { return };
        let language = self.base.language();
        let kept = *self.native_errors.get_or_insert_with(|| native.errors_of(self.base));
        let trial = Trial {
            word: kept.map_or(Word::Unknown, |kept| native.judge(language, kept, &report)),
            tree_valid: tree_errors(language, &report.result) <= self.tree_errors,
            strict_valid: report.validation.syntax_valid,
            accepted: report.refused.is_none(),
            compiler_asked: !self.base.entry().strict.exact,
        };
        tally.spoiled.count(&trial, |said| {
            json!({
                "file": path.display().to_string(),
                "line": self.base.line(span.start),
                "span": [span.start, span.end],
                "way": way.name(),
                "old": beginning(self.base.slice(span)),
                "new": beginning(&new),
                "said": said,
            })
        });
    }

    fn draw(&mut self) -> Option<(Place, Place)> {
        for _ in 0..DRAWS_MAX {
            let hole = *self.places.get(self.random.random_range(0..self.places.len().max(1)))?;
            let alike =
                if self.random.random() { self.by_kind.get(&hole.kind) } else { self.by_parent.get(&hole.parent) };
            let alike = alike?;
            let donor = self.places[alike[self.random.random_range(0..alike.len())]];
            if self.usable(hole, donor) {
                return Some((hole, donor));
            }
        }
        None
    }

    fn usable(&self, hole: Place, donor: Place) -> bool {
        let (old, new) = (self.base.slice(hole.span), self.base.slice(donor.span));
        let small = |text: &str| (1..=NODE_BYTES_MAX).contains(&text.len());
        // Where blocks are made of indentation, text of several lines is moved only to where it means the same.
        let moved =
            self.base.entry().layout == Layout::Indentation && new.contains('\n') && hole.column != donor.column;
        !hole.broken && !donor.broken && small(old) && small(new) && old != new && !moved
    }

    fn gated(&self, edit: Edit) -> Option<(GateReport, Duration)> {
        let edits = Edits::new(self.base.text(), vec![edit]).ok()?;
        let path = self.base.file().path.clone();
        let candidate = Candidate::of_edits(path, edits, Proposer::Mutation, "substitution");
        let started = Instant::now();
        let report = gates::check(self.base, &candidate);
        Some((report, started.elapsed()))
    }
}

/// Every named node but the root, in the order of the text.
fn places(base: &ParsedFile) -> Vec<Place> {
    let mut places = Vec::new();
    let mut cursor = base.tree().walk();
    let mut depth = 0;
    loop {
        let node = cursor.node();
        if let Some(parent) = node.parent().filter(|_| node.is_named()) {
            // A hole is never made inside a syntax error.
            let mut above = std::iter::successors(Some(parent), |node| node.parent());
            places.push(Place {
                span: Span::new(node.start_byte(), node.end_byte()),
                kind: node.kind_id(),
                parent: parent.kind_id(),
                depth,
                column: node.start_position().column,
                broken: node.has_error() || above.any(|node| node.is_error()),
            });
        }
        if cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return places;
            }
            depth -= 1;
        }
    }
}

/// As much of a text as an example shows.
fn beginning(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
