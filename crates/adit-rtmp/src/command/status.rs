//! Information objects: what `onStatus`, `_error` and `onPlayStatus` carry.

use adit_amf::{
    Text,
    amf0::{Object, Value},
};

use super::{Level, StatusCode};

/// An information object: level, code, description and whatever else belongs to the code
/// [RTMP 7.2.2].
///
/// A code that this crate does not know is kept as it came; so is every other property.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    level: Level,
    code: Text,
    description: Text,
    /// Properties beyond the three above, in order.
    other: Object,
}

impl Status {
    /// A status of a known code at its usual level.
    ///
    /// `description` is read by people: it says what happened, to whom, and what to do next.
    pub fn new(code: StatusCode, description: impl Into<Text>) -> Self {
        Self {
            level: code.level(),
            code: Text::from_static(code.as_str()),
            description: description.into(),
            other: Object::new(),
        }
    }

    /// The same status with one more property, such as `details` or `clientid`.
    #[must_use]
    pub fn with(mut self, name: impl Into<Text>, value: impl Into<Value>) -> Self {
        self.other.insert(name, value);
        self
    }

    /// The same status at another level than the usual one.
    #[must_use]
    pub const fn at_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Reads an information object; `None` if the value has no `code` string.
    ///
    /// A missing or unknown level is taken from the code, and `error` if that is unknown too.
    pub fn from_value(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let code = object.property_ignore_case("code")?.as_text()?.clone();
        let level = object
            .property_ignore_case("level")
            .and_then(Value::as_str)
            .and_then(Level::parse)
            .or_else(|| StatusCode::parse(&code).map(StatusCode::level))
            .unwrap_or(Level::Error);
        let description = object
            .property_ignore_case("description")
            .and_then(Value::as_text);
        let other = object
            .iter()
            .filter(|(name, _)| !is_core_property(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Some(Self {
            level,
            code,
            description: description.cloned().unwrap_or_default(),
            other,
        })
    }

    /// How serious it is.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The code, if this crate knows it.
    pub fn code(&self) -> Option<StatusCode> {
        StatusCode::parse(&self.code)
    }

    /// The code as it stands on the wire.
    pub const fn code_text(&self) -> &Text {
        &self.code
    }

    /// The text for people; empty if there is none.
    pub const fn description(&self) -> &Text {
        &self.description
    }

    /// A property beyond level, code and description.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.other.property_ignore_case(name)
    }

    /// All properties beyond level, code and description.
    pub const fn other(&self) -> &Object {
        &self.other
    }

    /// Whether the level says that a request failed.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// Whether it tells how the recording of a stream goes. An error among these that comes after
    /// [`PublishStart`](StatusCode::PublishStart) costs the recording, and the stream goes on.
    pub fn is_about_recording(&self) -> bool {
        self.code.starts_with("NetStream.Record.")
    }

    /// The object for the wire: level, code, description, then the others in order.
    pub fn into_object(self) -> Object {
        let core = [
            (
                Text::from_static("level"),
                Value::String(Text::from_static(self.level.as_str())),
            ),
            (Text::from_static("code"), Value::String(self.code)),
            (
                Text::from_static("description"),
                Value::String(self.description),
            ),
        ];
        core.into_iter().chain(self.other).collect()
    }
}

impl From<Status> for Value {
    fn from(status: Status) -> Self {
        Self::Object(status.into_object())
    }
}

fn is_core_property(name: &str) -> bool {
    ["level", "code", "description"]
        .iter()
        .any(|core| core.eq_ignore_ascii_case(name))
}
