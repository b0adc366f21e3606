//! What every store of WhatsApp keys must do: wacore's five traits, a test per rule of their documentation.
//!
//! A store crate runs it all with one line:
//!
//! ```text
//! enlace_testkit::key_store_contract!(TemporaryDatabase::new());
//! ```
//!
//! The expression makes a [`KeyStoreFactory`] of an empty place; it is evaluated once for each rule.

pub mod app_sync;
pub mod device;
pub mod group;
pub mod identity;
pub mod keeping;
pub mod lid_mapping;
pub mod message_secret;
pub mod prekey;
pub mod registry;
pub mod retry;
pub mod session;
pub mod tc_token;

use async_trait::async_trait;
use std::sync::Arc;
use wacore::store::traits::Backend;

/// One place where the keys of several sessions are kept.
#[async_trait]
pub trait KeyStoreFactory: Send + Sync {
    /// The key store of a session; empty at first. Each call may give a new handle on the same keys.
    async fn open(&self, session: &str) -> Arc<dyn Backend>;
    /// Closes the place and opens it again. Handles of before are not used any more.
    async fn reopen(&self);
}

/// The session that most rules use.
pub const ANA: &str = "ana";
/// Another session, whose keys must never mix with the first one's.
pub const BRUNO: &str = "bruno";
/// A moment after every "now" and before the end of time, in seconds.
pub const FUTURE: i64 = 99_999_999_999;

/// Runs every rule of the key stores against a store. Takes an expression that makes a [`KeyStoreFactory`].
#[macro_export]
macro_rules! key_store_contract {
    ($factory:expr) => {
        $crate::key_store_contract! { @rules $factory;
            identity {
                an_identity_comes_back_and_is_replaced,
                a_missing_identity_is_none,
                a_deleted_identity_is_gone,
                identities_are_written_in_batches,
            }
            session {
                a_session_comes_back_and_is_replaced,
                a_missing_session_is_none,
                a_deleted_session_is_gone,
                sessions_are_written_in_batches,
                a_large_session_comes_back_whole,
                signal_state_is_known_by_user_over_all_devices,
                sender_keys_come_back_are_replaced_and_deleted,
                sender_keys_are_written_in_batches,
                writes_at_the_same_time_are_all_kept,
            }
            prekey {
                a_prekey_comes_back_and_is_replaced,
                a_removed_prekey_is_gone,
                prekeys_are_written_and_read_in_batches,
                marking_prekeys_uploaded_brings_none_back,
                marking_prekeys_uploaded_leaves_their_records,
                the_greatest_prekey_id_is_known,
                signed_prekeys_come_back_one_by_one_and_all,
                prekeys_and_signed_prekeys_do_not_mix,
            }
            app_sync {
                a_sync_key_comes_back_and_is_replaced,
                the_latest_sync_key_is_the_one_stored_last,
                a_version_comes_back_and_is_fresh_at_first,
                mutation_macs_come_back_and_are_replaced,
                mutation_macs_are_read_in_batches,
                mutation_macs_are_deleted_by_index,
                clearing_mutation_macs_touches_one_collection,
            }
            group {
                sender_key_status_comes_back_and_is_replaced,
                clearing_touches_one_group,
                device_rows_are_deleted_across_all_groups,
                clearing_all_touches_every_group,
                group_metadata_comes_back_is_replaced_and_deleted,
            }
            lid_mapping {
                a_mapping_is_found_by_lid_and_by_phone,
                a_phone_gives_its_most_recent_lid,
                a_lid_that_changes_its_phone_leaves_the_old_one,
                mappings_are_written_in_batches,
            }
            registry {
                a_base_key_is_compared_and_deleted,
                base_keys_are_filed_by_address_and_message,
                a_device_list_comes_back_and_is_replaced,
                device_lists_are_written_in_batches,
                deleted_devices_are_gone,
            }
            tc_token {
                a_token_comes_back_is_replaced_and_deleted,
                all_jids_with_tokens_are_listed,
                a_touch_moves_the_senders_time_forward_only,
                a_touch_keeps_the_token,
                a_touch_without_a_token_makes_a_placeholder,
                a_received_token_keeps_the_senders_time,
                a_newer_token_wins,
                a_token_of_the_same_time_wins,
                any_token_wins_over_a_placeholder,
                tokens_are_deleted_when_nothing_of_them_lives,
                concurrent_touch_and_receive_lose_nothing,
            }
            retry {
                a_sent_message_is_taken_once,
                a_sent_message_taken_at_once_by_many_goes_to_one,
                sent_messages_are_deleted_by_age,
                a_pending_message_is_read_without_being_removed,
                a_pending_message_is_deleted,
                pending_messages_are_filed_by_chat_sender_and_id,
                pending_messages_are_stored_and_deleted_in_batches,
                pending_messages_are_deleted_by_age,
            }
            message_secret {
                a_secret_comes_back_and_is_replaced,
                secrets_are_filed_by_chat_sender_and_id,
                the_number_of_stored_secrets_is_given,
                the_later_deadline_wins,
                never_wins_over_any_deadline,
                the_later_time_of_the_parent_wins,
                a_secret_repeated_in_one_batch_is_merged,
                expired_secrets_are_deleted,
            }
            device {
                a_device_comes_back_and_is_replaced,
                a_missing_device_is_none,
                creating_makes_a_device,
                creating_keeps_an_existing_device,
                a_seeded_identity_and_certificate_chain_come_back,
                reports_and_snapshots_do_no_harm,
            }
            keeping {
                sessions_never_see_each_others_keys,
                deleting_in_one_session_leaves_the_other_alone,
                everything_survives_a_restart,
                empty_batches_are_right,
            }
        }
    };
    (@rules $factory:expr; $($module:ident { $($rule:ident,)+ })+) => {
        $(
            mod $module {
                use super::*;
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $rule() {
                        $crate::key_store_contract::$module::$rule($factory).await;
                    }
                )+
            }
        )+
    };
}
