use super::support::{ADMIN, Api};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read as _;

fn document() -> Value {
    serde_json::from_str(&enlace_web::openapi()).unwrap()
}

/// Every documented operation: method, path with its parameters filled in, and what the document says.
fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        let path = path.replace("{id}", "nobody").replace("{mid}", "msg_nothing");
        let of_path = item.as_object().unwrap().clone().into_iter();
        of_path
            .map(move |(method, operation)| (method.to_uppercase().parse().unwrap(), path.clone(), operation))
    });
    each.collect()
}

#[test]
fn the_document_is_what_was_reviewed() {
    insta::assert_json_snapshot!(document());
}

#[test]
fn operation_ids_are_stable_and_unique() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let ids: Vec<_> = operations(&document)
        .iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    let unique: BTreeSet<_> = ids.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), ids.len());
    let expected = BTreeSet::from([
        "session_create",
        "session_list",
        "session_summary",
        "session_get",
        "session_update",
        "session_delete",
        "session_start",
        "session_stop",
        "session_restart",
        "session_logout",
        "session_link",
        "session_passkey",
        "session_passkey_answer",
        "session_passkey_confirm",
        "session_qr",
        "session_events",
        "event_stream",
        "stream_ticket_create",
        "message_send",
        "message_list",
        "message_get",
        "key_create",
        "key_list",
        "key_get",
        "key_update",
        "key_revoke",
        "audit_list",
        "version_get",
        "gateway_live",
        "gateway_ready",
        "gateway_metrics",
    ]);
    assert_eq!(unique, expected);
}

#[test]
fn every_operation_says_enough_to_be_used() {
    for (method, path, operation) in operations(&document()) {
        let place = format!("{method} {path}");
        assert!(operation["summary"].is_string() && operation["description"].is_string(), "{place}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{place}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
        if path.starts_with("/v1") {
            for status in ["401", "403", "500", "503"] {
                assert!(responses.contains_key(status), "{place} {status}");
            }
        }
        if path.contains("nobody") {
            assert!(responses.contains_key("404"), "{place}");
        }
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            assert!(response["content"]["application/problem+json"].is_object(), "{place} {status}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_documented_route_is_served_and_asks_for_a_key() {
    let api = Api::new().await;
    for (method, path, operation) in operations(&document()) {
        let open = operation["security"] == serde_json::json!([{}])
            || operation["security"] == serde_json::json!([]);
        let request = Request::builder().method(method.clone()).uri(&path);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        if open {
            assert_eq!(answer.status, 200, "{method} {path}");
        } else {
            answer.assert_problem(401, "key-missing");
        }
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{path}?after=x"))
            .header("x-api-key", ADMIN);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        let documented = operation["responses"].as_object().unwrap();
        assert!(documented.contains_key(answer.status.as_str()), "{method} {path}: {answer:?}");
        assert!(!answer.text().contains("route-not-found"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_are_served_without_a_key_and_without_another_host() {
    let api = Api::new().await;
    let served = api.send(Request::get("/v1/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.json(), document());
    let page = api.send(Request::get("/docs/").body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.header("content-type").starts_with("text/html"));
    // Kept and served compressed: a browser unpacks it.
    assert_eq!(page.header("content-encoding"), "gzip");
    let mut html = String::new();
    flate2::read::GzDecoder::new(page.body.as_slice()).read_to_string(&mut html).unwrap();
    assert!(html.contains("swagger-ui"), "{html}");
    for foreign in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    let script = api.send(Request::get("/docs/swagger-initializer.js").body(Body::empty()).unwrap()).await;
    assert!(script.text().contains("/v1/openapi.json"), "{script:?}");
}

#[tokio::test]
async fn the_version_is_told_to_any_key() {
    let api = Api::new().await;
    let key = api.key(&[], None).await;
    let version = api.call(Method::GET, "/v1/version", &key).await.json();
    assert_eq!(
        version,
        serde_json::json!({
            "name": "enlace", "version": "0.0.0-test", "commit": null, "api": "v1",
            "simulator": true, "default_network": "simulator"
        })
    );
}

#[tokio::test]
async fn the_served_document_names_the_address_for_others_where_one_is_set() {
    let set =
        Api::with(|state| state.settings.public_url = Some("https://enlace.example.com".to_owned())).await;
    let served = set.send(Request::get("/v1/openapi.json").body(Body::empty()).unwrap()).await.json();
    assert_eq!(served["servers"], serde_json::json!([{"url": "https://enlace.example.com"}]));
    assert!(document()["servers"].is_null());
}
