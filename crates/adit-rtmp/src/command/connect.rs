//! `connect` and the answer to it.

use std::fmt;

use adit_amf::{
    Text,
    amf0::{Object, Value},
};

use super::data::amf0_object;
use super::shown::{without_query, without_secrets};
use super::{Address, AddressError, EnhancedCapabilities, Invocation, Status, TransactionId};
use crate::{limits, message::MessageKind};

/// The arguments of `connect` [RTMP 7.2.1.1].
///
/// [`Debug`](fmt::Debug) shows neither queries nor arguments, which may hold secrets.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Connect {
    /// Application, instance and perhaps a query; empty for a client that gave only a host.
    pub app: Text,
    /// The whole URL, if it was given.
    pub tc_url: Option<Text>,
    /// Who is asking.
    pub client: ClientInfo,
    /// What it can receive in the legacy formats.
    pub codecs: LegacyCodecs,
    /// Which AMF the client wants for what it calls objects; AMF0 when it says nothing.
    pub object_encoding: ObjectEncoding,
    /// What it says about enhanced RTMP.
    pub enhanced: EnhancedCapabilities,
    /// Properties that are none of the above, in order.
    pub other: Object,
    /// The values after the command object, meant for the application.
    pub arguments: Vec<Value>,
}

/// What a client says about itself; each text is cut at 512 bytes.
///
/// [`Debug`](fmt::Debug) shows no queries, users and passwords of the URLs.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// `flashVer`, such as `FMLE/3.0 (compatible; FMSc/1.0)`.
    pub flash_version: Option<Text>,
    /// `swfUrl`: the player's program; OBS repeats `tcUrl` here.
    pub swf_url: Option<Text>,
    /// `pageUrl`: the page the player stands on.
    pub page_url: Option<Text>,
    /// `type`: `nonprivate` from encoders.
    pub kind: Option<Text>,
    /// `fpad`: whether it came through a proxy.
    pub proxied: Option<bool>,
}

/// Bit fields of the time of Flash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LegacyCodecs {
    /// `capabilities`, undocumented; 15 and 239 were seen.
    pub capabilities: Option<u32>,
    /// `audioCodecs`, 0x400 AAC, 0xFFF all.
    pub audio: Option<u32>,
    /// `videoCodecs`, 0x80 H.264, 0xFF all.
    pub video: Option<u32>,
}

/// Which AMF objects are written in: the `objectEncoding` property.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ObjectEncoding {
    /// 0
    #[default]
    Amf0,
    /// 3
    Amf3,
}

impl ObjectEncoding {
    /// The number on the wire.
    pub const fn number(self) -> f64 {
        match self {
            Self::Amf0 => 0.0,
            Self::Amf3 => 3.0,
        }
    }

    /// What a client that asked for `self` and a server that answered `answer` have agreed on: AMF3
    /// only if both said so.
    #[must_use]
    pub const fn agreed(self, answer: Self) -> Self {
        match (self, answer) {
            (Self::Amf3, Self::Amf3) => Self::Amf3,
            _ => Self::Amf0,
        }
    }

    /// The type of the commands of an application, 20 or 17.
    pub const fn command_kind(self) -> MessageKind {
        match self {
            Self::Amf0 => MessageKind::CommandAmf0,
            Self::Amf3 => MessageKind::CommandAmf3,
        }
    }

    /// The type of data messages, 18 or 15.
    pub const fn data_kind(self) -> MessageKind {
        match self {
            Self::Amf0 => MessageKind::DataAmf0,
            Self::Amf3 => MessageKind::DataAmf3,
        }
    }

    /// The type of shared object messages, 19 or 16.
    pub const fn shared_object_kind(self) -> MessageKind {
        match self {
            Self::Amf0 => MessageKind::SharedObjectAmf0,
            Self::Amf3 => MessageKind::SharedObjectAmf3,
        }
    }

    fn from_value(value: Option<&Value>) -> Self {
        if value.and_then(Value::as_u32) == Some(3) {
            Self::Amf3
        } else {
            Self::Amf0
        }
    }
}

/// Names that [`Connect`] gives a place of their own, besides those of enhanced RTMP.
const KNOWN: [&str; 11] = [
    "app",
    "tcUrl",
    "flashVer",
    "swfUrl",
    "pageUrl",
    "type",
    "fpad",
    "capabilities",
    "audioCodecs",
    "videoCodecs",
    "objectEncoding",
];

/// Why a `connect` means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The command object is missing, or is no object.
    #[error("connect: the command object is missing")]
    NoObject,
    /// A property that names the application has the wrong type.
    #[error("connect: {0} is not a string")]
    NotText(&'static str),
}

impl Connect {
    /// Goes to an application at a URL such as `rtmp://host/live`, without the stream name.
    pub fn new(app: impl Into<Text>, tc_url: impl Into<Text>) -> Self {
        Self {
            app: app.into(),
            tc_url: Some(tc_url.into()),
            ..Self::default()
        }
    }

