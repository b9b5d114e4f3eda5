//! Whether a viewer may see a stream: the one place where outputs ask.

use std::time::Instant;

use adit_net::http::header::HeaderValue;
use adit_net::http::{HttpBody, Response, StatusCode, Why, header, is_from_stranger};
use bytes::Bytes;
use tokio::time::timeout;

use super::config::OutputsConfig;
use super::grants::{Allowed, Asking};
use super::place::Place;
use super::request::Asked;
use super::{Inner, reply};
use crate::access::{Action, Credentials, Denial, Granted, Request, Visitor};
use crate::application::{Later, Refusal};

/// How a stream is to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Play {
    HttpFlv,
    WebSocketFlv,
    /// By HLS, from the beginning.
    Hls,
    /// By HLS, where that has begun: for a while nobody outside of this program is asked again.
    HlsGoesOn,
}

impl Play {
    const fn protocol(self) -> &'static str {
        match self {
            Self::HttpFlv => "http-flv",
            Self::WebSocketFlv => "ws-flv",
            Self::Hls | Self::HlsGoesOn => "hls",
        }
    }
}

/// Asks whether the stream at `place` may be played, and which one that is then: what is asked for may be a key.
///
/// # Errors
/// The response that says no.
pub(super) async fn allowed(
    outputs: &Inner,
    asked: &Asked,
    place: Place,
    play: Play,
) -> Result<Place, Box<Response<HttpBody>>> {
    let short = match play {
        Play::HlsGoesOn => None,
        _ => outputs.phase.memory().refuses_player(),
    };
    if let Some(refusal) = short {
        return Err(Box::new(denied(asked, &refusal)));
    }
    let visitor = visitor(outputs, asked, play.protocol());
    let credentials = Credentials::of_http(&asked.fields, asked.uri.query());
    let request = Request::new(Action::Play, (&place.key).into(), visitor)
        .with(credentials)
        .within(outputs.connections.events().spans().clone());
    let granted = match outputs.live.access().authorize(&request).settled() {
        Ok(answer) => answer,
        Err(later) => {
            let asking = Asking::of(asked, &request.visitor, &place.key);
            elsewhere(outputs, play, asking, later).await
        }
    };
    match granted {
        Ok(granted) => match granted.stream {
            None => Ok(place),
            Some(name) => place
                .named(&name)
                .ok_or_else(|| Box::new(reply::not_live())),
        },
        Err(refusal) => Err(Box::new(denied(asked, &refusal))),
    }
}

/// The answer of whoever decides outside of this program: that of a moment ago, if a play goes on. Rules have been asked.
async fn elsewhere(
    outputs: &Inner,
    play: Play,
    asking: Asking,
    later: Later<Granted>,
) -> Result<Granted, Refusal> {
    if play == Play::HlsGoesOn
        && let Some(Allowed { stream }) = outputs.grants.find(Instant::now(), &asking)
    {
        return Ok(Granted {
            stream,
            ..Granted::default()
        });
    }
    let granted = timeout(outputs.live.now().limits.decision, later)
        .await
        .unwrap_or_else(|_| Err(Refusal::too_late()));
    match &granted {
        Ok(granted) if matches!(play, Play::Hls | Play::HlsGoesOn) => {
            let stream = granted.stream.clone();
            outputs
                .grants
                .keep(Instant::now(), asking, Allowed { stream });
        }
        Ok(_) => {}
        Err(_) => outputs.grants.forget(&asking),
    }
    granted
}

/// Who asks. A page of a stranger gets nothing for the address of whoever has it open.
pub(super) fn visitor(outputs: &Inner, asked: &Asked, protocol: &'static str) -> Visitor {
    let settings = outputs.live.now();
    let OutputsConfig { origins, hosts, .. } = &settings.outputs;
    Visitor::of_http(&asked.info, &asked.fields, protocol, || {
        let is_tls = asked.info.tls.is_some();
        is_from_stranger(&asked.fields, is_tls, hosts, |page| origins.lists(page))
    })
}

fn denied(asked: &Asked, refusal: &Refusal) -> Response<HttpBody> {
    let status = match refusal.denial() {
        Some(Denial::Missing | Denial::Wrong | Denial::Expired) => StatusCode::UNAUTHORIZED,
        Some(Denial::TooManyGuesses) => StatusCode::TOO_MANY_REQUESTS,
        Some(Denial::Undecided) | None => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::FORBIDDEN,
    };
    let mut response = reply::text(status, "");
    let why = Why::new(refusal.logged().to_owned());
    response.extensions_mut().insert(why);
    *response.body_mut() = HttpBody::from(Bytes::from(format!("{}\n", refusal.description)));
    let fields = response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => {
            // A browser would put up a dialog of its own in the middle of somebody's page.
            let is_browser = asked.fields.contains_key("sec-fetch-mode");
            let scheme = if is_browser {
                "Bearer"
            } else {
                "Basic realm=\"adit\", charset=\"UTF-8\""
            };
            fields.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            fields.insert(header::RETRY_AFTER, reply::value("60"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            fields.insert(header::RETRY_AFTER, reply::value("5"));
        }
        _ => {}
    }
    response
}
