//! Why something on the network was refused. Owns the error kinds and their stable codes; formats no HTTP.

use std::path::PathBuf;

/// A simulated network could not be started, or could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// A setting that no network can work with.
    #[error("simulator setting refused: {0}")]
    Config(String),
    /// Another process, or another network of this one, owns the folder.
    #[error("the simulator's folder {} is in use by another process; stop it or choose another folder", .0.display())]
    Locked(PathBuf),
    /// The folder cannot be read or written.
    #[error("the simulator's folder {}: {source}", path.display())]
    Folder {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the folder is damaged beyond its tail, or of another kind or version.
    #[error("the simulator's file {} cannot be used: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        detail: String,
    },
    /// The journal could not be written; the network takes nothing more, so that nothing accepted is lost.
    #[error(
        "the simulator's journal could not be written ({0}); the network accepts nothing until it is restarted"
    )]
    Journal(String),
    /// One change is larger than what can be read back; it was not made.
    #[error("this is {bytes} bytes at once, more than the {max} the simulator's journal takes")]
    TooLarge {
        /// Bytes of the change.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The media host holds as much as it may.
    #[error(
        "the simulator's media host holds {max} bytes, as much as it may; remove the simulator's folder to begin anew"
    )]
    MediaFull {
        /// The bound.
        max: u64,
    },
    /// The media listener could not be opened.
    #[error("the simulator's media listener on {address}: {detail}")]
    Media {
        /// The address that was asked for.
        address: std::net::SocketAddr,
        /// What the system or TLS said.
        detail: String,
    },
    /// Keys or certificates of the network could not be made or read.
    #[error("the simulator's keys: {0}")]
    Keys(String),
    /// No phone has this number.
    #[error("no simulated phone has this number; create one with POST /phones")]
    UnknownPhone,
    /// A phone already has this number.
    #[error("a simulated phone with this number exists; use it, or leave `number` out")]
    PhoneExists,
    /// What was given is not a phone number.
    #[error("{0}")]
    InvalidNumber(String),
    /// The scanned text is not a pairing payload.
    #[error("this is not the text of a WhatsApp pairing QR: {0}")]
    InvalidQr(String),
    /// The QR's reference is unknown, was used, or its time or connection is over.
    #[error("this QR cannot be scanned: {0}; ask for the newest one")]
    DeadQr(&'static str),
    /// The companion refused the pairing, or went away before it signed.
    #[error("the companion did not finish pairing: {0}")]
    PairingFailed(String),
    /// The typed code is not eight characters of the pairing alphabet.
    #[error("a pairing code has eight characters of 123456789ABCDEFGHJKLMNPQRSTVWXYZ")]
    InvalidCode,
    /// No companion waits for a code of this number.
    #[error("no pairing code is waiting on this phone; ask for one first")]
    NoCodePending,
    /// The companion's answer shows that another code was meant.
    #[error(
        "the pairing code is wrong; compare it with the one shown; after three wrong ones ask for a new one"
    )]
    WrongCode,
    /// Every device number of the phone is taken.
    #[error("the phone has 255 linked devices, as many as there can be; unlink one first")]
    TooManyDevices,
    /// The phone has no such companion.
    #[error("this phone has no linked device {0}")]
    UnknownDevice(u16),
    /// The destination is no address of this network.
    #[error("`{0}` is no phone number, JID or group of this network")]
    UnknownRecipient(String),
    /// The request's content cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// A message the phone was asked about is not known to it.
    #[error("the phone knows no message `{0}`")]
    UnknownMessage(String),
    /// No order for trouble has this number, or it is over.
    #[error("no such trouble is ordered, or it is over; see GET /faults")]
    UnknownFault,
    /// Encryption failed for every device of the recipient.
    #[error("the message could not be encrypted for any device: {0}")]
    Encrypt(String),
    /// The network is shutting down.
    #[error("the simulated network is shutting down")]
    ShuttingDown,
}

/// What kind of refusal it is; the control API derives its status from this and from nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request is wrong and stays wrong.
    Invalid,
    /// No such thing.
    NotFound,
    /// The thing exists, but not in a state for this.
    Conflict,
    /// It was there and does not come back.
    Gone,
    /// More at once than there can be.
    TooLarge,
    /// No room is left.
    Full,
    /// The other end did not do its part.
    Companion,
    /// The network ends.
    Unavailable,
    /// The network itself is broken, or was never started.
    Broken,
}

macro_rules! table {
    ($($variant:pat => $refusal:ident $code:literal,)+) => {
        impl SimulatorError {
            /// Every code with its kind: the same table that an error takes its own from.
            pub(crate) const CODES: &'static [(&'static str, Refusal)] = &[$(($code, Refusal::$refusal)),+];

            fn told(&self) -> (&'static str, Refusal) {
                match self {
                    $($variant => ($code, Refusal::$refusal),)+
                }
            }
        }
    };
}

table! {
    Self::Config(_) => Broken "config-invalid",
    Self::Locked(_) => Broken "folder-locked",
    Self::Folder { .. } => Broken "folder-unusable",
    Self::Damaged { .. } => Broken "state-damaged",
    Self::Journal(_) => Broken "journal-failed",
    Self::TooLarge { .. } => TooLarge "change-too-large",
    Self::MediaFull { .. } => Full "media-full",
    Self::Media { .. } => Broken "media-listener-failed",
    Self::Keys(_) => Broken "keys-failed",
    Self::UnknownPhone => NotFound "phone-unknown",
    Self::PhoneExists => Conflict "phone-exists",
    Self::InvalidNumber(_) => Invalid "number-invalid",
    Self::InvalidQr(_) => Invalid "qr-invalid",
    Self::DeadQr(_) => Gone "qr-dead",
    Self::PairingFailed(_) => Companion "pairing-failed",
    Self::InvalidCode => Invalid "code-invalid",
    Self::NoCodePending => Conflict "code-not-pending",
    Self::WrongCode => Invalid "code-wrong",
    Self::TooManyDevices => Conflict "devices-full",
    Self::UnknownDevice(_) => NotFound "device-unknown",
    Self::UnknownRecipient(_) => Invalid "recipient-unknown",
    Self::Invalid(_) => Invalid "request-invalid",
    Self::UnknownMessage(_) => NotFound "message-unknown",
    Self::UnknownFault => NotFound "fault-unknown",
    Self::Encrypt(_) => Companion "encrypt-failed",
    Self::ShuttingDown => Unavailable "shutting-down",
}

impl SimulatorError {
    /// A stable name for programs, as it appears in problem documents.
    pub fn code(&self) -> &'static str {
        self.told().0
    }

    /// Its kind.
    pub(crate) fn refusal(&self) -> Refusal {
        self.told().1
    }
}
