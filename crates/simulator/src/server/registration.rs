//! What a client says of itself when it registers, and what of it WhatsApp would not accept.

use buffa::Message as _;
use wacore::crypto::md5_digest;
use waproto::whatsapp as wa;
use waproto::whatsapp::client_payload::DevicePairingRegistrationData;
use waproto::whatsapp::device_props::PlatformType;

use crate::crypto::keys::verify;
use crate::state::records::SignedPreKey;

/// The type of every key: Curve25519.
const KEY_TYPE: u8 = 5;
/// Longest name that a phone shows in one piece.
const MAX_NAME: usize = 50;

/// What a client said of itself when it registered.
pub(crate) struct Registration {
    /// What it calls itself, for the phone's list.
    pub(crate) name: String,
    /// It takes a small history within the message.
    pub(crate) inline_history: bool,
    pub(crate) signal_id: u32,
    pub(crate) identity: [u8; 32],
    pub(crate) signed_prekey: SignedPreKey,
}

/// Reads a registration: `None` for a placeholder login, which tells nothing of itself; an error names what is wrong.
pub(crate) fn read(payload: &wa::ClientPayload) -> Result<Option<Registration>, &'static str> {
    let Some(data) = payload.device_pairing_data.as_option() else {
        return if payload.username == Some(0) { Ok(None) } else { Err("there is no registration data") };
    };
    check_client(payload, data)?;
    let props = data.device_props.as_deref().ok_or("the device properties are missing")?;
    let props =
        wa::DeviceProps::decode_from_slice(props).map_err(|_| "the device properties are unreadable")?;
    let name = check_device(&props)?;
    let (signal_id, identity, signed_prekey) = check_keys(data)?;
    let inline_history = props.history_sync_config.inline_initial_payload_in_e2_ee_msg.unwrap_or(false);
    Ok(Some(Registration { name, inline_history, signal_id, identity, signed_prekey }))
}

/// Which program it is, in which version, and that both say the same.
fn check_client(
    payload: &wa::ClientPayload,
    data: &DevicePairingRegistrationData,
) -> Result<(), &'static str> {
    let agent = payload.user_agent.as_option().ok_or("the user agent is missing")?;
    if agent.platform.is_none() {
        return Err("the user agent names no platform");
    }
    let version = agent.app_version.as_option().ok_or("the user agent names no version")?;
    let (Some(first), Some(second), Some(third)) = (version.primary, version.secondary, version.tertiary)
    else {
        return Err("the version is not whole");
    };
    let hash = md5_digest(format!("{first}.{second}.{third}").as_bytes());
    if data.build_hash.as_deref() != Some(&hash[..]) {
        return Err("the build hash is not that of the version");
    }
    Ok(())
}

/// Its name, if name and platform are such as a phone shows.
fn check_device(props: &wa::DeviceProps) -> Result<String, &'static str> {
    if matches!(props.platform_type, None | Some(PlatformType::UNKNOWN)) {
        return Err("the device names no platform");
    }
    let name = props.os.as_deref().unwrap_or_default();
    if name.trim().is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err("the device's name is empty, too long, or no text");
    }
    Ok(name.to_owned())
}

/// Its keys, the signed one with a signature that holds.
fn check_keys(data: &DevicePairingRegistrationData) -> Result<(u32, [u8; 32], SignedPreKey), &'static str> {
    if data.e_keytype.as_deref() != Some(&[KEY_TYPE]) {
        return Err("the key type is not Curve25519");
    }
    let signal_id = number(data.e_regid.as_deref(), 4).ok_or("the registration id is not of 4 bytes")?;
    let identity = key(data.e_ident.as_deref()).ok_or("the identity key is not of 32 bytes")?;
    let id = number(data.e_skey_id.as_deref(), 3).ok_or("the signed prekey's id is not of 3 bytes")?;
    let public = key(data.e_skey_val.as_deref()).ok_or("the signed prekey is not of 32 bytes")?;
    let signature = data.e_skey_sig.clone().ok_or("the signed prekey's signature is missing")?;
    if !verify(&identity, &[&[KEY_TYPE], &public], &signature) {
        return Err("the signed prekey's signature does not hold");
    }
    Ok((signal_id, identity, SignedPreKey { id, public, signature }))
}

fn key(bytes: Option<&[u8]>) -> Option<[u8; 32]> {
    bytes?.try_into().ok()
}

