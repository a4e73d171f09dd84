//! Where Connect is, and which parts of its interface are not confirmed.

use std::{collections::BTreeMap, fmt, sync::Arc};

use http::Method;

use crate::{
    Error, Result,
    transport::{self, CallOptions, Variables},
};

/// The servers of an environment: one for the API, one for the login.
///
/// Source: the vendor's pages "About the URLs" and "API lifecycle"; the login server of the test
/// environment and that of Sweden were seen in public client code.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Production, with the login of Norway.
    Norway,
    /// Production, with the login of Sweden.
    Sweden,
    /// The vendor's test system.
    Test,
    /// Servers of your own choice, for example those of a fake.
    Custom {
        /// The base URL of the API, for example `https://api.mediaconnect.no/capi`.
        api_server: String,
        /// The base URL of the login, for example `https://connectid.no/user`.
        login_server: String,
    },
}

/// A URL that no client takes, such as one with a password in it, is not shown.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |url: &str| if url.contains(['@', '?', '#']) { "<redacted>".to_owned() } else { url.to_owned() };
        match self {
            Self::Norway => f.write_str("Norway"),
            Self::Sweden => f.write_str("Sweden"),
            Self::Test => f.write_str("Test"),
            Self::Custom { api_server, login_server } => f
                .debug_struct("Custom")
                .field("api_server", &shown(api_server))
                .field("login_server", &shown(login_server))
                .finish(),
        }
    }
}

impl Environment {
    /// Servers of your own choice: the base URL of the API and that of the login.
    pub fn custom(api_server: impl Into<String>, login_server: impl Into<String>) -> Self {
        Self::Custom { api_server: api_server.into(), login_server: login_server.into() }
    }

    pub(super) fn read(variables: &mut Variables) -> Result<Self> {
        const NAME: &str = "ENVIRONMENT";
        let servers = (variables.text("API_SERVER"), variables.text("LOGIN_SERVER"));
        let rule = match (variables.text(NAME).as_deref(), servers) {
            (None, (Some(api), Some(login))) => return Ok(Self::custom(api, login)),
            (Some(_), (Some(_), _) | (_, Some(_))) => "is set beside `API_SERVER` or `LOGIN_SERVER`; set one",
            (None, (None, None)) => "is not set, nor are `API_SERVER` and `LOGIN_SERVER`",
            (None, _) => "is not set, and only one of `API_SERVER` and `LOGIN_SERVER` is",
            (Some(name), _) => match name.to_ascii_lowercase().as_str() {
                "norway" => return Ok(Self::Norway),
                "sweden" => return Ok(Self::Sweden),
                "test" => return Ok(Self::Test),
                _ => "must be `norway`, `sweden` or `test`",
            },
        };
        Err(variables.refused(NAME, rule))
    }

    /// The base URL of the API.
    #[must_use]
    pub fn api_server(&self) -> &str {
        match self {
            Self::Norway | Self::Sweden => "https://api.mediaconnect.no/capi",
            Self::Test => "https://api-test.mediaconnect.no/capi",
            Self::Custom { api_server, .. } => api_server,
        }
    }

    /// The base URL of the login.
    #[must_use]
    pub fn login_server(&self) -> &str {
        match self {
            Self::Norway => "https://connectid.no/user",
            Self::Sweden => "https://connectid.se/user",
            Self::Test => "https://api-test.mediaconnect.no/login",
            Self::Custom { login_server, .. } => login_server,
        }
    }
}

/// An operation of which the vendor's readable pages leave the method or the path open.
///
/// The defaults are what the specification in `specs/connect.yaml` labels as assumptions. Once
/// the vendor's own document says otherwise, set it with
/// [`ClientBuilder::method_of`](super::ClientBuilder::method_of) and
/// [`ClientBuilder::path_of`](super::ClientBuilder::path_of).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unconfirmed {
    /// The method of "Change enterprise permissions".
    ChangeEnterprisePermissions,
    /// The path of "List order type permissions".
    ListOrderTypePermissions,
    /// Method and path of "Change order type permissions".
    ChangeOrderTypePermissions,
    /// Method and path of "Shield customer(s) on order type level by credential".
    ShieldOrderType,
    /// Method and path of "Shield customer(s) on enterprise level by credential".
    ShieldEnterprise,
}

impl Unconfirmed {
    fn method_is_open(self) -> bool {
        self != Self::ListOrderTypePermissions
    }

    fn path_is_open(self) -> bool {
        self != Self::ChangeEnterprisePermissions
    }

    fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::ChangeEnterprisePermissions => &["enterpriseCode"],
            Self::ListOrderTypePermissions | Self::ChangeOrderTypePermissions => {
                &["enterpriseCode", "orderTypeCode"]
            }
            Self::ShieldOrderType | Self::ShieldEnterprise => &[],
        }
    }
}

/// What a builder was told about unconfirmed operations.
#[derive(Debug, Clone, Default)]
pub(super) struct Overrides {
    methods: BTreeMap<Unconfirmed, String>,
    paths: BTreeMap<Unconfirmed, String>,
}

impl Overrides {
    pub(super) fn set_method(&mut self, operation: Unconfirmed, method: String) {
        self.methods.insert(operation, method);
    }

