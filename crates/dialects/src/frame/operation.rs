//! An operation of a vendor's API. The list of them is at once the routes, the table in the docs, and what the scenarios
//! are held against, so none of the three can lack what another has.

use super::state::Shared;
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};

/// What we do of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All of it.
    Supported,
    /// Less than the vendor: what is missing, for people.
    Partial(&'static str),
    /// Nothing yet, or never: why, for people. It answers in the vendor's error form.
    Absent(&'static str),
}

/// How an operation is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "HTTP's own words")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// One operation.
pub(crate) struct Operation {
    pub(crate) row: Row,
    route: MethodRouter<Shared>,
}

/// An operation as the docs show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The heading it stands under.
    pub section: &'static str,
    /// How.
    pub method: Method,
    /// Where, below the dialect's base; `{…}` is a parameter.
    pub path: &'static str,
    /// How much of it.
    pub support: Support,
}

/// The operations of one section of a vendor's documents.
pub(crate) struct Section {
    name: &'static str,
    operations: Vec<Operation>,
}

impl Section {
    /// An empty one.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, operations: Vec::new() }
    }

    /// An operation that is done whole.
    #[must_use]
    pub(crate) fn supported<H, T>(self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.with(method, path, Support::Supported, handler)
    }

    /// One that is done in part.
    #[must_use]
    pub(crate) fn partial<H, T>(
        self,
        method: Method,
        path: &'static str,
        missing: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.with(method, path, Support::Partial(missing), handler)
    }

    /// Operations that are not done, for one reason; each answers as the vendor answers errors.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "handlers are given by value everywhere")]
    pub(crate) fn absent<H, T>(
        mut self,
        why: &'static str,
        refuse: H,
        operations: &[(Method, &'static str)],
    ) -> Self
    where
        H: Handler<T, Shared> + Clone,
        T: 'static,
    {
        for (method, path) in operations {
            self = self.with(*method, path, Support::Absent(why), refuse.clone());
        }
        self
    }

    fn with<H, T>(mut self, method: Method, path: &'static str, support: Support, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        let row = Row { section: self.name, method, path, support };
        self.operations.push(Operation { row, route: on(method.filter(), handler) });
        self
    }
}

/// Every row of these sections.
pub(crate) fn rows(sections: &[Section]) -> Vec<Row> {
    sections.iter().flat_map(|section| section.operations.iter().map(|operation| operation.row)).collect()
}

/// The routes of these sections.
pub(crate) fn routes(sections: Vec<Section>) -> Router<Shared> {
    let operations = sections.into_iter().flat_map(|section| section.operations);
    operations.fold(Router::new(), |router, Operation { row, route }| router.route(row.path, route))
}
