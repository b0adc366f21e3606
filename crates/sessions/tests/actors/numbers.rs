//! Numbers of two forms: whichever a person writes, the code is for the one that the network knows.

use crate::rig::{Rig, by_code, by_qr};
use enlace_domain::Fault;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::whatsapp::EngineError;
use enlace_domain::session::StateName;
use enlace_sessions::LinkRequest;
use enlace_testkit::FakeConnection;

/// One line of an area code that is not given out.
const WITH_NINE: &str = "5523987654321";
const WITHOUT_NINE: &str = "552387654321";

fn refuse(connection: &FakeConnection, reason: &str) {
    connection.answer_code(Err(EngineError::CodeRefused { reason: reason.to_owned(), retry_after: None }));
}

fn asked(connection: &FakeConnection) -> Vec<String> {
    connection.codes_asked().into_iter().map(|(phone, _)| phone.to_string()).collect()
}

#[tokio::test]
async fn a_number_that_the_network_does_not_know_is_asked_for_in_its_other_form() {
    for (given, known) in [(WITH_NINE, WITHOUT_NINE), (WITHOUT_NINE, WITH_NINE)] {
        let rig = Rig::new().await;
        let id = rig.create("bia").await;
        let connection = rig.begin_qr(&id).await;
        refuse(&connection, "unknown-number");
        let code = rig.gateway.link(&id, by_code(given)).await.unwrap().code.unwrap();
        assert_eq!(code.phone.as_str(), known, "the answer says which form it is for");
        assert_eq!(asked(&connection), [given, known]);
        let told = rig.wait_for_event("session.pairing_code").await;
        assert_eq!(told.data["phone"], known);
        // Both forms are this code's; a third number is another.
        for form in [given, known] {
            let again = rig.gateway.link(&id, by_code(form)).await.unwrap().code.unwrap();
            assert_eq!(again.seq, code.seq);
        }
        let other = rig.gateway.link(&id, by_code("999100000001")).await.unwrap().code.unwrap();
        assert_eq!(other.seq, code.seq + 1);
    }
}

#[tokio::test]
async fn the_other_form_is_tried_once() {
    let rig = Rig::new().await;
    let id = rig.create("bia").await;
    let connection = rig.begin_qr(&id).await;
    refuse(&connection, "unknown-number");
    refuse(&connection, "unknown-number");
    let error = rig.gateway.link(&id, by_code(WITH_NINE)).await.unwrap_err();
    assert_eq!(error.code(), "code-refused");
    assert_eq!(asked(&connection), [WITH_NINE, WITHOUT_NINE]);
}

#[tokio::test]
async fn other_refusals_and_other_numbers_are_not_tried_again() {
    let rig = Rig::new().await;
    let id = rig.create("bia").await;
    let connection = rig.begin_qr(&id).await;
    for (phone, reason) in [(WITH_NINE, "rate-overlimit"), ("999100000001", "unknown-number")] {
        let before = asked(&connection).len();
        refuse(&connection, reason);
        assert_eq!(rig.gateway.link(&id, by_code(phone)).await.unwrap_err().code(), "code-refused");
        assert_eq!(asked(&connection).len(), before + 1, "{phone} was refused with {reason}");
    }
}

#[tokio::test]
async fn the_number_kept_is_the_networks_and_an_expected_one_may_be_written_in_either_form() {
    let rig = Rig::new().await;
    let id = rig.create("bia").await;
    let expect_phone = Some(PhoneNumber::parse(WITH_NINE).unwrap());
    let connection = rig.begin(&id, LinkRequest { expect_phone, ..by_qr() }).await;
    connection.pair(WITHOUT_NINE).await;
    rig.network.next_connection().await.go_online().await;
    let session = rig.wait_for(&id, StateName::Online).await;
    assert_eq!(session.phone.as_ref().unwrap().as_str(), WITHOUT_NINE);
}
