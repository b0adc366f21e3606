//! The table of authorisation: every documented operation, with keys of every scope, for a session of the key's own and
//! for another. It is made from the OpenAPI document, so an operation that names no rule fails.

use super::support::{Answer, Api};
use axum::body::Body;
use axum::http::{Method, Request};
use enlace_domain::key::Scope;
use serde_json::Value;

/// One documented operation.
struct Operation {
    method: Method,
    path: String,
    /// `none`, `any`, or the name of a scope.
    needs: String,
}

impl Operation {
    fn of_session(&self) -> bool {
        self.path.starts_with("/v1/sessions/{id}")
    }

    /// Whether a key with this scope may.
    fn allows(&self, scope: Option<Scope>) -> bool {
        match self.needs.as_str() {
            "none" | "any" => true,
            needed => scope.is_some_and(|scope| scope == Scope::Admin || scope.as_str() == needed),
        }
    }

    /// Asks with what is wrong in every other way, so that who may ask changes as little as can be: bodies are no
    /// objects, cursors no numbers, formats unknown.
    async fn ask(&self, api: &Api, session: &str, key: &str) -> Answer {
        let id = if self.of_session() { session } else { "nothing" };
        let path = self.path.replace("{id}", id).replace("{mid}", "msg_nothing");
        let request = Request::builder().method(self.method.clone());
        let request = request.uri(format!("{path}?after=x&format=x&action=x&page_size=x&state=x"));
        let request = request.header("x-api-key", key).header("content-type", "application/json");
        api.send(request.body(Body::from("[]")).unwrap()).await
    }

    fn named(&self) -> String {
        format!("{} {} needs {}", self.method, self.path, self.needs)
    }
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&enlace_web::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let needs = operation["x-enlace-scope"].as_str();
            let needs = needs.unwrap_or_else(|| panic!("{method} {path} has no rule: add it to rules.rs"));
            let known = Scope::parse(needs).is_some() || ["none", "any"].contains(&needs);
            assert!(known, "{method} {path}: {needs}");
            if let Some(scope) = Scope::parse(needs) {
                for scheme in operation["security"].as_array().unwrap() {
                    let (name, scopes) = scheme.as_object().unwrap().iter().next().unwrap();
                    let expected = if name == "ticket" { vec![] } else { vec![scope.as_str()] };
                    assert_eq!(scopes, &serde_json::json!(expected), "{method} {path} by {name}");
                }
            }
            operations.push(Operation { method, path: path.clone(), needs: needs.to_owned() });
        }
    }
    assert!(operations.len() > 20);
    operations
}

/// The session, made anew when an operation that was allowed has deleted it.
async fn ensure(api: &Api, id: &str) {
    if api.get(&format!("/v1/sessions/{id}")).await.status == 404 {
        api.create(id).await;
    }
}

#[tokio::test]
async fn every_operation_needs_its_scope_and_reaches_its_own_sessions_only() {
    let api = Api::new().await;
    let scopes = Scope::ALL.map(Some).into_iter().chain([None]);
    let mut keys = Vec::new();
    for scope in scopes {
        let held: Vec<_> = scope.into_iter().collect();
        keys.push((scope, api.key(&held, None).await, api.key(&held, Some(&["ana"])).await));
    }
    for operation in operations() {
        for (scope, whole, limited) in &keys {
            let place = format!("{} with {scope:?}", operation.named());
            for key in [whole, limited] {
                ensure(&api, "ana").await;
                ensure(&api, "bruno").await;
                let is_limited = key == limited;
                let answer = operation.ask(&api, "ana", key).await;
                if !operation.allows(*scope) {
                    let problem = answer.assert_problem(403, "scope-missing");
                    assert_eq!(problem["scope"], operation.needs, "{place}");
                } else if operation.needs == "admin" && is_limited {
                    answer.assert_problem(403, "key-limited");
                } else {
                    assert!(![401, 403].contains(&answer.status.as_u16()), "{place}: {answer:?}");
                    assert!(!answer.text().contains("session-not-found"), "{place}: {answer:?}");
                }
                if operation.of_session() && operation.allows(*scope) {
                    let other = operation.ask(&api, "bruno", key).await;
                    if is_limited {
                        other.assert_problem(404, "session-not-found");
                    } else {
                        assert!(!other.text().contains("session-not-found"), "{place}: {other:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_key_with_several_scopes_may_what_each_of_them_may() {
    let api = Api::new().await;
    api.create("ana").await;
    let key = api.key(&[Scope::Read, Scope::Send], None).await;
    for operation in operations() {
        let may = [Scope::Read, Scope::Send].into_iter().any(|scope| operation.allows(Some(scope)));
        let answer = operation.ask(&api, "ana", &key).await;
        assert_eq!(answer.status != 403, may, "{}: {answer:?}", operation.named());
    }
}
