//! Values that people write as text: lengths of time, sizes, addresses.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use adit_client::network::GivenProxy;
use adit_server::access::{BadCallbackUrl, CallbackUrl, Pattern, PatternTooLong};
use adit_server::relays::RelayUrl;
use adit_server::{Network, SyncInterval};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cli;
use crate::log;

/// A value that is written as text, and says what is wrong with a text that is none.
macro_rules! written {
    ($(#[$about:meta])* $name:ident($inner:ty), $kind:literal) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "x-kind": $kind })
            }
        }
    };
}

written! {
    /// An address to listen on, as the flag `--listen` takes it.
    Listen(SocketAddr), "an address as in 127.0.0.1:1935, [::]:1935 or :1935"
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        cli::listen_address(text).map(Self)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

written! {
    /// An address to listen on that is not for everybody, as the flag `--api` takes it.
    ListenNearby(SocketAddr), "an address as in 127.0.0.1:9350, or a port of this machine as in 9350"
}

impl FromStr for ListenNearby {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        cli::nearby_address(text).map(Self)
    }
}

impl fmt::Display for ListenNearby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

written! {
    /// A network.
    Cidr(Network), "a network as in 10.0.0.0/8 or fd00::/8"
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("{text:?} is no network; write it as in 10.0.0.0/8 or fd00::/8"))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

written! {
    /// A length of time.
    Span(Duration), "a length of time as in 250ms, 10s or 1m30s"
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Some take milliseconds for granted, others seconds.
        let is_nothing = || text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        if cli::span::is_number(text) && !is_nothing() {
            return Err(format!("{text:?} has no unit"));
        }
        cli::span::parse_or_zero(text)
            .map(Self)
            .map_err(|what| format!("{text:?} is {what}"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = humantime::format_duration(self.0).to_string();
        f.write_str(&text.replace(' ', ""))
    }
}

written! {
    /// How often recordings are made lasting.
    Sync(SyncInterval), "a length of time as in 5s, or off"
}

impl FromStr for Sync {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        cli::record_sync(text)
            .map(Self)
            .map_err(|what| format!("{text:?} is {what}; off leaves it to the operating system"))
    }
}

impl fmt::Display for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SyncInterval::Every(span) => Span(span).fmt(f),
            _ => f.write_str("off"),
        }
    }
}

written! {
    /// What is logged.
    Level(String), "a level as in debug, or more as in info,adit_net=debug"
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        log::filter(text).map(|_| Self(text.to_owned()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written! {
    /// A name with `*` in it.
    Glob(Pattern), "a name, in which * stands for any text"
}

impl FromStr for Glob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|error: PatternTooLong| error.to_string())
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number of bytes: `64KiB`, or a bare number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

const UNITS: [(&str, u64); 5] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = UNITS
            .iter()
            .find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)));
        let (number, unit) = unit.unwrap_or((text, 1));
        let number = number.trim().parse::<u64>().ok();
        number
            .and_then(|number| number.checked_mul(unit))
            .map(Self)
            .ok_or_else(|| format!("{text:?} is no size; write it as in 64KiB, 10MiB or 1GiB"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, bytes): &&(&str, u64)| self.0 >= *bytes && self.0.is_multiple_of(*bytes);
        match UNITS.iter().find(fits) {
            Some((name, bytes)) => write!(f, "{}{name}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size")
    }

    fn visit_i64<E: serde::de::Error>(self, bytes: i64) -> Result<Size, E> {
        let bytes = u64::try_from(bytes);
        bytes
            .map(Size)
            .map_err(|_| E::custom("a size is not negative"))
    }

    fn visit_u64<E: serde::de::Error>(self, bytes: u64) -> Result<Size, E> {
        Ok(Size(bytes))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Size, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "x-kind": "a size as in 64KiB, 10MiB or 1GiB" })
    }
}

written! {
    /// A file or directory.
    Place(PathBuf), "a path"
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty text is no path".to_owned());
        }
        Ok(Self(PathBuf::from(text)))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl AsRef<Path> for Place {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

/// The address of a far server with everything secret in it. The schema marks the key, so that it is shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayAddress {
    text: Secret,
    url: RelayUrl,
}

impl RelayAddress {
    pub(crate) const fn url(&self) -> &RelayUrl {
        &self.url
    }
}

