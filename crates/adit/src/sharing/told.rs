//! What happens to an object, for programs.

use adit_client::connection::{Author, ObjectChange};
use adit_client::rtmp::command::Status;
use serde_json::{Value, json};

use crate::amf;

/// One change as an object with `event` in it.
pub(super) fn of(change: &ObjectChange, version: u32) -> Value {
    let mut told = match change {
        ObjectChange::Joined => json!({ "event": "joined" }),
        ObjectChange::Set { slot, value, by } => {
            let (value, by) = (amf::json(value), of_author(*by));
            json!({ "event": "set", "slot": slot.as_str(), "value": value, "by": by })
        }
        ObjectChange::Removed { slot, by } => {
            json!({ "event": "removed", "slot": slot.as_str(), "by": of_author(*by) })
        }
        ObjectChange::Cleared => json!({ "event": "cleared" }),
        ObjectChange::Message { handler, arguments } => {
            let arguments = amf::jsons(arguments);
            json!({ "event": "message", "method": handler.as_str(), "arguments": arguments })
        }
        ObjectChange::Refused { code, level } => {
            json!({ "event": "refused", "code": code.as_str(), "level": level.as_str() })
        }
        ObjectChange::Missed => json!({ "event": "missed" }),
        // Whatever a newer version of the library tells more.
        _ => json!({ "event": "other" }),
    };
    if let Value::Object(told) = &mut told {
        told.insert("version".to_owned(), json!(version));
    }
    told
}

/// A request that the server could not carry out.
pub(super) fn refusal(status: &Status, version: u32) -> Value {
    json!({
        "event": "refused",
        "code": status.code_text().as_str(),
        "level": status.level().as_str(),
        "description": status.description().as_str(),
        "version": version,
    })
}

fn of_author(by: Author) -> &'static str {
    match by {
        Author::Me => "me",
        Author::Others => "others",
    }
}
