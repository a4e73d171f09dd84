//! What the fake was asked to do.

use serde_json::Value;

use super::{
    codes::Level,
    target::{Endpoint, Resource, Target},
};
use crate::{
    connect::ChannelState,
    fakes::{self, Personal, Request, call::operations},
};

operations! {
    /// The operations of the fake, for a script of faults and for its journal.
    pub enum Operation {
        /// `GET /v1/customer/pbm`
        ListGlobalPermissions = "listGlobalPermissions",
        /// `GET /v1/customer/pbm/{enterpriseCode}`
        ListEnterprisePermissions = "listEnterprisePermissions",
        /// `POST /v1/customer/pbm/{enterpriseCode}`
        ChangeEnterprisePermissions = "changeEnterprisePermissions",
        /// `GET /v1/customer/pbm/{enterpriseCode}/{orderTypeCode}`
        ListOrderTypePermissions = "listOrderTypePermissions",
        /// `POST /v1/customer/pbm/{enterpriseCode}/{orderTypeCode}`
        ChangeOrderTypePermissions = "changeOrderTypePermissions",
        /// `POST /v1/client/pbm/shield/ordertype`
        ShieldOrderTypeByCredential = "shieldOrderTypeByCredential",
        /// `POST /v1/client/pbm/shield/enterprise`
        ShieldEnterpriseByCredential = "shieldEnterpriseByCredential",
        /// `GET …/oauth/authorize` at the login server
        Authorize = "authorize",
        /// `POST …/oauth/token` at the login server
        Token = "token",
    }
}

/// A request to the fake. A part that was missing or malformed is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// The states on the global level.
    ListGlobalPermissions,
    /// The states for an enterprise.
    ListEnterprisePermissions {
        /// The code in the path.
        enterprise_code: String,
    },
    /// States are to be set for an enterprise.
    ChangeEnterprisePermissions {
        /// The code in the path.
        enterprise_code: String,
        /// `channels` of the body.
        channels: Vec<ChannelChange>,
    },
    /// The states for an order type.
    ListOrderTypePermissions {
        /// The first code in the path.
        enterprise_code: String,
        /// The second code in the path.
        order_type_code: String,
    },
    /// States are to be set for an order type.
    ChangeOrderTypePermissions {
        /// The first code in the path.
        enterprise_code: String,
        /// The second code in the path.
        order_type_code: String,
        /// `channels` of the body.
        channels: Vec<ChannelChange>,
    },
    /// All customers with a credential are to be shielded for an order type.
    ShieldOrderTypeByCredential {
        /// `enterpriseCode` of the body.
        enterprise_code: Option<String>,
        /// `orderTypeCode` of the body.
        order_type_code: Option<String>,
        /// `channel` of the body.
        channel: Option<String>,
        /// `credential` of the body, as it came.
        credential: Option<Personal>,
    },
    /// All customers with a credential are to be shielded for an enterprise.
    ShieldEnterpriseByCredential {
        /// `enterpriseCode` of the body.
        enterprise_code: Option<String>,
        /// `channel` of the body.
        channel: Option<String>,
        /// `credential` of the body, as it came.
        credential: Option<Personal>,
    },
    /// A browser wants the login page, or a code.
    Authorize {
        /// `response_type` of the query.
        response_type: Option<String>,
        /// `client_id` of the query.
        client_id: Option<String>,
        /// `redirect_uri` of the query.
        redirect_uri: Option<String>,
        /// `scope` of the query.
        scope: Option<String>,
        /// `user` of the query, which only the fake has.
        user: Option<Personal>,
        /// `auto` of the query, which only the fake has: whether the page's button counts as
        /// pressed.
        auto: bool,
    },
    /// A token request. Codes, tokens and secrets are left out.
    Token {
        /// `grant_type` of the form.
        grant_type: Option<String>,
        /// The client, by HTTP Basic or `client_id` of the form.
        client_id: Option<String>,
        /// `scope` of the form.
        scope: Option<String>,
    },
}