    pub(super) fn set_path(&mut self, operation: Unconfirmed, template: String) {
        self.paths.insert(operation, template);
    }

    pub(super) fn checked(self) -> Result<Shapes> {
        let mut shapes = Shapes::default();
        for (operation, method) in self.methods {
            if !operation.method_is_open() {
                return Err(refused(operation, "method", "is documented and cannot be replaced"));
            }
            let method = transport::method(&method)?;
            if method.is_safe() {
                return Err(refused(operation, "method", "must be one that can change something"));
            }
            shapes.0.entry(operation).or_default().method = Some(method);
        }
        for (operation, template) in self.paths {
            check_template(operation, &template)?;
            shapes.0.entry(operation).or_default().template = Some(template.into());
        }
        Ok(shapes)
    }
}

fn check_template(operation: Unconfirmed, template: &str) -> Result<()> {
    if !operation.path_is_open() {
        return Err(refused(operation, "path", "is documented and cannot be replaced"));
    }
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_segment = |segment: &str| {
        let placeholder = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        !matches!(segment, "" | "." | "..") && placeholder.unwrap_or(segment).bytes().all(unreserved)
    };
    if !template.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment)) {
        return Err(refused(operation, "path", "must be a plain path such as `/v1/client/pbm/shield`"));
    }
    let mut used: Vec<_> = template.split('/').filter(|segment| segment.contains(['{', '}'])).collect();
    used.sort_unstable();
    let expected: Vec<_> = operation.placeholders().iter().map(|name| format!("{{{name}}}")).collect();
    if used != expected {
        return Err(refused(
            operation,
            "path",
            "must have exactly the placeholders of the operation, each as a segment",
        ));
    }
    Ok(())
}

fn refused(operation: Unconfirmed, part: &str, rule: &str) -> Error {
    Error::configuration(format!("the {part} of `{operation:?}` {rule}"))
}

/// The checked methods and path templates that differ from the specification's.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes(BTreeMap<Unconfirmed, Shape>);

#[derive(Debug, Clone, Default)]
struct Shape {
    method: Option<Method>,
    template: Option<Arc<str>>,
}

impl Shapes {
    /// Adds to the options of a call what was set for its operation.
    pub(super) fn apply(&self, operation: Unconfirmed, options: &CallOptions) -> CallOptions {
        let mut options = options.clone();
        if let Some(shape) = self.0.get(&operation) {
            options.method.clone_from(&shape.method);
            options.template.clone_from(&shape.template);
        }
        options
    }

    /// Writes the path that was set for the operation into a request.
    pub(super) fn rewrite(
        &self,
        operation: Unconfirmed,
        base: &str,
        values: &[(&str, &str)],
        request: &mut reqwest::Request,
    ) -> Result<()> {
        if let Some(template) = self.0.get(&operation).and_then(|shape| shape.template.as_deref()) {
            *request.url_mut() = transport::join(base, &transport::expand(template, values)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_servers_and_no_logins() {
        assert_eq!(format!("{:?}", Environment::Norway), "Norway");
        let shown =
            format!("{:?}", Environment::custom("https://a.example/capi", "https://ada:pw@b.example"));
        assert_eq!(shown, r#"Custom { api_server: "https://a.example/capi", login_server: "<redacted>" }"#);
    }

    fn path(operation: Unconfirmed, template: &str) -> Result<Shapes> {
        let mut overrides = Overrides::default();
        overrides.set_path(operation, template.to_owned());
        overrides.checked()
    }

    #[test]
    fn only_what_is_open_can_be_replaced_and_only_by_something_usable() {
        use Unconfirmed::{
            ChangeEnterprisePermissions, ChangeOrderTypePermissions, ListOrderTypePermissions,
            ShieldEnterprise,
        };
        path(ShieldEnterprise, "/v1/client/customer/pbm/shield").expect("a path");
        path(ChangeOrderTypePermissions, "/v1/pbm/{orderTypeCode}/of/{enterpriseCode}").expect("a path");
        for bad in [
            "",
            "v1",
            "/v1/../x",
            "/v1//x",
            "/v1?x=1",
            "/v1/a b",
            "/v1/a\nb",
            "/v1/%2e",
            "/v1/a{b}",
            "/v1/{enterpriseCode}",
        ] {
            let error = path(ShieldEnterprise, bad).expect_err(bad);
            assert!(error.to_string().contains("`ShieldEnterprise`"), "{error}");
        }
        assert!(path(ChangeEnterprisePermissions, "/v1/{enterpriseCode}").is_err(), "documented");
        assert!(path(ListOrderTypePermissions, "/v1/{enterpriseCode}").is_err(), "one is missing");

        let method = |operation, name: &str| {
            let mut overrides = Overrides::default();
            overrides.set_method(operation, name.to_owned());
            overrides.checked()
        };
        method(ShieldEnterprise, "PATCH").expect("a method");
        assert!(method(ShieldEnterprise, "NO WAY").is_err());
        assert!(method(ShieldEnterprise, "GET").is_err());
        assert!(method(ListOrderTypePermissions, "POST").is_err(), "documented");
    }
}
