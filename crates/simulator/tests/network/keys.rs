//! The Signal side of a test companion: keys, sessions and sender keys in maps.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use buffa::Message as _;
use futures::FutureExt as _;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use wacore_libsignal::protocol::error::Result;
use wacore_libsignal::protocol::{
    CiphertextMessage, DeviceId, Direction, GenericSignedPreKey as _, IdentityChange, IdentityKey,
    IdentityKeyPair, IdentityKeyStore, KeyPair, PreKeyBundle, PreKeyId, PreKeyRecord, PreKeySignalMessage,
    PreKeyStore, ProtocolAddress, PublicKey, SenderKeyDistributionMessage, SenderKeyName, SenderKeyRecord,
    SenderKeyStore, SessionRecord, SessionStore, SignalMessage, SignalProtocolError, SignedPreKeyId,
    SignedPreKeyRecord, SignedPreKeyStore, Timestamp, UsePQRatchet, create_sender_key_distribution_message,
    group_decrypt, group_encrypt, message_decrypt, message_encrypt, process_prekey_bundle,
    process_sender_key_distribution_message,
};
use waproto::whatsapp as wa;

use crate::companion::{attr, bytes_of, child};

pub(crate) struct Keys {
    pub(crate) identity: KeyPair,
    registration_id: u32,
    signed: KeyPair,
    signature: Vec<u8>,
    one_time: OneTime,
    sessions: Sessions,
    groups: SenderKeys,
}

#[derive(Default)]
struct SenderKeys(HashMap<String, SenderKeyRecord>);
#[derive(Default)]
struct Sessions(HashMap<String, SessionRecord>);
#[derive(Default)]
struct OneTime(BTreeMap<u32, KeyPair>);
struct Identity<'a>(&'a KeyPair, u32);
struct Signed<'a>(&'a KeyPair, &'a [u8]);

/// The 32 bytes of a public key.
pub(crate) fn public(pair: &KeyPair) -> [u8; 32] {
    pair.public_key.public_key_bytes().try_into().unwrap()
}

pub(crate) fn public_key(bytes: &[u8; 32]) -> PublicKey {
    PublicKey::from_djb_public_key_bytes(bytes).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("maps never wait")
}

fn address(jid: &Jid) -> ProtocolAddress {
    ProtocolAddress::new(&format!("{}.{}", jid.to_non_ad(), jid.device), DeviceId::new(0))
}

fn id_bytes(id: u32) -> Vec<u8> {
    id.to_be_bytes()[1..].to_vec()
}

