//! What the client's errors mean for what was asked.

use kurrentdb::{CurrentRevision, Error};

use crate::LogError;

/// Why there is no answer, or not the one that was hoped for.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// Nothing was done; it may be asked again.
    NotDone(String),
    /// Nobody knows whether it was done; it may be asked again.
    Open(String),
    /// Asking again would change nothing.
    Refused(LogError),
    /// The stream is not at the expected revision; it has this many events.
    WrongVersion { actual: u64 },
    /// There is no such stream, or it was deleted softly.
    NoStream,
    /// The stream was deleted for ever.
    Tombstoned,
}

impl Trouble {
    pub fn of(error: &Error) -> Self {
        let text = error.to_string();
        match error {
            Error::WrongExpectedVersion { current, .. } => Self::WrongVersion {
                actual: match current {
                    CurrentRevision::Current(revision) => revision + 1,
                    CurrentRevision::NoStream => 0,
                },
            },
            Error::ResourceNotFound => Self::NoStream,
            Error::ResourceDeleted => Self::Tombstoned,
            // Nothing was sent.
            Error::ConnectionClosed | Error::GrpcConnectionError(_) => Self::NotDone(text),
            // The client has turned to the leader meanwhile.
            Error::NotLeaderException(_) => Self::NotDone("the node is not the leader".to_owned()),
            // `Leader` without an address (`NoLeaderInfo`), and the two reasons to turn a request away unread
            // (`NotHandled`): KurrentDB's RpcExceptions.cs. Then, that no connection could be made: hyper-util's words.
            Error::ServerError(text)
                if [
                    "No leader info",
                    "Server Is Not Ready",
                    "Server Is Too Busy",
                    "client error (Connect)",
                ]
                .iter()
                .any(|reason| text.contains(reason)) =>
            {
                Self::NotDone(text.clone())
            }
            Error::AccessDenied => {
                Self::Refused(LogError::Unavailable("KurrentDB denies this user the access".to_owned()))
            }
            Error::UnsupportedFeature => Self::Refused(LogError::Invalid(text)),
            Error::Grpc { code, message } => match format!("{code:?}").as_str() {
                "InvalidArgument" | "ResourceExhausted" | "OutOfRange" => {
                    Self::Refused(LogError::Invalid(message.clone()))
                }
                _ => Self::Open(text),
            },
            _ => Self::Open(text),
        }
    }

    /// Whether the client may be of no use any more.
    pub fn is_of_the_connection(error: &Error, cluster: bool) -> bool {
        match error {
            Error::ConnectionClosed | Error::GrpcConnectionError(_) => true,
            Error::ServerError(_) | Error::DeadlineExceeded => cluster,
            _ => false,
        }
    }
}
