//! Definitions by their qualified name in the notation of the language: `Class.method`, `Type::method`, `T.Method`.

use reweave_core::{EvidenceKind, Refusal, RefusalCode, Span};
use tree_sitter::{Node, TreeCursor};

use crate::ParsedFile;
use crate::language::{self, DefinitionKind, Entry, TargetKind};

mod naming;
mod nearest;

/// A definition in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Names from the outside in, joined as the language joins them.
    pub path: String,
    /// Other ways to write it: `<T as Trait>::f`, `func (T) F`, `f(int, String)`.
    pub aliases: Vec<String>,
    pub kind: TargetKind,
    /// The whole definition with `export`, decorators and annotations (Rust's attributes stand before it), without the
    /// indentation before it.
    pub span: Span,
    pub name_span: Span,
    /// The statements of the body, comments between them included.
    pub body_span: Span,
    /// The white space before the definition on its line.
    pub indent: String,
    /// Of the name, 1-based.
    pub line: u32,
}

/// The one definition called `name`. `name@LINE` chooses among several; `outer.<locals>.inner` is read as Python prints it.
pub fn find(parsed: &ParsedFile, name: &str) -> Result<Target, Refusal> {
    parsed.walkable()?;
    let all = parsed.definitions();
    let wanted = name.replace("<locals>.", "");
    let (path, line) = match wanted.rsplit_once('@') {
        Some((path, line)) => (path, line.parse::<u32>().ok()),
        None => (wanted.as_str(), None),
    };
    let mut found: Vec<&Target> = all.iter().filter(|target| naming::is_called(target, path)).collect();
    if let Some(line) = line {
        found.retain(|target| target.line == line);
    }
    match found.as_slice() {
        [target] => unbroken(parsed, target),
        [] => Err(missing(parsed, name, path, all)),
        [first, ..] => Err(ambiguous(parsed, first, &found)),
    }
}

/// Every definition of the file, in the order of the text.
#[must_use]
pub fn definitions(parsed: &ParsedFile) -> Vec<Target> {
    let mut targets = Vec::new();
    walk(parsed, |node, enclosing| {
        if let Some(target) = read(parsed, node, enclosing) {
            targets.push(target);
        }
    });
    targets
}

/// The definition that `node` is.
pub(crate) fn of(parsed: &ParsedFile, node: Node<'_>) -> Option<Target> {
    let enclosing: Vec<Node<'_>> = std::iter::successors(node.parent(), Node::parent)
        .filter(|outer| definition(parsed.entry(), *outer).is_some())
        .collect();
    read(parsed, node, &enclosing.into_iter().rev().collect::<Vec<_>>())
}

/// The qualified name of the innermost definition that holds `span`, or an empty text at module level.
#[must_use]
pub fn node_path_at(parsed: &ParsedFile, span: Span) -> String {
    let entry = language::entry(parsed.language());
    let mut names = Vec::new();
    let mut node = parsed.tree().root_node();
    loop {
        names.extend(definition(entry, node).and_then(|kind| naming::segment(parsed.text(), kind, node)));
        let mut cursor = node.walk();
        let holder = node.children(&mut cursor).find(|child| {
            child.start_byte() <= span.start && span.end <= child.end_byte() && !child.byte_range().is_empty()
        });
        match holder {
            Some(child) => node = child,
            None => return names.join(entry.separator),
        }
    }
}

/// Calls `visit` with each definition node and the definitions around it, outermost first. Iterative: trees are deep.
fn walk<'tree>(parsed: &'tree ParsedFile, mut visit: impl FnMut(Node<'tree>, &[Node<'tree>])) {
    let entry = language::entry(parsed.language());
    let mut enclosing: Vec<Node<'tree>> = Vec::new();
    let mut cursor = parsed.tree().walk();
    loop {
        let node = cursor.node();
        while enclosing.last().is_some_and(|outer| outer.end_byte() <= node.start_byte()) {
            enclosing.pop();
        }
        if definition(entry, node).is_some() {
            visit(node, &enclosing);
            enclosing.push(node);
        }
        if !advance(&mut cursor) {
            return;
        }
    }
}

/// The next node in the order of the text, parents first; false at the end.
fn advance(cursor: &mut TreeCursor<'_>) -> bool {
    cursor.goto_first_child() || skip(cursor)
}

/// The next node in the order of the text that is not below this one; false at the end.
pub(crate) fn skip(cursor: &mut TreeCursor<'_>) -> bool {
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    true
}

/// What `node` defines, if it is a definition.
pub(crate) fn definition(entry: &'static Entry, node: Node<'_>) -> Option<&'static DefinitionKind> {
    let holds = |kind: &&DefinitionKind| match kind.holding {
        None => true,
        Some((field, kinds)) => {
            node.child_by_field_name(field).is_some_and(|held| kinds.is_empty() || kinds.contains(&held.kind()))
        }
    };
    entry.definitions.iter().filter(|kind| node.is_named() && kind.node == node.kind()).find(holds)
}

