//! Settings from environment variables.

mod secret;

use std::{collections::BTreeMap, fmt::Display, str::FromStr, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};

pub(crate) use self::secret::Secret;
use super::{
    RateLimit, Settings,
    network::{Network, ProxyChoice},
};
use crate::{Error, Result};

/// The variables of one service: their names without its prefix, and their values, none of them
/// empty.
pub(crate) struct Variables {
    prefix: &'static str,
    /// Any of them can be a secret, put into the wrong variable or not.
    values: BTreeMap<String, SecretString>,
}

impl Variables {
    /// Those of the process.
    pub(crate) fn of_process(prefix: &'static str) -> Result<Self> {
        let mut values = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix(prefix)) else { continue };
            let value = value.into_string().map_err(|_| refused(prefix, name, "is not valid UTF-8"))?;
            values.insert(name.to_owned(), value.into());
        }
        Ok(Self::new(prefix, values))
    }

    /// Those that a caller collected; names of other services are passed over.
    pub(crate) fn given<N, V>(prefix: &'static str, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        let own = |(name, value): (N, V)| {
            let name = name.as_ref().strip_prefix(prefix)?;
            Some((name.to_owned(), SecretString::from(value.into())))
        };
        Self::new(prefix, variables.into_iter().filter_map(own).collect())
    }

    fn new(prefix: &'static str, mut values: BTreeMap<String, SecretString>) -> Self {
        values.retain(|_, value| !value.expose_secret().is_empty());
        Self { prefix, values }
    }

    /// A value, if the variable is set to something.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.values.remove(name).map(|value| value.expose_secret().to_owned())
    }

    /// The first of these that is set to something and was not read yet.
    pub(crate) fn first_of(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.values.contains_key(*name))
    }

    #[cfg(any(feature = "symphony", feature = "crm-gateway"))]
    pub(crate) fn required(&mut self, name: &str) -> Result<String> {
        self.text(name).ok_or_else(|| self.refused(name, "is not set"))
    }

    pub(crate) fn refused(&self, name: &str, rule: impl Display) -> Error {
        refused(self.prefix, name, rule)
    }

    pub(crate) fn parsed<T>(
        &mut self,
        name: &str,
        rule: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        parse(text.trim()).map(Some).ok_or_else(|| self.refused(name, rule))
    }

    /// The content of the file that the variable names.
    fn file(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.text(name) else { return Ok(None) };
        let unreadable =
            |error: std::io::Error| self.refused(name, "names a file that cannot be read").with_source(error);
        std::fs::read(path).map(Some).map_err(unreadable)
    }

    fn number<T: FromStr>(&mut self, name: &str) -> Result<Option<T>> {
        self.parsed(name, "must be a whole number that is not negative", |text| text.parse().ok())
    }

    pub(crate) fn time(&mut self, name: &str) -> Result<Option<Duration>> {
        self.parsed(name, "must be a time such as `1500ms`, `20s` or `2m`", duration)
    }

    pub(crate) fn switch(&mut self, name: &str) -> Result<Option<bool>> {
        self.parsed(name, "must be `true` or `false`", |text| text.to_ascii_lowercase().parse().ok())
    }

    /// Refuses variables that nobody asked for: a misspelt limit must not be a limit that is not
    /// there.
    pub(crate) fn finish(self) -> Result<()> {
        match self.values.into_keys().next() {
            Some(name) => {
                Err(refused(self.prefix, &name, "is not a variable of this client; see `from_env`"))
            }
            None => Ok(()),
        }
    }
}

/// The value stays out of the text: it can be a secret that was put into the wrong variable.
fn refused(prefix: &str, name: &str, rule: impl Display) -> Error {
    Error::configuration(format!("the environment variable `{prefix}{}` {rule}", name.escape_debug()))
}

