//! What a caller can hand over, on purpose or because it came from somebody else.

/// Characters and texts that mean something to a parser somewhere on the way.
pub(super) const PIECES: [&str; 46] = [
    "",
    "a",
    "a\nb",
    "a\r\nx-injected: y",
    "\r\n\r\n",
    "a\0b",
    "a\u{7f}b",
    "a\tb",
    "\u{85}",
    "\u{1b}[2J",
    " ",
    "a b",
    " a ",
    ".",
    "..",
    "...",
    "%2e%2e",
    ".%2E",
    "%2e",
    "..%2f",
    "..%2f..%2fsecret",
    "../secret",
    "a/../../b",
    "/",
    "//",
    "//elsewhere.example/x",
    "\\",
    "..\\..",
    "a;b",
    "..;",
    ";jsessionid=1",
    "ø å",
    "日本",
    "\u{202e}",
    "\u{2028}",
    "?x=y",
    "#x",
    "a+b",
    "a&b=c",
    "%",
    "%00",
    "%0d%0a",
    "\"",
    "{",
    "@elsewhere.example",
    ":1",
];

/// All values that every input is tried with.
pub(super) fn all() -> Vec<String> {
    let mut all: Vec<String> = PIECES.iter().map(|piece| (*piece).to_owned()).collect();
    all.push("a".repeat(1024 * 1024));
    all
}

/// A text of some of the pieces.
pub(super) fn random(random: &mut fastrand::Rng) -> String {
    let count = random.usize(1..6);
    (0..count)
        .map(|_| match random.u8(..4) {
            0 => random.char(..).to_string(),
            _ => PIECES[random.usize(..PIECES.len())].to_owned(),
        })
        .collect()
}
