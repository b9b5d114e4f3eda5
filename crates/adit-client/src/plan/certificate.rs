//! Whose certificate answered, and whether that is somebody on the way.

use super::failure::PeerText;

/// Names in the issuer of certificates that are made on the way: products that open TLS, in lower
/// case, with the name to show.
const INTERCEPTORS: [(&str, &str); 30] = [
    ("zscaler", "Zscaler"),
    ("fortinet", "Fortinet"),
    ("fortigate", "FortiGate"),
    ("blue coat", "Blue Coat"),
    ("bluecoat", "Blue Coat"),
    ("palo alto", "Palo Alto Networks"),
    ("netskope", "Netskope"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Websense"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("cisco secure", "Cisco"),
    ("check point", "Check Point"),
    ("sophos", "Sophos"),
    ("sonicwall", "SonicWall"),
    ("watchguard", "WatchGuard"),
    ("barracuda", "Barracuda"),
    ("mcafee web", "McAfee Web Gateway"),
    ("skyhigh", "Skyhigh"),
    ("iboss", "iboss"),
    ("smoothwall", "Smoothwall"),
    ("lightspeed", "Lightspeed"),
    ("securly", "Securly"),
    ("kaspersky", "Kaspersky"),
    ("bitdefender", "Bitdefender"),
    ("eset ssl", "ESET"),
    ("avast", "Avast"),
    ("squid", "Squid"),
    ("mitmproxy", "mitmproxy"),
    ("fiddler", "Fiddler"),
    ("charles proxy", "Charles"),
];

/// What is known about the trust in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// Trusted, like by everybody.
    Public,
    /// Trusted because somebody added its root to this machine or to the settings.
    Added,
    /// Trusted, nothing known about the root.
    Accepted,
    /// Taken without a look, as the settings say.
    Unchecked,
    /// Trusted, but it is for other names.
    WrongName,
    /// Its time is over, or has not come.
    OutOfDate,
    /// Not trusted.
    Refused,
}

/// A certificate that a server, somebody in its place, or a proxy on the way to it has shown.
///
/// ```
/// use adit_client::plan::{Certificate, Trust};
///
/// let seen = Certificate::new("Zscaler Intermediate Root CA", Trust::Refused);
/// assert_eq!(seen.interceptor(), Some("Zscaler"));
/// assert_eq!(Certificate::new("R11", Trust::Public).interceptor(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    issuer: PeerText,
    names: PeerText,
    trust: Trust,
    owner: Owner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Server,
    Proxy,
}

impl Certificate {
    /// A certificate by the name of its issuer.
    pub fn new(issuer: &str, trust: Trust) -> Self {
        Self {
            issuer: PeerText::new(issuer),
            names: PeerText::default(),
            trust,
            owner: Owner::Server,
        }
    }

    /// The same, shown by a proxy for itself.
    #[must_use]
    pub fn of_proxy(mut self) -> Self {
        self.owner = Owner::Proxy;
        self
    }

    /// Whether a proxy has shown it for itself.
    pub fn is_of_proxy(&self) -> bool {
        self.owner == Owner::Proxy
    }

    /// The same, with the names it is for.
    #[must_use]
    pub fn for_names(mut self, names: PeerText) -> Self {
        self.names = names;
        self
    }

    /// The names it is for, where they are others than that of the server; else empty.
    pub fn names(&self) -> &PeerText {
        &self.names
    }

    /// Who has signed it.
    pub fn issuer(&self) -> &PeerText {
        &self.issuer
    }

    /// Whether that is trusted.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// The name of whoever opens TLS on the way, if the certificate is not the server's own.
    ///
    /// Known products are told by name. A root that was added to this machine is taken for one too:
    /// public servers have public certificates. A server of one's own with a root of one's own looks
    /// the same, so take it for a hint.
    pub fn interceptor(&self) -> Option<&str> {
        if self.is_of_proxy() {
            return None;
        }
        let issuer = self.issuer.as_str().to_lowercase();
        if self.trust != Trust::Public
            && let Some((_, name)) = INTERCEPTORS.iter().find(|(word, _)| issuer.contains(word))
        {
            return Some(name);
        }
        (self.trust == Trust::Added).then(|| self.issuer.as_str())
    }
}
