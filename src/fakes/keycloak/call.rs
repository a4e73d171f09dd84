//! What the fake was asked to do.

use crate::fakes::{self, Request, call::operations};

operations! {
    /// The operations of the fake, for a script of faults and for its journal.
    pub enum Operation {
        /// `POST …/protocol/openid-connect/token`
        Token = "token",
    }
}

/// A request to the fake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// A token request.
    Token,
}

impl fakes::Call for Call {
    type Operation = Operation;

    fn read(request: &Request) -> Option<Self> {
        (request.method == "POST" && request.path.ends_with("/protocol/openid-connect/token"))
            .then_some(Self::Token)
    }

    fn operation(&self) -> Operation {
        match self {
            Self::Token => Operation::Token,
        }
    }
}
