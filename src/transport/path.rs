//! Paths that stay where the operation's template says.

#[cfg(any(feature = "symphony", feature = "connect", test))]
use crate::{Error, Result};

#[cfg(any(feature = "symphony", feature = "connect", test))]
/// Checks an identifier that becomes one segment of a path.
///
/// A URL parser reads `.` and `..` as steps, in any encoding, and `\` as a slash: such a value
/// would call another endpoint with our credentials.
pub(crate) fn segment(argument: &str, value: &str) -> Result<()> {
    let rule = if value.is_empty() {
        "must not be empty"
    } else if value == "." || value == ".." {
        "must not be `.` or `..`"
    } else if value.contains('\\') {
        "must not contain a backslash"
    } else if value.chars().any(char::is_control) {
        "must not contain control characters"
    } else {
        return Ok(());
    };
    Err(Error::invalid_input(argument, rule))
}

/// Whether `path` has exactly the segments of `template`, where `{name}` stands for any one that
/// is not empty.
pub(crate) fn matches(path: &str, template: &str) -> bool {
    if path == template {
        return true;
    }
    let mut segments = path.split('/');
    let mut pattern = template.split('/');
    loop {
        match (segments.next(), pattern.next()) {
            (None, None) => return true,
            (Some(segment), Some(expected)) if expected.starts_with('{') => {
                if segment.is_empty() {
                    return false;
                }
            }
            (Some(segment), Some(expected)) if segment == expected => {}
            _ => return false,
        }
    }
}

#[cfg(any(feature = "connect", test))]
/// The path of a template with its placeholders filled and percent-encoded.
pub(crate) fn expand(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut path = String::with_capacity(template.len() + 32);
    for (index, part) in template.split('/').enumerate() {
        if index > 0 {
            path.push('/');
        }
        let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            path.push_str(part);
            continue;
        };
        let value = values.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let value = value.ok_or_else(|| {
            Error::configuration(format!(
                "the path template has the placeholder `{name}`, which this operation lacks"
            ))
        })?;
        segment(name, value)?;
        encode_into(&mut path, value);
    }
    Ok(path)
}

#[cfg(any(feature = "connect", test))]
fn encode_into(path: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push(char::from(HEX[usize::from(byte >> 4)]));
            path.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_that_would_leave_the_path_are_refused() {
        for bad in ["", ".", "..", "a\\b", "..\\..", "a\nb", "\u{7f}"] {
            let error = segment("enterprise_code", bad).expect_err(bad);
            assert!(error.to_string().contains("`enterprise_code` must not"), "{error}");
        }
        for good in ["468979834", "a/b", "%2e%2e", "...", "ø å", "a;b"] {
            segment("enterprise_code", good).expect(good);
        }
    }

    #[test]
    fn only_the_templates_own_segments_match() {
        let template = "/v1/customer/pbm/{enterpriseCode}";
        assert!(matches("/v1/customer/pbm/468979834", template));
        for other in ["/v1/customer/pbm", "/v1/customer/pbm/", "/v1/customer/pbm/a/b", "/v1/customer/x/a"] {
            assert!(!matches(other, template), "{other}");
        }
    }

    #[test]
    fn templates_are_filled_and_encoded() {
        let path = expand("/pbm/{a}/x/{b}", &[("a", "1/2 æ"), ("b", "%2e")]).expect("valid");
        assert_eq!(path, "/pbm/1%2F2%20%C3%A6/x/%252e");
        assert!(expand("/pbm/{c}", &[("a", "1")]).is_err());
        assert!(expand("/pbm/{a}", &[("a", "..")]).is_err());
    }
}
