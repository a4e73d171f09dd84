//! What a fake was asked to do, typed, so that a test can compare it.

use std::{fmt, hash::Hash, str::FromStr};

use super::Request;

/// An operation of a fake, by the name that its specification gives it.
///
/// The enumerations `Operation` of the fakes implement it, and nobody else can.
pub trait Operation:
    sealed::Sealed
    + Copy
    + Eq
    + Hash
    + Ord
    + fmt::Debug
    + fmt::Display
    + FromStr<Err = UnknownOperation>
    + Send
    + Sync
    + 'static
{
    /// All operations of the fake.
    const ALL: &'static [Self];

    /// The `operationId` in the specification.
    fn name(self) -> &'static str;

    /// Whether it hands out tokens.
    fn is_token_request(self) -> bool {
        self.name() == "token"
    }
}

/// A request, read as one of a fake's operations.
///
/// The enumerations `Call` of the fakes implement it, and nobody else can.
pub trait Call: sealed::Sealed + Clone + fmt::Debug + Send + Sync + 'static {
    /// The operations of the fake.
    type Operation: Operation;

    /// Reads a request; `None` if its method and path are no operation. A part that is missing or
    /// malformed is left out of the call.
    fn read(request: &Request) -> Option<Self>;

    /// The operation that was called.
    fn operation(&self) -> Self::Operation;
}

pub(super) mod sealed {
    pub trait Sealed {}
}

/// A name that is no operation of the fake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOperation {
    name: String,
    known: Vec<&'static str>,
}

impl UnknownOperation {
    pub(super) fn new<O: Operation>(name: &str) -> Self {
        Self { name: name.to_owned(), known: O::ALL.iter().map(|known| known.name()).collect() }
    }
}

impl fmt::Display for UnknownOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no operation of this fake; it has: {}", self.name, self.known.join(", "))
    }
}

impl std::error::Error for UnknownOperation {}

/// A text that is about a person: compared as usual, but not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Personal(String);

impl Personal {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Personal {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for Personal {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Personal {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// Defines an enumeration of operations: `variant = "operationId"`.
macro_rules! operations {
    ($(#[$about:meta])* pub enum Operation { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Operation { $($(#[$doc])* $variant,)+ }

        impl $crate::fakes::call::sealed::Sealed for Operation {}
        impl $crate::fakes::call::sealed::Sealed for Call {}

        impl $crate::fakes::Operation for Operation {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl std::fmt::Display for Operation {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::fakes::Operation::name(*self))
            }
        }

        impl std::str::FromStr for Operation {
            type Err = $crate::fakes::UnknownOperation;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::fakes::UnknownOperation::new::<Self>(name)),
                }
            }
        }

        impl TryFrom<&str> for Operation {
            type Error = $crate::fakes::UnknownOperation;

            fn try_from(name: &str) -> Result<Self, Self::Error> {
                name.parse()
            }
        }
    };
}
pub(super) use operations;
