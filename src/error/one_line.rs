//! Texts of others that go into the one line of an error.

use std::borrow::Cow;

/// The text with everything escaped that could break the line or reorder it on a screen. What is
/// ordinary text, quotes and backslashes included, stays as it is.
pub(super) fn one_line(text: Cow<'static, str>) -> Cow<'static, str> {
    if !text.contains(is_unfit) {
        return text;
    }
    let mut line = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unfit(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line.into()
}

/// Controls, the line and paragraph separators, and what changes the direction of writing.
fn is_unfit(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_breaks_or_reorders_a_line_is_escaped() {
        let cases = [
            ("plain, \"quoted\" and \\ back", "plain, \"quoted\" and \\ back"),
            ("æ 😀 é", "æ 😀 é"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31m\0\u{7f}\u{85}", "\\u{1b}[31m\\u{0}\\u{7f}\\u{85}"),
            ("a\u{2028}b\u{202e}c\u{2066}d\u{200f}", "a\\u{2028}b\\u{202e}c\\u{2066}d\\u{200f}"),
        ];
        for (text, line) in cases {
            assert_eq!(one_line(text.into()), line);
        }
        assert!(matches!(one_line("plain".into()), Cow::Borrowed("plain")));
    }
}
