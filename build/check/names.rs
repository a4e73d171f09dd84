//! What becomes of a name of the document when it becomes one of Rust.

/// Two names with the same key would be one name in Rust: letter case and whatever is neither
/// letter nor digit do not tell fields, methods or types apart.
pub(super) fn rust_key(name: &str) -> String {
    let key: String =
        name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    // The generator puts an `x` in front of what would not be a name.
    if key.starts_with(|first: char| first.is_alphabetic()) { key } else { format!("x{key}") }
}

/// Whether a type keeps this name in Rust: Pascal case in which every capital letter begins a
/// word, apart from words of one letter such as in `OAuthError`.
pub(super) fn is_type_name(name: &str) -> bool {
    // A digit begins no word, so a capital behind it counts as following the letter in front.
    let letters: Vec<char> = name.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    let capitals_stay = || {
        letters.windows(2).enumerate().all(|(index, pair)| {
            let both = is_capital(pair[0]) && is_capital(pair[1]);
            !both || letters.get(index + 2).is_some_and(char::is_ascii_lowercase)
        })
    };
    name.starts_with(is_capital)
        && letters.iter().all(char::is_ascii_alphabetic)
        && capitals_stay()
        && name != "Self"
}

fn is_capital(letter: char) -> bool {
    letter.is_ascii_uppercase()
}

/// Whether a name can be that of one of our methods: words of lower case with `_` between them.
pub(super) fn is_method_name(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    };
    name.split('_').all(is_word) && name != "self"
}

/// Whether an `operationId` has only what is left alone in the name of a method.
pub(super) fn is_operation_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphabetic())
        && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-')
        && !TAKEN.contains(&rust_key(id).as_str())
}

/// What the generated client, or a trait that it uses, has already.
const TAKEN: [&str; 9] =
    ["apiversion", "baseurl", "client", "exec", "inner", "new", "newwithclient", "post", "pre"];
