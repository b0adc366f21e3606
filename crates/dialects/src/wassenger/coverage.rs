//! Every operation of the vendor's, in the order of the contract's section 3. The thirteen ways to send a message are
//! one route there too, and the node's raw request is whichever route it names.

use super::errors::Refused;
use super::serve::{
    check_number, create_device, delete_device, get_device, get_health, list_devices, reboot_device,
    request_auth_code, reset_device, scan_qr, send_message, start_device, sync_device, update_device,
};
use crate::frame::operation::Method::{self, Delete, Get, Patch, Post, Put};
use crate::frame::operation::Section;

const LATER: &str = "not built yet";
const DESK: &str = "a help desk's: a gateway has no team, departments, owners or notes";
const CRM: &str = "a contact book's: a gateway keeps nobody's customers";
const SERVICE: &str = "the vendor's own service, which is no part of WhatsApp";
const OLD: &str = "an older or unproved name; use the listed operation";

const TEXTS: &str = "texts only; media, polls, schedules and the like are refused, and so is what would send less than \
                     was asked for; `agent`, `label`, `live`, `enqueue`, `retries`, `order`, `typing`, \
                     `sendReadAck` and `actions` are not used; the 13 ways to send are this one";
const UNWIPED: &str =
    "`data` and `emptyQueue` are refused: deleting the device is what removes what is stored";
const UNSET: &str = "`settings` and `webhooks` are refused, `agents` is not used";
const NO_AGENTS: &str = "`agents` and `paymentIntent` are not used; `billingPlan` is shown and means nothing";

/// All of it.
pub(super) fn sections() -> Vec<Section> {
    let mut all = chats();
    all.extend(files());
    all.extend(desk());
    all.extend(device());
    all.extend(service());
    all.extend(messages());
    all.push(numbers());
    all.extend(groups());
    all.push(outside());
    all
}

/// Operations that are not done, with the answer that says why.
fn without(section: Section, why: &'static str, operations: &[(Method, &'static str)]) -> Section {
    section.absent(why, Refused::not_served(why), operations)
}

fn chats() -> Vec<Section> {
    let chats = without(
        Section::new("Chats"),
        LATER,
        &[
            (Get, "/v1/chat/{id}/chats"),
            (Get, "/v1/chat/{id}/chats/{wid}"),
            (Post, "/v1/chat/{id}/typing"),
            (Post, "/v1/chat/{id}/sync"),
            (Get, "/v1/chat/{id}/chats/{wid}/sync"),
            (Patch, "/v1/chat/{id}/chats/{wid}/unread"),
        ],
    );
    let chats = without(chats, DESK, &[(Patch, "/v1/chat/{id}/chats/{wid}/status")]);
    let chats = without(chats, LATER, &[(Get, "/v1/chat/{id}/chats/{wid}/participants")]);
    let chats = without(
        chats,
        DESK,
        &[
            (Patch, "/v1/chat/{id}/chats/{wid}/owner"),
            (Delete, "/v1/chat/{id}/chats/{wid}/owner"),
            (Post, "/v1/chat/{id}/chats/{wid}/notes"),
            (Delete, "/v1/chat/{id}/chats/{wid}/notes"),
        ],
    );
    let chats = without(
        chats,
        LATER,
        &[
            (Patch, "/v1/chat/{id}/chats/{wid}/labels"),
            (Patch, "/v1/chat/{id}/chats/{wid}/attributes"),
            (Put, "/v1/chat/{id}/chats/{wid}/archive"),
            (Delete, "/v1/chat/{id}/chats/{wid}/archive"),
            (Delete, "/v1/chat/{id}/chats/{wid}"),
            (Patch, "/v1/chat/{id}/chats"),
        ],
    );
    let contacts = without(
        Section::new("Chat contacts"),
        LATER,
        &[(Get, "/v1/chat/{id}/contacts"), (Get, "/v1/chat/{id}/contacts/{wid}")],
    );
    let contacts = without(
        contacts,
        CRM,
        &[
            (Post, "/v1/chat/{id}/contacts"),
            (Patch, "/v1/chat/{id}/contacts/{wid}"),
            (Put, "/v1/chat/{id}/contacts/{wid}/metadata"),
            (Patch, "/v1/chat/{id}/contacts/{wid}/metadata"),
            (Delete, "/v1/chat/{id}/contacts/{wid}"),
            (Patch, "/v1/chat/{id}/contacts"),
        ],
    );
    let contacts =
        without(contacts, LATER, &[(Post, "/v1/devices/{id}/block"), (Delete, "/v1/devices/{id}/block")]);
    vec![chats, contacts]
}

