//! Rust source as the rules see it: without comments, without the content of literals, without tests.

/// `text` with comments and the content of string and character literals replaced by blanks; lines stay where they are.
pub(crate) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => block_comment_end(&chars, at),
            '"' => string_end(&chars, at + 1),
            'r' if !follows_word(&chars, at) => raw_string_end(&chars, at + 1).unwrap_or(at + 1),
            '\'' => character_end(&chars, at),
            _ => at + 1,
        };
        if end == at + 1 {
            out.push(chars[at]);
        } else {
            out.extend(chars[at..end].iter().map(|char| if *char == '\n' { '\n' } else { ' ' }));
        }
        at = end;
    }
    out
}

/// `code` with every item under `#[cfg(test)]` replaced by blanks.
pub(crate) fn without_tests(code: &str) -> String {
    let mut chars: Vec<char> = code.chars().collect();
    let attribute: Vec<char> = "#[cfg(test)]".chars().collect();
    let mut at = 0;
    while at + attribute.len() <= chars.len() {
        if chars[at..at + attribute.len()] == attribute[..] {
            let end = item_end(&chars, at + attribute.len());
            chars[at..end].iter_mut().filter(|char| **char != '\n').for_each(|char| *char = ' ');
            at = end;
        } else {
            at += 1;
        }
    }
    chars.into_iter().collect()
}

/// Names of modules that are declared for tests only and lie in a file of their own.
pub(crate) fn test_modules(code: &str) -> Vec<String> {
    let declarations = code.split("#[cfg(test)]").skip(1);
    declarations
        .filter_map(|rest| {
            let declared = rest.split_once(';')?.0;
            let name = declared.trim().trim_start_matches("pub(crate) ").strip_prefix("mod ")?.trim();
            name.chars().all(|char| char.is_alphanumeric() || char == '_').then(|| name.to_owned())
        })
        .collect()
}

/// Whether the file holds tests, benchmarks or examples only, going by where it lies.
pub(crate) fn is_for_tests(path: &str) -> bool {
    let in_folder = path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"));
    in_folder || path.ends_with("/tests.rs")
}

fn line_end(chars: &[char], from: usize) -> usize {
    chars[from..].iter().position(|char| *char == '\n').map_or(chars.len(), |length| from + length)
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// After the `r` of a raw string; none when it is another word.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from..].iter().take_while(|char| **char == '#').count();
    if chars.get(from + hashes) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = from + hashes + 1;
    let found = chars[body..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(chars.len(), |length| body + length + close.len()))
}

/// After a character literal; a lifetime is one character long, as its name may stay.
fn character_end(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), _) => {
            let rest = &chars[(from + 3).min(chars.len())..];
            rest.iter().position(|char| *char == '\'').map_or(chars.len(), |length| from + 4 + length)
        }
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}

fn follows_word(chars: &[char], at: usize) -> bool {
    // The `b` of a raw byte string is no word.
    at > 0 && chars[at - 1] != 'b' && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

/// After the item at `from`: its closing brace, or the semicolon before any brace.
fn item_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, char) in chars.iter().enumerate().skip(from) {
        match char {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    chars.len()
}

#[test]
fn comments_and_literals_are_blanked_and_code_stays() {
    let text = "let a = \"std::fs \\\" x\"; // std::env\n/* a /* b */ c */ let b = r#\"std::net\"#; let c = 'x'; fn f<'a>() {}";
    let code = code(text);
    for gone in ["std::", "x'", "b */"] {
        assert!(!code.contains(gone), "{gone} in {code}");
    }
    for kept in ["let a =", "let b =", "let c =", "fn f<'a>() {}"] {
        assert!(code.contains(kept), "{kept} not in {code}");
    }
    assert_eq!(code.lines().count(), text.lines().count());
    assert!(self::code("let quote = '\"'; let escaped = '\\''; std::fs").contains("std::fs"));
}

#[test]
fn items_for_tests_are_blanked_and_what_follows_stays() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { if x { y } } }\n#[cfg(test)]\nmod others;\nfn c() {}";
    let rest = without_tests(code);
    assert!(rest.contains("fn a") && rest.contains("fn c"));
    assert!(!rest.contains("fn b") && !rest.contains("others"));
    assert_eq!(test_modules(code), ["others"]);
}
