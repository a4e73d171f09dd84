//! What has to hold for the gateway's answers.

use super::{model, problem::read};
use crate::{
    fuzzing::{checks, pages},
    generated::crm_gateway::op,
    transport::Operation,
};

pub(crate) fn body(body: &[u8]) {
    checks::model::<model::Entitlement>(body);
    checks::model::<model::EntitlementPage>(body);
    checks::model::<model::GatewayError>(body);
    pages::page::<model::EntitlementPage>(body);
}

pub(crate) fn problem(data: &[u8]) {
    // A number, or two with a colon between them.
    let is_documented = |code: &str| {
        code.len() <= 32 && code.bytes().all(|byte| byte.is_ascii_digit() || b":-".contains(&byte))
    };
    checks::problem(op::ListEntitlements::INFO, &checks::answer(data), read, is_documented);
}
