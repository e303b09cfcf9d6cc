//! Paths as parts of a URI (RFC 3986): what is not unreserved is percent-encoded, byte by byte.

use std::fmt::Write;

/// The `file:` URI of a folder, given by its absolute path; ends with `/`, so that a relative path can follow.
#[must_use]
pub fn of_folder(absolute: &str) -> String {
    format!("file://{}/", encoded(absolute.trim_end_matches('/')))
}

/// `path` with everything encoded but unreserved characters and the slashes between its parts.
pub(super) fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            _ => write!(text, "%{byte:02X}").expect("writing to a string does not fail"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_percent_signs_and_other_scripts_are_encoded() {
        assert_eq!(encoded("a b/ä%#?.py"), "a%20b/%C3%A4%25%23%3F.py");
        assert_eq!(of_folder("/home/me/my code/"), "file:///home/me/my%20code/");
        assert_eq!(of_folder("/"), "file:///");
    }
}
