//! Which tests each operation has. An operation without a row fails, and so does a row that names no test.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Of an operation: the tests of its success, of a caller who may not, of bad input, and of what is not there.
struct Row(&'static str, Tested, Tested, Tested, Tested);

enum Tested {
    /// By this test.
    By(&'static str),
    /// There is nothing to test.
    Not(&'static str),
}

use Tested::{By, Not};

/// Walks over every documented operation.
const KEY: Tested = By("every_documented_route_is_served_and_asks_for_a_key");
const SCOPE: Tested = By("every_operation_needs_its_scope_and_reaches_its_own_sessions_only");
const NOBODY: Tested = By("a_session_that_is_not_there_is_a_404_whatever_was_sent_to_it");
const NO_INPUT: Tested = Not("it takes nothing but the path");
const NAMES_NOTHING: Tested = Not("its path names no session and no message");
const OPEN: Tested = Not("it needs no key");

const LIFE: &str = "stop_start_and_restart_are_accepted_with_the_session";
const LINK_TOLD: &str = "a_link_is_told_in_order_and_a_reader_that_comes_back_repeats_and_skips_nothing";
const OWN_ONLY: &str = "a_session_stream_and_a_limited_key_see_only_their_own";
const CURSOR: &str = "a_cursor_that_is_no_number_is_refused";
const PASSKEY: &str = "a_passkey_is_asked_answered_and_confirmed";
const SENT: &str = "an_acknowledged_message_is_201_and_is_listed_and_read_as_it_was_answered";
const LISTED: &str = "sessions_are_listed_in_pages_and_by_state_text_and_metadata";
const MESSAGES: &str = "messages_are_listed_newest_first_in_pages_and_by_chat_status_and_side";
const HEALTH: &str = "health_needs_no_key_and_readiness_is_what_it_is_told";

#[rustfmt::skip] // A table is read by its lines.
const ROWS: [Row; 31] = [
    Row("session_create", By("a_created_session_is_answered_whole_and_found_at_its_location"), SCOPE, By("a_bad_id_network_or_setting_is_named"), NAMES_NOTHING),
    Row("session_list", By(LISTED), SCOPE, By("a_bad_list_parameter_is_named"), NAMES_NOTHING),
    Row("session_summary", By("the_summary_names_every_state"), SCOPE, NO_INPUT, NAMES_NOTHING),
    Row("session_get", By("a_created_session_is_answered_whole_and_found_at_its_location"), SCOPE, NO_INPUT, NOBODY),
    Row("session_update", By("a_patch_changes_what_it_names_and_nothing_else"), SCOPE, By("a_bad_field_of_a_patch_is_named"), NOBODY),
    Row("session_delete", By("a_deleted_session_is_unlinked_and_gone"), SCOPE, By("a_deleted_session_is_unlinked_and_gone"), NOBODY),
    Row("session_start", By(LIFE), SCOPE, NO_INPUT, NOBODY),
    Row("session_stop", By(LIFE), SCOPE, NO_INPUT, NOBODY),
    Row("session_restart", By(LIFE), SCOPE, NO_INPUT, NOBODY),
    Row("session_logout", By("logging_out_unlinks_and_keeps_the_record"), SCOPE, NO_INPUT, NOBODY),
    Row("session_link", By("a_link_by_qr_answers_with_the_first_qr"), SCOPE, By("each_bad_field_of_a_link_is_named"), NOBODY),
    Row("session_passkey", By(PASSKEY), SCOPE, NO_INPUT, NOBODY),
    Row("session_passkey_answer", By(PASSKEY), SCOPE, By("each_bad_part_of_an_assertion_is_named"), NOBODY),
    Row("session_passkey_confirm", By(PASSKEY), SCOPE, NO_INPUT, NOBODY),
    Row("session_qr", By("every_form_holds_exactly_the_payload"), SCOPE, By("size_margin_and_wait_out_of_range_are_named"), NOBODY),
    Row("session_events", By(OWN_ONLY), SCOPE, By(CURSOR), NOBODY),
    Row("event_stream", By(LINK_TOLD), SCOPE, By(CURSOR), NAMES_NOTHING),
    Row("message_send", By(SENT), SCOPE, By("each_bad_field_of_a_message_is_named"), NOBODY),
    Row("message_list", By(SENT), SCOPE, By(MESSAGES), NOBODY),
    Row("message_get", By(SENT), SCOPE, NO_INPUT, By("an_unknown_message_is_not_found")),
    Row("stream_ticket_create", By("a_ticket_opens_streams_again_and_again_until_it_expires"), SCOPE, By("each_bad_field_of_a_ticket_is_named"), By("a_ticket_is_narrower_than_its_key")),
    Row("key_create", By("a_key_is_made_shown_once_and_works_until_it_is_revoked"), SCOPE, By("each_bad_field_of_a_key_is_named"), NAMES_NOTHING),
    Row("key_list", By("keys_are_listed_in_pages_without_their_text"), SCOPE, By("keys_are_listed_in_pages_without_their_text"), NAMES_NOTHING),
    Row("key_get", By("a_key_is_made_shown_once_and_works_until_it_is_revoked"), SCOPE, NO_INPUT, By("a_key_that_is_not_there_is_a_404")),
    Row("key_update", By("a_patch_of_a_key_counts_from_the_next_request_on"), SCOPE, By("each_bad_field_of_a_key_is_named"), By("a_key_that_is_not_there_is_a_404")),
    Row("key_revoke", By("a_key_is_made_shown_once_and_works_until_it_is_revoked"), SCOPE, NO_INPUT, By("a_key_that_is_not_there_is_a_404")),
    Row("audit_list", By("what_is_done_to_keys_and_links_is_kept_with_who_when_and_from_where"), SCOPE, By("a_bad_filter_of_the_audit_log_is_named"), NAMES_NOTHING),
    Row("version_get", By("the_version_is_told_to_any_key"), KEY, NO_INPUT, NAMES_NOTHING),
    Row("gateway_live", By(HEALTH), OPEN, NO_INPUT, NAMES_NOTHING),
    Row("gateway_ready", By(HEALTH), OPEN, NO_INPUT, NAMES_NOTHING),
    Row("gateway_metrics", By("links_states_silence_and_reconnects_are_measured"), SCOPE, NO_INPUT, NAMES_NOTHING),
];

/// The names of all tests beside this one.
fn tests() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    let names_in = |source: String| -> Vec<String> {
        let after = source.split("::test]\n").chain(source.split("#[test]\n"));
        let heads = after.filter_map(|text| {
            let rest = text.strip_prefix("async fn ").or_else(|| text.strip_prefix("fn "))?;
            rest.split_once('(').map(|(name, _)| name.to_owned())
        });
        heads.collect()
    };
    sources.flat_map(names_in).collect()
}

#[test]
fn every_operation_has_its_four_tests_or_a_reason_for_none() {
    let document: Value = serde_json::from_str(&enlace_web::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let ids: BTreeSet<_> =
        operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|Row(id, ..)| (*id).to_owned()).collect();
    assert_eq!(rows, ids, "the table of tests and the documented operations differ");
    let tests = tests();
    for Row(id, happy, unauthorised, invalid, not_found) in &ROWS {
        for tested in [happy, unauthorised, invalid, not_found] {
            match tested {
                By(name) => assert!(tests.contains(*name), "{id}: there is no test {name}"),
                Not(reason) => assert!(!reason.is_empty(), "{id}"),
            }
        }
        assert!(matches!(happy, By(_)), "{id}");
    }
}
