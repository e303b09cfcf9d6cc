//! Which definition was meant, perhaps.

use super::Target;

/// Most names suggested.
const SUGGESTIONS_MAX: usize = 3;
/// Longest name compared, in characters: the distance costs the product of both lengths.
const COMPARED_MAX: usize = 128;

/// The definitions nearest to `path`: same last name in another place first, then by edit distance, then by line.
pub(super) fn to<'all>(path: &str, all: &'all [Target]) -> Vec<&'all Target> {
    let mut ranked: Vec<(usize, &Target)> =
        all.iter().filter_map(|target| distance_between(path, &target.path).map(|rank| (rank, target))).collect();
    ranked.sort_by_key(|(rank, target)| (*rank, target.line));
    ranked.into_iter().take(SUGGESTIONS_MAX).map(|(_, target)| target).collect()
}

/// 0 for the same last name, else the lesser edit distance of the whole paths or of the last names, if it is small.
fn distance_between(wanted: &str, path: &str) -> Option<usize> {
    let last = |path: &str| path.rsplit(['.', ':', ' ']).next().unwrap_or_default().to_lowercase();
    let (wanted_last, path_last) = (last(wanted), last(path));
    if wanted_last == path_last {
        return Some(0);
    }
    let distance = edit_distance(&wanted_last, &path_last)?.min(edit_distance(wanted, path)?);
    // Half the name: `laod` is two substitutions from `load`.
    let tolerated = wanted_last.chars().count().div_ceil(2).min(4);
    (distance <= tolerated).then_some(distance)
}

/// Levenshtein's distance in characters, one row at a time.
fn edit_distance(a: &str, b: &str) -> Option<usize> {
    let b: Vec<char> = b.chars().collect();
    if a.chars().count() > COMPARED_MAX || b.len() > COMPARED_MAX {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_counts_insertions_deletions_and_substitutions() {
        for (a, b, distance) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("größe", "grosse", 3)] {
            assert_eq!(edit_distance(a, b), Some(distance), "{a} {b}");
            assert_eq!(edit_distance(b, a), Some(distance), "{b} {a}");
        }
        assert_eq!(edit_distance(&"a".repeat(COMPARED_MAX + 1), "b"), None);
    }
}