/// The constructors of a builder that read variables; the builder has a `from_own` for what is found.
macro_rules! environment_options {
    ($(#[doc = $intro:literal])+ $prefix:path, $builder:literal, $($name:literal = $value:literal),+) => {
        /// Takes the settings, and the credential where there is one, from the environment
        /// variables of the process. What code sets afterwards wins over them.
        ///
        $(#[doc = $intro])+
        #[doc = include_str!("../docs/environment.md")]
        ///
        /// ```no_run
        #[doc = concat!("let builder = entitlements::", $builder, "::from_env()?;")]
        /// # Ok::<(), entitlements::Error>(())
        /// ```
        pub fn from_env() -> crate::Result<Self> {
            Self::from_own(crate::transport::Variables::of_process($prefix)?)
        }

        /// As [`from_env`](Self::from_env), with names and values that you collected, for tests
        /// and for configuration from elsewhere. Names of other services are passed over.
        ///
        /// # Errors
        ///
        /// As for [`from_env`](Self::from_env).
        ///
        /// ```
        #[doc = concat!("let builder = entitlements::", $builder, "::from_variables([")]
        $(#[doc = concat!("    (\"", $name, "\", \"", $value, "\"),")])+
        /// ])?;
        /// # Ok::<(), entitlements::Error>(())
        /// ```
        pub fn from_variables<N: AsRef<str>, V: Into<String>>(
            variables: impl IntoIterator<Item = (N, V)>,
        ) -> crate::Result<Self> {
            Self::from_own(crate::transport::Variables::given($prefix, variables))
        }
    };
}
pub(crate) use environment_options;

impl Settings {
    /// Takes over the settings that every client has.
    pub(crate) fn read(&mut self, variables: &mut Variables) -> Result<()> {
        fn set<T>(setting: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *setting = value;
            }
        }
        set(&mut self.attempt_timeout, variables.time("TIMEOUT")?);
        set(&mut self.deadline, variables.time("DEADLINE")?);
        set(&mut self.connect_timeout, variables.time("CONNECT_TIMEOUT")?);
        set(&mut self.longest_wait, variables.time("LONGEST_WAIT")?);
        set(&mut self.max_attempts, variables.number("MAX_ATTEMPTS")?);
        set(&mut self.retry_budget, variables.number("RETRY_BUDGET")?);
        set(&mut self.max_concurrency, variables.number("MAX_CONCURRENCY")?);
        let size = "must be a size such as `1048576` or `16MiB`";
        set(&mut self.max_body, variables.parsed("MAX_BODY", size, bytes)?);
        let limit = "must be `none`, or limits such as `100/1s,2000/1m`";
        set(&mut self.rate_limit, variables.parsed("RATE_LIMIT", limit, rate_limit)?.map(Some));
        set(&mut self.application, variables.text("APPLICATION").map(Some));
        set(&mut self.plain_http, variables.switch("ALLOW_PLAIN_HTTP")?);
        self.network.read(variables)
    }
}

impl Network {
    fn read(&mut self, variables: &mut Variables) -> Result<()> {
        if let Some(pem) = variables.file("ROOT_CERTIFICATES_FILE")? {
            self.root_certificates.push(pem.into());
        }
        if let Some(platform_roots) = variables.switch("PLATFORM_ROOTS")? {
            self.without_platform_roots = !platform_roots;
        }
        if let Some(pem) = variables.file("CLIENT_CERTIFICATE_FILE")? {
            self.client_certificate = Some(Arc::new(pem.into()));
        }
        match variables.text("PROXY") {
            Some(none) if none == "none" => self.proxy = ProxyChoice::None,
            Some(url) => self.proxy = ProxyChoice::Url(url.into()),
            None => {}
        }
        Ok(())
    }
}

/// `1500ms`, `20s`, `2m`, `1h`, or a number of seconds.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

/// A number of bytes, or of `KiB`, `MiB` or `GiB`.
fn bytes(text: &str) -> Option<usize> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)];
    let (number, size) = units.into_iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
    number.parse::<usize>().ok()?.checked_mul(size)
}

