//! What every fake starts with.

use super::{login::scope_or_default, state::State, tokens::Grant};

/// The client that users can log in to; it can log in as itself, too.
pub const CLIENT_ID: &str = "example.fake.app";
/// The secret of [`CLIENT_ID`], with characters that a form has to encode.
pub const CLIENT_SECRET: &str = "plainly-fake!([+*&=%])";
/// A client that can log in as itself only.
pub const SHIELD_CLIENT_ID: &str = "example.fake.shield";
/// The secret of [`SHIELD_CLIENT_ID`].
pub const SHIELD_CLIENT_SECRET: &str = "plainly-fake-too";
/// A redirect address that both clients may use.
pub const REDIRECT_URI: &str = "https://app.example/callback";
/// A user with a customer number, [`CUSTOMER_A`].
pub const USER: &str = "ada";
/// A user without a customer number.
pub const USER_WITHOUT_CUSTOMER: &str = "bob";
/// The number of a customer with [`PHONE`].
pub const CUSTOMER_A: &str = "1001";
/// The number of another customer with [`PHONE`].
pub const CUSTOMER_B: &str = "1002";
/// The number of a customer with [`EMAIL`] and no phone number.
pub const CUSTOMER_C: &str = "1003";
/// The phone number that two customers share.
pub const PHONE: &str = "+4712345678";
/// The e-mail address of one customer.
pub const EMAIL: &str = "carl@customers.example";
/// The code of an enterprise.
pub const ENTERPRISE: &str = "468979834";
/// The code of an order type of [`ENTERPRISE`].
pub const ORDER_TYPE: &str = "56235";

impl State {
    pub(super) fn seeded() -> Self {
        let mut state = Self::empty();
        state.add_customer(CUSTOMER_A, &[PHONE]);
        state.add_customer(CUSTOMER_B, &[PHONE]);
        state.add_customer(CUSTOMER_C, &[EMAIL]);
        state.add_user(USER, Some(CUSTOMER_A));
        state.add_user(USER_WITHOUT_CUSTOMER, None);
        state.add_enterprise(ENTERPRISE, &[ORDER_TYPE]);
        for channel in ["TM", "DM", "EM"] {
            state.add_channel(channel);
        }
        state
    }
}

/// What a token of [`CLIENT_ID`] stands for.
pub(super) fn grant(user: Option<&str>) -> Grant {
    Grant { client: CLIENT_ID.to_owned(), user: user.map(str::to_owned), scope: scope_or_default(None) }
}
