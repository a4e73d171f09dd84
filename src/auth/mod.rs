//! Who is calling: credentials, and the one token cache that all of them share.
//!
//! A client takes anything that turns into an [`Auth`]: a [`StaticToken`], a [`JwtSigner`] for
//! Symphony, a [`Keycloak`] login for the CRM Gateway, or a [`TokenSource`] of your own. Make an
//! [`Auth`] first and clone it to let several clients share one token.
//!
//! | for | credential | renewed by |
//! | --- | --- | --- |
//! | Symphony | [`JwtSigner`] | a signature |
//! | CRM Gateway | [`Keycloak`] | a refresh, or a new login |
//! | Connect, the application | `client_login` of the builder | asking again |
//! | Connect, a user | [`UserTokens`] | a refresh; after that the user has to log in |
//! | any | [`StaticToken`], or a [`TokenSource`] of your own | nothing, or your code |
//!
//! Two credentials never share anything. What [`Auth`] does with tokens is described there;
//! [`AuthStatus`] tells a health check about it.

mod cache;
#[cfg(feature = "connect")]
mod connect_id;
#[cfg(any_grant)]
mod grant;
#[cfg(feature = "crm-gateway")]
mod keycloak;
#[cfg(feature = "symphony")]
mod signer;
mod source;
#[cfg(feature = "connect")]
mod stored;
#[cfg(feature = "connect")]
mod user_session;
#[cfg(feature = "connect")]
mod user_tokens;
pub(crate) mod variables;

pub use self::cache::{Auth, AuthStatus, AuthWatch, Bearer, LoginFailure};
#[cfg(feature = "connect")]
pub(crate) use self::connect_id::ConnectClient;
#[cfg(any_grant)]
pub use self::grant::ClientAuthentication;
#[cfg(feature = "connect")]
pub(crate) use self::grant::code as oauth_code;
#[cfg(feature = "crm-gateway")]
pub use self::keycloak::Keycloak;
#[cfg(feature = "symphony")]
pub use self::signer::JwtSigner;
pub use self::source::{Context, StaticToken, Token, TokenSource};
#[cfg(feature = "connect")]
pub use self::user_tokens::UserTokens;
#[cfg(feature = "connect")]
pub(crate) use self::{stored::object as stored_object, user_session::UserSession};
