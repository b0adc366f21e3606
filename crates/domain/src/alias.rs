//! A session's names in the foreign APIs that are served here, so that clients of those find it by the ids they have.

use crate::address::PhoneNumber;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fmt;

/// A foreign API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Z-API: an `instance` and its token, both in every path.
    ZApi,
    /// Wassenger and its white labels: a `device` of 24 hexadecimal digits.
    Wassenger,
    /// Press Ticket: a `whatsapp`, numbered from 1.
    PressTicket,
    /// baileys-api: a `session` with a name of the caller's, most often a phone number.
    BaileysApi,
}

impl Dialect {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::ZApi, Self::Wassenger, Self::PressTicket, Self::BaileysApi];

    /// The text form, also the first segment of its paths.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ZApi => "z-api",
            Self::Wassenger => "wassenger",
            Self::PressTicket => "press-ticket",
            Self::BaileysApi => "baileys-api",
        }
    }

    /// The dialect of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == name)
    }

    /// What this API calls a session, which is the member that holds its name in `aliases`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::ZApi => "instance",
            Self::Wassenger => "device",
            Self::PressTicket => "whatsapp",
            Self::BaileysApi => "session",
        }
    }

    /// Whether a token goes with a name: who has both needs no key.
    pub fn has_token(self) -> bool {
        self == Self::ZApi
    }

    /// A name in the one form in which it is stored and looked for; `None` for a text that no session can be called.
    pub fn canonical(self, name: &str) -> Option<String> {
        match self {
            Self::ZApi => plain(name, 1..=64).then(|| name.to_owned()),
            Self::Wassenger => {
                let is_id = name.len() == 24 && name.chars().all(|c| c.is_ascii_hexdigit());
                is_id.then(|| name.to_ascii_lowercase())
            }
            Self::PressTicket => {
                let number: u32 = name.parse().ok().filter(|number| PRESS_TICKET.contains(number))?;
                Some(number.to_string())
            }
            Self::BaileysApi => {
                // A phone number is one in any writing.
                if let Ok(phone) = PhoneNumber::parse(name) {
                    return Some(phone.as_str().to_owned());
                }
                let is_name = (1..=128).contains(&name.chars().count());
                (is_name && !name.contains(|c: char| c.is_control() || c == '/')).then(|| name.to_owned())
            }
        }
    }

    fn grammar(self) -> &'static str {
        match self {
            Self::ZApi => "an instance is 1 to 64 characters of A-Z a-z 0-9 _ -",
            Self::Wassenger => "a device is 24 hexadecimal digits",
            Self::PressTicket => "a whatsapp is a whole number, 1 to 2147483647",
            Self::BaileysApi => "a session is 1 to 128 characters without a slash",
        }
    }
}

/// The numbers that Press Ticket's database can hold.
pub const PRESS_TICKET: std::ops::RangeInclusive<u32> = 1..=2_147_483_647;

/// Lengths of a token. What can be guessed opens the session.
const TOKEN: std::ops::RangeInclusive<usize> = 16..=128;

fn plain(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// A secret that goes with a name. It is in no text form.
#[derive(Clone)]
pub struct AliasToken(SecretString);

impl AliasToken {
    /// Whether this is the text. Takes as long for a wrong one as for the right one.
    pub fn is(&self, text: &str) -> bool {
        let (own, text) = (self.0.expose_secret().as_bytes(), text.as_bytes());
        let differs = own.iter().zip(text).fold(0, |differs, (a, b)| differs | (a ^ b));
        own.len() == text.len() && differs == 0
    }

    /// The text, for sealed storage and for who may manage the session.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for AliasToken {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.expose())
    }
}

impl fmt::Debug for AliasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AliasToken(***)")
    }
}

/// A session's name in one dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// As [`Dialect::canonical`] gives it; no other session has it.
    pub name: String,
    /// Where the dialect has one.
    pub token: Option<AliasToken>,
}

/// The text is no name, or no token, in this dialect. Repeats nothing of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAlias {
    /// The name.
    #[error("{}", .0.grammar())]
    Name(Dialect),
    /// The token.
    #[error("a token is 16 to 128 characters of A-Z a-z 0-9 _ -; what is shorter can be guessed")]
    Token,
    /// A dialect without tokens was given one, or one with tokens none.
    #[error("of {} a session has {}", .0.as_str(), if .0.has_token() { "an instance and a token" } else { "a name and no token" })]
    Members(Dialect),
}

impl Alias {
    /// Reads a name and, where the dialect has one, its token.
    pub fn parse(dialect: Dialect, name: &str, token: Option<&str>) -> Result<Self, InvalidAlias> {
        if token.is_some() != dialect.has_token() {
            return Err(InvalidAlias::Members(dialect));
        }
        if token.is_some_and(|token| !plain(token, TOKEN)) {
            return Err(InvalidAlias::Token);
        }
        let name = dialect.canonical(name).ok_or(InvalidAlias::Name(dialect))?;
        Ok(Self { name, token: token.map(|token| AliasToken(token.into())) })
    }
}

/// A session's names, at most one in each dialect.
pub type Aliases = BTreeMap<Dialect, Alias>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        let same = [
            (Dialect::ZApi, "3C-a_9", "3C-a_9"),
            (Dialect::Wassenger, "ABCDEF0123456789abcdef01", "abcdef0123456789abcdef01"),
            (Dialect::PressTicket, "7", "7"),
            (Dialect::PressTicket, "007", "7"),
            (Dialect::BaileysApi, "+999 100-000-001", "999100000001"),
            (Dialect::BaileysApi, "front desk", "front desk"),
        ];
        for (dialect, given, stored) in same {
            assert_eq!(dialect.canonical(given).as_deref(), Some(stored), "{given}");
            assert_eq!(dialect.canonical(stored).as_deref(), Some(stored), "{stored}");
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for (dialect, given) in [
            (Dialect::ZApi, ""),
            (Dialect::ZApi, "a b"),
            (Dialect::ZApi, &"a".repeat(65)),
            (Dialect::Wassenger, "abc"),
            (Dialect::Wassenger, "ABCDEF0123456789abcdef0g"),
            (Dialect::PressTicket, "0"),
            (Dialect::PressTicket, "-1"),
            (Dialect::PressTicket, "2147483648"),
            (Dialect::PressTicket, "NaN"),
            (Dialect::BaileysApi, ""),
            (Dialect::BaileysApi, "a/b"),
            (Dialect::BaileysApi, "a\nb"),
        ] {
            assert_eq!(dialect.canonical(given), None, "{given:?}");
        }
    }

    #[test]
    fn a_token_is_wanted_where_there_is_one_and_shown_nowhere() {
        let alias = Alias::parse(Dialect::ZApi, "I1", Some("0123456789abcdef")).unwrap();
        let token = alias.token.as_ref().unwrap();
        assert!(token.is("0123456789abcdef"));
        assert!(!token.is("0123456789abcdeF") && !token.is("0123456789abcde") && !token.is(""));
        assert!(!format!("{alias:?}").contains("0123"));
        assert_eq!(Alias::parse(Dialect::ZApi, "I1", None), Err(InvalidAlias::Members(Dialect::ZApi)));
        assert_eq!(Alias::parse(Dialect::ZApi, "I1", Some("short")), Err(InvalidAlias::Token));
        let members = InvalidAlias::Members(Dialect::PressTicket);
        assert_eq!(Alias::parse(Dialect::PressTicket, "1", Some("0123456789abcdef")), Err(members));
        assert_eq!(members.to_string(), "of press-ticket a session has a name and no token");
    }
}
