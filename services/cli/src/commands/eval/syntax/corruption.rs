//! Ways to spoil a file in one place.

use rand::{RngExt, rngs::StdRng};
use reweave_core::{Edit, Span};
use reweave_syntax::ParsedFile;

/// Texts that stand where they should not.
const STRAYS: [&str; 10] = ["(", ")", "{", "}", "[", "]", ",", ";", "=", "\""];
const BRACKETS: [&str; 6] = ["(", ")", "{", "}", "[", "]"];
/// How often another place is drawn, when one does not suit the way.
const DRAWS_MAX: usize = 16;

/// A token of the file.
#[derive(Clone, Debug)]
struct Leaf {
    span: Span,
    kind: String,
    named: bool,
}

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Delete,
    Double,
    /// By another token of the file.
    Replace,
    /// Behind the token.
    Stray,
    /// A token and the next.
    Swap,
    /// A bracket taken away, or made one of another kind.
    Unbalance,
    /// The rest of the line taken away.
    Cut,
    /// In the place of an identifier.
    Keyword,
}

impl Way {
    const ALL: [Self; 8] =
        [Self::Delete, Self::Double, Self::Replace, Self::Stray, Self::Swap, Self::Unbalance, Self::Cut, Self::Keyword];

    /// The way's name, for reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Double => "double",
            Self::Replace => "replace",
            Self::Stray => "stray",
            Self::Swap => "swap",
            Self::Unbalance => "unbalance",
            Self::Cut => "cut",
            Self::Keyword => "keyword",
        }
    }
}

/// A way drawn at random, and what it makes of a place drawn at random; nothing where no place suits it.
pub(super) fn draw(base: &ParsedFile, random: &mut StdRng) -> Option<(Way, Edit)> {
    let way = Way::ALL[random.random_range(0..Way::ALL.len())];
    let (span, new) = spoil(base, way, random)?;
    (new != base.slice(span)).then(|| (way, Edit::of(base.text(), span, new, "", "")))
}

fn spoil(base: &ParsedFile, way: Way, random: &mut StdRng) -> Option<(Span, String)> {
    let leaf = leaf_that(base, random, |leaf| match way {
        Way::Unbalance => BRACKETS.contains(&leaf.kind.as_str()),
        Way::Keyword => leaf.named && leaf.kind.contains("identifier"),
        Way::Delete | Way::Double | Way::Replace | Way::Stray | Way::Swap | Way::Cut => true,
    })?;
    let span = leaf.span;
    let old = base.slice(span);
    Some(match way {
        Way::Delete => (span, String::new()),
        Way::Double => (span, format!("{old} {old}")),
        Way::Replace => (span, base.slice(leaf_that(base, random, |_| true)?.span).to_owned()),
        Way::Stray => (span, format!("{old}{}", one_of(&STRAYS, random))),
        Way::Swap => swapped(base, span)?,
        Way::Unbalance if random.random() => (span, String::new()),
        Way::Unbalance => (span, one_of(&BRACKETS, random).to_owned()),
        Way::Cut => cut(base, span)?,
        Way::Keyword => (span, leaf_that(base, random, is_keyword)?.kind),
    })
}

/// A leaf at a random byte of which `suits` holds. Comments can hardly be spoiled, and are a third of some files.
fn leaf_that(base: &ParsedFile, random: &mut StdRng, suits: impl Fn(&Leaf) -> bool) -> Option<Leaf> {
    (0..DRAWS_MAX).find_map(|_| leaf(base, random.random_range(0..base.text().len().max(1))).filter(|leaf| suits(leaf)))
}

fn leaf(base: &ParsedFile, at: usize) -> Option<Leaf> {
    let node = base.tree().root_node().descendant_for_byte_range(at, at)?;
    let span = Span::new(node.start_byte(), node.end_byte());
    let is_token = node.child_count() == 0 && !span.is_empty() && !node.is_error() && !node.kind().contains("comment");
    is_token.then(|| Leaf { span, kind: node.kind().to_owned(), named: node.is_named() })
}

fn is_keyword(leaf: &Leaf) -> bool {
    !leaf.named && leaf.kind.len() > 1 && leaf.kind.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The token and the next, with what stands between them where it was.
fn swapped(base: &ParsedFile, first: Span) -> Option<(Span, String)> {
    let gap = base.text()[first.end..].find(|c: char| !c.is_whitespace())?;
    let second = leaf(base, first.end + gap)?.span;
    let apart = second.start >= first.end;
    let text = || [base.slice(second), base.slice(Span::new(first.end, second.start)), base.slice(first)].concat();
    apart.then(|| (Span::new(first.start, second.end), text()))
}

/// What follows the token on its line, taken away.
fn cut(base: &ParsedFile, token: Span) -> Option<(Span, String)> {
    let rest = &base.text()[token.end..];
    let line = rest.find('\n').unwrap_or(rest.len());
    (!rest[..line].trim().is_empty()).then(|| (Span::new(token.end, token.end + line), String::new()))
}

fn one_of(texts: &[&'static str], random: &mut StdRng) -> &'static str {
    texts[random.random_range(0..texts.len())]
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use reweave_core::{FileText, Language};

    use super::*;

    const TEXT: &str = "def total(prices):\n    if prices:\n        return sum(prices) + 1\n    return 0\n";

    fn base() -> ParsedFile {
        let file = FileText { path: "a.py".parse().unwrap(), text: TEXT.into() };
        ParsedFile::parse(Language::Python, file).unwrap()
    }

    #[test]
    fn every_way_finds_a_place_and_the_same_seed_finds_the_same() {
        let base = base();
        for way in Way::ALL {
            let of_seed = |seed| spoil(&base, way, &mut StdRng::seed_from_u64(seed));
            assert!((0..50).any(|seed| of_seed(seed).is_some()), "{}", way.name());
            assert!((0..50).all(|seed| of_seed(seed) == of_seed(seed)));
        }
    }

    #[test]
    fn a_cut_leaves_the_line_end_and_a_swap_what_stands_between() {
        let base = base();
        let place = |token: &str| {
            let at = TEXT.find(token).unwrap();
            Span::new(at, at + token.len())
        };
        let (span, new) = cut(&base, place("sum")).unwrap();
        assert_eq!((base.slice(span), new.as_str()), ("(prices) + 1", ""));
        assert_eq!(cut(&base, place("0")), None);
        let (span, text) = swapped(&base, place("return")).unwrap();
        assert_eq!((base.slice(span), text.as_str()), ("return sum", "sum return"));
    }
}