fn files() -> Vec<Section> {
    let messages = without(
        Section::new("Chat messages"),
        LATER,
        &[
            (Get, "/v1/chat/{id}/messages"),
            (Get, "/v1/chat/{id}/messages/{mid}"),
            (Get, "/v1/chat/{id}/messages/{mid}/ackinfo"),
            (Patch, "/v1/chat/{id}/messages/{mid}"),
            (Delete, "/v1/chat/{id}/messages/{mid}"),
        ],
    );
    let chat_files = without(
        Section::new("Chat files"),
        LATER,
        &[
            (Get, "/v1/chat/{id}/files"),
            (Get, "/v1/chat/{id}/files/{fid}"),
            (Get, "/v1/chat/{id}/files/{fid}/download"),
        ],
    );
    let files = without(
        Section::new("Files"),
        LATER,
        &[
            (Get, "/v1/files"),
            (Post, "/v1/files"),
            (Delete, "/v1/files"),
            (Get, "/v1/files/{id}/preview"),
            (Get, "/v1/files/{id}/download"),
            (Get, "/v1/files/{id}"),
            (Patch, "/v1/files/{id}"),
            (Delete, "/v1/files/{id}"),
        ],
    );
    vec![messages, chat_files, files]
}

fn desk() -> Vec<Section> {
    let team = without(
        Section::new("Team"),
        DESK,
        &[
            (Get, "/v1/team"),
            (Patch, "/v1/team"),
            (Delete, "/v1/team"),
            (Get, "/v1/devices/{id}/team"),
            (Post, "/v1/devices/{id}/team"),
            (Patch, "/v1/devices/{id}/team"),
            (Delete, "/v1/devices/{id}/team"),
        ],
    );
    let labels = without(Section::new("Labels"), LATER, &crud("/v1/devices/{id}/labels"));
    let departments = without(Section::new("Departments"), DESK, &crud("/v1/devices/{id}/departments"));
    let replies = without(Section::new("Quick replies"), LATER, &crud("/v1/devices/{id}/quickReplies"));
    let queue = without(Section::new("Queue"), LATER, &crud("/v1/devices/{id}/queue"));
    vec![team, labels, departments, replies, queue]
}

/// The four operations of what has one path.
fn crud(path: &'static str) -> [(Method, &'static str); 4] {
    [Get, Post, Patch, Delete].map(|method| (method, path))
}

fn device() -> Vec<Section> {
    vec![
        Section::new("WhatsApp session")
            .supported(Get, "/v1/devices/{id}/sync", sync_device::handler)
            .supported(Post, "/v1/devices/{id}/start", start_device::handler)
            .supported(Get, "/v1/devices/{id}/scan", scan_qr::handler)
            .partial(Post, "/v1/devices/{id}/reset", UNWIPED, reset_device::handler)
            .supported(Post, "/v1/devices/{id}/reboot", reboot_device::handler)
            .supported(Get, "/v1/devices/{id}/health", get_health::handler)
            .supported(Post, "/v1/devices/{id}/authcode", request_auth_code::handler),
        without(
            Section::new("WhatsApp profile"),
            LATER,
            &[
                (Get, "/v1/devices/{id}/profile"),
                (Patch, "/v1/devices/{id}/profile"),
                (Get, "/v1/devices/{id}/profile/image"),
                (Put, "/v1/devices/{id}/profile/image"),
            ],
        ),
        without(
            Section::new("Business catalog"),
            LATER,
            &[(Get, "/v1/devices/{id}/catalog"), (Post, "/v1/devices/{id}/catalog")],
        ),
    ]
}

fn service() -> Vec<Section> {
    let campaigns = without(
        Section::new("Campaigns"),
        SERVICE,
        &[
            (Get, "/v1/campaigns"),
            (Get, "/v1/campaigns/{id}"),
            (Put, "/v1/campaigns/{id}/status"),
            (Get, "/v1/campaigns/{id}/contacts"),
            (Delete, "/v1/campaigns/{id}"),
        ],
    );
    let meetings = without(
        Section::new("Meeting links"),
        LATER,
        &[
            (Get, "/v1/devices/{id}/meeting-links"),
            (Post, "/v1/devices/{id}/meeting-links"),
            (Delete, "/v1/devices/{id}/meeting-links"),
        ],
    );
    let stories = without(
        Section::new("User status"),
        LATER,
        &[
            (Get, "/v1/chat/{id}/status/{sid}"),
            (Get, "/v1/chat/{id}/status"),
            (Post, "/v1/chat/{id}/status"),
            (Delete, "/v1/chat/{id}/status"),
        ],
    );
    let webhooks = without(
        Section::new("Webhooks"),
        LATER,
        &[
            (Get, "/v1/webhooks"),
            (Post, "/v1/webhooks"),
            (Get, "/v1/webhooks/{id}"),
            (Patch, "/v1/webhooks/{id}"),
            (Delete, "/v1/webhooks/{id}"),
            (Post, "/v1/webhooks/{id}/enable"),
            (Get, "/v1/webhooks/{id}/logs"),
        ],
    );
    let other = Section::new("Other").supported(Post, "/v1/numbers/exists", check_number::handler);
    let other = without(other, LATER, &[(Post, "/v1/numbers/validate")]);
    vec![campaigns, meetings, stories, webhooks, other]
}

