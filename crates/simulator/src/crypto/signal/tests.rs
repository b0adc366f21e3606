use super::*;

fn phone() -> PhoneSignal {
    PhoneSignal::generate(&mut rand::rng())
}

fn address(user: &str) -> SignalAddress {
    SignalAddress::of(&Jid::pn(user))
}

/// Two phones that wrote to each other once: Ana began the session.
fn acquainted() -> (PhoneSignal, SignalAddress, PhoneSignal, SignalAddress) {
    let (mut ana, mut bruno, mut rng) = (phone(), phone(), rand::rng());
    let (to_ana, to_bruno) = (address("999000000001"), address("999000000002"));
    let bundle = bruno.issue_bundle(true, &mut rng);
    let first = ana.encrypt_to(&to_bruno, b"first", Some(&bundle), &mut rng).unwrap();
    assert_eq!(first.kind, EncKind::PreKey);
    assert_eq!(bruno.decrypt(&to_ana, first.kind, &first.bytes, &mut rng).unwrap(), b"first");
    let answer = bruno.encrypt_to(&to_ana, b"answer", None, &mut rng).unwrap();
    assert_eq!(answer.kind, EncKind::Message);
    assert_eq!(ana.decrypt(&to_bruno, answer.kind, &answer.bytes, &mut rng).unwrap(), b"answer");
    (ana, to_ana, bruno, to_bruno)
}

#[test]
fn two_phones_write_to_each_other_and_again_after_the_handshake() {
    let (mut ana, to_ana, mut bruno, to_bruno) = acquainted();
    let mut rng = rand::rng();
    for round in 0..20_u8 {
        let message = ana.encrypt_to(&to_bruno, &[round; 3], None, &mut rng).unwrap();
        assert_eq!(message.kind, EncKind::Message);
        assert_eq!(bruno.decrypt(&to_ana, message.kind, &message.bytes, &mut rng).unwrap(), [round; 3]);
    }
    assert_eq!(bruno.identities.get(&to_ana), Some(&ana.identity().public));
    assert_eq!(ana.identities.get(&to_bruno), Some(&bruno.identity().public));
}

#[test]
fn messages_out_of_order_decrypt_and_the_same_one_only_once() {
    let (mut ana, to_ana, mut bruno, to_bruno) = acquainted();
    let mut rng = rand::rng();
    let sent: Vec<_> =
        (0..4_u8).map(|text| ana.encrypt_to(&to_bruno, &[text], None, &mut rng).unwrap()).collect();
    for index in [2, 0, 3, 1] {
        let plain = bruno.decrypt(&to_ana, EncKind::Message, &sent[index].bytes, &mut rng).unwrap();
        assert_eq!(usize::from(plain[0]), index);
    }
    let again = bruno.decrypt(&to_ana, EncKind::Message, &sent[2].bytes, &mut rng);
    assert_eq!(again, Err(SignalError::Duplicate));
}

#[test]
fn a_one_time_prekey_opens_one_session_and_its_absence_none_less() {
    let (mut ana, mut bruno, mut carla, mut rng) = (phone(), phone(), phone(), rand::rng());
    let to_bruno = address("999000000002");
    let bundle = bruno.issue_bundle(true, &mut rng);
    let first = ana.encrypt_to(&to_bruno, b"1", Some(&bundle), &mut rng).unwrap();
    bruno.decrypt(&address("999000000001"), first.kind, &first.bytes, &mut rng).unwrap();

    let reused = carla.encrypt_to(&to_bruno, b"2", Some(&bundle), &mut rng).unwrap();
    let refused = bruno.decrypt(&address("999000000003"), reused.kind, &reused.bytes, &mut rng);
    assert_eq!(refused, Err(SignalError::UnknownPreKey));
    assert!(!bruno.has_session(&address("999000000003")), "a failed decryption leaves no session");

    let without = bruno.issue_bundle(false, &mut rng);
    assert_eq!(without.one_time, None);
    let fresh = carla.encrypt_to(&to_bruno, b"3", Some(&without), &mut rng).unwrap();
    assert_eq!(bruno.decrypt(&address("999000000003"), fresh.kind, &fresh.bytes, &mut rng).unwrap(), b"3");
}

