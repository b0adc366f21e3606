//! A companion of our own, on the raw byte pipe: enough of a client to be linked, log in, and exchange messages. It shares
//! nothing with the simulator but the published protocol crates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::{Message as _, MessageField};
use hmac::{KeyInit as _, Mac as _};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};
use wacore_libsignal::protocol::KeyPair;
use waproto::whatsapp as wa;

use crate::keys::{Keys, public};
use crate::socket::Socket;

/// A companion and all it keeps between connections.
pub(crate) struct Companion {
    pub(crate) noise: KeyPair,
    pub(crate) keys: Keys,
    pub(crate) adv_secret: [u8; 32],
    pub(crate) device_identity: Vec<u8>,
    /// Number address with device, once linked.
    pub(crate) jid: Option<Jid>,
    pub(crate) server_key: [u8; 32],
    /// Where the phone put the history, once it said so.
    pub(crate) history: Option<wa::message::HistorySyncNotification>,
}

impl Companion {
    pub(crate) fn new(simulator: &enlace_simulator::Simulator) -> Self {
        let mut rng = rand::rng();
        Self {
            noise: KeyPair::generate(&mut rng),
            keys: Keys::generate(),
            adv_secret: rand::random(),
            device_identity: Vec::new(),
            jid: None,
            server_key: simulator.noise_static_public_key(),
            history: None,
        }
    }

    /// Connects, as a login if it is linked and with the placeholder if not.
    pub(crate) async fn connect(&self, simulator: &enlace_simulator::Simulator) -> Socket {
        self.connect_by(simulator.connect()).await
    }

    /// The same through a door that is open already.
    pub(crate) async fn connect_by(&self, pipe: enlace_simulator::Pipe) -> Socket {
        let (username, device) = match &self.jid {
            Some(jid) => (jid.user.parse().unwrap(), u32::from(jid.device)),
            None => (0, 0),
        };
        let payload = wa::ClientPayload {
            username: Some(username),
            device: Some(device),
            passive: Some(true),
            pull: Some(true),
            ..Default::default()
        };
        Socket::open(pipe, &self.noise, self.server_key, payload.encode_to_vec()).await
    }

    /// The text of the QR for a reference.
    pub(crate) fn qr(&self, reference: &str) -> String {
        format!(
            "{reference},{},{},{},1",
            STANDARD.encode(public(&self.noise)),
            STANDARD.encode(public(&self.keys.identity)),
            STANDARD.encode(self.adv_secret)
        )
    }

    /// Connects and gives the texts of its QRs.
    pub(crate) async fn offer(&self, simulator: &enlace_simulator::Simulator) -> (Socket, Vec<String>) {
        let mut socket = self.connect(simulator).await;
        let iq = socket.expect(|node| node.get_optional_child("pair-device").is_some()).await;
        assert_eq!(iq.children().unwrap().len(), 1);
        let refs: Vec<String> = iq
            .get_optional_child("pair-device")
            .unwrap()
            .children()
            .unwrap()
            .iter()
            .map(|child| String::from_utf8(bytes_of(child)).unwrap())
            .map(|reference| self.qr(&reference))
            .collect();
        socket.send(result_of(&iq)).await;
        (socket, refs)
    }

    /// Checks and signs pair-success, and reads the stream to its 515.
    pub(crate) async fn sign(&mut self, mut socket: Socket) {
        let iq = socket.expect(|node| node.get_optional_child("pair-success").is_some()).await;
        let answer = self.answer_pair_success(&iq);
        socket.send(answer).await;
        let error = socket.expect(|node| node.tag == "stream:error").await;
        assert_eq!(error.attrs.get("code").unwrap().as_str(), "515");
        assert!(socket.receive().await.is_none(), "the server closes after 515");
    }

