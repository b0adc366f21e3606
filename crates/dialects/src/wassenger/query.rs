//! A query as this vendor's clients write it: lists as `a,b` or as `key[]=a&key[]=b`, and what nobody filled in as an
//! empty text or 0.

use super::errors::Refused;
use crate::frame::state::Shared;
use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use std::convert::Infallible;

/// Items of a page when nothing else is asked for.
const SIZE_DEFAULT: usize = 20;
/// Most items of a page: what the nodes ask for at once. Who asks for more gets these, and the rest on the next
/// pages.
const SIZE_MAX: usize = 500;

/// The parameters, in their order.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// That of an address.
    pub(super) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// A text that is there and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|(key, value)| key == name && !value.trim().is_empty());
        named.map(|(_, value)| value.trim())
    }

    /// Every value of a list, in any of its writings.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let is_named = |key: &str| key.split('[').next() == Some(name);
        let given = self.0.iter().filter(|(key, _)| is_named(key));
        let values = given.flat_map(|(_, value)| value.split(',')).map(str::trim);
        values.filter(|value| !value.is_empty()).collect()
    }

    /// Whether something is switched on. What cannot be read is refused: `force` is no place to guess.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Refused> {
        match self.text(name) {
            None | Some("false" | "0" | "null" | "undefined") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Refused::field(name, format!("Query `{name}` must be true or false"))),
        }
    }

    /// Which items of a list: how many to skip, and how many to take.
    pub(super) fn page(&self) -> Result<(usize, usize), Refused> {
        let size = match self.number("size")? {
            Some(size) => Some(size),
            None => self.number("limit")?,
        };
        let size = size.unwrap_or(SIZE_DEFAULT).min(SIZE_MAX);
        let page = self.number("page")?.unwrap_or(0);
        Ok((page.saturating_mul(size), size))
    }

    /// A number above 0: 0 is as left out, as a form that nobody filled in sends it.
    fn number(&self, name: &'static str) -> Result<Option<usize>, Refused> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number: usize = text
            .parse()
            .map_err(|_| Refused::field(name, format!("Query `{name}` must be a whole number from 0 on")))?;
        Ok(Some(number).filter(|number| *number > 0))
    }
}

impl FromRequestParts<Shared> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/v1/devices?{text}").parse().unwrap())
    }

    #[test]
    fn a_list_has_several_writings() {
        for text in
            ["ids=a,b", "ids[]=a&ids[]=b", "ids%5B%5D=a&ids%5B%5D=b", "ids=a&ids=b", "ids[0]=a&ids[1]=b,"]
        {
            assert_eq!(query(text).all("ids"), ["a", "b"], "{text}");
        }
        assert!(query("ids=&idsx=a").all("ids").is_empty());
    }

    #[test]
    fn pages_begin_at_0_and_an_empty_size_is_the_default() {
        for (text, page) in [
            ("", (0, 20)),
            ("size=&page=", (0, 20)),
            ("size=0&page=0", (0, 20)),
            ("limit=25&page=2", (50, 25)),
            ("size=100&limit=25&page=1", (100, 100)),
            ("size=100000", (0, 500)),
        ] {
            assert_eq!(query(text).page().unwrap(), page, "{text}");
        }
        assert!(query("size=many").page().is_err());
        assert!(query("page=-1").page().is_err());
    }

    #[test]
    fn a_flag_is_never_guessed() {
        for (text, on) in [("", false), ("force=", false), ("force=false", false), ("force=true", true)] {
            assert_eq!(query(text).flag("force").unwrap(), on, "{text}");
        }
        assert!(query("force=perhaps").flag("force").is_err());
    }
}
