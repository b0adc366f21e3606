use super::support::sse::Server;
use super::support::{ADMIN, Api, PAYLOAD};
use axum::body::Body;
use axum::http::{Method, Request};
use enlace_domain::key::Scope;
use enlace_sessions::SessionsConfig;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_link_is_told_in_order_and_a_reader_that_comes_back_repeats_and_skips_nothing() {
    let api = Api::new().await;
    let server = Server::of(&api).await;
    let mut live = server.open("/v1/events?after=0").await;
    api.online("ana").await;
    let mut told = Vec::new();
    loop {
        let frame = live.event().await;
        let online = frame.data()["data"]["state"]["name"] == "online";
        told.push(frame);
        if online {
            break;
        }
    }
    let names = |frame: &super::support::sse::Frame| {
        let state = &frame.data()["data"]["state"];
        let step = state["step"].as_str().map(|step| format!(":{step}")).unwrap_or_default();
        format!("{}{step}", state["name"].as_str().unwrap())
    };
    let states: Vec<_> = told.iter().filter(|f| f.data()["type"] == "session.state").map(names).collect();
    assert_eq!(states[..3], ["unlinked", "connecting", "awaiting_scan"]);
    assert!(states.contains(&"pairing:accepted".to_owned()), "{states:?}");
    for (position, frame) in told.iter().enumerate() {
        assert_eq!(frame.seq(), frame.data()["seq"].as_u64().unwrap());
        assert_eq!(frame.event.as_deref(), frame.data()["type"].as_str());
        assert_eq!(frame.data()["session_seq"], position + 1);
        assert_eq!(frame.data()["session"], "ana");
        assert_eq!(frame.data()["is_history"], false);
        assert!(frame.data()["id"].as_str().unwrap().starts_with("evt_"));
    }
    let without_secret = |frame: &super::support::sse::Frame| {
        let mut data = frame.data().clone();
        data["data"].as_object_mut().unwrap().retain(|name, _| name != "qr" && name != "uri");
        (frame.seq(), data)
    };
    for stopped_after in [0, 2, told.len() - 1] {
        let id =
            if stopped_after == 0 { "0".to_owned() } else { told[stopped_after - 1].id.clone().unwrap() };
        let mut again = server.open_with("/v1/events", ADMIN, Some(&id)).await;
        let rest = again.events(told.len() - stopped_after).await;
        let expected: Vec<_> = told[stopped_after..].iter().map(without_secret).collect();
        assert_eq!(rest.iter().map(without_secret).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn the_stream_says_what_it_is_and_that_it_is_open() {
    let api = Api::new().await;
    let mut reader = Server::of(&api).await.open("/v1/events").await;
    let header = |name: &str| reader.response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-accel-buffering"), "no");
    assert!(reader.frame().await.unwrap().comment.is_some());
}

#[tokio::test]
async fn a_silent_stream_says_that_it_lives() {
    let api = Api::with(|state| state.keep_alive = Duration::from_millis(20)).await;
    let mut reader = Server::of(&api).await.open("/v1/events").await;
    for _ in 0..3 {
        let frame = reader.frame().await.unwrap();
        assert!(frame.comment.is_some() && frame.data.is_none(), "{frame:?}");
    }
}

#[tokio::test]
async fn without_a_cursor_a_stream_begins_now_and_with_zero_at_the_oldest() {
    let api = Api::new().await;
    api.create("ana").await;
    let server = Server::of(&api).await;
    let mut from_now = server.open("/v1/events").await;
    from_now.frame().await.unwrap();
    api.create("bruno").await;
    assert_eq!(from_now.event().await.data()["session"], "bruno");
    let mut from_oldest = server.open("/v1/events?after=0").await;
    assert_eq!(from_oldest.event().await.data()["session"], "ana");
    assert_eq!(from_oldest.event().await.data()["session"], "bruno");
}

#[tokio::test]
async fn the_header_beats_the_parameter_and_an_empty_one_counts_as_none() {
    let api = Api::new().await;
    for id in ["ana", "bruno", "carla"] {
        api.create(id).await;
    }
    let server = Server::of(&api).await;
    let mut by_header = server.open_with("/v1/events?after=0", ADMIN, Some("2")).await;
    assert_eq!(by_header.event().await.data()["session"], "carla");
    let mut by_parameter = server.open_with("/v1/events?after=1", ADMIN, Some("")).await;
    assert_eq!(by_parameter.event().await.data()["session"], "bruno");
}

#[tokio::test]
async fn a_cursor_that_is_no_number_is_refused() {
    let api = Api::new().await;
    api.create("ana").await;
    for cursor in ["x", "-1", "1.5", "0x1"] {
        for path in ["/v1/events", "/v1/sessions/ana/events"] {
            let answer = api.get(&format!("{path}?after={cursor}")).await;
            assert_eq!(answer.assert_problem(400, "invalid-cursor")["field"], "after");
        }
    }
    let request = Request::get("/v1/events").header("x-api-key", ADMIN).header("last-event-id", "evt_1");
    let problem = api.send(request.body(Body::empty()).unwrap()).await.assert_problem(400, "invalid-cursor");
    assert_eq!(problem["field"], "Last-Event-ID");
}

#[tokio::test]
async fn a_cursor_newer_than_the_log_is_gone_with_both_ends_of_the_log() {
    let api = Api::new().await;
    api.create("ana").await;
    api.create("bruno").await;
    for cursor in ["3", "18446744073709551615", "99999999999999999999999999"] {
        for path in ["/v1/events", "/v1/sessions/ana/events"] {
            let problem =
                api.get(&format!("{path}?after={cursor}")).await.assert_problem(410, "cursor-unknown");
            assert_eq!((&problem["oldest"], &problem["newest"]), (&json!(1), &json!(2)));
        }
    }
}

#[tokio::test]
async fn a_cursor_older_than_what_is_kept_is_gone_with_both_ends_of_the_log() {
    let api = Api::new().await;
    for id in ["ana", "bruno", "carla", "dora"] {
        api.create(id).await;
    }
    api.store.forget_events(4).await.unwrap();
    let problem = api.get("/v1/events?after=1").await.assert_problem(410, "cursor-expired");
    assert_eq!((&problem["oldest"], &problem["newest"]), (&json!(4), &json!(4)));
    let server = Server::of(&api).await;
    assert_eq!(server.open("/v1/events?after=3").await.event().await.data()["session"], "dora");
    assert_eq!(server.open("/v1/events?after=0").await.event().await.data()["session"], "dora");
}

#[tokio::test]
async fn types_and_names_are_as_asked_for() {
    let api = Api::new().await;
    let server = Server::of(&api).await;
    let mut reader = server.open("/v1/events?types=session.qr,session.deleted&named=false").await;
    reader.frame().await.unwrap();
    api.awaiting_scan("ana", PAYLOAD).await;
    api.delete("/v1/sessions/ana").await;
    let (qr, deleted) = (reader.event().await, reader.event().await);
    assert_eq!(qr.data()["type"], "session.qr");
    assert_eq!(deleted.data()["type"], "session.deleted");
    assert_eq!(qr.event, None);
    api.get("/v1/events?types=session.qr,session.nothing").await.assert_invalid("types");
    api.get("/v1/events?named=perhaps").await.assert_invalid("named");
}

#[tokio::test]
async fn a_session_stream_and_a_limited_key_see_only_their_own() {
    let api = Api::new().await;
    for id in ["ana", "bruno", "carla"] {
        api.create(id).await;
    }
    let server = Server::of(&api).await;
    let mut of_session = server.open("/v1/sessions/bruno/events?after=0").await;
    let key = api.key(&[Scope::Read], Some(&["carla"])).await;
    let mut of_key = server.open_with("/v1/events?after=0", &key, None).await;
    assert_eq!(of_session.event().await.data()["session"], "bruno");
    assert_eq!(of_key.event().await.data()["session"], "carla");
    api.delete("/v1/sessions/ana").await;
    api.delete("/v1/sessions/bruno").await;
    api.delete("/v1/sessions/carla").await;
    assert_eq!(of_session.event_of("session.deleted").await.data()["session"], "bruno");
    let next = of_key.event().await;
    assert_eq!((&next.data()["session"], &next.data()["type"]), (&json!("carla"), &json!("session.deleted")));
}

#[tokio::test]
async fn a_qr_is_in_its_event_only_while_it_lives_and_only_for_the_scope_link() {
    let api = Api::new().await;
    let connection = api.awaiting_scan("ana", PAYLOAD).await;
    let server = Server::of(&api).await;
    let path = "/v1/events?after=0&types=session.qr";
    let live = server.open(path).await.event().await.data()["data"].clone();
    assert_eq!(live["qr"], PAYLOAD);
    assert_eq!(live["uri"], format!("https://wa.me/settings/linked_devices#{PAYLOAD}"));
    assert_eq!(live["seq"], 1);
    let key = api.key(&[Scope::Read], None).await;
    let bare = server.open_with(path, &key, None).await.event().await.data()["data"].clone();
    assert_eq!((bare.get("qr"), bare.get("uri")), (None, None));
    assert_eq!(bare["seq"], 1);
    let mut reader = server.open("/v1/events?types=session.qr").await;
    reader.frame().await.unwrap();
    connection.show_qr("2@the-next-one").await;
    assert_eq!(reader.event().await.data()["data"]["qr"], "2@the-next-one");
    let both = server.open(path).await.events(2).await;
    assert_eq!(both[0].data()["data"].get("qr"), None, "a QR that was rotated away is dead");
    assert_eq!(both[1].data()["data"]["qr"], "2@the-next-one");
}

#[tokio::test]
async fn qrs_rotate_while_a_session_stream_asks_for_them_by_name_and_end_when_it_closes() {
    // Nobody's last look counts for anything, so only the stream keeps the round going.
    let rules = SessionsConfig { watch_window: Duration::ZERO, ..SessionsConfig::default() };
    let api = Api::with_rules(rules).await;
    api.create("ana").await;
    let server = Server::of(&api).await;
    let mut looking = server.open("/v1/sessions/ana/events?types=session.qr").await;
    looking.frame().await.unwrap();
    let connection = api.first_qr("ana", PAYLOAD).await;
    // A QR is answered before its event is stored; what follows begins after the first one's.
    assert_eq!(looking.event().await.data()["data"]["qr"], PAYLOAD);
    let mut states = server.open("/v1/sessions/ana/events?types=session.state").await;
    states.frame().await.unwrap();
    for payload in ["2@second", "2@third"] {
        connection.show_qr(payload).await;
        assert_eq!(looking.event().await.data()["data"]["qr"], payload);
    }
    drop(looking);
    // Whether the server has seen the stream close is not ours to know: show QRs until the round ends.
    let mut shown = 0;
    while api.get("/v1/sessions/ana").await.json()["state"]["name"] != "link_expired" {
        shown += 1;
        assert!(shown < 1_000, "the round goes on though nobody looks");
        connection.show_qr(&format!("2@unseen-{shown}")).await;
        tokio::task::yield_now().await;
    }
    let ended = states.event().await;
    assert_eq!(ended.data()["data"]["state"]["reason"], "nobody-watching");
}

#[tokio::test]
async fn a_code_is_in_its_event_only_while_it_lives_and_only_for_the_scope_link() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let server = Server::of(&api).await;
    let body = json!({"method": "code", "phone": "999100000001"});
    assert_eq!(api.post("/v1/sessions/ana/link", &body).await.status, 200);
    let path = "/v1/sessions/ana/events?after=0&types=session.pairing_code";
    let live = server.open(path).await.event().await.data()["data"].clone();
    assert_eq!((&live["code"], &live["display"]), (&json!("ABCD1234"), &json!("ABCD-1234")));
    let key = api.key(&[Scope::Read], None).await;
    let bare = server.open_with(path, &key, None).await.event().await.data()["data"].clone();
    assert_eq!((bare.get("code"), bare.get("display")), (None, None));
    api.call(Method::POST, "/v1/sessions/ana/stop", ADMIN).await;
    let dead = server.open(path).await.event().await.data()["data"].clone();
    assert_eq!((dead.get("code"), dead.get("display")), (None, None));
}

#[tokio::test]
async fn a_reader_who_is_behind_what_is_kept_in_memory_gets_everything_from_the_log() {
    let api = Api::with_ring(4).await;
    let server = Server::of(&api).await;
    let mut slow = server.open("/v1/events?after=0").await;
    slow.frame().await.unwrap();
    for number in 0..600 {
        api.create(&format!("s{number}")).await;
    }
    let mut late = server.open("/v1/events?after=0").await;
    for reader in [&mut slow, &mut late] {
        for (number, frame) in reader.events(600).await.iter().enumerate() {
            assert_eq!(frame.data()["session"], format!("s{number}"));
            assert_eq!(frame.seq(), number as u64 + 1);
        }
    }
    // Both are at the end now and go on with what is told live.
    api.create("live").await;
    for reader in [&mut slow, &mut late] {
        assert_eq!(reader.event().await.data()["session"], "live");
    }
}

#[tokio::test]
async fn streams_end_when_the_gateway_shuts_down() {
    let api = Api::new().await;
    let server = Server::of(&api).await;
    let mut reader = server.open("/v1/events").await;
    assert!(reader.frame().await.unwrap().comment.is_some());
    api.state.shutdown.cancel();
    assert_eq!(reader.frame().await, None);
}

#[tokio::test]
async fn an_event_of_a_message_holds_the_message_as_listed() {
    let api = Api::new().await;
    api.online("ana").await;
    let server = Server::of(&api).await;
    let mut reader = server.open("/v1/sessions/ana/events?types=message.sent").await;
    reader.frame().await.unwrap();
    let sent: Value =
        api.post("/v1/sessions/ana/messages", &json!({"to": "999100000002", "text": "Hi"})).await.json();
    let frame = reader.event().await;
    assert_eq!(frame.event.as_deref(), Some("message.sent"));
    assert_eq!(frame.data()["data"], sent);
}
