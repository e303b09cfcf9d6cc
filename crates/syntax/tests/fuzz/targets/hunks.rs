//! A unified diff of one file put into its text, as strictly as can be: what does not fit exactly is no result.

/// `before` with the hunks of `diff`, or nothing where a line is not what the diff says.
pub(crate) fn applied(diff: &str, before: &str) -> Option<String> {
    let mut old = before.split_inclusive('\n');
    let mut new = String::new();
    let mut read = 0;
    let mut lines = diff.split_inclusive('\n').skip_while(|line| !line.starts_with("@@ ")).peekable();
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("@@ -") {
            let first = first_line(header)?;
            while read < first {
                new.push_str(old.next()?);
                read += 1;
            }
            continue;
        }
        let (kind, text) = line.split_at_checked(1)?;
        let cut = lines.next_if(|line| line.starts_with('\\')).is_some();
        let text = if cut { text.strip_suffix('\n')? } else { text };
        if matches!(kind, " " | "-") {
            (old.next()? == text).then_some(())?;
            read += 1;
        }
        if matches!(kind, " " | "+") {
            new.push_str(text);
        }
    }
    new.extend(old);
    Some(new)
}

/// How many lines stand before the hunk of `FIRST,COUNT +…` or `FIRST +…`.
fn first_line(header: &str) -> Option<usize> {
    let (range, _) = header.split_once(' ')?;
    let (first, count) = range.split_once(',').unwrap_or((range, "1"));
    let (first, count): (usize, usize) = (first.parse().ok()?, count.parse().ok()?);
    // Of an empty range, git names the line before it.
    if count == 0 { Some(first) } else { first.checked_sub(1) }
}