#[test]
fn tampered_bundles_and_messages_are_refused_and_change_nothing() {
    let (mut ana, to_ana, mut bruno, to_bruno) = acquainted();
    let mut rng = rand::rng();
    let mut bundle = bruno.issue_bundle(true, &mut rng);
    bundle.signature[10] ^= 1;
    ana.take_changes();
    let refused = ana.encrypt_to(&address("999000000009"), b"x", Some(&bundle), &mut rng);
    assert_eq!(refused.unwrap_err(), SignalError::BundleSignature);
    assert!(ana.take_changes().is_empty());

    let message = ana.encrypt_to(&to_bruno, b"x", None, &mut rng).unwrap();
    let mut changed = message.bytes.clone();
    let end = changed.len() - 1;
    changed[end] ^= 1;
    bruno.take_changes();
    assert!(bruno.decrypt(&to_ana, EncKind::Message, &changed, &mut rng).is_err());
    assert!(bruno.decrypt(&to_ana, EncKind::PreKey, &message.bytes, &mut rng).is_err());
    assert!(bruno.decrypt(&to_ana, EncKind::Message, b"", &mut rng).is_err());
    assert!(bruno.take_changes().is_empty());
    assert_eq!(bruno.decrypt(&to_ana, EncKind::Message, &message.bytes, &mut rng).unwrap(), b"x");
}

#[test]
fn without_session_or_bundle_nothing_is_encrypted() {
    let mut rng = rand::rng();
    let refused = phone().encrypt_to(&address("999000000002"), b"x", None, &mut rng);
    assert_eq!(refused.unwrap_err(), SignalError::NoSession);
    let (mut ana, _, _, to_bruno) = acquainted();
    ana.forget_session(&to_bruno);
    assert!(!ana.has_session(&to_bruno));
    assert_eq!(ana.encrypt_to(&to_bruno, b"x", None, &mut rng).unwrap_err(), SignalError::NoSession);
}

#[test]
fn replayed_changes_give_the_state_that_was_lost() {
    let mut rng = rand::rng();
    let (mut ana, to_ana, mut bruno, to_bruno) = acquainted();
    let group = Jid::group("120363000000000001");
    let copy = |phone: &PhoneSignal| -> PhoneSignal {
        postcard::from_bytes(&postcard::to_stdvec(phone).unwrap()).unwrap()
    };
    let (mut ana_after_crash, mut bruno_after_crash) = (copy(&ana), copy(&bruno));
    ana.take_changes();
    bruno.take_changes();

    let message = ana.encrypt_to(&to_bruno, b"before the crash", None, &mut rng).unwrap();
    bruno.decrypt(&to_ana, message.kind, &message.bytes, &mut rng).unwrap();
    let bundle = bruno.issue_bundle(true, &mut rng);
    let distribution = ana.sender_key_distribution(&group, &to_ana, &mut rng).unwrap();
    bruno.accept_sender_key(&group, &to_ana, &distribution).unwrap();
    for (phone, lost) in [(&mut ana_after_crash, &mut ana), (&mut bruno_after_crash, &mut bruno)] {
        for change in lost.take_changes() {
            let journaled = postcard::to_stdvec(&change).unwrap();
            phone.apply(postcard::from_bytes(&journaled).unwrap());
        }
    }

    let next = ana_after_crash.encrypt_to(&to_bruno, b"after", None, &mut rng).unwrap();
    assert_ne!(next.bytes, message.bytes);
    assert_eq!(bruno_after_crash.decrypt(&to_ana, next.kind, &next.bytes, &mut rng).unwrap(), b"after");
    let old = bruno_after_crash.decrypt(&to_ana, message.kind, &message.bytes, &mut rng);
    assert_eq!(old, Err(SignalError::Duplicate));
    let in_group = ana_after_crash.encrypt_to_group(&group, &to_ana, b"all", &mut rng).unwrap();
    assert_eq!(bruno_after_crash.decrypt_from_group(&group, &to_ana, &in_group).unwrap(), b"all");
    let first = phone().encrypt_to(&to_bruno, b"new", Some(&bundle), &mut rng).unwrap();
    let newcomer = address("999000000004");
    assert_eq!(bruno_after_crash.decrypt(&newcomer, first.kind, &first.bytes, &mut rng).unwrap(), b"new");
    assert_ne!(bruno_after_crash.issue_bundle(true, &mut rng).one_time, bundle.one_time);
}