    /// Reads the command object and the arguments, names without regard to case.
    ///
    /// Properties beyond `app` and `tcUrl` that have the wrong type count as absent.
    ///
    /// # Errors
    ///
    /// There is no command object, or `app` or `tcUrl` is something else than a string.
    pub fn from_invocation(invocation: Invocation) -> Result<Self, ConnectError> {
        let object = match invocation.object {
            Value::Object(object) | Value::EcmaArray(object) => object,
            Value::TypedObject { members, .. } => members,
            ref value @ Value::Avm(_) => match amf0_object(value) {
                Some(object) => object,
                None => return Err(ConnectError::NoObject),
            },
            _ => return Err(ConnectError::NoObject),
        };
        let property = |name| {
            object
                .property_ignore_case(name)
                .filter(|value| !value.is_null())
        };
        let text = |name| property(name).and_then(Value::as_text).map(shortened);
        let number = |name| property(name).and_then(Value::as_u32);
        let address = |name: &'static str| match property(name) {
            None => Ok(None),
            Some(value) => match value.as_text() {
                Some(text) => Ok(Some(text.clone())),
                None => Err(ConnectError::NotText(name)),
            },
        };
        Ok(Self {
            app: address("app")?.unwrap_or_default(),
            tc_url: address("tcUrl")?,
            client: ClientInfo {
                flash_version: text("flashVer"),
                swf_url: text("swfUrl"),
                page_url: text("pageUrl"),
                kind: text("type"),
                proxied: property("fpad").and_then(Value::as_bool),
            },
            codecs: LegacyCodecs {
                capabilities: number("capabilities"),
                audio: number("audioCodecs"),
                video: number("videoCodecs"),
            },
            object_encoding: ObjectEncoding::from_value(property("objectEncoding")),
            enhanced: EnhancedCapabilities::from_object(&object),
            other: object
                .into_iter()
                .filter(|(name, _)| !is_known(name))
                .collect(),
            arguments: invocation.arguments,
        })
    }

    /// The command, with the transaction that `connect` always has.
    pub fn into_invocation(self) -> Invocation {
        let mut object = Object::new().with("app", self.app);
        let mut text = |name: &'static str, value: Option<Text>| {
            if let Some(value) = value {
                object.insert(name, value);
            }
        };
        text("type", self.client.kind);
        text("flashVer", self.client.flash_version);
        text("swfUrl", self.client.swf_url);
        text("tcUrl", self.tc_url);
        text("pageUrl", self.client.page_url);
        if let Some(proxied) = self.client.proxied {
            object.insert("fpad", proxied);
        }
        let numbers = [
            ("capabilities", self.codecs.capabilities),
            ("audioCodecs", self.codecs.audio),
            ("videoCodecs", self.codecs.video),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                object.insert(name, number);
            }
        }
        object.insert("objectEncoding", self.object_encoding.number());
        self.enhanced.write_into(&mut object);
        let object: Object = object.into_iter().chain(self.other).collect();
        Invocation {
            name: Text::from_static("connect"),
            transaction: TransactionId::CONNECT,
            object: object.into(),
            arguments: self.arguments,
        }
    }

    /// The place that was asked for.
    ///
    /// # Errors
    ///
    /// A part is too long or contains control characters.
    pub fn address(&self) -> Result<Address, AddressError> {
        Address::parse(&self.app, self.tc_url.as_deref())
    }
}

impl fmt::Debug for ClientInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientInfo")
            .field("flash_version", &self.flash_version)
            .field("swf_url", &self.swf_url.as_ref().map(without_secrets))
            .field("page_url", &self.page_url.as_ref().map(without_secrets))
            .field("kind", &self.kind)
            .field("proxied", &self.proxied)
            .finish()
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("app", &without_query(&self.app))
            .field("tc_url", &self.tc_url.as_ref().map(without_secrets))
            .field("flash_version", &self.client.flash_version)
            .finish_non_exhaustive()
    }
}

/// What a server says in its `_result` to `connect`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConnectReply {
    /// `fmsVer`, such as `FMS/3,5,3,888`.
    pub server_version: Option<Text>,
    /// `capabilities`, undocumented.
    pub capabilities: Option<u32>,
    /// Which AMF the server will use.
    pub object_encoding: ObjectEncoding,
    /// What it says about enhanced RTMP, in whichever of the two objects.
    pub enhanced: EnhancedCapabilities,
    /// The information object; `NetConnection.Connect.Success`.
    pub status: Option<Status>,
}

impl ConnectReply {
    /// Reads the two objects of a `_result`; what is missing or has the wrong type is absent.
    pub fn from_values(properties: &Value, information: Option<&Value>) -> Self {
        let first = properties.as_object();
        let second = information.and_then(Value::as_object);
        let property = |name| {
            [first, second]
                .into_iter()
                .flatten()
                .find_map(|o| o.property_ignore_case(name))
        };
        let enhanced = [first, second].map(|object| {
            object
                .map(EnhancedCapabilities::from_object)
                .unwrap_or_default()
        });
        let [in_first, in_second] = enhanced;
        Self {
            server_version: property("fmsVer").and_then(Value::as_text).map(shortened),
            capabilities: property("capabilities").and_then(Value::as_u32),
            object_encoding: ObjectEncoding::from_value(property("objectEncoding")),
            enhanced: in_first.or(in_second),
            status: information.and_then(Status::from_value),
        }
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name)) || EnhancedCapabilities::knows(name)
}

/// The text in a buffer of its own, cut after so many whole characters as fit the limit.
fn shortened(text: &Text) -> Text {
    let text = text.as_str();
    let end = text.floor_char_boundary(limits::CLIENT_TEXT);
    text.get(..end).unwrap_or_default().into()
}
