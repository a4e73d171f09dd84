//! What the fake was asked to do.

use crate::fakes::{self, Operation as _, Personal, Request, call::operations, message::form_decoded};

operations! {
    /// The endpoints of the realm, for a script of faults and for the journal.
    pub enum Operation {
        /// Gives tokens: `POST …/protocol/openid-connect/token`
        Token = "token",
        /// Ends a session: `POST …/protocol/openid-connect/logout`
        Logout = "logout",
        /// Ends one token: `POST …/protocol/openid-connect/revoke`
        Revoke = "revoke",
        /// Says what a token stands for: `POST …/protocol/openid-connect/token/introspect`
        Introspect = "introspect",
        /// Says who a token speaks for: `GET …/protocol/openid-connect/userinfo`
        UserInfo = "userinfo",
        /// Lists the keys that sign tokens: `GET …/protocol/openid-connect/certs`
        Certificates = "certs",
        /// Lists the endpoints: `GET …/.well-known/openid-configuration`
        Discovery = "discovery",
    }
}

/// A request to the fake, without passwords, secrets and tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// A token request.
    Token {
        /// `grant_type` of the form.
        grant_type: Option<String>,
        /// The client that asks, by the form or by Basic credentials.
        client_id: Option<String>,
        /// `username` of the form.
        username: Option<Personal>,
        /// `scope` of the form.
        scope: Option<String>,
    },
    /// A request to another endpoint.
    Other {
        /// The endpoint.
        operation: Operation,
        /// The client that asks, by the form or by Basic credentials.
        client_id: Option<String>,
    },
}

impl fakes::Call for Call {
    type Operation = Operation;

    /// Wherever the realm is: a path of an endpoint belongs to no other.
    fn read(request: &Request) -> Option<Self> {
        let path = request.path.strip_suffix('/').unwrap_or(&request.path);
        let is_meant =
            |operation: &Operation| path.ends_with(operation.path()) && operation.takes(&request.method);
        let operation = Operation::ALL.iter().copied().find(is_meant)?;
        let client_id = request.form("client_id").or_else(|| Some(form_decoded(&request.basic()?.0)));
        Some(match operation {
            Operation::Token => Self::Token {
                grant_type: request.form("grant_type"),
                client_id,
                username: request.form("username").map(Personal::from),
                scope: request.form("scope"),
            },
            operation => Self::Other { operation, client_id },
        })
    }

    fn operation(&self) -> Operation {
        match self {
            Self::Token { .. } => Operation::Token,
            Self::Other { operation, .. } => *operation,
        }
    }
}