fn leaf(tag: &'static str, bytes: impl Into<Vec<u8>>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}

impl Keys {
    pub(crate) fn generate() -> Self {
        let mut rng = rand::rng();
        let (identity, signed) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
        let signature =
            identity.private_key.calculate_signature(&signed.public_key.serialize(), &mut rng).unwrap();
        Self {
            identity,
            registration_id: 4711,
            signed,
            signature: signature.to_vec(),
            one_time: OneTime::default(),
            sessions: Sessions::default(),
            groups: SenderKeys::default(),
        }
    }

    /// The children of an upload with `count` fresh one-time keys.
    pub(crate) fn upload(&mut self, count: u32) -> Vec<Node> {
        let first = self.one_time.0.keys().next_back().map_or(1, |id| id + 1);
        let mut keys = Vec::new();
        for id in first..first + count {
            let pair = KeyPair::generate(&mut rand::rng());
            let parts = [leaf("id", id_bytes(id)), leaf("value", public(&pair))];
            keys.push(NodeBuilder::new("key").children(parts).build());
            self.one_time.0.insert(id, pair);
        }
        let signed = [
            leaf("id", id_bytes(1)),
            leaf("value", public(&self.signed)),
            leaf("signature", self.signature.clone()),
        ];
        vec![
            leaf("registration", self.registration_id.to_be_bytes()),
            leaf("type", [5]),
            leaf("identity", public(&self.identity)),
            NodeBuilder::new("list").children(keys).build(),
            NodeBuilder::new("skey").children(signed).build(),
        ]
    }

    pub(crate) fn has_session(&self, device: &Jid) -> bool {
        self.sessions.0.contains_key(&address(device).to_string())
    }

    pub(crate) fn forget(&mut self, device: &Jid) {
        self.sessions.0.remove(&address(device).to_string());
    }

    /// Begins a session from `<user>` of a prekey answer.
    pub(crate) fn begin(&mut self, device: &Jid, user: &Node) {
        let key = |node: &Node| public_key(&bytes_of(child(node, &["value"])).try_into().unwrap());
        let id =
            |node: &Node| bytes_of(child(node, &["id"])).iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b));
        let signed = child(user, &["skey"]);
        let one_time = user.get_optional_child("key").map(|node| (PreKeyId::from(id(node)), key(node)));
        assert!(one_time.is_some(), "a one-time key is there");
        let identity: [u8; 32] = bytes_of(child(user, &["identity"])).try_into().unwrap();
        let bundle = PreKeyBundle::new(
            1,
            DeviceId::new(0),
            one_time,
            id(signed).into(),
            key(signed),
            bytes_of(child(signed, &["signature"])),
            IdentityKey::new(public_key(&identity)),
        )
        .unwrap();
        let mut own = Identity(&self.identity, self.registration_id);
        run(process_prekey_bundle(
            &address(device),
            &mut self.sessions,
            &mut own,
            &bundle,
            &mut rand::rng(),
            UsePQRatchet::No,
        ))
        .unwrap();
    }

    /// `<enc>` for a device with which there is a session; and whether it still begins one.
    pub(crate) fn encrypt(&mut self, device: &Jid, message: &wa::Message) -> (Node, bool) {
        let mut plain = message.encode_to_vec();
        plain.extend([4; 4]);
        let mut own = Identity(&self.identity, self.registration_id);
        let sealed = run(message_encrypt(&plain, &address(device), &mut self.sessions, &mut own)).unwrap();
        let (kind, bytes) = match sealed {
            CiphertextMessage::PreKeySignalMessage(message) => ("pkmsg", message.serialized().to_vec()),
            CiphertextMessage::SignalMessage(message) => ("msg", message.serialized().to_vec()),
            _ => panic!("a message between two devices"),
        };
        let enc = NodeBuilder::new("enc").attr("v", "2").attr("type", kind).bytes(bytes).build();
        (enc, kind == "pkmsg")
    }

    /// Takes the author's key from a group message, and decrypts it.
    pub(crate) fn decrypt_group(&mut self, node: &Node) -> wa::Message {
        let keys = self.decrypt(node).sender_key_distribution_message.into_option().unwrap();
        let name = SenderKeyName::from_parts(&attr(node, "from"), &attr(node, "participant"));
        let keys = keys.axolotl_sender_key_distribution_message.unwrap();
        let keys = SenderKeyDistributionMessage::try_from(keys.as_slice()).unwrap();
        run(process_sender_key_distribution_message(&name, &keys, &mut self.groups)).unwrap();
        let enc = node.get_children_by_tag("enc").find(|enc| attr(enc, "type") == "skmsg").unwrap();
        unpad(run(group_decrypt(&bytes_of(enc), &mut self.groups, &name)).unwrap())
    }

    /// Our key of a group for others, and a message under it.
    pub(crate) fn encrypt_group(&mut self, group: &Jid, message: &wa::Message) -> (wa::Message, Node) {
        let name = SenderKeyName::from_parts(&group.to_string(), "me");
        let mut rng = rand::rng();
        let keys = run(create_sender_key_distribution_message(&name, &mut self.groups, &mut rng)).unwrap();
        let keys = wa::Message {
            sender_key_distribution_message: buffa::MessageField::some(
                wa::message::SenderKeyDistributionMessage {
                    group_id: Some(group.to_string()),
                    axolotl_sender_key_distribution_message: Some(keys.serialized().to_vec()),
                },
            ),
            ..Default::default()
        };
        let mut plain = message.encode_to_vec();
        plain.extend([4; 4]);
        let sealed = run(group_encrypt(&mut self.groups, &name, &plain, &mut rng)).unwrap();
        let enc = NodeBuilder::new("enc").attr("v", "2").attr("type", "skmsg");
        (keys, enc.bytes(sealed.serialized().to_vec()).build())
    }

    /// Decrypts the last `<enc>` of a message that is for this device.
    pub(crate) fn decrypt(&mut self, node: &Node) -> wa::Message {
        let author = node.attrs.get("participant").or_else(|| node.attrs.get("from")).unwrap();
        let author = author.to_jid().unwrap();
        let enc = node.get_children_by_tag("enc").next().expect("a ciphertext for this device");
        let bytes = bytes_of(enc);
        let message = match attr(enc, "type").as_str() {
            "pkmsg" => CiphertextMessage::PreKeySignalMessage(
                PreKeySignalMessage::try_from(bytes.as_slice()).unwrap(),
            ),
            "msg" => CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes.as_slice()).unwrap()),
            other => panic!("{other} is not for one device"),
        };
        let mut own = Identity(&self.identity, self.registration_id);
        let opened = run(message_decrypt(
            &message,
            &address(&author),
            &mut self.sessions,
            &mut own,
            &mut self.one_time,
            &Signed(&self.signed, &self.signature),
            &mut rand::rng(),
            UsePQRatchet::No,
        ))
        .unwrap();
        unpad(opened.plaintext)
    }
}