fn rate_limit(text: &str) -> Option<RateLimit> {
    if text == "none" {
        return Some(RateLimit::none());
    }
    let windows = text.split(',').map(|window| {
        let (calls, window) = window.trim().split_once('/')?;
        // `100/s` is `100/1s`.
        let window = duration(window).or_else(|| duration(&format!("1{window}")))?;
        Some((calls.parse().ok()?, window))
    });
    windows.collect::<Option<Vec<_>>>().map(RateLimit::of_windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings> {
        let mut variables = Variables::given("ENTITLEMENTS_X_", variables.iter().copied());
        let mut settings = Settings::default();
        settings.read(&mut variables)?;
        variables.finish()?;
        Ok(settings)
    }

    #[test]
    fn every_setting_has_its_variable() {
        let settings = read(&[
            ("ENTITLEMENTS_X_TIMEOUT", "1500ms"),
            ("ENTITLEMENTS_X_DEADLINE", "2m"),
            ("ENTITLEMENTS_X_CONNECT_TIMEOUT", "3"),
            ("ENTITLEMENTS_X_LONGEST_WAIT", "1h"),
            ("ENTITLEMENTS_X_MAX_ATTEMPTS", "2"),
            ("ENTITLEMENTS_X_RETRY_BUDGET", "7"),
            ("ENTITLEMENTS_X_MAX_CONCURRENCY", "5"),
            ("ENTITLEMENTS_X_MAX_BODY", "2MiB"),
            ("ENTITLEMENTS_X_RATE_LIMIT", "25/s, 1000/1m"),
            ("ENTITLEMENTS_X_APPLICATION", "roster-sync/2.1"),
            ("ENTITLEMENTS_X_ALLOW_PLAIN_HTTP", "True"),
            ("ENTITLEMENTS_Y_TIMEOUT", "of another service"),
        ]);
        let settings = settings.expect("all are right");
        let seconds = [settings.deadline, settings.connect_timeout, settings.longest_wait];
        assert_eq!(seconds.map(|time| time.as_secs()), [120, 3, 3600]);
        assert_eq!(settings.attempt_timeout, Duration::from_millis(1500));
        assert_eq!((settings.max_attempts, settings.retry_budget, settings.max_concurrency), (2, 7, 5));
        assert_eq!(settings.max_body, 2 << 20);
        let limit = settings.rate_limit.expect("a limit");
        assert_eq!(format!("{limit:?}"), "RateLimit([(25, 1s), (1000, 60s)])");
        assert_eq!(settings.application.as_deref(), Some("roster-sync/2.1"));
        assert!(settings.plain_http);
    }

    #[test]
    fn connections_have_their_variables_too() {
        let directory = std::env::temp_dir().join(format!("entitlements-variables-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let file = |name: &str, content: &str| {
            let path = directory.join(name);
            std::fs::write(&path, content).expect("a file");
            path.to_str().expect("UTF-8").to_owned()
        };
        let (roots, client) =
            (file("roots.pem", "plainly fake roots"), file("client.pem", "plainly fake key"));
        let network = read(&[
            ("ENTITLEMENTS_X_ROOT_CERTIFICATES_FILE", &roots),
            ("ENTITLEMENTS_X_PLATFORM_ROOTS", "false"),
            ("ENTITLEMENTS_X_CLIENT_CERTIFICATE_FILE", &client),
            ("ENTITLEMENTS_X_PROXY", "http://plainly:fake@proxy.example:3128"),
        ]);
        let network = network.expect("all are right").network;
        std::fs::remove_dir_all(&directory).expect("empty");
        assert_eq!(&*network.root_certificates[0], b"plainly fake roots");
        assert!(network.without_platform_roots);
        let key = network.client_certificate.expect("a certificate");
        assert_eq!(secrecy::ExposeSecret::expose_secret(&*key), b"plainly fake key");
        assert!(matches!(network.proxy, ProxyChoice::Url(_)));
        let none = read(&[("ENTITLEMENTS_X_PROXY", "none")]).expect("right").network;
        assert!(matches!(none.proxy, ProxyChoice::None));
        let error = read(&[("ENTITLEMENTS_X_ROOT_CERTIFICATES_FILE", "/nowhere/roots.pem")]);
        let error = error.err().expect("no such file").to_string();
        assert!(error.contains("`ENTITLEMENTS_X_ROOT_CERTIFICATES_FILE` names a file"), "{error}");
        assert!(!error.contains("/nowhere"), "{error}");
    }

    #[test]
    fn what_is_not_set_or_empty_stays_as_it_was() {
        let settings = read(&[("ENTITLEMENTS_X_TIMEOUT", ""), ("ENTITLEMENTS_X_MAX_BODY", "")]);
        let settings = settings.expect("nothing is set");
        assert_eq!(settings.attempt_timeout, Settings::default().attempt_timeout);
        assert_eq!(settings.max_body, Settings::default().max_body);
        assert!(settings.rate_limit.is_none());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name_and_without_its_value() {
        for (name, value) in [
            ("TIMEOUT", "soon"),
            ("TIMEOUT", "-1"),
            ("TIMEOUT", "1.5s"),
            ("TIMEOUT", "ms"),
            ("DEADLINE", "99999999999999999999h"),
            ("DEADLINE", "9999999999999999999h"),
            ("MAX_ATTEMPTS", "-1"),
            ("MAX_ATTEMPTS", "4294967296"),
            ("RETRY_BUDGET", "many"),
            ("MAX_BODY", "99999999999999GiB"),
            ("MAX_BODY", "12 apples"),
            ("RATE_LIMIT", "100"),
            ("RATE_LIMIT", "100/x"),
            ("RATE_LIMIT", "-1/1s"),
            ("RATE_LIMIT", "/1s"),
            ("ALLOW_PLAIN_HTTP", "yes"),
            ("PLATFORM_ROOTS", "no"),
            ("CLIENT_CERTIFICATE_FILE", "/nowhere/key.pem"),
            ("TIMEOT", "5"),
        ] {
            let name = format!("ENTITLEMENTS_X_{name}");
            let error = read(&[(name.as_str(), value)]).err().unwrap_or_else(|| panic!("{name}={value}"));
            let text = error.to_string();
            assert!(text.contains(&format!("`{name}`")), "{text}");
            assert!(!text.contains(&format!(" {value}")) && !text.contains(&format!("`{value}`")), "{text}");
        }
    }
}
