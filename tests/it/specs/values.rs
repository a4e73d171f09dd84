//! The open vocabularies of the crate are those of the documents.

#[cfg(any(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
use super::*;

/// Compares the known values of the documents with those of the crate's types.
#[cfg(any(feature = "symphony", feature = "crm-gateway", feature = "connect"))]
macro_rules! assert_same_values {
    ($file:expr, $($known:ident::$name:ident),+ $(,)?) => {
        let document = document($file);
        let listed: Vec<_> = schemas(&document)
            .filter(|(_, schema)| schema.get("x-known-values").is_some())
            .map(|(name, _)| name.to_owned())
            .collect();
        let mut compared = Vec::new();
        $(
            let values = items(&document["components"]["schemas"][stringify!($name)], "x-known-values");
            let values: Vec<_> = values.filter_map(Value::as_str).collect();
            let known: Vec<_> = $known::$name::KNOWN.iter().map(|value| value.as_str()).collect();
            assert_eq!(known, values, "{}", stringify!($name));
            compared.push(stringify!($name).to_owned());
        )+
        compared.sort_unstable();
        assert_eq!(compared, listed, "each vocabulary of {} is compared", $file);
    };
}

#[cfg(feature = "symphony")]
#[test]
fn symphony_knows_the_values_of_its_document() {
    use entitlements::symphony;
    assert_same_values!(
        SYMPHONY,
        symphony::ExternalNetwork,
        symphony::EntitlementStatus,
        symphony::PhoneProvider,
        symphony::PhoneProduct,
        symphony::SubNetwork,
        symphony::ProblemType,
    );
}

#[cfg(feature = "crm-gateway")]
#[test]
fn the_crm_gateway_knows_the_values_of_its_document() {
    use entitlements::crm_gateway;
    assert_same_values!(
        CRM_GATEWAY,
        crm_gateway::EntitlementStatus,
        crm_gateway::ProductType,
        crm_gateway::ValidityType,
    );
}

#[cfg(feature = "connect")]
#[test]
fn connect_knows_the_values_of_its_document() {
    use entitlements::connect;
    assert_same_values!(CONNECT, connect::ChannelState);
}
