//! Who is calling: credentials, and the one token cache that all of them share.
//!
//! A client takes anything that turns into an [`Auth`]: a [`StaticToken`], a [`JwtSigner`] for
//! Symphony, a [`Keycloak`] login for the CRM Gateway, or a [`TokenSource`] of your own. Make an
//! [`Auth`] first and clone it to let several clients share one token.

mod cache;
#[cfg(feature = "connect")]
pub(crate) mod connect_id;
#[cfg(any(feature = "crm-gateway", feature = "connect"))]
mod grant;
#[cfg(feature = "crm-gateway")]
mod keycloak;
#[cfg(feature = "symphony")]
mod signer;
mod source;

pub use self::source::{Context, StaticToken, Token, TokenSource};
#[cfg(feature = "connect")]
pub use self::connect_id::{ClientAuthentication, UserTokens};
#[cfg(feature = "crm-gateway")]
pub use self::keycloak::Keycloak;
#[cfg(feature = "symphony")]
pub use self::signer::JwtSigner;
pub use self::cache::{Auth, AuthStatus};
