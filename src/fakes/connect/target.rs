//! What a path names; the only place that reads paths.

use super::codes::Level;
use crate::fakes::message::segment_decoded;

const API: &str = "/capi";
/// As in production, and as on the vendor's test system.
const LOGIN: [&str; 2] = ["/user", "/login"];

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Something of the API; nothing if it has no such path.
    Api(Option<Resource>),
    /// Something of the login server; nothing if it has no such path.
    Login(Option<Endpoint>),
    /// Neither server.
    Nothing,
}

/// What the API has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    Level(Level),
    ShieldEnterprise,
    ShieldOrderType,
}

/// What the login server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Authorize,
    Token,
}

impl Target {
    pub(super) fn of(path: &str) -> Self {
        if let Some(path) = below(path, API) {
            return Self::Api(Resource::of(path));
        }
        match LOGIN.iter().find_map(|base| below(path, base)) {
            Some("/oauth/authorize") => Self::Login(Some(Endpoint::Authorize)),
            Some("/oauth/token") => Self::Login(Some(Endpoint::Token)),
            Some(_) => Self::Login(None),
            None => Self::Nothing,
        }
    }
}

/// What follows a base path, which ends where a segment ends.
fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Resource {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/client/pbm/shield/enterprise" => return Some(Self::ShieldEnterprise),
            "/v1/client/pbm/shield/ordertype" => return Some(Self::ShieldOrderType),
            "/v1/customer/pbm" => return Some(Self::Level(Level::Global)),
            _ => {}
        }
        let codes = path.strip_prefix("/v1/customer/pbm/")?;
        let (enterprise, order_type) = match codes.split_once('/') {
            Some((enterprise, order_type)) => (enterprise, Some(order_type)),
            None => (codes, None),
        };
        let is_code = |text: &str| !text.is_empty() && !text.contains('/');
        if !is_code(enterprise) || !order_type.is_none_or(is_code) {
            return None;
        }
        let order_type = order_type.map(segment_decoded);
        Some(Self::Level(Level::new(Some(&segment_decoded(enterprise)), order_type.as_deref())))
    }

    /// The methods, as the header `Allow` lists them.
    pub(super) fn allowed(&self) -> &'static str {
        match self {
            Self::Level(Level::Global) => "GET",
            Self::Level(_) => "GET, POST",
            Self::ShieldEnterprise | Self::ShieldOrderType => "POST",
        }
    }

    pub(super) fn is_for_users(&self) -> bool {
        matches!(self, Self::Level(_))
    }
}

impl Endpoint {
    pub(super) fn allowed(self) -> &'static str {
        match self {
            Self::Authorize => "GET",
            Self::Token => "POST",
        }
    }
}
