//! Keys that companions publish, and their handing out: count, upload, digest, rotation, fetch.

use std::sync::Arc;

use wacore_binary::{Jid, Node};

use super::dispatch::{Context, Me};
use crate::crypto::keys::verify;
use crate::crypto::signal::{PreKeyBundle, PublicPreKey};
use crate::error::SimulatorError;
use crate::state::account::{Account, Device, PHONE};
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::Network;
use crate::state::records::SignedPreKey;
use crate::wire::address::server_jid;
use crate::wire::build::{bytes_element, element, id_bytes, iq_result};
use crate::wire::node::NodeExt;

/// `type` of all keys here: Curve25519.
const CURVE: u8 = 5;
/// When fewer one-time keys than this are left, the companion is told.
const LOW: usize = 10;

/// Answers an iq of `encrypt`.
pub(crate) fn take(
    context: &mut Context<'_>,
    me: &Me,
    stanza: &Node,
    set: bool,
) -> Result<(), SimulatorError> {
    if set {
        if let Some(rotate) = stanza.child("rotate") {
            return self::rotate(context, me, stanza, rotate);
        }
        if stanza.child("identity").is_some() {
            return upload(context, me, stanza);
        }
        context.done(stanza);
    } else if stanza.child("count").is_some() {
        let count = me.account.facts.lock().devices.get(&me.device).map_or(0, |device| device.keys.len());
        context.reply(iq_result(stanza, [element("count").attr("value", count).build()]));
    } else if stanza.child("digest").is_some() {
        digest(context, me, stanza);
    } else if let Some(wanted) = stanza.child("key") {
        let users: Vec<Node> =
            wanted.children_named("user").map(|user| bundle_of(context.network, user)).collect();
        context.reply(iq_result(stanza, [element("list").children(users).build()]));
    } else {
        context.done(stanza);
    }
    Ok(())
}

fn read_signed(node: &Node) -> Option<SignedPreKey> {
    Some(SignedPreKey {
        id: u32::try_from(node.child("id")?.content_u64()?).ok()?,
        public: node.child("value")?.content_array()?,
        signature: node.child("signature")?.content_bytes()?.to_vec(),
    })
}

/// Whether the companion signed its prekey; nobody can begin a session with one that it did not.
fn is_signed_by(signed: &SignedPreKey, identity: &[u8; 32]) -> bool {
    verify(identity, &[&[CURVE], &signed.public], &signed.signature)
}

fn read_one_time(node: &Node) -> Option<PublicPreKey> {
    let id = u32::try_from(node.child("id")?.content_u64()?).ok()?;
    Some(PublicPreKey { id, public: node.child("value")?.content_array()? })
}

fn upload(context: &mut Context<'_>, me: &Me, stanza: &Node) -> Result<(), SimulatorError> {
    let registration = stanza.child("registration").and_then(NodeExt::content_u64);
    let identity = stanza.child("identity").and_then(NodeExt::content_array::<32>);
    let signed = stanza.child("skey").and_then(read_signed);
    let keys: Option<Vec<_>> = stanza
        .child("list")
        .map_or(Some(Vec::new()), |list| list.children_named("key").map(read_one_time).collect());
    let (Some(registration), Some(identity), Some(signed), Some(keys)) =
        (registration.and_then(|id| u32::try_from(id).ok()), identity, signed, keys)
    else {
        context.refuse(stanza, 406, "not-acceptable");
        return Ok(());
    };
    let account = &me.account;
    let mut facts = account.facts.lock();
    let Some(device) = facts.devices.get_mut(&me.device) else { return Ok(()) };
    if device.record.identity != identity || !is_signed_by(&signed, &identity) {
        drop(facts);
        context.refuse(stanza, 406, "not-acceptable");
        return Ok(());
    }
    let first = device.record.signed_prekey.is_none();
    device.record.registration_id = registration;
    device.record.signed_prekey = Some(signed);
    let mut batch = Batch::new();
    let row = Key::account(account.number).device(me.device);
    batch.put(Table::Device, &row, &device.record);
    if let Some((upload, fresh)) = device.keys.add(keys) {
        batch.put(Table::OneTimeKeys, &row.seq(upload), &fresh);
    }
    let ticket = context.network.journal.append(&batch);
    drop(facts);
    context.network.journal.commit(ticket)?;
    context.done(stanza);
    if first {
        context.network.announce_devices(account, me.device, true)?;
    }
    context.network.welcome(account, me.device);
    Ok(())
}

