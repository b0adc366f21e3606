//! The closed set of error kinds, and the trait by which every error of ours names its kind and code.

/// What kind of failure it is. Surfaces derive their status from this and from nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong and will stay wrong.
    InvalidInput,
    /// No key, or a key that is not one of ours or no longer valid.
    Unauthenticated,
    /// A valid key that may not do this.
    Forbidden,
    /// No such thing, or none within reach of this key.
    NotFound,
    /// The thing exists but its state forbids this now.
    Conflict,
    /// The thing existed and will not come back (an expired link, a cursor older than the log).
    Gone,
    /// Asked too often.
    RateLimited,
    /// WhatsApp refused.
    Rejected,
    /// Something outside did not answer in time.
    Timeout,
    /// Something outside, or a part of ours, cannot be reached now; later may work.
    Unavailable,
    /// Not built, or not offered by this network.
    Unsupported,
    /// A defect or a broken part of ours.
    Internal,
}

/// An error that a surface can show: its kind, a stable code, and what to do.
pub trait Fault: std::error::Error {
    /// The kind, from which statuses are derived.
    fn kind(&self) -> ErrorKind;
    /// A stable kebab-case code, e.g. `already-linked`.
    fn code(&self) -> &'static str;
    /// Every code that an error of this type can have, with its kind, also those of errors within it.
    fn codes() -> Vec<(&'static str, ErrorKind)>
    where
        Self: Sized;
    /// One or two sentences for the user: what is the matter and what to do. Never internal text.
    fn detail(&self) -> String {
        self.to_string()
    }
    /// Seconds after which asking again makes sense, where known.
    fn retry_after(&self) -> Option<u64> {
        None
    }
    /// The field of the request at fault, where there is one.
    fn field(&self) -> Option<&str> {
        None
    }
}

/// Writes [`Fault::kind`], [`Fault::code`] and [`Fault::codes`] from one table, so that no variant has a code that the
/// list lacks: `variant => Kind "code"`, and behind a semicolon the variants that hold another [`Fault`],
/// `variant(name) => name: Type`.
#[macro_export]
macro_rules! fault_table {
    (
        $($variant:pat => $kind:ident $code:literal),+ $(,)?
        $(; $($holder:pat => $inner:ident: $type:ty),+ $(,)?)?
    ) => {
        fn kind(&self) -> $crate::ErrorKind {
            let (kind, _) = match self {
                $($variant => ($crate::ErrorKind::$kind, $code),)+
                $($($holder => ($crate::Fault::kind($inner), $crate::Fault::code($inner)),)+)?
            };
            kind
        }

        fn code(&self) -> &'static str {
            let (_, code) = match self {
                $($variant => ($crate::ErrorKind::$kind, $code),)+
                $($($holder => ($crate::Fault::kind($inner), $crate::Fault::code($inner)),)+)?
            };
            code
        }

        fn codes() -> Vec<(&'static str, $crate::ErrorKind)> {
            let own = vec![$(($code, $crate::ErrorKind::$kind)),+];
            $($(let own = [own, <$type as $crate::Fault>::codes()].concat();)+)?
            own
        }
    };
}
