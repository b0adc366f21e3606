//! App state: what companions fetch of the phone's settings and chats, and the patches they write.

use wacore_binary::Node;

use super::dispatch::{Context, Me};
use crate::crypto::app_state::AppStateError;
use crate::error::SimulatorError;
use crate::state::account::Account;
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::{Network, now_seconds};
use crate::wire::build::{bytes_element, element, iq_result};
use crate::wire::node::NodeExt;

/// Answers `<sync>`: every collection that was asked for appears in the answer.
pub(crate) fn take(context: &mut Context<'_>, me: &Me, stanza: &Node) -> Result<(), SimulatorError> {
    let Some(sync) = stanza.child("sync") else {
        context.done(stanza);
        return Ok(());
    };
    let mut answers = Vec::new();
    let mut changed = Vec::new();
    for asked in sync.children_named("collection") {
        let Some(name) = asked.attr("name").filter(|name| (1..=64).contains(&name.len())) else { continue };
        let patch = asked.child("patch").and_then(NodeExt::content_bytes);
        let (answer, written) = match patch {
            Some(patch) => upload(context.network, &me.account, asked, &name, patch)?,
            None => (fetch(&me.account, asked, &name), None),
        };
        answers.push(answer);
        changed.extend(written.map(|version| (name.into_owned(), version)));
    }
    context.reply(iq_result(stanza, [element("sync").children(answers).build()]));
    for (name, version) in changed {
        context.network.announce_collection(&me.account, &name, version, Some(me.device))?;
    }
    Ok(())
}

fn fetch(account: &Account, asked: &Node, name: &str) -> Node {
    let from = asked.attr_u64("version").unwrap_or(0);
    let collections = account.collections.lock();
    let (version, patches) = collections
        .get(name)
        .map(|collection| (collection.version, collection.patches_after(from).to_vec()))
        .unwrap_or_default();
    drop(collections);
    let answer = element("collection").attr("name", name).attr("version", version);
    if patches.is_empty() {
        return answer.build();
    }
    let patches = patches.into_iter().map(|patch| bytes_element("patch", patch));
    answer.children([element("patches").children(patches).build()]).build()
}

/// Takes a patch. Gives the answer, and the new version if there is one.
fn upload(
    network: &Network,
    account: &Account,
    asked: &Node,
    name: &str,
    patch: &[u8],
) -> Result<(Node, Option<u64>), SimulatorError> {
    let built_on = asked.attr_u64("version").unwrap_or(0);
    let key = account.app_state_key();
    let mut collections = account.collections.lock();
    let collection = collections.entry(name.to_owned()).or_default();
    let refusal = match collection.upload(name, &[key], built_on, patch) {
        Ok(version) => {
            let mut batch = Batch::new();
            batch.put(Table::Collection, &Key::account(account.number).name(name), &*collection);
            let ticket = network.journal.append(&batch);
            drop(collections);
            network.journal.commit(ticket)?;
            return Ok((
                element("collection").attr("name", name).attr("version", version).build(),
                Some(version),
            ));
        }
        Err(refusal) => refusal,
    };
    let (version, patches) = (collection.version, collection.patches_after(built_on).to_vec());
    drop(collections);
    let answer = element("collection").attr("name", name).attr("type", "error").attr("version", version);
    let error =
        |code: u16, text: &'static str| element("error").attr("code", code).attr("text", text).build();
    let children = match refusal {
        AppStateError::Conflict { .. } => {
            let missing = patches.into_iter().map(|patch| bytes_element("patch", patch));
            vec![error(409, "conflict"), element("patches").children(missing).build()]
        }
        other => {
            tracing::debug!(collection = name, %other, "an app-state patch was refused");
            vec![error(400, "bad-request")]
        }
    };
    Ok((answer.children(children).build(), None))
}

impl Network {
    /// Tells the companions of an account, but `except`, that a collection has a new version.
    pub(crate) fn announce_collection(
        self: &std::sync::Arc<Self>,
        account: &std::sync::Arc<Account>,
        name: &str,
        version: u64,
        except: Option<u16>,
    ) -> Result<(), SimulatorError> {
        let collection = element("collection").attr("name", name).attr("version", version).build();
        let notification = element("notification")
            .attr("from", account.pn())
            .attr("type", "server_sync")
            .attr("id", self.next_seq())
            .attr("t", now_seconds())
            .children([collection])
            .build();
        let others: Vec<u16> = account
            .facts
            .lock()
            .devices
            .iter()
            .filter(|(id, device)| Some(**id) != except && device.record.reachable())
            .map(|(&id, _)| id)
            .collect();
        let mut batch = Batch::new();
        let deliveries: Vec<_> = others
            .into_iter()
            .filter_map(|device| self.deliver(&mut batch, account, device, &notification))
            .collect();
        self.journal.write(&batch)?;
        self.hand_over(deliveries);
        Ok(())
    }
}