fn rotate(context: &mut Context<'_>, me: &Me, stanza: &Node, rotate: &Node) -> Result<(), SimulatorError> {
    let Some(signed) = rotate.child("skey").and_then(read_signed) else {
        context.refuse(stanza, 406, "not-acceptable");
        return Ok(());
    };
    let mut facts = me.account.facts.lock();
    let Some(device) = facts.devices.get_mut(&me.device) else { return Ok(()) };
    if !is_signed_by(&signed, &device.record.identity) {
        drop(facts);
        context.refuse(stanza, 406, "not-acceptable");
        return Ok(());
    }
    device.record.signed_prekey = Some(signed);
    let mut batch = Batch::new();
    batch.put(Table::Device, &Key::account(me.account.number).device(me.device), &device.record);
    let ticket = context.network.journal.append(&batch);
    drop(facts);
    context.network.journal.commit(ticket)?;
    context.done(stanza);
    Ok(())
}

fn digest(context: &mut Context<'_>, me: &Me, stanza: &Node) {
    let facts = me.account.facts.lock();
    let parts = facts
        .devices
        .get(&me.device)
        .and_then(|device| Some((device, device.record.signed_prekey.as_ref()?)));
    let Some((device, signed)) = parts else {
        drop(facts);
        return context.refuse(stanza, 404, "item-not-found");
    };
    let keys: Vec<PublicPreKey> = device.keys.iter().copied().collect();
    let publics: Vec<&[u8]> = keys.iter().map(|key| &key.public[..]).collect();
    let hash = wacore::prekeys::compute_key_bundle_digest(
        &device.record.identity,
        &signed.public,
        &signed.signature,
        &publics,
    );
    let answer = element("digest")
        .children([
            bytes_element("registration", device.record.registration_id.to_be_bytes()),
            bytes_element("type", [CURVE]),
            bytes_element("identity", device.record.identity),
            signed_node(signed),
            element("list").children(keys.iter().map(|key| bytes_element("id", id_bytes(key.id)))).build(),
            bytes_element("hash", hash),
        ])
        .build();
    drop(facts);
    context.reply(iq_result(stanza, [answer]));
}

fn signed_node(signed: &SignedPreKey) -> Node {
    element("skey")
        .children([
            bytes_element("id", id_bytes(signed.id)),
            bytes_element("value", signed.public),
            bytes_element("signature", signed.signature.clone()),
        ])
        .build()
}

/// `<user>` with a bundle of the device that is asked for, or with an error.
fn bundle_of(network: &Arc<Network>, asked: &Node) -> Node {
    let Some(jid) = asked.attr_jid("jid") else { return user_error(server_jid(), 400, "bad-request") };
    let Some(resolved) = network.directory.resolve(&jid) else {
        return user_error(jid, 404, "item-not-found");
    };
    match network.take_bundle(&resolved.account, resolved.device) {
        Ok(Some(bundle)) => bundle_node(jid, &bundle),
        Ok(None) => user_error(jid, 404, "item-not-found"),
        Err(_) => user_error(jid, 503, "service-unavailable"),
    }
}

fn user_error(jid: Jid, code: u16, text: &'static str) -> Node {
    let error = element("error").attr("code", code).attr("text", text).build();
    element("user").attr("jid", jid).children([error]).build()
}

fn bundle_node(jid: Jid, bundle: &PreKeyBundle) -> Node {
    let signed = SignedPreKey {
        id: bundle.signed.id,
        public: bundle.signed.public,
        signature: bundle.signature.clone(),
    };
    let mut children = vec![
        bytes_element("registration", bundle.registration_id.to_be_bytes()),
        bytes_element("type", [CURVE]),
        bytes_element("identity", bundle.identity),
        signed_node(&signed),
    ];
    if let Some(key) = &bundle.one_time {
        let parts = [bytes_element("id", id_bytes(key.id)), bytes_element("value", key.public)];
        children.push(element("key").children(parts).build());
    }
    element("user").attr("jid", jid).children(children).build()
}

