//! Unite Connect, Permission/Shield API: over which channels a customer may be contacted.
//!
//! A customer has a state per channel on three levels: global, enterprise and order type. Two
//! kinds of login see two parts of the API, and each is a type of its own:
//!
//! | type | login | can |
//! | --- | --- | --- |
//! | [`Client`] | the application's | [`shield`](Client::shield) customers by a credential |
//! | [`UserClient`] | a user's | read and change the levels of that user |
//!
//! A user logs in by the browser: [`Client::user_login`] sends it off, and when it is back,
//! [`Client::finish_user_login`] gets the tokens.
//!
//! The vendor's page: <https://mediaconnect-api.redoc.ly/Production/tag/PermissionShield>.
//! Method and path of some operations could not be read there; [`Unconfirmed`] lists them, and
//! the builders take others.

mod client;
mod effective;
mod environment;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod ids;
mod level;
mod limits;
mod login;
mod place;
mod problem;
mod requests;
mod shield;
mod update;
mod user;

pub(crate) use self::update::Locks;
pub use self::{
    client::{Client, ClientBuilder},
    effective::{EffectiveChannel, EffectivePermissions, LevelKind},
    environment::{Environment, Unconfirmed},
    ids::{ChannelCode, ChannelState, Credential, EnterpriseCode, OrderTypeCode},
    login::{UserLogin, UserLoginBuilder},
    problem::{Problem, ProblemShape},
    requests::{ChangePermissions, ListPermissions, ReadEffectivePermissions},
    shield::{Shield, ShieldChannel, ShieldEnterprise, ShieldOrderType},
    update::UpdatePermissions,
    user::{UserClient, UserClientBuilder},
};

/// The models of the answers, as the specification describes them.
///
/// Every field is optional, and the types can grow: make one for your tests with `Default` and
/// set its fields.
pub mod model {
    pub use crate::generated::connect::model::*;
}
