//! Phone numbers, JIDs and LIDs: parsing and printing, no judgement about who exists.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Digits of a phone number in international form, without `+`: 7 to 15, not beginning with zero.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// The text is not a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a phone number is 7 to 15 digits in international form without a leading zero; +, spaces, dashes, dots and brackets are allowed"
)]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    /// Strips `+`, spaces, dashes, dots and brackets; anything else, a leading zero or a wrong length is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidPhoneNumber> {
        let mut digits = String::with_capacity(15);
        for (position, c) in text.trim().chars().enumerate() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if position == 0 => {}
                ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '[' | ']' => {}
                _ => return Err(InvalidPhoneNumber),
            }
        }
        if (7..=15).contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(digits))
        } else {
            Err(InvalidPhoneNumber)
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Numbers are personal data: debug output (and so logs) shows the last two digits only.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber(…{})", &self.0[self.0.len().saturating_sub(2)..])
    }
}

/// The server part of a JID that Enlace knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {
    /// `s.whatsapp.net`: a person by phone number (PN).
    Phone,
    /// `lid`: a person by hidden id (LID).
    Lid,
    /// `g.us`: a group.
    Group,
    /// `newsletter`: a channel.
    Newsletter,
    /// `broadcast`: status and broadcast lists.
    Broadcast,
}

impl Server {
    /// The text after the `@`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "s.whatsapp.net",
            Self::Lid => "lid",
            Self::Group => "g.us",
            Self::Newsletter => "newsletter",
            Self::Broadcast => "broadcast",
        }
    }
}

/// A chat or a person, without a device number: `user@server`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Jid {
    user: String,
    server: Server,
}

/// The text is no address Enlace can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Not a JID and not a phone number.
    #[error(
        "an address is a phone number in international form, or a JID such as 999100000001@s.whatsapp.net, …@lid or …@g.us"
    )]
    Malformed,
}

impl Jid {
    /// A person by phone number.
    pub fn phone(number: &PhoneNumber) -> Self {
        Self { user: number.as_str().to_owned(), server: Server::Phone }
    }

    /// From its parts, as a network gave them. A device or agent suffix of `user` is cut off.
    pub fn from_parts(user: &str, server: Server) -> Self {
        let bare = user.split([':', '.']).next().unwrap_or(user);
        Self { user: bare.to_owned(), server }
    }

    /// Parses `user@server` (a device suffix is cut off, `c.us` means `s.whatsapp.net`) or a phone number in any writing.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let Some((user, server)) = text.split_once('@') else {
            let number = PhoneNumber::parse(text).map_err(|_| InvalidAddress::Malformed)?;
            return Ok(Self::phone(&number));
        };
        let server = match server {
            "s.whatsapp.net" | "c.us" => Server::Phone,
            "lid" => Server::Lid,
            "g.us" => Server::Group,
            "newsletter" => Server::Newsletter,
            "broadcast" => Server::Broadcast,
            _ => return Err(InvalidAddress::Malformed),
        };
        let jid = Self::from_parts(user, server);
        let valid = match server {
            Server::Phone => {
                return PhoneNumber::parse(&jid.user)
                    .map(|n| Self::phone(&n))
                    .map_err(|_| InvalidAddress::Malformed);
            }
            Server::Lid | Server::Newsletter => jid.user.chars().all(|c| c.is_ascii_digit()),
            Server::Group => jid.user.chars().all(|c| c.is_ascii_digit() || c == '-'),
            Server::Broadcast => jid.user.chars().all(|c| c.is_ascii_alphanumeric()),
        };
        if valid && !jid.user.is_empty() && jid.user.len() <= 64 {
            Ok(jid)
        } else {
            Err(InvalidAddress::Malformed)
        }
    }

    /// The part before the `@`.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The part after the `@`.
    pub fn server(&self) -> Server {
        self.server
    }

    /// The number, when this is a person by phone number.
    pub fn to_phone(&self) -> Option<PhoneNumber> {
        (self.server == Server::Phone).then(|| PhoneNumber::parse(&self.user).ok()).flatten()
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.server.as_str())
    }
}

/// Like [`PhoneNumber`], debug output hides all but the last two characters of the user part.
impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail: String = self.user.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
        write!(f, "Jid(…{tail}@{})", self.server.as_str())
    }
}

impl TryFrom<String> for Jid {
    type Error = InvalidAddress;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Jid> for String {
    fn from(jid: Jid) -> Self {
        jid.to_string()
    }
}

/// The two addresses of a person, each where known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// By phone number (`…@s.whatsapp.net`).
    #[serde(default)]
    pub pn: Option<Jid>,
    /// By hidden id (`…@lid`).
    #[serde(default)]
    pub lid: Option<Jid>,
}

impl Person {
    /// Sorts one or two addresses into the right places; others are ignored.
    pub fn from_jids(jids: impl IntoIterator<Item = Jid>) -> Self {
        let mut person = Self::default();
        for jid in jids {
            match jid.server() {
                Server::Phone => person.pn = Some(jid),
                Server::Lid => person.lid = Some(jid),
                _ => {}
            }
        }
        person
    }

    /// The address to show: the PN where known, else the LID.
    pub fn preferred(&self) -> Option<&Jid> {
        self.pn.as_ref().or(self.lid.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_may_be_written_in_many_ways() {
        for text in ["999100000001", "+999 100 000-001", "(999) 100.000.001", " +999100000001 "] {
            assert_eq!(PhoneNumber::parse(text).unwrap().as_str(), "999100000001", "{text}");
        }
    }

    #[test]
    fn absurd_numbers_are_refused() {
        for text in [
            "",
            "+",
            "123456",
            "0999100000001",
            "1234567890123456",
            "99910000000a",
            "99+9100000001",
            "٩٩٩١٠٠٠٠٠٠٠١",
        ] {
            assert_eq!(PhoneNumber::parse(text), Err(InvalidPhoneNumber), "{text}");
        }
    }

    #[test]
    fn jids_are_parsed_without_their_device() {
        assert_eq!(
            Jid::parse("999100000001:7@s.whatsapp.net").unwrap().to_string(),
            "999100000001@s.whatsapp.net"
        );
        assert_eq!(Jid::parse("999100000001@c.us").unwrap().to_string(), "999100000001@s.whatsapp.net");
        assert_eq!(Jid::parse("+999 100000001").unwrap().to_string(), "999100000001@s.whatsapp.net");
        assert_eq!(Jid::parse("123-456@g.us").unwrap().server(), Server::Group);
        for bad in ["", "@", "@lid", "abc@lid", "x@y", "0@s.whatsapp.net"] {
            assert!(Jid::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_output_hides_numbers() {
        let number = PhoneNumber::parse("999100000042").unwrap();
        assert!(!format!("{number:?} {:?}", Jid::phone(&number)).contains("9991"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_printing_is_stable(text in ".{0,40}") {
            if let Ok(jid) = Jid::parse(&text) {
                prop_assert_eq!(Jid::parse(&jid.to_string()).unwrap(), jid);
            }
        }
    }
}