/// The keys of a retry receipt: registration, type and bundle, as phones send them.
pub(crate) fn retry_keys(bundle: &PreKeyBundle) -> (Node, Vec<Node>) {
    let signed = SignedPreKey {
        id: bundle.signed.id,
        public: bundle.signed.public,
        signature: bundle.signature.clone(),
    };
    let mut keys = vec![bytes_element("type", [CURVE]), bytes_element("identity", bundle.identity)];
    if let Some(key) = &bundle.one_time {
        let parts = [bytes_element("id", id_bytes(key.id)), bytes_element("value", key.public)];
        keys.push(element("key").children(parts).build());
    }
    keys.push(signed_node(&signed));
    (bytes_element("registration", bundle.registration_id.to_be_bytes()), keys)
}

/// Reads the `<keys>` of a retry receipt.
pub(crate) fn read_retry_keys(receipt: &Node) -> Option<PreKeyBundle> {
    let keys = receipt.child("keys")?;
    let signed = keys.child("skey").and_then(read_signed)?;
    Some(PreKeyBundle {
        registration_id: u32::try_from(receipt.child("registration")?.content_u64()?).ok()?,
        identity: keys.child("identity")?.content_array()?,
        signed: PublicPreKey { id: signed.id, public: signed.public },
        signature: signed.signature,
        one_time: keys.child("key").and_then(read_one_time),
    })
}

impl Network {
    /// A bundle of a device, with a one-time key that nobody else gets. `None`: there is no such device, or it has
    /// published nothing yet.
    pub(crate) fn take_bundle(
        self: &Arc<Self>,
        account: &Arc<Account>,
        device: u16,
    ) -> Result<Option<PreKeyBundle>, SimulatorError> {
        if device == PHONE {
            let mut phone = account.phone.lock();
            let bundle = phone.signal.issue_bundle(true, &mut rand::rng());
            let ticket = self.append_with_signal(Batch::new(), account.number, &mut phone.signal);
            drop(phone);
            self.journal.commit(ticket)?;
            return Ok(Some(bundle));
        }
        let mut batch = Batch::new();
        let mut facts = account.facts.lock();
        let Some(companion) = facts.devices.get_mut(&device).filter(|device| device.record.reachable())
        else {
            return Ok(None);
        };
        let Some(bundle) = take_companion_bundle(companion, account.number, device, &mut batch) else {
            return Ok(None);
        };
        let left = companion.keys.len();
        let ticket = self.journal.append(&batch);
        drop(facts);
        self.journal.commit(ticket)?;
        if left == LOW {
            let count = element("count").attr("value", left).build();
            let notification = element("notification")
                .attr("from", server_jid())
                .attr("type", "encrypt")
                .attr("id", self.next_seq())
                .attr("t", crate::state::network::now_seconds())
                .children([count])
                .build();
            self.post(account, device, &notification)?;
        }
        Ok(Some(bundle))
    }
}

fn take_companion_bundle(
    device: &mut Device,
    number: u64,
    id: u16,
    batch: &mut Batch,
) -> Option<PreKeyBundle> {
    let signed = device.record.signed_prekey.as_ref()?;
    let row = Key::account(number).device(id);
    let one_time = device.keys.take().map(|(key, spent)| {
        batch.put(Table::OneTimeKeysSpent, &row, &(spent.upload, spent.count));
        for upload in spent.forgotten {
            batch.delete(Table::OneTimeKeys, &row.clone().seq(upload));
        }
        key
    });
    Some(PreKeyBundle {
        registration_id: device.record.registration_id,
        identity: device.record.identity,
        signed: PublicPreKey { id: signed.id, public: signed.public },
        signature: signed.signature.clone(),
        one_time,
    })
}
