//! The paths into the standard library that a piece of code names.

/// Every path below `std::`, with grouped imports taken apart, and its line (1-based).
pub(crate) fn std_paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("std::") {
        let word_before = code[..at].chars().next_back().is_some_and(|char| char.is_alphanumeric() || char == '_');
        if !word_before {
            let line = code[..at].matches('\n').count() + 1;
            let mut paths = Vec::new();
            expand(&code[at + "std::".len()..], "std", &mut paths);
            found.extend(paths.into_iter().map(|path| (line, path)));
        }
    }
    found
}

/// Reads one path or group after `prefix::`; gives what is left of the text.
fn expand<'a>(text: &'a str, prefix: &str, paths: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        return expand_group(group, prefix, paths);
    }
    let length = text.find(|char: char| !char.is_alphanumeric() && char != '_' && char != '*').unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let path = format!("{prefix}::{name}");
    match rest.trim_start().strip_prefix("::") {
        Some(deeper) if !deeper.trim_start().starts_with('<') => expand(deeper, &path, paths),
        _ => {
            paths.push(path);
            rest
        }
    }
}

fn expand_group<'a>(mut text: &'a str, prefix: &str, paths: &mut Vec<String>) -> &'a str {
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix('}') {
            return rest;
        }
        if text.is_empty() {
            return text;
        }
        let rest = expand(text, prefix, paths);
        // A renamed import, or the comma before the next one.
        let next = rest.find([',', '}']).map_or("", |at| &rest[at..]);
        text = next.strip_prefix(',').unwrap_or(next);
    }
}

#[test]
fn groups_are_taken_apart() {
    let code = "use std::{fs, io::{self, Read as R}, time::Duration};\nlet x = std::env::var(y);";
    let paths: Vec<String> = std_paths(code).into_iter().map(|(line, path)| format!("{line} {path}")).collect();
    assert_eq!(paths, ["1 std::fs", "1 std::io::self", "1 std::io::Read", "1 std::time::Duration", "2 std::env::var"]);
}

#[test]
fn another_crate_whose_name_ends_alike_is_not_the_standard_library() {
    assert_eq!(std_paths("use async_std::fs;"), []);
}