#[test]
fn sender_keys_serve_a_group_and_only_who_has_them() {
    let (mut ana, mut bruno, mut carla, mut rng) = (phone(), phone(), phone(), rand::rng());
    let group = Jid::group("120363000000000001");
    let me = address("999000000001");
    let distribution = ana.sender_key_distribution(&group, &me, &mut rng).unwrap();
    bruno.accept_sender_key(&group, &me, &distribution).unwrap();
    let sent: Vec<_> =
        (0..3_u8).map(|text| ana.encrypt_to_group(&group, &me, &[text], &mut rng).unwrap()).collect();
    for index in [1, 0, 2] {
        let plain = bruno.decrypt_from_group(&group, &me, &sent[index]).unwrap();
        assert_eq!(usize::from(plain[0]), index);
    }
    assert_eq!(bruno.decrypt_from_group(&group, &me, &sent[0]), Err(SignalError::Duplicate));
    assert_eq!(carla.decrypt_from_group(&group, &me, &sent[0]), Err(SignalError::NoSenderKey));

    // Whoever comes later reads from now on.
    let late = ana.sender_key_distribution(&group, &me, &mut rng).unwrap();
    carla.accept_sender_key(&group, &me, &late).unwrap();
    let mut last = ana.encrypt_to_group(&group, &me, b"last", &mut rng).unwrap();
    assert_eq!(carla.decrypt_from_group(&group, &me, &last).unwrap(), b"last");
    last[5] ^= 1;
    assert!(bruno.decrypt_from_group(&group, &me, &last).is_err());
    assert!(bruno.accept_sender_key(&group, &me, b"\x33\xff").is_err());
}

#[test]
fn the_bundle_is_signed_as_clients_check_it() {
    let mut rng = rand::rng();
    let bundle = phone().issue_bundle(true, &mut rng);
    let mut signed = vec![5];
    signed.extend(bundle.signed.public);
    assert!(crate::crypto::keys::verify(&bundle.identity, &[&signed], &bundle.signature));
    assert!((1..=0x3FFF).contains(&bundle.registration_id));
    assert!(bundle.one_time.unwrap().id >= 1);
}

#[test]
fn unused_prekeys_are_bounded_and_ids_stay_in_three_bytes() {
    let (mut phone, mut rng) = (phone(), rand::rng());
    for _ in 0..=MAX_PREKEYS {
        phone.issue_bundle(true, &mut rng);
    }
    assert_eq!(phone.prekeys.len(), MAX_PREKEYS);
    phone.next_prekey = LAST_PREKEY_ID;
    assert_eq!(phone.issue_bundle(true, &mut rng).one_time.unwrap().id, LAST_PREKEY_ID);
    assert_eq!(phone.issue_bundle(true, &mut rng).one_time.unwrap().id, 1);
}

#[test]
fn a_group_with_a_name_longer_than_any_is_refused_and_leaves_nothing() {
    let (mut ana, mut bruno, mut rng) = (phone(), phone(), rand::rng());
    let me = address("999000000001");
    let group = |length: usize| Jid::group("1".repeat(length));
    let keys = ana.sender_key_distribution(&group(18), &me, &mut rng).unwrap();
    bruno.take_changes();
    for length in [200, 70_000] {
        let refused = bruno.accept_sender_key(&group(length), &me, &keys);
        assert_eq!(refused, Err(SignalError::GroupName));
    }
    assert!(bruno.take_changes().is_empty() && bruno.sender_keys.is_empty());
    bruno.accept_sender_key(&group(18), &me, &keys).unwrap();
}
