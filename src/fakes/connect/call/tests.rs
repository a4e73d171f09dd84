use super::super::{
    CLIENT_ID, CLIENT_SECRET, USER,
    testing::{Rig, channels, request},
};
use super::*;
use crate::fakes::{Call as _, Operation as _};

/// Every operation, with a request that is one.
fn requests() -> Vec<(Operation, &'static str, &'static str, Value)> {
    let none = Value::Null;
    let change = channels(&[("TM", "shield"), ("DM", "Paused")]);
    let shield = serde_json::json!({ "enterpriseCode": "0468", "orderTypeCode": "56", "channel": "DM",
        "credential": "+47 12" });
    vec![
        (Operation::ListGlobalPermissions, "GET", "/capi/v1/customer/pbm", none.clone()),
        (Operation::ListEnterprisePermissions, "GET", "/capi/v1/customer/pbm/a%2Fb+c", none.clone()),
        (Operation::ChangeEnterprisePermissions, "POST", "/capi/v1/customer/pbm/0468", change.clone()),
        (Operation::ListOrderTypePermissions, "GET", "/capi/v1/customer/pbm/0468/56", none.clone()),
        (Operation::ChangeOrderTypePermissions, "POST", "/capi/v1/customer/pbm/0468/56", change),
        (
            Operation::ShieldOrderTypeByCredential,
            "POST",
            "/capi/v1/client/pbm/shield/ordertype",
            shield.clone(),
        ),
        (Operation::ShieldEnterpriseByCredential, "POST", "/capi/v1/client/pbm/shield/enterprise", shield),
        (
            Operation::Authorize,
            "GET",
            "/user/oauth/authorize?client_id=c&user=ada&auto=1&state=s",
            none.clone(),
        ),
        (Operation::Token, "POST", "/login/oauth/token", none),
    ]
}

fn read(method: &str, target: &str, body: &Value) -> Option<Call> {
    let mut request = request(method, target);
    request.body = body.to_string().into();
    Call::read(&request)
}

/// Row 10: a journal of received requests.
#[test]
fn every_operation_is_read() {
    let read: Vec<_> = requests()
        .iter()
        .map(|(operation, method, target, body)| {
            let found = read(method, target, body).map(|call| call.operation());
            assert_eq!(found, Some(*operation), "{method} {target}");
            *operation
        })
        .collect();
    assert_eq!(read, Operation::ALL, "each has its request here");
    for operation in Operation::ALL {
        assert_eq!(operation.name().parse(), Ok(*operation));
    }
}

#[test]
fn the_parts_of_a_call_are_typed() {
    let calls: Vec<Call> =
        requests().iter().map(|(_, method, target, body)| read(method, target, body).unwrap()).collect();
    assert_eq!(calls[1], Call::ListEnterprisePermissions { enterprise_code: "a/b+c".to_owned() });
    let change =
        |channel: &str, state| ChannelChange { channel: Some(channel.to_owned()), state: Some(state) };
    let channels = vec![change("TM", ChannelState::Shield), change("DM", ChannelState::from("Paused"))];
    let (enterprise_code, order_type_code) = ("0468".to_owned(), "56".to_owned());
    assert_eq!(calls[4], Call::ChangeOrderTypePermissions { enterprise_code, order_type_code, channels });
    let shield = Call::ShieldEnterpriseByCredential {
        enterprise_code: Some("0468".to_owned()),
        channel: Some("DM".to_owned()),
        credential: Some("+47 12".into()),
    };
    assert_eq!(calls[6], shield);
    let shield = read("POST", "/capi/v1/client/pbm/shield/ordertype", &serde_json::json!({ "channel": 7 }));
    let nothing = Call::ShieldOrderTypeByCredential {
        enterprise_code: None,
        order_type_code: None,
        channel: None,
        credential: None,
    };
    assert_eq!(shield, Some(nothing), "what is malformed is left out");
}

#[test]
fn what_is_no_operation_is_no_call() {
    for (method, target) in [
        ("POST", "/capi/v1/customer/pbm"),
        ("PUT", "/capi/v1/customer/pbm/1"),
        ("GET", "/capi/v1/client/pbm/shield/enterprise"),
        ("GET", "/capi/v1/customer/pbm/"),
        ("GET", "/capi/v1/customer/pbm/1/2/3"),
        ("GET", "/v1/customer/pbm"),
        ("GET", "/capital/v1/customer/pbm"),
        ("POST", "/userland/oauth/token"),
        ("POST", "/user/oauth/authorize"),
        ("GET", "/user/oauth/token"),
        ("GET", "/user/oauth"),
    ] {
        assert_eq!(read(method, target, &Value::Null), None, "{method} {target}");
    }
}

/// Row 10: with credentials redacted.
#[test]
fn a_call_shows_no_person_and_keeps_no_secret() {
    let mut rig = Rig::new();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "not-a-real-token"),
        ("code", "not-a-real-token"),
        ("scope", "read"),
    ];
    let token = rig.call("POST", "/user/oauth/token").basic(CLIENT_ID, CLIENT_SECRET).form(&form).request();
    let Some(Call::Token { grant_type, client_id, scope }) = Call::read(&token) else {
        panic!("a token request");
    };
    assert_eq!(grant_type.as_deref(), Some("refresh_token"));
    assert_eq!((client_id.as_deref(), scope.as_deref()), (Some(CLIENT_ID), Some("read")));
    let in_form = [("client_id", "c"), ("client_secret", "not-a-real-token")];
    let by_form = rig.call("POST", "/user/oauth/token").form(&in_form).request();
    assert!(matches!(Call::read(&by_form), Some(Call::Token { client_id: Some(id), .. }) if id == "c"));

    let all = requests();
    let calls = all.iter().filter_map(|(_, method, target, body)| read(method, target, body));
    let calls: Vec<Call> = calls.chain(Call::read(&token)).chain(Call::read(&by_form)).collect();
    let shown = format!("{calls:?}");
    for hidden in ["+47 12", &format!("\"{USER}\""), "not-a-real-token", CLIENT_SECRET] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    assert!(shown.contains("[personal]"));
    assert_eq!(Call::read(&request("HEAD", "/capi/v1/customer/pbm")), None);
}
