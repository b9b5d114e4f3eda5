//! The address of a callback.

use std::fmt;
use std::str::FromStr;

use adit_net::http::Uri;

/// An address that is asked: `http://` or `https://`. Its query, which may hold a secret, is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackUrl(Uri);

/// Why a text is not the address of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadCallbackUrl {
    /// It is no address at all.
    #[error("not a URL; write one as in http://127.0.0.1:8000/hook")]
    NotUrl,
    /// It begins with something else.
    #[error("a callback is asked over http:// or https://")]
    Scheme,
    /// A user stands before the host.
    #[error("a user in the URL is sent nowhere; sign callbacks with a secret instead")]
    User,
}

impl CallbackUrl {
    pub(super) const fn uri(&self) -> &Uri {
        &self.0
    }

    /// Who is asked.
    pub(super) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }
}

impl FromStr for CallbackUrl {
    type Err = BadCallbackUrl;

    fn from_str(text: &str) -> Result<Self, BadCallbackUrl> {
        let uri: Uri = text.parse().map_err(|_| BadCallbackUrl::NotUrl)?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => return Err(BadCallbackUrl::Scheme),
            None => return Err(BadCallbackUrl::NotUrl),
        }
        let authority = uri.authority().ok_or(BadCallbackUrl::NotUrl)?;
        if authority.as_str().contains('@') {
            return Err(BadCallbackUrl::User);
        }
        if authority.host().is_empty() {
            return Err(BadCallbackUrl::NotUrl);
        }
        Ok(Self(uri))
    }
}

impl fmt::Display for CallbackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self
            .0
            .authority()
            .map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}{}", self.0.path())
    }
}

impl fmt::Debug for CallbackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
