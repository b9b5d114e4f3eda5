//! Files for browsers, embedded in the binary: the public page, the console, players by others.

mod console;

pub(crate) use self::console::console;

use adit_net::http::header::{self, HeaderName, HeaderValue};
use adit_net::http::{HeaderMap, Response, StatusCode};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

/// `assets/` of this crate; a debug build reads it when asked, so that a page can be written without building.
#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

/// Answers a request for one of the files; `None` if there is no such file for browsers. `asked` are the fields of the
/// request.
pub(crate) fn respond(path: &str, asked: &HeaderMap) -> Option<Response<Bytes>> {
    let kind = kind(path)?;
    let EmbeddedFile { data, metadata } = Embedded::get(path)?;
    let tag = format!("\"{}\"", hex::encode(&metadata.sha256_hash()[..TAG_BYTES]));
    let is_known = asked.get_all(header::IF_NONE_MATCH).iter().any(|known| {
        known
            .as_bytes()
            .windows(tag.len())
            .any(|part| part == tag.as_bytes())
    });
    let body = match data {
        _ if is_known => Bytes::new(),
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => read.into(),
    };
    let mut response = Response::new(body);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        fields.insert(header::ETAG, tag);
    }
    for (name, value) in GUARDS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

/// The type of a file by its path; `None` for what is not for browsers, such as the notes beside the files.
fn kind(path: &str) -> Option<&'static str> {
    let (folder, name) = path.split_once('/')?;
    let is_served = ["page", "console", "shared", "vendor"].contains(&folder);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !is_served || !name.bytes().all(is_plain) {
        return None;
    }
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// What a page of ours may do: run our scripts and ask us, nothing else. `blob:` is how a script hands media to a player.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a browser may do with our files. Addresses of pages may hold a visitor's token and are told nobody.
const GUARDS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    // The tag decides: a new version of the server is a new page at once.
    (header::CACHE_CONTROL, "no-cache"),
];

/// How much of a file's digest makes its tag.
const TAG_BYTES: usize = 16;

#[cfg(test)]
mod tests;