/// A number written big-endian in so many bytes.
fn number(bytes: Option<&[u8]>, length: usize) -> Option<u32> {
    let bytes = bytes.filter(|bytes| bytes.len() == length)?;
    Some(bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}

/// Whether a companion that asks for a pairing code shows itself as WhatsApp wants it: a known kind of client, and
/// `Browser (Operating system)` with an operating system that exists.
pub(crate) fn is_known_companion(platform_id: Option<&str>, display: Option<&str>) -> bool {
    const SYSTEMS: [&str; 9] =
        ["Windows", "Mac OS", "Mac", "Linux", "Ubuntu", "Fedora", "Chrome OS", "Android", "iOS"];
    let known_id = platform_id.is_some_and(|id| matches!(id.as_bytes(), [b'1'..=b'9' | b'd' | b'e' | b'f']));
    let system = display
        .and_then(|display| display.strip_suffix(')')?.split_once(" ("))
        .filter(|(browser, _)| !browser.is_empty());
    known_id && system.is_some_and(|(_, system)| SYSTEMS.contains(&system))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keys::CurveKeyPair;
    use buffa::MessageField;
    use waproto::whatsapp::client_payload::UserAgent;
    use waproto::whatsapp::client_payload::user_agent::{AppVersion, Platform};

    fn payload(
        change: impl FnOnce(&mut wa::ClientPayload, &mut DevicePairingRegistrationData),
    ) -> wa::ClientPayload {
        let mut rng = rand::rng();
        let (identity, prekey) = (CurveKeyPair::generate(&mut rng), CurveKeyPair::generate(&mut rng));
        let props = wa::DeviceProps {
            os: Some("Enlace".to_owned()),
            platform_type: Some(PlatformType::CHROME),
            ..Default::default()
        };
        let mut data = DevicePairingRegistrationData {
            e_regid: Some(vec![0, 0, 1, 2]),
            e_keytype: Some(vec![5]),
            e_ident: Some(identity.public.to_vec()),
            e_skey_id: Some(vec![0, 0, 1]),
            e_skey_val: Some(prekey.public.to_vec()),
            e_skey_sig: Some(identity.sign(&[&[5], &prekey.public], &mut rng).to_vec()),
            build_hash: Some(md5_digest(b"2.3000.1").to_vec()),
            device_props: Some(props.encode_to_vec()),
        };
        let version =
            AppVersion { primary: Some(2), secondary: Some(3000), tertiary: Some(1), ..Default::default() };
        let mut payload = wa::ClientPayload {
            user_agent: MessageField::some(UserAgent {
                platform: Some(Platform::WEB),
                app_version: MessageField::some(version),
                ..Default::default()
            }),
            ..Default::default()
        };
        change(&mut payload, &mut data);
        payload.device_pairing_data = MessageField::some(data);
        payload
    }

    fn props(os: &str, platform_type: Option<PlatformType>) -> Vec<u8> {
        let props = wa::DeviceProps { os: Some(os.to_owned()), platform_type, ..Default::default() };
        props.encode_to_vec()
    }

    #[test]
    fn a_whole_registration_is_taken() {
        let registration = read(&payload(|_, _| {})).unwrap().unwrap();
        assert_eq!((registration.name.as_str(), registration.signal_id), ("Enlace", 0x0102));
    }

    #[test]
    fn a_placeholder_tells_nothing_and_nobody_at_all_is_refused() {
        let nobody = wa::ClientPayload { username: Some(0), ..Default::default() };
        assert!(read(&nobody).unwrap().is_none());
        assert!(read(&wa::ClientPayload::default()).is_err());
    }

    #[test]
    fn each_wrong_part_is_named() {
        type Change = fn(&mut wa::ClientPayload, &mut DevicePairingRegistrationData);
        let changes: [(&str, Change); 10] = [
            ("user agent", |payload, _| payload.user_agent = MessageField::default()),
            ("build hash", |_, data| data.build_hash = Some(vec![0; 16])),
            ("properties are missing", |_, data| data.device_props = None),
            ("names no platform", |_, data| data.device_props = Some(props("Enlace", None))),
            ("names no platform", |_, data| {
                data.device_props = Some(props("Enlace", Some(PlatformType::UNKNOWN)));
            }),
            ("name", |_, data| data.device_props = Some(props(" ", Some(PlatformType::CHROME)))),
            ("key type", |_, data| data.e_keytype = Some(vec![4])),
            ("registration id", |_, data| data.e_regid = Some(vec![1, 2])),
            ("identity", |_, data| data.e_ident = Some(vec![1; 33])),
            ("does not hold", |_, data| data.e_skey_val = Some(vec![9; 32])),
        ];
        for (word, change) in changes {
            let refused = read(&payload(change)).err().unwrap();
            assert!(refused.contains(word), "{refused} is not about {word}");
        }
    }

    #[test]
    fn a_companion_shows_a_browser_on_a_system_that_exists() {
        assert!(is_known_companion(Some("1"), Some("Chrome (Linux)")));
        assert!(is_known_companion(Some("6"), Some("Safari (Mac OS)")));
        assert!(!is_known_companion(Some("0"), Some("Chrome (Linux)")));
        assert!(!is_known_companion(None, Some("Chrome (Linux)")));
        for display in ["Enlace", "Chrome (Enlace)", " (Linux)", "Chrome Linux", ""] {
            assert!(!is_known_companion(Some("1"), Some(display)), "{display}");
        }
        assert!(!is_known_companion(Some("1"), None));
    }
}