fn messages() -> Vec<Section> {
    vec![
        Section::new("Send messages").partial(Post, "/v1/messages", TEXTS, send_message::handler),
        without(
            Section::new("Outbound messages"),
            LATER,
            &[
                (Get, "/v1/messages"),
                (Get, "/v1/messages/{id}"),
                (Patch, "/v1/messages/{id}"),
                (Delete, "/v1/messages/{id}"),
            ],
        ),
    ]
}

fn numbers() -> Section {
    let numbers = Section::new("WhatsApp numbers")
        .supported(Get, "/v1/devices", list_devices::handler)
        .supported(Get, "/v1/devices/{id}", get_device::handler)
        .partial(Patch, "/v1/devices/{id}", UNSET, update_device::handler)
        .supported(Delete, "/v1/devices/{id}", delete_device::handler)
        .partial(Post, "/v1/devices", NO_AGENTS, create_device::handler);
    without(numbers, LATER, &[(Delete, "/v1/devices/{id}/chats")])
}

fn groups() -> Vec<Section> {
    let groups = without(
        Section::new("Groups"),
        LATER,
        &[
            (Get, "/v1/devices/{id}/groups"),
            (Get, "/v1/devices/{id}/groups/{gid}"),
            (Post, "/v1/devices/{id}/groups"),
            (Patch, "/v1/devices/{id}/groups/{gid}"),
            (Put, "/v1/devices/{id}/groups/{gid}/image"),
            (Post, "/v1/devices/{id}/groups/{gid}/participants"),
            (Patch, "/v1/devices/{id}/groups/{gid}/participants"),
            (Delete, "/v1/devices/{id}/groups/{gid}/participants"),
            (Get, "/v1/devices/{id}/groups/{gid}/members"),
            (Post, "/v1/devices/{id}/groups/{gid}/members"),
            (Delete, "/v1/devices/{id}/groups/{gid}/members"),
            (Get, "/v1/devices/{id}/groups/{gid}/invite"),
            (Delete, "/v1/devices/{id}/groups/{gid}/invite"),
            (Put, "/v1/devices/{id}/groups"),
            (Delete, "/v1/devices/{id}/groups"),
        ],
    );
    let channels = without(
        Section::new("Channels"),
        LATER,
        &[
            (Get, "/v1/devices/{id}/channels"),
            (Get, "/v1/devices/{id}/channels/{cid}"),
            (Post, "/v1/devices/{id}/channels"),
            (Patch, "/v1/devices/{id}/channels/{cid}"),
            (Put, "/v1/devices/{id}/channels/{cid}/image"),
            (Delete, "/v1/devices/{id}/channels/{cid}"),
            (Put, "/v1/devices/{id}/channels"),
            (Patch, "/v1/devices/{id}/channels"),
        ],
    );
    vec![groups, channels]
}

fn outside() -> Section {
    let outside =
        Section::new("Outside the 148 actions").supported(Get, "/v1/numbers/exists", check_number::handler);
    let outside = without(
        outside,
        OLD,
        &[
            (Get, "/v1/io/{id}/{*rest}"),
            (Post, "/v1/io/{id}/{*rest}"),
            (Put, "/v1/io/{id}/{*rest}"),
            (Patch, "/v1/io/{id}/{*rest}"),
            (Delete, "/v1/io/{id}/{*rest}"),
            (Post, "/v1/devices/{id}/removechats"),
        ],
    );
    let outside = without(
        outside,
        SERVICE,
        &[
            (Post, "/v1/devices/{id}/autoreply"),
            (Get, "/v1/devices/pricing"),
            (Get, "/v1/devices/{id}/invoices"),
            (Get, "/v1/devices/{id}/invoices/{invoice}/pdf"),
        ],
    );
    let outside = without(outside, DESK, &[(Get, "/v1/agents"), (Get, "/v1/devices/{id}/agents")]);
    without(
        outside,
        SERVICE,
        &[
            (Get, "/v1/me"),
            (Get, "/v1/docs.json"),
            (Get, "/v1/devices/{id}/autoassign"),
            (Put, "/v1/devices/{id}/autoassign"),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::operation::{Support, rows};

    #[test]
    fn every_action_has_a_row() {
        let rows = rows(&sections());
        let outside = rows.iter().filter(|row| row.section.starts_with("Outside")).count();
        // 148 actions: thirteen of them are one route, and one is any route.
        assert_eq!(rows.len() - outside, 148 - 12 - 1);
        let mut routes: Vec<_> = rows.iter().map(|row| (row.method, row.path)).collect();
        routes.sort_unstable();
        routes.dedup();
        assert_eq!(routes.len(), rows.len());
        assert!(rows.iter().all(|row| row.path.starts_with("/v1/") && !row.path.ends_with('/')));
    }

    #[test]
    fn linking_is_served() {
        let rows = rows(&sections());
        for path in ["scan", "authcode", "sync", "health", "start", "reset", "reboot"] {
            let served = |support| !matches!(support, Support::Absent(_));
            let is_it = |path_of: &str| path_of == format!("/v1/devices/{{id}}/{path}");
            assert!(rows.iter().any(|row| is_it(row.path) && served(row.support)), "{path}");
        }
    }
}
