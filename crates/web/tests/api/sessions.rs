use super::support::{ADMIN, Api};
use axum::http::Method;
use enlace_domain::key::Scope;
use serde_json::{Value, json};

#[tokio::test]
async fn a_created_session_is_answered_whole_and_found_at_its_location() {
    let api = Api::new().await;
    let body = json!({
        "id": "ana", "name": "Ana", "network": "whatsapp", "metadata": {"team": "sales", "n": 1},
        "settings": {"mark_online": true}
    });
    let answer = api.post("/v1/sessions", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("location"), "/v1/sessions/ana");
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut session = answer.json();
    let since = session["state"]["since"].take();
    let created_at = session["created_at"].take();
    for moment in [since, created_at] {
        let text = moment.as_str().unwrap().to_owned();
        assert!(text.len() == 24 && text.ends_with('Z') && text.as_bytes()[19] == b'.', "{text}");
    }
    let aliases = session["aliases"].take();
    let names = [
        aliases["z-api"]["instance"].as_str().unwrap().len(),
        aliases["z-api"]["token"].as_str().unwrap().len(),
        aliases["wassenger"]["device"].as_str().unwrap().len(),
    ];
    assert_eq!(names, [32, 32, 24]);
    assert_eq!(aliases["press-ticket"], json!({"whatsapp": 1}));
    assert_eq!(aliases["baileys-api"], json!({"session": "ana"}));
    assert_eq!(
        session,
        json!({
            "id": "ana", "name": "Ana", "network": "whatsapp", "desired": "stopped",
            "state": {"name": "unlinked", "since": null},
            "phone": null, "lid": null, "expect_phone": null, "push_name": null, "proxy": null,
            "metadata": {"team": "sales", "n": 1},
            "settings": {"link_max_rounds": null, "mark_online": true},
            "aliases": null, "created_at": null
        })
    );
    let read = api.get("/v1/sessions/ana").await;
    assert_eq!(read.status, 200);
    assert_eq!(read.json(), answer.json());
}

#[tokio::test]
async fn a_session_without_an_id_gets_one_and_the_default_network() {
    let api = Api::new().await;
    let session = api.post("/v1/sessions", &json!({"id": "", "name": null, "network": ""})).await.json();
    assert!(session["id"].as_str().unwrap().starts_with("ses_"), "{session}");
    assert_eq!(session["network"], "simulator");
    assert_eq!(session["name"], Value::Null);
}

#[tokio::test]
async fn a_taken_id_is_a_conflict() {
    let api = Api::new().await;
    api.create("ana").await;
    api.post("/v1/sessions", &json!({"id": "ana"})).await.assert_problem(409, "session-exists");
}

#[tokio::test]
async fn a_bad_id_network_or_setting_is_named() {
    let api = Api::new().await;
    for id in ["-a", "a b", "ä", "a/b", &"x".repeat(65)] {
        api.post("/v1/sessions", &json!({"id": id})).await.assert_invalid("id");
    }
    api.post("/v1/sessions", &json!({"network": "telegram"})).await.assert_invalid("network");
    let rounds = json!({"settings": {"link_max_rounds": 11}});
    api.post("/v1/sessions", &rounds).await.assert_invalid("settings.link_max_rounds");
}

#[tokio::test]
async fn an_id_that_a_path_of_ours_would_shadow_is_refused() {
    let api = Api::new().await;
    let document: Value = serde_json::from_str(&enlace_web::openapi()).unwrap();
    let beside_sessions = document["paths"].as_object().unwrap().keys().filter_map(|path| {
        let segment = path.strip_prefix("/v1/sessions/")?.split('/').next().unwrap();
        (!segment.starts_with('{')).then(|| segment.to_owned())
    });
    let taken: Vec<_> = beside_sessions.collect();
    assert_eq!(taken, ["summary"]);
    for id in taken {
        api.post("/v1/sessions", &json!({"id": id})).await.assert_invalid("id");
    }
    assert_eq!(api.get("/v1/sessions").await.json()["items"], json!([]));
    api.create("summary.2").await;
    assert_eq!(api.get("/v1/sessions/summary.2").await.json()["id"], "summary.2");
}

#[tokio::test]
async fn what_this_version_does_not_offer_is_said_and_never_dropped() {
    let api = Api::new().await;
    for (body, field) in [
        (json!({"network": "z-api"}), "network"),
        (json!({"network": "wassenger"}), "network"),
        (json!({"network": "press-ticket"}), "network"),
        (json!({"network": "baileys-api"}), "network"),
    ] {
        let problem = api.post("/v1/sessions", &body).await.assert_problem(501, "unsupported");
        assert_eq!(problem["field"], field);
    }
    let empty = json!({"proxy": "", "aliases": {"z-api": {}}});
    assert_eq!(api.post("/v1/sessions", &empty).await.status, 201);
    api.create("ana").await;
    let alias = json!({"aliases": {"z-api": {"instance": "x"}}});
    api.patch("/v1/sessions/ana", &alias).await.assert_problem(501, "unsupported");
}

