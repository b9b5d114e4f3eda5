//! What `adit call` and `adit so` share: the connection to an application, and what is typed in JSON.

use adit_client::amf::amf0;
use adit_client::rtmp::command::ObjectEncoding;
use adit_client::{Intent, Target};

use crate::amf;
use crate::cli::{Application, Strategy, WayOut};
use crate::connect::{Failure, Way};

/// The way to an application, and where it is.
///
/// # Errors
/// The address is wrong, what it is to be told is no JSON, or there is nobody to trust.
pub(crate) fn way(application: &Application, way: &WayOut) -> Result<(Way, Target), Failure> {
    let target = Way::application(&application.url)?;
    let told = application.connect.iter();
    let told = told.map(|text| value("--connect", text));
    let told = told.collect::<Result<Vec<_>, _>>()?;
    let way = Way::new(way, Intent::Play, Strategy::Standard)?;
    let encoding = if application.amf3 {
        ObjectEncoding::Amf3
    } else {
        ObjectEncoding::Amf0
    };
    Ok((way.telling(encoding, told), target))
}

/// A value that was typed; `what` is how it is called.
///
/// # Errors
/// It is no value. The text itself is not repeated: it may be a secret.
pub(crate) fn value(what: &str, text: &str) -> Result<amf0::Value, Failure> {
    amf::value(text).map_err(|error| Failure::Json {
        what: what.to_owned(),
        error,
        is_word: text.starts_with(|first: char| first.is_alphabetic()),
    })
}