/// The definition's node, without what wraps it.
pub(crate) fn node_of<'tree>(parsed: &'tree ParsedFile, target: &Target) -> Option<Node<'tree>> {
    let Span { start, end } = target.name_span;
    let name = parsed.tree().root_node().descendant_for_byte_range(start, end)?;
    std::iter::successors(Some(name), Node::parent)
        .take_while(|node| target.span.contains(span_of(*node)))
        .find(|node| definition(parsed.entry(), *node).is_some())
}

/// The node of the definition's body: its own, or that of the function it is bound to.
pub(crate) fn body_of<'tree>(kind: &DefinitionKind, node: Node<'tree>) -> Option<Node<'tree>> {
    let bound = kind.holding.and_then(|(field, _)| node.child_by_field_name(field));
    node.child_by_field_name("body").or_else(|| bound?.child_by_field_name("body"))
}

fn read(parsed: &ParsedFile, node: Node<'_>, enclosing: &[Node<'_>]) -> Option<Target> {
    let entry = language::entry(parsed.language());
    let text = parsed.text();
    let kind = definition(entry, node)?;
    let name = naming::name_of(kind, node)?;
    let body = body_of(kind, node).unwrap_or(node);
    let whole = wrapped(entry, node);
    let outer: Vec<_> = enclosing.iter().filter_map(|outer| Some((definition(entry, *outer)?, *outer))).collect();
    let holder = outer.last();
    let target = match (kind.target, holder) {
        (TargetKind::Function, Some((holder, _))) if holder.target.has_methods() => TargetKind::Method,
        (target, _) => target,
    };
    let (path, aliases) = naming::paths(text, entry, &outer, (kind, node))?;
    Some(Target {
        path,
        aliases,
        kind: target,
        span: span_of(whole),
        name_span: span_of(name),
        body_span: span_of(body),
        indent: indent_before(text, whole.start_byte()).to_owned(),
        line: parsed.line(name.start_byte()),
    })
}

/// `node` with the nodes around it that hold nothing else of its kind.
fn wrapped<'tree>(entry: &'static Entry, node: Node<'tree>) -> Node<'tree> {
    let alone = |parent: &Node<'tree>, node: Node<'tree>| {
        let mut cursor = parent.walk();
        parent
            .named_children(&mut cursor)
            .filter(|child| child.kind() == node.kind() || definition(entry, *child).is_some())
            .count()
            == 1
    };
    let mut whole = node;
    while let Some(parent) =
        whole.parent().filter(|parent| entry.wrappers.contains(&parent.kind()) && alone(parent, whole))
    {
        whole = parent;
    }
    whole
}

fn span_of(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

/// The white space between the start of the line and `at`; what else stands there is not indentation.
fn indent_before(text: &str, at: usize) -> &str {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let before = text[start..at].trim_start_matches('\u{feff}');
    let blank = before.len() - before.trim_start_matches([' ', '\t', '\x0c']).len();
    &before[..blank]
}

fn unbroken(parsed: &ParsedFile, target: &Target) -> Result<Target, Refusal> {
    match parsed.error_in(target.span) {
        None => Ok(target.clone()),
        Some(error) => Err(Refusal::new(
            RefusalCode::SyntaxBroken,
            format!("`{}` has a syntax error already, so it cannot be read well enough to change it", target.path),
        )
        .at(EvidenceKind::Error, &error.message, &parsed.file().path, error.line)
        .next(format!("repair line {} of {} first", error.line, parsed.file().path))),
    }
}

fn missing(parsed: &ParsedFile, name: &str, path: &str, all: &[Target]) -> Refusal {
    let file = &parsed.file().path;
    let nearest = nearest::to(path, all);
    let mut refusal = Refusal::new(RefusalCode::TargetMissing, format!("`{file}` defines no `{name}`"));
    for target in &nearest {
        let detail = format!("{} `{}`", target.kind.as_str(), written(target, all));
        refusal = refusal.at(EvidenceKind::Suggestion, detail, file, target.line);
    }
    match (nearest.first(), all.is_empty()) {
        (Some(target), _) => refusal.next(format!("name `{}` in the spec, if that is meant", written(target, all))),
        (None, true) => refusal.next(format!("choose another file: {file} holds no definitions")),
        (None, false) => refusal.next(format!("choose one of the {} definitions of {file}", all.len())),
    }
}

/// How to name `target` so that it is found: with its line, where its path alone is shared.
fn written(target: &Target, all: &[Target]) -> String {
    if all.iter().filter(|other| other.path == target.path).count() > 1 {
        format!("{}@{}", target.path, target.line)
    } else {
        target.path.clone()
    }
}

fn ambiguous(parsed: &ParsedFile, first: &Target, found: &[&Target]) -> Refusal {
    let file = &parsed.file().path;
    let reason = format!("`{file}` defines `{}` {} times", first.path, found.len());
    let mut refusal = Refusal::new(RefusalCode::TargetAmbiguous, reason);
    for target in found {
        let detail = format!("{} `{}@{}`", target.kind.as_str(), target.path, target.line);
        refusal = refusal.at(EvidenceKind::Symbol, detail, file, target.line);
    }
    refusal.next(format!("name one with its line, such as `{}@{}`", first.path, first.line))
}

#[cfg(test)]
mod tests;
