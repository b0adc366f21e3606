//! Query strings. A parameter without a value counts as absent; one that nobody knows is ignored.

use super::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use enlace_domain::page::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, PageRequest};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::RangeInclusive;

/// The parameters of a request, in order.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn parse(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes());
        let given = pairs.map(|(name, value)| (name.into_owned(), value.trim().to_owned()));
        Self(given.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a list that is written with commas, or by repeating the parameter.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        let given = self.0.iter().filter(|(key, _)| key == name);
        let values: Vec<_> = given
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect();
        if values.is_empty() { None } else { Some(values) }
    }

    /// `true` or `false` (also 1 and 0).
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Problem::field(name, format!("{name} is true or false"))),
        }
    }

    /// A whole number within a range.
    pub(crate) fn number(
        &self,
        name: &'static str,
        range: &RangeInclusive<u32>,
        what: &str,
    ) -> Result<Option<u32>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let detail =
                    format!("{name} is {what}, a whole number from {} to {}", range.start(), range.end());
                Err(Problem::field(name, detail))
            }
        }
    }

    /// The parameters `<prefix>.<key>=<value>` as keys and values.
    pub(crate) fn prefixed(&self, prefix: &str) -> BTreeMap<String, String> {
        let under = |name: &str| name.strip_prefix(prefix)?.strip_prefix('.').map(str::to_owned);
        self.0.iter().filter_map(|(name, value)| Some((under(name)?, value.clone()))).collect()
    }

    /// Which page of a list; a size of 0 is the default, as no size is.
    pub(crate) fn page(&self) -> Result<PageRequest, Problem> {
        let size = self.number("page_size", &(0..=PAGE_SIZE_MAX), "how many items a page has")?;
        let size = size.filter(|size| *size > 0).unwrap_or(PAGE_SIZE_DEFAULT);
        Ok(PageRequest { size, token: self.text("page_token").map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_a_value_is_absent() {
        let query = Query::parse("q=&wait=+&state=&page_size=0");
        assert_eq!(query.text("q"), None);
        assert_eq!(query.text("wait"), None);
        assert_eq!(query.list("state"), None);
        assert_eq!(query.page().unwrap(), PageRequest::default());
    }

    #[test]
    fn lists_are_written_with_commas_or_repeated() {
        let query = Query::parse("state=online,,stopped&state=unlinked&metadata.team=a%20b&metadata=x");
        assert_eq!(query.list("state").unwrap(), ["online", "stopped", "unlinked"]);
        assert_eq!(query.prefixed("metadata"), BTreeMap::from([("team".to_owned(), "a b".to_owned())]));
    }

    #[test]
    fn numbers_and_flags_outside_their_range_name_their_parameter() {
        let query = Query::parse("page_size=201&named=perhaps&size=-1");
        for result in [
            query.page().map(drop),
            query.flag("named").map(drop),
            query.number("size", &(1..=9), "x").map(drop),
        ] {
            assert_eq!(result.unwrap_err().code(), "invalid-field");
        }
    }
}
