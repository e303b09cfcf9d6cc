//! Indentation: the white space before a line, and the step by which it grows.

/// How much deeper a block is than its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Tab,
    Spaces(usize),
}

/// Widest step that is taken for one, in spaces; more is the alignment of something.
const WIDTH_MAX: usize = 8;

/// The white space before a line's code.
pub(super) fn of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// The white space of a line that holds something.
pub(super) fn of_code(line: &str) -> Option<&str> {
    (!line.trim().is_empty()).then(|| of(line))
}

/// The step most lines that are deeper than the one before take; the narrower of two that are as frequent.
pub(super) fn step<'text>(indents: impl Iterator<Item = &'text str>) -> Option<Step> {
    let (mut counts, mut tabs, mut last) = ([0usize; WIDTH_MAX + 1], 0usize, 0);
    for indent in indents {
        tabs += usize::from(indent.starts_with('\t'));
        if let Some(count) = counts.get_mut(indent.len().saturating_sub(last)) {
            *count += 1;
        }
        last = indent.len();
    }
    let (width, count) =
        counts.into_iter().enumerate().skip(2).max_by_key(|(width, count)| (*count, WIDTH_MAX - width))?;
    match (tabs, count) {
        (tabs, _) if tabs > 0 => Some(Step::Tab),
        (_, 0) => None,
        _ => Some(Step::Spaces(width)),
    }
}

/// `blank` in steps of `to` instead of `from`; what is no whole step stays in spaces.
pub(super) fn converted(blank: &str, from: Option<Step>, to: Option<Step>) -> String {
    let (Some(from), Some(to)) = (from, to) else { return blank.to_owned() };
    if from == to {
        return blank.to_owned();
    }
    let (levels, rest) = match from {
        Step::Tab => (blank.matches('\t').count(), blank.matches(' ').count()),
        Step::Spaces(width) => (blank.len() / width, blank.len() % width),
    };
    let step = match to {
        Step::Tab => "\t".to_owned(),
        Step::Spaces(width) => " ".repeat(width),
    };
    step.repeat(levels) + &" ".repeat(rest)
}
