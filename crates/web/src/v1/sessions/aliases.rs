//! A session's names in the foreign APIs, as they are written in JSON.

use crate::kit::problem::Problem;
use enlace_domain::alias::{Alias, Aliases, Dialect, InvalidAlias};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The member that holds a token.
const TOKEN: &str = "token";

/// A session's name in each dialect.
#[derive(ToSchema)]
#[schema(as = Aliases)]
#[expect(dead_code, reason = "describes what `view` makes and `read` takes")]
pub(crate) struct AliasesView {
    /// Z-API's words.
    #[schema(rename = "z-api")]
    z_api: ZApiAlias,
    /// Wassenger's, and those of its white labels.
    wassenger: WassengerAlias,
    /// Press Ticket's.
    #[schema(rename = "press-ticket")]
    press_ticket: PressTicketAlias,
    /// Those of baileys-api.
    #[schema(rename = "baileys-api")]
    baileys_api: BaileysApiAlias,
}

/// Both stand in every path.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a part of `AliasesView`")]
pub(crate) struct ZApiAlias {
    /// 1 to 64 characters of `A-Z a-z 0-9 _ -`.
    #[schema(example = "3C01F0E2D9B8A7968574635241302F1E")]
    instance: String,
    /// 16 to 128 characters of `A-Z a-z 0-9 _ -`. Who has it needs no key.
    token: Option<String>,
}

/// A device.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a part of `AliasesView`")]
pub(crate) struct WassengerAlias {
    /// 24 hexadecimal digits.
    #[schema(example = "0123456789abcdef01234567")]
    device: String,
}

/// A connection.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a part of `AliasesView`")]
pub(crate) struct PressTicketAlias {
    /// Counted from 1.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    whatsapp: u32,
}

/// A session.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a part of `AliasesView`")]
pub(crate) struct BaileysApiAlias {
    /// 1 to 128 characters without a slash; a phone number is the same one in any writing.
    #[schema(example = "999100000001")]
    session: String,
}

/// The names as JSON, with or without tokens.
pub(super) fn view(aliases: &Aliases, with_tokens: bool) -> Map<String, Value> {
    let one = |(dialect, alias): (&Dialect, &Alias)| {
        let number = Some(*dialect).filter(|dialect| *dialect == Dialect::PressTicket);
        let name = match number.and_then(|_| alias.name.parse::<u32>().ok()) {
            Some(number) => json!(number),
            None => json!(alias.name),
        };
        let mut members = Map::from_iter([(dialect.noun().to_owned(), name)]);
        if let Some(token) = alias.token.as_ref().filter(|_| with_tokens) {
            members.insert(TOKEN.to_owned(), token.expose().into());
        }
        (dialect.as_str().to_owned(), members.into())
    };
    aliases.iter().map(one).collect()
}

/// The names in a request. A dialect without members is as one left out.
pub(super) fn read(given: &Map<String, Value>) -> Result<Aliases, Problem> {
    let mut aliases = Aliases::new();
    for (name, members) in given {
        let dialect = Dialect::parse(name).ok_or_else(|| unknown(name))?;
        let members = match members {
            Value::Null => continue,
            Value::Object(members) if members.is_empty() => continue,
            Value::Object(members) => members,
            _ => return Err(malformed(dialect)),
        };
        aliases.insert(dialect, read_one(dialect, members)?);
    }
    Ok(aliases)
}

fn read_one(dialect: Dialect, members: &Map<String, Value>) -> Result<Alias, Problem> {
    let known = |name: &str| name == dialect.noun() || (name == TOKEN && dialect.has_token());
    if !members.keys().all(|name| known(name)) {
        return Err(malformed(dialect));
    }
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let name = members.get(dialect.noun()).and_then(text).ok_or_else(|| malformed(dialect))?;
    let token = members.get(TOKEN).and_then(text);
    Alias::parse(dialect, &name, token.as_deref()).map_err(|error| {
        let member = match error {
            InvalidAlias::Name(_) => dialect.noun(),
            InvalidAlias::Token => TOKEN,
            InvalidAlias::Members(_) => return malformed(dialect),
        };
        Problem::field(format!("aliases.{}.{member}", dialect.as_str()), error.to_string())
    })
}

fn unknown(name: &str) -> Problem {
    let known = Dialect::ALL.map(Dialect::as_str).join(", ");
    Problem::field(format!("aliases.{name}"), format!("aliases has members for {known}, and no other"))
}

fn malformed(dialect: Dialect) -> Problem {
    let token = if dialect.has_token() { ", \"token\": …" } else { "" };
    let form = format!("{} is written {{\"{}\": …{token}}}", dialect.as_str(), dialect.noun());
    Problem::field(format!("aliases.{}", dialect.as_str()), form)
}