fn unpad(mut plain: Vec<u8>) -> wa::Message {
    let padding = usize::from(*plain.last().unwrap());
    plain.truncate(plain.len() - padding);
    wa::Message::decode_from_slice(&plain).unwrap()
}

#[async_trait]
impl SenderKeyStore for SenderKeys {
    async fn store_sender_key(&mut self, name: &SenderKeyName, record: SenderKeyRecord) -> Result<()> {
        self.0.insert(format!("{name:?}"), record);
        Ok(())
    }
    async fn load_sender_key(&self, name: &SenderKeyName) -> Result<Option<SenderKeyRecord>> {
        Ok(self.0.get(&format!("{name:?}")).cloned())
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, address: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(self.0.get(&address.to_string()).cloned().map(|mut record| {
            record.waive_counter_lease();
            record
        }))
    }
    async fn has_session(&self, address: &ProtocolAddress) -> Result<bool> {
        Ok(self.0.contains_key(&address.to_string()))
    }
    async fn store_session(&mut self, address: &ProtocolAddress, record: SessionRecord) -> Result<()> {
        self.0.insert(address.to_string(), record);
        Ok(())
    }
}

#[async_trait]
impl IdentityKeyStore for Identity<'_> {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        Ok(IdentityKeyPair::new(self.0.public_key.into(), self.0.private_key.clone()))
    }
    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.1)
    }
    async fn save_identity(&mut self, _: &ProtocolAddress, _: &IdentityKey) -> Result<IdentityChange> {
        Ok(IdentityChange::from_changed(false))
    }
    async fn is_trusted_identity(&self, _: &ProtocolAddress, _: &IdentityKey, _: Direction) -> Result<bool> {
        Ok(true)
    }
    async fn get_identity(&self, _: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(None)
    }
}

#[async_trait]
impl PreKeyStore for OneTime {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        let pair = self.0.get(&u32::from(id)).ok_or(SignalProtocolError::InvalidPreKeyId)?;
        Ok(PreKeyRecord::new(id, pair))
    }
    async fn save_pre_key(&mut self, _: PreKeyId, _: &PreKeyRecord) -> Result<()> {
        Ok(())
    }
    async fn remove_pre_key(&mut self, id: PreKeyId) -> Result<()> {
        self.0.remove(&u32::from(id));
        Ok(())
    }
}

#[async_trait]
impl SignedPreKeyStore for Signed<'_> {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        Ok(SignedPreKeyRecord::new(id, Timestamp::from_epoch_millis(0), self.0, self.1))
    }
    async fn save_signed_pre_key(&mut self, _: SignedPreKeyId, _: &SignedPreKeyRecord) -> Result<()> {
        Ok(())
    }
}