    /// Takes the identity of a pair-success and signs it.
    pub(crate) fn answer_pair_success(&mut self, iq: &Node) -> Node {
        let success = iq.get_optional_child("pair-success").unwrap();
        let container = bytes_of(success.get_optional_child("device-identity").unwrap());
        let container = wa::ADVSignedDeviceIdentityHMAC::decode_from_slice(&container).unwrap();
        let details = container.details.unwrap();
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&self.adv_secret).unwrap();
        mac.update(&details);
        mac.verify_slice(&container.hmac.unwrap()).expect("the HMAC is made with the secret of the QR");
        let mut signed = wa::ADVSignedDeviceIdentity::decode_from_slice(&details).unwrap();
        let inner = signed.details.clone().unwrap();
        let account: [u8; 32] = signed.account_signature_key.clone().unwrap().try_into().unwrap();
        let own = public(&self.keys.identity);
        assert!(
            crate::keys::public_key(&account).verify_signature_for_multipart_message(
                &[&[6, 0], &inner, &own],
                signed.account_signature.as_deref().unwrap()
            ),
            "the phone vouches for this companion"
        );
        let signature = self
            .keys
            .identity
            .private_key
            .calculate_signature_for_multipart_message(&[&[6, 1], &inner, &own, &account], &mut rand::rng())
            .unwrap();
        signed.device_signature = Some(signature.to_vec());
        self.device_identity = signed.encode_to_vec();
        let details = wa::ADVDeviceIdentity::decode_from_slice(&inner).unwrap();
        let answer = wa::ADVSignedDeviceIdentity { account_signature_key: None, ..signed };
        self.jid = success.get_optional_child("device").unwrap().attrs.get("jid").unwrap().to_jid();
        let identity = NodeBuilder::new("device-identity")
            .attr("key-index", details.key_index.unwrap())
            .bytes(answer.encode_to_vec())
            .build();
        let sign = NodeBuilder::new("pair-device-sign").children([identity]).build();
        NodeBuilder::new("iq")
            .attr("to", server())
            .attr("type", "result")
            .attr("id", iq.attrs.get("id").unwrap().clone())
            .children([sign])
            .build()
    }

    /// Logs in: keys on the first time, then active. Gives what had waited.
    pub(crate) async fn log_in(&mut self, simulator: &enlace_simulator::Simulator) -> (Socket, Vec<Node>) {
        self.log_in_by(simulator.connect()).await
    }

    /// The same through a door that is open already.
    pub(crate) async fn log_in_by(&mut self, pipe: enlace_simulator::Pipe) -> (Socket, Vec<Node>) {
        let mut socket = self.connect_by(pipe).await;
        let success = socket.receive().await.unwrap();
        assert_eq!(success.tag, "success", "{success:?}");
        let count = socket.iq("get", "encrypt", server(), [NodeBuilder::new("count").build()]).await;
        let count: u32 =
            count.get_optional_child("count").unwrap().attrs.get("value").unwrap().as_str().parse().unwrap();
        if count == 0 {
            let upload = self.keys.upload(30);
            socket.iq("set", "encrypt", server(), upload).await;
        }
        socket.iq("set", "passive", server(), [NodeBuilder::new("active").build()]).await;
        let waited = socket.until(|node| node.get_optional_child("offline").is_some()).await;
        (socket, waited)
    }

    /// Links by QR and logs in. The keys and the history of the phone are taken.
    pub(crate) async fn link(
        simulator: &enlace_simulator::Simulator,
        phone: &enlace_simulator::Phone,
    ) -> (Self, Socket) {
        let mut companion = Self::new(simulator);
        let (socket, qrs) = companion.offer(simulator).await;
        let scan = phone.scan(&qrs[0]);
        let (device, ()) = futures::future::join(scan, companion.sign(socket)).await;
        assert_eq!(companion.jid.as_ref().unwrap().device, device.unwrap());
        let (mut socket, waited) = companion.log_in(simulator).await;
        // The phone may be quicker than the last of the login.
        socket.keep(waited.into_iter().filter(|node| node.tag == "message"));
        for wanted in ["keys", "history"] {
            let (node, message) = companion.next_message(&mut socket).await;
            let protocol = message.protocol_message.as_option().expect(wanted);
            assert!(
                protocol.app_state_sync_key_share.is_set() || protocol.history_sync_notification.is_set()
            );
            companion.history =
                companion.history.or_else(|| protocol.history_sync_notification.as_option().cloned());
            let category = node.attrs.get("category").map(|value| value.as_str().into_owned());
            assert_eq!(category.as_deref(), Some("peer"));
            companion.receipt(&mut socket, &node, Some("peer_msg")).await;
        }
        (companion, socket)
    }

    /// The next message that is for this device, decrypted.
    pub(crate) async fn next_message(&mut self, socket: &mut Socket) -> (Node, wa::Message) {
        let node = socket.expect(|node| node.tag == "message").await;
        let message = self.keys.decrypt(&node);
        (node, message)
    }

    /// Confirms a message.
    pub(crate) async fn receipt(&self, socket: &mut Socket, message: &Node, kind: Option<&'static str>) {
        let mut receipt = NodeBuilder::new("receipt")
            .attr("id", message.attrs.get("id").unwrap().clone())
            .attr("to", message.attrs.get("from").unwrap().clone());
        if let Some(kind) = kind {
            receipt = receipt.attr("type", kind);
        }
        if let Some(participant) = message.attrs.get("participant") {
            receipt = receipt.attr("participant", participant.clone());
        }
        socket.send(receipt.build()).await;
        socket.expect(|node| node.tag == "ack").await;
    }

    /// The devices of a person, as the server says.
    pub(crate) async fn devices(&self, socket: &mut Socket, user: &Jid) -> Vec<Jid> {
        let query = NodeBuilder::new("query")
            .children([
                NodeBuilder::new("devices").attr("version", "2").build(),
                NodeBuilder::new("lid").build(),
            ])
            .build();
        let list = NodeBuilder::new("list")
            .children([NodeBuilder::new("user").attr("jid", user.clone()).build()])
            .build();
        let usync = NodeBuilder::new("usync")
            .attr("context", "message")
            .attr("mode", "query")
            .attr("sid", "1")
            .attr("last", "true")
            .attr("index", "0")
            .children([query, list])
            .build();
        let answer = socket.iq("get", "usync", server(), [usync]).await;
        let entry = child(&answer, &["usync", "list", "user"]);
        assert!(entry.get_optional_child("lid").unwrap().attrs.contains_key("val"));
        child(entry, &["devices", "device-list"])
            .children()
            .unwrap()
            .iter()
            .map(|device| user.with_device(device.attrs.get("id").unwrap().as_str().parse().unwrap()))
            .collect()
    }

    /// Sends a text to a person and to the own other devices; gives its id once the server acknowledged it.
    pub(crate) async fn send_text(&mut self, socket: &mut Socket, to: &Jid, text: &str) -> String {
        let id = format!("3EB0{}", hex::encode_upper(rand::random::<[u8; 8]>()));
        self.send_text_as(socket, to, text, &id).await;
        socket.expect(|node| node.tag == "ack" && attr(node, "id") == id).await;
        id
    }

    /// The same without waiting for the ack.
    pub(crate) async fn send_text_as(&mut self, socket: &mut Socket, to: &Jid, text: &str, id: &str) {
        let message = wa::Message { conversation: Some(text.to_owned()), ..Default::default() };
        let own = self.jid.clone().unwrap();
        let sent = wa::Message {
            device_sent_message: MessageField::some(wa::message::DeviceSentMessage {
                destination_jid: Some(to.to_string()),
                message: MessageField::some(message.clone()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut entries = Vec::new();
        let mut begins = false;
        for (user, message) in [(to.clone(), &message), (own.to_non_ad(), &sent)] {
            for device in self.devices(socket, &user).await {
                if device == own {
                    continue;
                }
                let (enc, begun) = self.encrypt(socket, &device, message).await;
                begins |= begun;
                entries.push(NodeBuilder::new("to").attr("jid", device).children([enc]).build());
            }
        }
        let mut children = vec![NodeBuilder::new("participants").children(entries).build()];
        if begins {
            children.push(NodeBuilder::new("device-identity").bytes(self.device_identity.clone()).build());
        }
        let stanza = NodeBuilder::new("message")
            .attr("to", to.clone())
            .attr("id", id)
            .attr("type", "text")
            .children(children)
            .build();
        socket.send(stanza).await;
    }

    /// Writes to a group; gives the message's id once the server acknowledged it.
    pub(crate) async fn send_to_group(
        &mut self,
        socket: &mut Socket,
        group: &Jid,
        members: &[&enlace_simulator::Phone],
        lid: bool,
        text: &str,
    ) -> String {
        let message = wa::Message { conversation: Some(text.to_owned()), ..Default::default() };
        let (keys, shared) = self.keys.encrypt_group(group, &message);
        let mut entries = Vec::new();
        for member in members {
            let user: Jid = if lid { member.lid() } else { member.jid() }.parse().unwrap();
            let own = member.jid() == self.jid.clone().unwrap().to_non_ad().to_string();
            for device in self.devices(socket, &user).await {
                if own && device.device == self.jid.as_ref().unwrap().device {
                    continue;
                }
                let (enc, _) = self.encrypt(socket, &device, &keys).await;
                entries.push(NodeBuilder::new("to").attr("jid", device).children([enc]).build());
            }
        }
        let id = format!("3EB0{}", hex::encode_upper(rand::random::<[u8; 8]>()));
        let stanza = NodeBuilder::new("message")
            .attr("to", group.clone())
            .attr("id", id.as_str())
            .attr("type", "text")
            .children([
                NodeBuilder::new("participants").children(entries).build(),
                NodeBuilder::new("device-identity").bytes(self.device_identity.clone()).build(),
                shared,
            ])
            .build();
        socket.send(stanza).await;
        socket.expect(|node| node.tag == "ack" && attr(node, "id") == id).await;
        id
    }

    /// `<enc>` for one device, with a session begun if there is none.
    pub(crate) async fn encrypt(
        &mut self,
        socket: &mut Socket,
        device: &Jid,
        message: &wa::Message,
    ) -> (Node, bool) {
        if !self.keys.has_session(device) {
            let user = NodeBuilder::new("user").attr("jid", device.clone()).build();
            let key = NodeBuilder::new("key").children([user]).build();
            let answer = socket.iq("get", "encrypt", server(), [key]).await;
            self.keys.begin(device, child(&answer, &["list", "user"]));
        }
        self.keys.encrypt(device, message)
    }
}

/// `@s.whatsapp.net`.
pub(crate) fn server() -> Jid {
    Jid::new("", Server::Pn)
}

pub(crate) fn result_of(iq: &Node) -> Node {
    NodeBuilder::new("iq")
        .attr("to", server())
        .attr("type", "result")
        .attr("id", iq.attrs.get("id").unwrap().clone())
        .build()
}

pub(crate) fn attr(node: &Node, key: &str) -> String {
    node.attrs.get(key).map(|value| value.as_str().into_owned()).unwrap_or_default()
}

pub(crate) fn child<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
    path.iter().fold(node, |node, tag| {
        node.get_optional_child(tag).unwrap_or_else(|| panic!("no <{tag}> in {node:?}"))
    })
}

pub(crate) fn bytes_of(node: &Node) -> Vec<u8> {
    match node.content.as_ref() {
        Some(wacore_binary::NodeContent::Bytes(bytes)) => bytes.clone(),
        Some(wacore_binary::NodeContent::String(text)) => text.as_bytes().to_vec(),
        other => panic!("no bytes in <{}>: {other:?}", node.tag),
    }
}