/// The state that a request gives to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ChannelChange {
    /// `value`, the code of the channel.
    pub channel: Option<String>,
    /// `type`, read in any letter case.
    pub state: Option<ChannelState>,
}

impl fakes::Call for Call {
    type Operation = Operation;

    fn read(request: &Request) -> Option<Self> {
        match (Target::of(&request.path), request.method.as_str()) {
            (Target::Api(Some(Resource::Level(level))), "GET") => Some(listed(level)),
            (Target::Api(Some(Resource::Level(level))), "POST") => changed(level, request),
            (Target::Api(Some(resource)), "POST") => Some(shielded(&resource, request)),
            (Target::Login(Some(Endpoint::Authorize)), "GET") => Some(authorized(request)),
            (Target::Login(Some(Endpoint::Token)), "POST") => Some(Self::Token {
                grant_type: request.form("grant_type"),
                client_id: super::login::named_client(request),
                scope: request.form("scope"),
            }),
            _ => None,
        }
    }

    fn operation(&self) -> Operation {
        match self {
            Self::ListGlobalPermissions => Operation::ListGlobalPermissions,
            Self::ListEnterprisePermissions { .. } => Operation::ListEnterprisePermissions,
            Self::ChangeEnterprisePermissions { .. } => Operation::ChangeEnterprisePermissions,
            Self::ListOrderTypePermissions { .. } => Operation::ListOrderTypePermissions,
            Self::ChangeOrderTypePermissions { .. } => Operation::ChangeOrderTypePermissions,
            Self::ShieldOrderTypeByCredential { .. } => Operation::ShieldOrderTypeByCredential,
            Self::ShieldEnterpriseByCredential { .. } => Operation::ShieldEnterpriseByCredential,
            Self::Authorize { .. } => Operation::Authorize,
            Self::Token { .. } => Operation::Token,
        }
    }
}

fn listed(level: Level) -> Call {
    match level {
        Level::Global => Call::ListGlobalPermissions,
        Level::Enterprise(enterprise_code) => Call::ListEnterprisePermissions { enterprise_code },
        Level::OrderType(enterprise_code, order_type_code) => {
            Call::ListOrderTypePermissions { enterprise_code, order_type_code }
        }
    }
}

fn changed(level: Level, request: &Request) -> Option<Call> {
    let body = request.json().unwrap_or_default();
    let channels = body["channels"].as_array().into_iter().flatten();
    let channels = channels
        .map(|item| ChannelChange {
            channel: text(item, "value"),
            state: item["type"].as_str().map(ChannelState::from),
        })
        .collect();
    match level {
        Level::Global => None,
        Level::Enterprise(enterprise_code) => {
            Some(Call::ChangeEnterprisePermissions { enterprise_code, channels })
        }
        Level::OrderType(enterprise_code, order_type_code) => {
            Some(Call::ChangeOrderTypePermissions { enterprise_code, order_type_code, channels })
        }
    }
}

fn shielded(resource: &Resource, request: &Request) -> Call {
    let body = request.json().unwrap_or_default();
    let (enterprise_code, channel) = (text(&body, "enterpriseCode"), text(&body, "channel"));
    let credential = text(&body, "credential").map(Personal::from);
    match resource {
        Resource::ShieldOrderType => Call::ShieldOrderTypeByCredential {
            enterprise_code,
            order_type_code: text(&body, "orderTypeCode"),
            channel,
            credential,
        },
        _ => Call::ShieldEnterpriseByCredential { enterprise_code, channel, credential },
    }
}

fn authorized(request: &Request) -> Call {
    Call::Authorize {
        response_type: request.parameter("response_type"),
        client_id: request.parameter("client_id"),
        redirect_uri: request.parameter("redirect_uri"),
        scope: request.parameter("scope"),
        user: request.parameter("user").map(Personal::from),
        auto: request.parameter("auto").as_deref() == Some("1"),
    }
}

fn text(body: &Value, name: &str) -> Option<String> {
    body[name].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
