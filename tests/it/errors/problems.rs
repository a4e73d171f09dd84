//! Each service's error body, by its type.

use entitlements::{
    ErrorKind,
    connect::{self, Credential},
    crm_gateway::{self, ProblemCode, ProblemShape},
    symphony::{self, Advisor, ExternalNetwork, ProblemType},
};

use super::*;
use crate::support::raw::{RawServer, answer};

/// Bodies that are no error body of any of the three.
const NONE: [&str; 6] = ["", "<html>x</html>", "{}", "[]", "null", r#"{"reason":"x","status":500}"#];

async fn of_symphony(status: u16, body: &str) -> Error {
    let server = RawServer::start([answer::json(status, body)]).await;
    let client = symphony(&format!("{}/admin", server.uri()));
    let call = client.get_advisor_entitlement(ExternalNetwork::WhatsApp, Advisor::id("1")).send();
    call.await.expect_err("refused")
}

async fn of_crm(status: u16, body: &str) -> Error {
    let server = RawServer::start([answer::json(status, body)]).await;
    crm(&server.uri()).list_entitlements().send().await.expect_err("refused")
}

async fn of_connect(status: u16, body: &str) -> Error {
    let server = RawServer::start([answer::json(status, body)]).await;
    let shield = app(&server.uri()).shield(Credential::phone("+4712345678")).channel("DM").enterprise("1");
    shield.send().await.expect_err("refused")
}

#[tokio::test]
async fn every_documented_code_of_symphony() {
    for code in ProblemType::KNOWN {
        let body = format!(r#"{{"type":"{code}","title":"x","status":400,"detailMessage":"y"}}"#);
        let error = of_symphony(400, &body).await;
        assert_eq!(error.code(), Some(code.as_str()));
        let problem: symphony::Problem = error.problem().expect("a problem");
        assert_eq!(problem.code(), Some(code));
        assert_eq!(problem.detail_message.as_deref(), Some("y"));
    }
}

#[tokio::test]
async fn the_gateway_in_both_shapes_and_with_status_200() {
    let service = of_crm(400, r#"{"code":400,"errorCode":1001,"message":"Generic bad request"}"#).await;
    let problem: crm_gateway::Problem = service.problem().expect("a problem");
    assert_eq!((problem.shape(), problem.code()), (ProblemShape::Service, Some(ProblemCode::BadRequest)));
    assert_eq!((problem.status, service.code()), (Some(400), Some("1001")));

    let front = r#"{"resultCode":"99999:403","localeMessage":"none","requestId":7,"result":"Invalid token"}"#;
    for status in [200, 403] {
        let error = of_crm(status, front).await;
        assert_eq!((error.kind(), error.code()), (ErrorKind::Forbidden, Some("99999:403")));
        let problem: crm_gateway::Problem = error.problem().expect("a problem");
        assert_eq!(problem.shape(), ProblemShape::FrontLayer);
        assert_eq!(problem.code(), Some(ProblemCode::TokenRefused));
        assert_eq!(problem.request_id.as_deref(), Some("7"));
    }
}

#[tokio::test]
async fn connect_in_both_shapes() {
    let error = of_connect(400, r#"{"exceptionType":"ExampleException","errorMessage":"x"}"#).await;
    let problem: connect::Problem = error.problem().expect("a problem");
    assert_eq!((problem.shape(), problem.code()), (connect::ProblemShape::Api, None));
    assert_eq!(problem.exception_type.as_deref(), Some("ExampleException"));

    let error = of_connect(401, r#"{"error":"invalid_token","error_description":"x"}"#).await;
    let problem: connect::Problem = error.problem().expect("a problem");
    assert_eq!((problem.shape(), problem.code()), (connect::ProblemShape::Login, Some("invalid_token")));
    assert_eq!(error.code(), Some("invalid_token"));
}

#[tokio::test]
async fn no_problem_in_anything_else() {
    for body in NONE {
        let error = of_symphony(400, body).await;
        assert!(error.problem::<symphony::Problem>().is_none() && error.code().is_none(), "{body}");
        let error = of_crm(400, body).await;
        assert!(error.problem::<crm_gateway::Problem>().is_none() && error.code().is_none(), "{body}");
        let error = of_connect(400, body).await;
        assert!(error.problem::<connect::Problem>().is_none() && error.code().is_none(), "{body}");
    }
}