#[tokio::test]
async fn aliases_are_chosen_or_made_and_nobody_elses() {
    let api = Api::new().await;
    let chosen = json!({
        "z-api": {"instance": "3C01-a", "token": "0123456789ABCDEF"},
        "wassenger": {"device": "0123456789ABCDEF01234567"},
        "press-ticket": {"whatsapp": "7"},
        "baileys-api": {"session": "+999 100 000 001"}
    });
    let made = api.post("/v1/sessions", &json!({"id": "ana", "aliases": chosen})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let kept = json!({
        "z-api": {"instance": "3C01-a", "token": "0123456789ABCDEF"},
        "wassenger": {"device": "0123456789abcdef01234567"},
        "press-ticket": {"whatsapp": 7},
        "baileys-api": {"session": "999100000001"}
    });
    assert_eq!(made.json()["aliases"], kept);
    for (dialect, alias) in kept.as_object().unwrap() {
        let taken = json!({"id": "bruno", "aliases": {dialect: alias}});
        api.post("/v1/sessions", &taken).await.assert_problem(409, "alias-taken");
    }
    api.get("/v1/sessions/bruno").await.assert_problem(404, "session-not-found");
    // Counting goes on after the highest, and a name that is taken is not made for another.
    let next = api.post("/v1/sessions", &json!({"id": "999100000001"})).await.json();
    assert!(next["aliases"]["press-ticket"]["whatsapp"].as_u64() > Some(7), "{next}");
    assert_ne!(next["aliases"]["baileys-api"], kept["baileys-api"]);
}

#[tokio::test]
async fn a_token_is_shown_only_to_who_may_manage() {
    let api = Api::new().await;
    api.create("ana").await;
    let reader = api.key_for(&[Scope::Read, Scope::Link, Scope::Send], chrono::TimeDelta::hours(1)).await;
    for path in ["/v1/sessions/ana", "/v1/sessions"] {
        let seen = api.call(Method::GET, path, &reader).await;
        assert!(seen.text().contains("instance") && !seen.text().contains("token\":\""), "{seen:?}");
        assert!(api.get(path).await.text().contains("token\":\""));
    }
}

#[tokio::test]
async fn a_wrong_alias_is_named() {
    let api = Api::new().await;
    for (aliases, field) in [
        (json!({"z-api": {"instance": "a b", "token": "0123456789ABCDEF"}}), "aliases.z-api.instance"),
        (json!({"z-api": {"instance": "a", "token": "short"}}), "aliases.z-api.token"),
        (json!({"z-api": {"instance": "a"}}), "aliases.z-api"),
        (json!({"z-api": {"token": "0123456789ABCDEF"}}), "aliases.z-api"),
        (json!({"wassenger": {"device": "x"}}), "aliases.wassenger.device"),
        (json!({"wassenger": {"device": "0123456789abcdef01234567", "token": "t"}}), "aliases.wassenger"),
        (json!({"press-ticket": {"whatsapp": 0}}), "aliases.press-ticket.whatsapp"),
        (json!({"press-ticket": 7}), "aliases.press-ticket"),
        (json!({"baileys-api": {"session": "a/b"}}), "aliases.baileys-api.session"),
        (json!({"telegram": {"bot": "x"}}), "aliases.telegram"),
    ] {
        let answer = api.post("/v1/sessions", &json!({"aliases": aliases})).await;
        answer.assert_invalid(field);
    }
    assert_eq!(api.get("/v1/sessions").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_proxy_is_kept_shown_without_its_password_changed_and_taken_away() {
    let api = Api::new().await;
    let given = json!({"id": "ana", "proxy": "socks5://ana:s3cret@127.0.0.1:1080"});
    let created = api.post("/v1/sessions", &given).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.json()["proxy"], "socks5://ana:***@127.0.0.1:1080");
    let shown = api.get("/v1/sessions/ana").await.json();
    assert_eq!(shown["proxy"], "socks5://ana:***@127.0.0.1:1080");

    let renamed = api.patch("/v1/sessions/ana", &json!({"name": "Ana"})).await.json();
    assert_eq!(renamed["proxy"], shown["proxy"], "what is left out stays");
    let changed = api.patch("/v1/sessions/ana", &json!({"proxy": "http://proxy.example:3128"})).await.json();
    assert_eq!(changed["proxy"], "http://proxy.example:3128");
    let empty = api.patch("/v1/sessions/ana", &json!({"proxy": ""})).await.json();
    assert_eq!(empty["proxy"], changed["proxy"], "an empty text is as good as left out");
    let none = api.patch("/v1/sessions/ana", &json!({"proxy": null})).await.json();
    assert_eq!(none["proxy"], Value::Null);
}

#[tokio::test]
async fn what_is_no_proxy_is_refused_and_not_repeated() {
    let api = Api::new().await;
    api.create("ana").await;
    for proxy in ["x", "https://a:s3cret@b:1", "http://ana:***@b:1", "socks5://a:s3cret@b"] {
        let body = json!({ "proxy": proxy });
        for answer in [api.post("/v1/sessions", &body).await, api.patch("/v1/sessions/ana", &body).await] {
            let problem = answer.assert_problem(422, "invalid-field");
            assert_eq!(problem["field"], "proxy");
            assert!(!problem.to_string().contains("s3cret"), "{problem}");
        }
    }
}

#[tokio::test]
async fn sessions_are_listed_in_pages_and_by_state_text_and_metadata() {
    let api = Api::new().await;
    for (id, team) in [("ana", "sales"), ("bruno", "sales"), ("carla", "support")] {
        api.post("/v1/sessions", &json!({"id": id, "metadata": {"team": team}})).await;
    }
    let ids = |list: Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(api.get("/v1/sessions").await.json()), ["ana", "bruno", "carla"]);
    assert_eq!(ids(api.get("/v1/sessions?metadata.team=sales").await.json()), ["ana", "bruno"]);
    assert_eq!(ids(api.get("/v1/sessions?q=ARL").await.json()), ["carla"]);
    assert_eq!(ids(api.get("/v1/sessions?state=online,stalled").await.json()), Vec::<String>::new());
    assert_eq!(ids(api.get("/v1/sessions?state=online&state=unlinked").await.json()).len(), 3);
    let first = api.get("/v1/sessions?page_size=2").await.json();
    let token = first["next_page_token"].as_str().unwrap().to_owned();
    assert_eq!(ids(first), ["ana", "bruno"]);
    let second = api.get(&format!("/v1/sessions?page_size=2&page_token={token}")).await.json();
    assert_eq!(second["next_page_token"], Value::Null);
    assert_eq!(ids(second), ["carla"]);
    assert_eq!(ids(api.get("/v1/sessions?page_size=0&q=&state=").await.json()).len(), 3);
}

#[tokio::test]
async fn a_bad_list_parameter_is_named() {
    let api = Api::new().await;
    for (query, field) in [
        ("state=gone", "state"),
        ("page_size=201", "page_size"),
        ("page_size=-1", "page_size"),
        ("page_size=x", "page_size"),
    ] {
        api.get(&format!("/v1/sessions?{query}")).await.assert_invalid(field);
    }
    let problem = api.get("/v1/sessions?page_token=nonsense").await.assert_problem(422, "invalid-page-token");
    assert_eq!(problem["field"], "page_token");
}

#[tokio::test]
async fn the_summary_names_every_state() {
    let api = Api::new().await;
    api.create("ana").await;
    let summary = api.get("/v1/sessions/summary").await.json();
    assert_eq!(summary["total"], 1);
    assert_eq!(summary["states"]["unlinked"], 1);
    assert_eq!(summary["states"]["logged_out"], 0);
    assert_eq!(summary["states"].as_object().unwrap().len(), 14);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let api = Api::new().await;
    api.post("/v1/sessions", &json!({"id": "ana", "name": "Ana", "metadata": {"a": "1"}})).await;
    let path = "/v1/sessions/ana";
    let settings = api.patch(path, &json!({"name": "", "settings": {"mark_online": true}})).await.json();
    assert_eq!(settings["name"], "Ana");
    assert_eq!(settings["settings"], json!({"link_max_rounds": null, "mark_online": true}));
    let rounds = api.patch(path, &json!({"settings": {"link_max_rounds": 3}})).await.json();
    assert_eq!(rounds["settings"], json!({"link_max_rounds": 3, "mark_online": true}));
    let other = api.patch(path, &json!({"settings": {"mark_online": true}})).await.json();
    assert_eq!(other["settings"]["link_max_rounds"], 3);
    let unset = api.patch(path, &json!({"settings": {"link_max_rounds": null}})).await.json();
    assert_eq!(unset["settings"]["link_max_rounds"], Value::Null);
    let metadata = api.patch(path, &json!({"metadata": {"b": "2"}})).await.json();
    assert_eq!(metadata["metadata"], json!({"b": "2"}));
    let nameless = api.patch(path, &json!({"name": null})).await.json();
    assert_eq!(nameless["name"], Value::Null);
    assert_eq!(api.get(path).await.json(), nameless);
}

#[tokio::test]
async fn a_bad_field_of_a_patch_is_named() {
    let api = Api::new().await;
    api.create("ana").await;
    let path = "/v1/sessions/ana";
    let before = api.get(path).await.json();
    api.patch(path, &json!({"network": "whatsapp"})).await.assert_invalid("network");
    api.patch(path, &json!({"settings": {"link_max_rounds": 0}}))
        .await
        .assert_invalid("settings.link_max_rounds");
    assert_eq!(api.get(path).await.json(), before);
}

/// Fails when a name or metadata of any length is stored and given back with every answer.
#[tokio::test]
async fn a_name_and_metadata_have_an_end() {
    let api = Api::new().await;
    api.create("ana").await;
    // Their JSON is `{"k":"…"}`: eight bytes besides the text.
    let with = |bytes: usize| json!({"metadata": {"k": "m".repeat(bytes - 8)}});
    for (body, field) in [(json!({"name": "ñ".repeat(201)}), "name"), (with(16 * 1024 + 1), "metadata")] {
        api.post("/v1/sessions", &body).await.assert_invalid(field);
        api.patch("/v1/sessions/ana", &body).await.assert_invalid(field);
    }
    for body in [json!({"name": "ñ".repeat(200)}), with(16 * 1024)] {
        assert_eq!(api.post("/v1/sessions", &body).await.status, 201);
        assert_eq!(api.patch("/v1/sessions/ana", &body).await.status, 200);
    }
}

/// Fails when a filter in an address, which is always text, finds no boolean, no number and no written phone number.
#[tokio::test]
async fn sessions_are_found_by_booleans_numbers_and_any_writing_of_a_phone() {
    let api = Api::new().await;
    api.online("ana").await;
    api.patch("/v1/sessions/ana", &json!({"metadata": {"vip": true, "tier": 2}})).await;
    api.post("/v1/sessions", &json!({"id": "bruno", "metadata": {"vip": false, "tier": "2"}})).await;
    for (query, expected) in [
        ("metadata.vip=true", vec!["ana"]),
        ("metadata.vip=false", vec!["bruno"]),
        ("metadata.tier=2", vec!["ana", "bruno"]),
        ("q=%2B999%20100%20(000)-001", vec!["ana"]),
        ("q=+999%20100", vec!["ana"]),
    ] {
        let list = api.get(&format!("/v1/sessions?{query}")).await.json();
        let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, expected, "{query}");
    }
}