/// The address of a callback. Its query may hold a secret, so it is shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    text: Secret,
    url: CallbackUrl,
}

impl Hook {
    pub(crate) const fn url(&self) -> &CallbackUrl {
        &self.url
    }
}

/// The address of a callback of one application, or that there is none. Shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppHook {
    text: Secret,
    choice: HookChoice,
}

/// What stands in the place of a callback that is asked about all applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookChoice {
    /// Nobody is asked.
    None,
    /// This one is.
    At(CallbackUrl),
}

impl AppHook {
    pub(crate) const fn choice(&self) -> &HookChoice {
        &self.choice
    }
}

impl FromStr for HookChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        let url = text.parse().map(Self::At);
        url.map_err(|error: BadCallbackUrl| format!("{error}, or none, which asks nobody"))
    }
}

/// Which proxies are used. The address of one may hold a password, so that it is shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProxyChoice {
    text: Secret,
    given: GivenProxy,
}

impl ProxyChoice {
    pub(crate) const fn given(&self) -> &GivenProxy {
        &self.given
    }
}

impl Default for ProxyChoice {
    fn default() -> Self {
        Self {
            text: Secret("system".to_owned()),
            given: GivenProxy::System,
        }
    }
}

/// The address of an OpenTelemetry collector. Somebody may have written a password into it, so it is shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collector {
    text: Secret,
    base: BaseUrl,
}

/// What something is added to: neither a query nor a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BaseUrl(String);

impl Collector {
    /// The address, without a slash at its end.
    #[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "nothing is sent"))]
    pub(crate) fn base(&self) -> &str {
        &self.base.0
    }
}

impl FromStr for BaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As with callbacks; what is secret has a place of its own.
        match text.parse::<CallbackUrl>() {
            Ok(_) if text.contains('?') => Err("a collector has no query"),
            Ok(_) => Ok(Self(text.trim_end_matches('/').to_owned())),
            Err(BadCallbackUrl::User) => {
                Err("a user in the URL is sent nowhere; write it into headers")
            }
            Err(_) => Err("no URL of a collector; write it as in http://127.0.0.1:4318"),
        }
    }
}

/// A field of HTTP, as in `NAME=VALUE`. The value may be a password, so that it is shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderField {
    text: Secret,
    field: Field,
}

/// Name and value of a field of HTTP.
#[derive(Clone, PartialEq, Eq)]
struct Field {
    name: String,
    value: String,
}

impl HeaderField {
    pub(crate) fn name_and_value(&self) -> (&str, &str) {
        (&self.field.name, &self.field.value)
    }
}

impl FromStr for Field {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a header is written as in NAME=VALUE";
        let (name, value) = text.split_once('=').ok_or(wrong)?;
        let (name, value) = (name.trim(), value.trim());
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_of_name) {
            return Err(wrong);
        }
        if !value.chars().all(|c| matches!(c, ' '..='~')) {
            return Err("the value of a header has letters, digits and signs of ASCII only");
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=(hidden)", self.name)
    }
}

/// A value that is written as a text which is shown to nobody, but for some words. `URL` among those stands for any address, of which only
/// what may be secret is hidden.
macro_rules! hidden {
    ($name:ident { $field:ident }, $kind:literal $(, but $($open:literal),+)?) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.text.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let $field = text.parse().map_err(D::Error::custom)?;
                let text = Secret(text);
                Ok(Self { text, $field })
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "x-kind": $kind, "x-secret": true, "x-open": [$($($open),+)?]
                })
            }
        }
    };
}

hidden!(
    RelayAddress { url },
    "an address as in rtmps://live.example.com/app/KEY"
);
hidden!(Collector { base }, "a URL as in http://127.0.0.1:4318");
hidden!(HeaderField { field }, "a header as in NAME=VALUE");
hidden!(Hook { url }, "a URL as in http://127.0.0.1:8000/hook");
hidden!(
    AppHook { choice },
    "a URL as in http://127.0.0.1:8000/hook, or `none`, which asks nobody",
    but "none"
);
hidden!(
    ProxyChoice { given },
    "`none`, `system`, or the URL of a proxy",
    but "none", "system", "URL"
);

/// Something that is shown to nobody: the schema marks the key, so that `print` and errors leave its value out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-kind": "a secret text", "x-secret": true })
    }
}
