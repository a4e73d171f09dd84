//! Vocabularies that can grow: known values cost no allocation, unknown ones are kept.

/// A value that this version of the crate has no name for.
///
/// It can only come from parsing a text, so it never shadows a known value.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    #[allow(dead_code, reason = "which macros are expanded depends on the features")]
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text as the server sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Declares an enum over the known values of a text field, with a variant that keeps any other.
///
/// `also` lists further spellings that are read as a known value; `ignore case` reads any letter
/// case. The canonical spelling is what is written.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $(($ignore_case:ident case))? {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal $(also $alias:literal)*,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that this version of the crate has no name for, kept as it came.
            Unknown($crate::UnknownValue),
        }

        impl $name {
            /// The values known to this version, in the order of the specification.
            $vis const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// The text that goes over the wire.
            #[must_use]
            $vis fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(value) => value.as_str(),
                }
            }

            /// The known value of this spelling, if there is one.
            fn known(text: &str) -> Option<Self> {
                const SAME: fn(&str, &str) -> bool = open_enum!(@same $($ignore_case)?);
                $(
                    if SAME(text, $text) $(|| SAME(text, $alias))* {
                        return Some(Self::$variant);
                    }
                )+
                None
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unknown($crate::UnknownValue::new(text)))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                value.clone()
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(value: $name) -> Self {
                Self::from(value.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::open_enum::Texts(|text| Self::from(text)))
            }
        }
    };
    (@same) => { |text, known| text == known };
    (@same ignore) => { |text, known| text.eq_ignore_ascii_case(known) };
}
pub(crate) use open_enum;

/// Reads a text without allocating, and other scalars by their text form.
pub(crate) struct Texts<T>(pub(crate) fn(&str) -> T);

impl<T> serde::de::Visitor<'_> for Texts<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok((self.0)(&number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok((self.0)(&number.to_string()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok((self.0)(if value { "true" } else { "false" }))
    }
}

#[cfg(test)]
mod tests {
    open_enum! {
        /// A test vocabulary.
        pub(super) enum Plain {
            /// One.
            One = "ONE" also "one_as_well",
            /// Two.
            Two = "TWO",
        }
    }
    open_enum! {
        /// A test vocabulary in any case.
        pub(super) enum AnyCase (ignore case) {
            /// One.
            One = "ONE",
        }
    }

    #[test]
    fn the_known_values_are_listed_in_order() {
        assert_eq!(Plain::KNOWN, [Plain::One, Plain::Two]);
        assert_eq!(AnyCase::KNOWN, [AnyCase::One]);
    }

    #[test]
    fn known_values_and_their_aliases_are_named_and_others_are_kept() {
        assert_eq!(Plain::from("ONE"), Plain::One);
        assert_eq!(Plain::from("one_as_well"), Plain::One);
        assert_eq!(Plain::from("one").as_str(), "one");
        assert!(matches!(Plain::from("THREE"), Plain::Unknown(value) if value.as_str() == "THREE"));
        assert_eq!(AnyCase::from("oNe"), AnyCase::One);
    }

    #[test]
    fn json_goes_both_ways_and_a_number_is_kept() {
        let read: Vec<Plain> = serde_json::from_str(r#"["TWO","X",7]"#).expect("valid");
        assert_eq!(read, [Plain::Two, Plain::from("X"), Plain::from("7")]);
        assert_eq!(serde_json::to_string(&read).expect("serialises"), r#"["TWO","X","7"]"#);
    }
}