#[tokio::test]
async fn stop_start_and_restart_are_accepted_with_the_session() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    let stopped = api.call(Method::POST, "/v1/sessions/ana/stop", ADMIN).await;
    assert_eq!(stopped.status, 202, "{stopped:?}");
    assert_eq!(stopped.json()["state"]["name"], "stopped");
    assert_eq!(stopped.json()["desired"], "stopped");
    assert!(connection.is_closed());
    let started = api.post("/v1/sessions/ana/start", &json!({})).await;
    assert_eq!(started.status, 202, "{started:?}");
    assert_eq!(started.json()["desired"], "running");
    assert!(api.network.next_connection().await.request.linked);
    let restarted = api.call(Method::POST, "/v1/sessions/ana/restart", ADMIN).await;
    assert_eq!(restarted.status, 202, "{restarted:?}");
    assert!(api.network.next_connection().await.request.linked);
}

#[tokio::test]
async fn logging_out_unlinks_and_keeps_the_record() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    let answer = api.call(Method::POST, "/v1/sessions/ana/logout", ADMIN).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let session = answer.json();
    assert_eq!(session["state"]["name"], "logged_out");
    assert_eq!(session["phone"], "999100000001");
    assert!(connection.is_logged_out());
    api.post("/v1/sessions/ana/start", &json!({})).await.assert_problem(409, "link-required");
}

#[tokio::test]
async fn a_deleted_session_is_unlinked_and_gone() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    api.delete("/v1/sessions/ana?keep_link=perhaps").await.assert_invalid("keep_link");
    let answer = api.delete("/v1/sessions/ana").await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert!(answer.body.is_empty());
    assert!(connection.is_logged_out());
    api.get("/v1/sessions/ana").await.assert_problem(404, "session-not-found");
    api.create("ana").await;
}

#[tokio::test]
async fn a_deletion_that_keeps_the_link_tells_the_network_nothing() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    assert_eq!(api.delete("/v1/sessions/ana?keep_link=true").await.status, 204);
    assert!(!connection.is_logged_out());
}
