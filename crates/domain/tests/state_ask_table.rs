//! Every state × every ask, written out: the table of the specification as data, compared with the code.

use enlace_domain::session::ask::LiveCode;
use enlace_domain::session::{Ask, Decision, Facts, Refusal, StateName, decide};

const PLAIN: Facts = Facts { linked: false, live_code: LiveCode::None, asked_recently: false };
const LINKED: Facts = Facts { linked: true, ..PLAIN };

/// A row's eleven answers, in the order of [`Ask::ALL`]: qr, link qr, link code, force qr, force code, start, stop,
/// restart, logout, delete, send.
fn row(words: &str) -> Vec<Decision> {
    words.split_whitespace().map(word).collect()
}

fn word(word: &str) -> Decision {
    match word {
        "begin" => Decision::BeginLink,
        "join" => Decision::JoinLink,
        "code+" => Decision::AddCode,
        "code=" => Decision::ReturnCode,
        "code~" => Decision::ReplaceCode,
        "unlink+begin" => Decision::UnlinkAndBegin,
        "connect" => Decision::Connect,
        "reconnect" => Decision::Reconnect,
        "relink" => Decision::RestartLink,
        "stop" => Decision::Stop,
        "unlink" => Decision::Unlink,
        "abandon" => Decision::AbandonLink,
        "delete" => Decision::Delete,
        "send" => Decision::Send,
        "hold" => Decision::Hold,
        "-" => Decision::Nothing,
        "!linked" => Decision::Refuse(Refusal::AlreadyLinked),
        "!pairing" => Decision::Refuse(Refusal::Pairing),
        "!expired" => Decision::Refuse(Refusal::LinkExpired),
        "!stopped" => Decision::Refuse(Refusal::Stopped),
        "!replaced" => Decision::Refuse(Refusal::Replaced),
        "!restricted" => Decision::Refuse(Refusal::Restricted),
        "!link" => Decision::Refuse(Refusal::LinkRequired),
        other => panic!("no such word: {other}"),
    }
}

fn check(table: &[(StateName, &str)], facts: Facts) {
    for (state, words) in table {
        let expected = row(words);
        assert_eq!(expected.len(), Ask::ALL.len(), "{state:?}: a row has one answer for every ask");
        for (ask, expected) in Ask::ALL.into_iter().zip(expected) {
            assert_eq!(decide(*state, facts, ask), expected, "{state:?} asked {ask:?} with {facts:?}");
        }
    }
}

#[test]
fn every_state_answers_every_ask_when_no_keys_are_stored() {
    use StateName as S;
    let table = [
        //                    qr          qr         code       force-qr force-code start  stop restart logout   delete  send
        (
            S::Unlinked,
            "begin       begin      begin      begin   begin   begin  stop begin   -       delete  !link",
        ),
        (
            S::Connecting,
            "join        join       code+      join    code+   -      stop relink  abandon delete  !link",
        ),
        (
            S::AwaitingScan,
            "join        join       code+      join    code+   -      stop relink  abandon delete  !link",
        ),
        (
            S::AwaitingCode,
            "join        join       code+      join    code+   -      stop relink  abandon delete  !link",
        ),
        (
            S::AwaitingPasskey,
            "join        join       code+      join    code+   -      stop relink  abandon delete  !link",
        ),
        (
            S::LinkExpired,
            "begin       begin      begin      begin   begin   !link  stop !link   abandon delete  !link",
        ),
        (
            S::Pairing,
            "!pairing    !pairing   !pairing   !pairing !pairing -     stop !pairing unlink delete  hold",
        ),
        (
            S::LoggedOut,
            "begin       begin      begin      begin   begin   !link  stop !link   -       delete  !link",
        ),
        (
            S::Replaced,
            "!replaced   begin      begin      begin   begin   begin  stop begin   -       delete  !link",
        ),
        (
            S::Restricted,
            "!restricted !restricted !restricted begin begin   begin  stop begin   -       delete  !link",
        ),
        (
            S::Stopped,
            "!stopped    begin      begin      begin   begin   begin  -    begin   -       delete  !link",
        ),
    ];
    check(&table, PLAIN);
}

#[test]
fn every_state_answers_every_ask_when_keys_are_stored() {
    use StateName as S;
    let forced = "unlink+begin unlink+begin";
    let linked = format!("!linked !linked !linked {forced}");
    let online = format!("{linked} - stop reconnect unlink delete send");
    let connecting = format!("{linked} - stop reconnect unlink delete hold");
    let reconnecting = format!("{linked} connect stop reconnect unlink delete hold");
    let stalled = format!("{linked} - stop reconnect unlink delete hold");
    let pairing = "!pairing !pairing !pairing !pairing !pairing - stop !pairing unlink delete hold";
    let replaced = format!("!replaced {forced} {forced} connect stop connect unlink delete hold");
    let restricted =
        format!("!restricted !restricted !restricted {forced} connect stop connect unlink delete hold");
    let stopped = format!("!stopped {forced} {forced} connect - connect unlink delete hold");
    let table = [
        (S::Online, online.as_str()),
        (S::Connecting, connecting.as_str()),
        (S::Reconnecting, reconnecting.as_str()),
        (S::Stalled, stalled.as_str()),
        (S::Pairing, pairing),
        (S::Replaced, replaced.as_str()),
        (S::Restricted, restricted.as_str()),
        (S::Stopped, stopped.as_str()),
    ];
    check(&table, LINKED);
}

#[test]
fn a_live_code_is_given_again_and_another_phone_replaces_it() {
    for state in
        [StateName::Connecting, StateName::AwaitingScan, StateName::AwaitingCode, StateName::AwaitingPasskey]
    {
        for ask in [Ask::LinkCode, Ask::ForceCode] {
            let same = Facts { live_code: LiveCode::SamePhone, ..PLAIN };
            let other = Facts { live_code: LiveCode::OtherPhone, ..PLAIN };
            assert_eq!(decide(state, same, ask), Decision::ReturnCode);
            assert_eq!(decide(state, other, ask), Decision::ReplaceCode);
        }
    }
}

#[test]
fn an_expired_round_begins_again_only_after_silence() {
    let recently = Facts { asked_recently: true, ..PLAIN };
    assert_eq!(decide(StateName::LinkExpired, recently, Ask::Qr), Decision::Refuse(Refusal::LinkExpired));
    assert_eq!(decide(StateName::LinkExpired, PLAIN, Ask::Qr), Decision::BeginLink);
    assert_eq!(decide(StateName::LinkExpired, recently, Ask::LinkQr), Decision::BeginLink);
}

#[test]
fn only_force_logout_and_delete_ever_unlink_a_running_session_and_they_work_from_every_linked_state() {
    for state in StateName::ALL {
        for ask in Ask::ALL {
            for asked_recently in [false, true] {
                let facts = Facts { asked_recently, ..LINKED };
                let unlinks =
                    matches!(decide(state, facts, ask), Decision::UnlinkAndBegin | Decision::Unlink);
                let may = matches!(ask, Ask::ForceQr | Ask::ForceCode | Ask::Logout)
                    || (matches!(ask, Ask::LinkQr | Ask::LinkCode)
                        && matches!(state, StateName::Stopped | StateName::Replaced));
                assert!(!unlinks || may, "{state:?} asked {ask:?} unlinks");
            }
        }
    }
}
