//! PAC scripts: fetched with bounds, kept for a while, run in a box.

use super::{DiscoveryError, Route};
use crate::client::connector::{Connector, Security};
use crate::client::http::HttpConnection;
use crate::client::limits;
use crate::client::target::Target;
use crate::words::in_words;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONNECTION, HOST, LOCATION};
use proxy_watch::pac::{PacPolicy, PacScript};
use proxy_watch::{ProxyStep, Url};
use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

/// Where a PAC script is.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PacAddress {
    /// `http`, `https` or `file`.
    Url(Url),
    /// Here.
    Inline(Arc<str>),
}

impl PacAddress {
    /// Reads a URL; `None` if it is not one of the kinds that can be fetched.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        matches!(url.scheme(), "http" | "https" | "file").then_some(Self::Url(url))
    }
}

/// A file by its path; else scheme and host, because path and query of such a URL can be a secret.
impl fmt::Display for PacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) if url.scheme() == "file" => write!(f, "in {}", path_of(url)),
            Self::Url(url) => {
                let port = url
                    .port()
                    .map(|port| format!(":{port}"))
                    .unwrap_or_default();
                let host = url.host_str().unwrap_or_default();
                write!(f, "at {}://{host}{port}", url.scheme())
            }
            Self::Inline(_) => f.write_str("of the system settings"),
        }
    }
}

/// The path as it is written elsewhere.
fn path_of(url: &Url) -> String {
    url.to_file_path().map_or_else(
        |()| url.path().to_owned(),
        |path| path.display().to_string(),
    )
}

impl fmt::Debug for PacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PacAddress({self})")
    }
}

/// Fetches and asks scripts.
#[derive(Clone)]
pub(super) struct Pac {
    connector: Connector,
    kept: Arc<Mutex<HashMap<PacAddress, Kept>>>,
}

impl fmt::Debug for Pac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pac").finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Kept {
    script: PacScript,
    since: Instant,
}

impl Pac {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            kept: Arc::default(),
        }
    }

    /// What the script at `address` says about `url`; never empty.
    pub(super) async fn ask(
        &self,
        address: &PacAddress,
        url: Url,
    ) -> Result<Vec<ProxyStep>, DiscoveryError> {
        let script = self.script(address).await?;
        let broken = |text: String| DiscoveryError::PacScript {
            address: address.to_string(),
            text,
        };
        let policy = PacPolicy::new()
            .with_dns_resolution(true)
            .with_internal_addresses(true)
            .with_my_ip_address(own_address())
            .with_timeout(Some(limits::PAC_RUN_DEADLINE));
        let running = spawn_blocking(move || proxy_watch::pac::evaluate(&script, &url, &policy));
        // The library stops the script by itself; this is for a name service that hangs.
        timeout(limits::PAC_RUN_DEADLINE * 2, running)
            .await
            .map_err(|_| broken("it does not answer".to_owned()))?
            .map_err(|_| broken("it ended unexpectedly".to_owned()))?
            .map_err(|error| broken(shown(&error.to_string())))
    }

    async fn script(&self, address: &PacAddress) -> Result<PacScript, DiscoveryError> {
        let url = match address {
            PacAddress::Inline(script) => return Ok(PacScript::new(&**script)),
            PacAddress::Url(url) => url,
        };
        if let Some(kept) = self.kept(address) {
            return Ok(kept);
        }
        let deadline = limits::PAC_FETCH_DEADLINE;
        let body = timeout(deadline, self.fetch(url.clone()))
            .await
            .unwrap_or_else(|_| Err(format!("nothing came within {} ms", deadline.as_millis())))
            .map_err(|text| DiscoveryError::PacFetch {
                address: address.to_string(),
                text,
            })?;
        let script = PacScript::new(String::from_utf8_lossy(&body));
        self.keep(address, &script);
        Ok(script)
    }

    fn kept(&self, address: &PacAddress) -> Option<PacScript> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(address)?;
        (found.since.elapsed() < limits::PAC_AGE).then(|| found.script.clone())
    }

    /// The newest script only: settings name one, and an old one is of no more use.
    fn keep(&self, address: &PacAddress, script: &PacScript) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
        let script = script.clone();
        let since = Instant::now();
        kept.insert(address.clone(), Kept { script, since });
    }

    async fn fetch(&self, mut url: Url) -> Result<Vec<u8>, String> {
        for _ in 0..=limits::PAC_REDIRECTS {
            if url.scheme() == "file" {
                return read_file(&url).await;
            }
            match self.get(&url).await? {
                Answer::Script(script) => return Ok(script),
                Answer::Elsewhere(other) => url = other,
            }
        }
        Err("the server keeps pointing elsewhere".to_owned())
    }

    async fn get(&self, url: &Url) -> Result<Answer, String> {
        let security = match url.scheme() {
            "http" => Security::Plain,
            "https" => Security::TlsForHttp,
            _ => return Err("only http, https and file are fetched".to_owned()),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        let target = Target::new(url.host_str().unwrap_or_default(), port)
            .map_err(|error| error.to_string())?;
        let connection = self
            .connector
            .connect(&target, &Route::Direct, security)
            .await;
        let stream = connection.map_err(|error| error.to_string())?.into_stream();
        let mut http = HttpConnection::open(stream)
            .await
            .map_err(|failure| failure.to_string())?;
        let query = url.query().map(|query| format!("?{query}"));
        let path = format!("{}{}", url.path(), query.unwrap_or_default());
        let request = Request::get(path)
            .header(HOST, target.to_string())
            .header(CONNECTION, "close")
            .body(Full::default())
            .map_err(|_| "the URL does not fit into a request".to_owned())?;
        let response = http
            .ask(request)
            .await
            .map_err(|failure| failure.to_string())?;
        let status = response.status();
        if status.is_redirection() {
            let place = response.headers().get(LOCATION);
            let place = place.and_then(|place| url.join(place.to_str().ok()?).ok());
            let place = place.filter(|place| matches!(place.scheme(), "http" | "https"));
            return place
                .map(Answer::Elsewhere)
                .ok_or_else(|| "the server points nowhere".to_owned());
        }
        if !status.is_success() {
            return Err(format!(
                "the server answers with status {}",
                status.as_u16()
            ));
        }
        http.body(response.into_body(), limits::PAC_BYTES)
            .await
            .map(Answer::Script)
            .ok_or_else(too_large)
    }
}

enum Answer {
    Script(Vec<u8>),
    Elsewhere(Url),
}

async fn read_file(url: &Url) -> Result<Vec<u8>, String> {
    let path = url
        .to_file_path()
        .map_err(|()| "the URL names no file".to_owned())?;
    let reading = spawn_blocking(move || {
        let file = std::fs::File::open(path)?;
        let mut content = Vec::new();
        let most = u64::try_from(limits::PAC_BYTES).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1))
            .read_to_end(&mut content)?;
        Ok::<_, std::io::Error>(content)
    });
    let content = match reading.await {
        Ok(content) => content.map_err(|error| in_words(&error))?,
        Err(_) => return Err("reading it ended unexpectedly".to_owned()),
    };
    if content.len() > limits::PAC_BYTES {
        return Err(too_large());
    }
    Ok(content)
}

fn too_large() -> String {
    format!("it is cut off, or larger than {} bytes", limits::PAC_BYTES)
}

/// The address packets to the internet leave from. No packet is sent.
fn own_address() -> IpAddr {
    let local = || -> std::io::Result<SocketAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    };
    local().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

/// A script's own words, on one short line.
fn shown(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(200)
        .collect()
}
