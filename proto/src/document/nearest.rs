//! The name that was meant, perhaps.

/// The candidate nearest to `name`, if it is near enough to be a slip of the pen.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A key longer than any field name is no slip, and distance is quadratic in length.
    if name.len() > 64 {
        return None;
    }
    let (distance, candidate) = candidates.into_iter().map(|candidate| (distance(name, candidate), candidate)).min()?;
    (distance <= 1 + candidate.len() / 4).then_some(candidate)
}

/// Levenshtein's distance over bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let fields = ["name", "parameters", "file_path"];
        assert_eq!(nearest("nam", fields), Some("name"));
        assert_eq!(nearest("paramters", fields), Some("parameters"));
        assert_eq!(nearest("file-path", fields), Some("file_path"));
        assert_eq!(nearest("colour", fields), None);
        assert_eq!(nearest(&"n".repeat(1 << 20), fields), None);
    }
}
