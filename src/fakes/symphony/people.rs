//! Users of a pod and what they are entitled to, as a test author seeds them.

use std::{collections::BTreeSet, fmt};

/// A user of a tenant's own pod.
///
/// ```
/// use entitlements::fakes::symphony::User;
///
/// let ada = User::new("351775001412105", "ada@acme.example", "Ada", "Byron");
/// assert!(!format!("{ada:?}").contains("ada"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) company: String,
}

/// An advisor's entitlement on a network, for a seed.
///
/// A [`User`] turns into one, so that the simple case is short. Whether it is shown as `ENTITLED`
/// or `PRE_ENTITLED` is not said here: it follows from the network and the number.
#[derive(Clone, PartialEq, Eq)]
pub struct Entitlement {
    pub(super) user: User,
    pub(super) number: Option<String>,
    pub(super) activated: bool,
    pub(super) federation_group_id: Option<String>,
    /// `None` stands for those that the network grants by itself.
    pub(super) permissions: Option<BTreeSet<String>>,
}

impl User {
    /// A user with a Symphony id (decimal digits), an e-mail address and a name, who works for
    /// the company `Acme`.
    ///
    /// # Panics
    ///
    /// If the id or the address is empty or has a control character.
    #[track_caller]
    pub fn new(
        id: impl Into<String>,
        email: impl Into<String>,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
    ) -> Self {
        let user = Self {
            id: id.into(),
            email: email.into(),
            first_name: first_name.into(),
            last_name: last_name.into(),
            company: "Acme".to_owned(),
        };
        check_text("a user's Symphony id", &user.id);
        check_text("a user's e-mail address", &user.email);
        user
    }

    /// Sets the company's name. Default: `Acme`.
    #[must_use]
    pub fn company(mut self, name: impl Into<String>) -> Self {
        self.company = name.into();
        self
    }
}

impl Entitlement {
    /// An entitlement with the permissions that the network grants by itself.
    #[must_use]
    pub fn new(user: User) -> Self {
        Self { user, number: None, activated: false, federation_group_id: None, permissions: None }
    }

    /// Sets the advisor's number; for the direct networks only.
    ///
    /// # Panics
    ///
    /// If it is empty or has a control character.
    #[must_use]
    #[track_caller]
    pub fn phone_number(mut self, number: impl Into<String>) -> Self {
        let number = number.into();
        check_text("a phone number", &number);
        self.number = Some(number);
        self
    }

    /// Marks the number as activated, so that the advisor is `ENTITLED`; for WhatsApp Direct
    /// only. Default: not, so that the advisor is `PRE_ENTITLED` unless the tenant knows the
    /// number as [activated](super::Tenant::activated_number).
    #[must_use]
    pub fn activated(mut self) -> Self {
        self.activated = true;
        self
    }

    /// Sets the federation group.
    ///
    /// # Panics
    ///
    /// If it is empty or has a control character.
    #[must_use]
    #[track_caller]
    pub fn federation_group_id(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        check_text("a federation group id", &id);
        self.federation_group_id = Some(id);
        self
    }

    /// Sets the permissions, in place of those that the network grants by itself.
    #[must_use]
    pub fn permissions<P: Into<String>>(mut self, names: impl IntoIterator<Item = P>) -> Self {
        self.permissions = Some(names.into_iter().map(Into::into).collect());
        self
    }
}

impl From<User> for Entitlement {
    fn from(user: User) -> Self {
        Self::new(user)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").finish_non_exhaustive()
    }
}

impl fmt::Debug for Entitlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entitlement").field("permissions", &self.permissions).finish_non_exhaustive()
    }
}

/// Refuses what no request could name.
#[track_caller]
pub(super) fn check_text(what: &str, text: &str) {
    assert!(!text.trim().is_empty(), "{what} is empty; give it a text");
    assert!(!text.chars().any(char::is_control), "{what} has a control character: {text:?}; leave it out");
}
