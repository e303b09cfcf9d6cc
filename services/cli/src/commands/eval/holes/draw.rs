//! Random holes: a language, a kind, a file, a node, each drawn evenly.

use std::{cell::RefCell, collections::BTreeMap, path::PathBuf};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reweave_core::{FileText, Language, Place, RelativePath, Unit};
use reweave_syntax::{ParsedFile, unit};

/// Kinds of holes that are drawn.
pub(super) const KINDS: [Unit; 6] =
    [Unit::Name, Unit::Literal, Unit::Operator, Unit::Expression, Unit::Statement, Unit::Body];
/// A name that a definition, a parameter, an assignment or an import gives: it is counted apart, for where what it names is used,
/// nothing else can stand there.
pub(super) const GIVEN: &str = "given name";
/// Longest file that is drawn from, in bytes.
const FILE_BYTES_MAX: usize = 100_000;
/// Places tried in a language before it is passed over for one hole.
const TRIES_MAX: usize = 200;

/// A hole to refill.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) path: RelativePath,
    pub(super) language: Language,
    pub(super) text: String,
    pub(super) place: Place,
    pub(super) unit: Unit,
    /// The kind it is counted as.
    pub(super) kind: &'static str,
}

/// The files to draw from.
#[derive(Debug)]
pub(super) struct Files {
    by_language: BTreeMap<&'static str, Vec<(Language, PathBuf)>>,
    random: RefCell<StdRng>,
}

impl Files {
    pub(super) fn found(files: Vec<(Language, PathBuf)>, seed: u64) -> Self {
        let mut by_language = BTreeMap::<_, Vec<_>>::new();
        for (language, path) in files {
            by_language.entry(language.name()).or_default().push((language, path));
        }
        Self { by_language, random: RefCell::new(StdRng::seed_from_u64(seed)) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_language.is_empty()
    }

    /// Holes without end, the languages and kinds in turn; a kind that a language has not is passed over. Ends where nothing
    /// at all is found.
    pub(super) fn holes(&self) -> impl Iterator<Item = Drawn> + '_ {
        let languages = self.by_language.len();
        let turns = languages * KINDS.len();
        (0_usize..).map_while(move |number| {
            (0..turns).find_map(|further| {
                let turn = number + further;
                let files = self.by_language.values().nth(turn % languages)?;
                self.drawn(files, KINDS[turn / languages % KINDS.len()])
            })
        })
    }

    fn drawn(&self, files: &[(Language, PathBuf)], unit: Unit) -> Option<Drawn> {
        (0..TRIES_MAX).find_map(|_| {
            let random = &mut *self.random.borrow_mut();
            let (language, path) = files.choose(random)?;
            let text = std::fs::read_to_string(path).ok().filter(|text| text.len() <= FILE_BYTES_MAX)?;
            let name = path.file_name()?.to_str()?;
            let path: RelativePath = name.parse().ok()?;
            let file = FileText { path: path.clone(), text: text.clone() };
            let parsed = ParsedFile::parse(*language, file).ok().filter(|parsed| parsed.errors().is_empty())?;
            let at = random.random_range(0..text.len().max(1));
            let place = point(&text, (0..=at).rev().find(|at| text.is_char_boundary(*at))?);
            let hole = unit::holes(&parsed, &place, Some(unit)).ok()?.into_iter().next()?;
            let kind = if unit == Unit::Name && unit::binds(&parsed, &hole) { GIVEN } else { unit.name() };
            Some(Drawn { path, language: *language, text, place, unit, kind })
        })
    }
}

/// A byte of `text` as line and column.
fn point(text: &str, at: usize) -> Place {
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() as u32 + 1;
    Place::At { line, column: text[start..at].chars().count() as u32 + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_holes_and_every_kind_comes_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.py");
        std::fs::write(&path, "def f(x):\n    y = x + 1\n    return y * 'a'\n").unwrap();
        let drawn = |seed| {
            let files = Files::found(vec![(Language::Python, path.clone())], seed);
            files.holes().take(12).map(|hole| (hole.unit, hole.place)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_eq!(drawn(1).iter().map(|(unit, _)| *unit).take(6).collect::<Vec<_>>(), KINDS);
    }
}
