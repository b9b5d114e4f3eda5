//! Live streams as HLS, with parts for players that want to be close to the live edge.
//!
//! ```text
//! …/STREAM/index.m3u8                 which codecs, which resolution
//! …/STREAM/media.m3u8                 segments and parts; ?_HLS_msn=7&_HLS_part=2 waits until there is such a part,
//!                                     and _HLS_skip=YES leaves out what has been known for long
//! …/STREAM/RUN-0.mp4                  what stands before fragments
//! …/STREAM/RUN-7.m4s, RUN-7.2.m4s     a segment, a part
//! ```
//!
//! A stream is packaged from the first request on, by one task that is a reader of the broker, until nobody has asked for a while.
//! Segments are in memory only, and bounded.

mod beat;
mod before;
mod bound;
mod clock;
mod heritage;
mod lane;
mod numbers;
mod packager;
mod playlist;
mod range;
mod segmenter;
mod viewers;
mod window;

use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_net::http::{HttpBody, Method, Response, StatusCode, header};
use bytes::Bytes;
use tokio::time::timeout;

pub(super) use self::before::list;
pub(super) use self::heritage::hand_over;
pub(super) use self::packager::Hls;

use self::packager::Stream;
use self::playlist::{Extent, MEDIA};
use self::viewers::Wish;
use self::window::{Found, Window};
use super::access::Play;
use super::place::{Place, Places};
use super::request::Asked;
use super::watcher::Watcher;
use super::{Inner, reply};
use crate::control::{Origin, Way};
use crate::limits::outputs::{HLS_READY, RESERVED_SEGMENTS};

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const SEGMENT: &str = "video/mp4";

/// Which file of a stream is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum File {
    /// The playlist of renditions.
    Index,
    /// The playlist of segments.
    Media,
    /// What playlists name.
    Other(String),
}

impl File {
    /// Whether a path that ends so is one of ours.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "index.m3u8" => Some(Self::Index),
            MEDIA => Some(Self::Media),
            _ => is_of_a_run(name).then(|| Self::Other(name.to_owned())),
        }
    }

    const fn play(&self) -> Play {
        match self {
            Self::Index => Play::Hls,
            Self::Media | Self::Other(_) => Play::HlsGoesOn,
        }
    }
}

/// Whether a name is one that playlists give to files: a number of a run in front, and media behind.
fn is_of_a_run(name: &str) -> bool {
    let stem = name
        .strip_suffix(".m4s")
        .or_else(|| name.strip_suffix(".mp4"));
    let run = stem
        .and_then(|stem| stem.split_once('-'))
        .map(|(run, _)| run);
    run.is_some_and(|run| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Sends whoever asks for `STREAM.m3u8` to `STREAM/index.m3u8`.
pub(super) fn redirect(asked: &Asked) -> Response<HttpBody> {
    let path = asked.uri.path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let stream = name.strip_suffix(".m3u8").unwrap_or(name);
    let query = asked
        .uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    // Relative to the path, so that it holds behind a proxy; `./`, for a name may have a colon.
    let target = format!("./{stream}/index.m3u8{query}");
    let words = "the playlist is where Location says\n";
    let mut response = reply::text(StatusCode::TEMPORARY_REDIRECT, words);
    if let Ok(target) = target.try_into() {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response
}

pub(super) async fn answer(
    outputs: &Arc<Inner>,
    asked: &Asked,
    places: &Places,
    file: File,
) -> Response<HttpBody> {
    let place = match outputs.find(asked, places, file.play()).await {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    let comes_late = outputs.phase.refuses_strangers();
    if comes_late && file == File::Index {
        return reply::leaving();
    }
    let begins = !comes_late && matches!(file, File::Index | File::Media);
    if begins && !may_begin(outputs, asked, &place).await {
        return reply::not_live();
    }
    let stream = match outputs.hls.stream(outputs, &place.key, begins).await {
        Ok(stream) => stream,
        Err(packager::None::Given) => return reply::leaving(),
        Err(packager::None::NotLive) if comes_late => return reply::leaving(),
        Err(packager::None::NotLive) => return reply::not_live(),
        Err(packager::None::TooMany) => return reply::busy(),
    };
    if !is_there(&stream).await {
        return reply::not_live();
    }
    let wish = match file {
        File::Index => Wish::Begin,
        _ if comes_late => Wish::Stay,
        _ => Wish::GoOn,
    };
    let enter = || enter(outputs, asked, &place);
    let peer = asked.info.peer.ip();
    let viewers = &stream.viewers;
    if viewers.asks(Instant::now(), peer, wish, enter).is_err() {
        if comes_late {
            return reply::leaving();
        }
        let words = "the operator has ended this; it begins again with index.m3u8\n";
        return reply::text(StatusCode::FORBIDDEN, words);
    }
    let (response, delay) = match file {
        File::Index => (index(&stream, asked).await, None),
        File::Media => (media(&stream, asked).await, None),
        File::Other(name) => other(&stream, asked, &name).await,
    };
    let bytes = if asked.method == Method::HEAD {
        0
    } else {
        length(&response)
    };
    viewers.gets(Instant::now(), peer, bytes, delay);
    response
}

/// Whether there is anything of a stream, once that is known.
async fn is_there(stream: &Stream) -> bool {
    if stream.is_settled() {
        return true;
    }
    let settled = until(stream, HLS_READY, |_| stream.is_settled()).await;
    settled.is_some() && !stream.window().is_void()
}

/// Whether there may be something to package: waits for what is fetched, and for whatever the viewer wants to wait for.
async fn may_begin(outputs: &Inner, asked: &Asked, place: &Place) -> bool {
    if outputs.broker.is_published(&place.key) {
        return true;
    }
    let is_fetched = outputs.relays.fetches(&place.key);
    if !is_fetched && asked.patience().is_zero() {
        return true;
    }
    // It is a reader while it waits, and that is why it is fetched. From here on the packager is one.
    let begun = outputs.begun(place.key.clone(), asked.patience()).await;
    begun.is_some() || !is_fetched
}

/// Lists somebody who begins to watch.
fn enter(outputs: &Inner, asked: &Asked, place: &Place) -> Watcher {
    let who = Origin::by(Way::Hls, &asked.info);
    let program = asked.field(header::USER_AGENT);
    let shown = outputs.live.access().shown(place.key.clone());
    Watcher::enter(&outputs.connections, who, program, &shown)
}

/// How long a body is that says so.
fn length(response: &Response<HttpBody>) -> usize {
    let field = response.headers().get(header::CONTENT_LENGTH);
    let text = field.and_then(|field| field.to_str().ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

async fn index(stream: &Stream, asked: &Asked) -> Response<HttpBody> {
    let query = query(asked);
    if until(stream, HLS_READY, Window::is_ready).await.is_none() {
        return nothing_yet();
    }
    let text = playlist::multivariant(&stream.window(), &query);
    text.map_or_else(nothing_yet, |text| playlist(asked, text))
}

async fn media(stream: &Stream, asked: &Asked) -> Response<HttpBody> {
    let query_of = asked.query();
    let number = |name: &str| query_of.value(name).map(str::parse::<u64>).transpose();
    let (Ok(segment), Ok(part)) = (number("_HLS_msn"), number("_HLS_part")) else {
        return refusal("_HLS_msn and _HLS_part are numbers\n");
    };
    let part = part.map(|part| usize::try_from(part).unwrap_or(usize::MAX));
    let patience = match segment {
        None if part.is_some() => return refusal("_HLS_part needs _HLS_msn\n"),
        None => HLS_READY,
        Some(segment) => {
            let window = stream.window();
            let is_too_far = segment > window.head().saturating_add(RESERVED_SEGMENTS)
                || part.is_some_and(|part| {
                    playlist::is_too_far(&window, stream.lengths, segment, part)
                });
            if is_too_far && window.end.is_none() {
                return refusal("this segment or part is too far in the future\n");
            }
            let target = playlist::target_seconds(&window, stream.lengths);
            Duration::from_secs(target.unsigned_abs().saturating_mul(3))
        }
    };
    let there = |window: &Window| {
        window.is_ready() && segment.is_none_or(|segment| window.has(segment, part))
    };
    if until(stream, patience, there).await.is_none() {
        return nothing_yet();
    }
    let extent = match query_of.value("_HLS_skip") {
        Some("YES" | "v2") => Extent::New,
        _ => Extent::All,
    };
    let text = playlist::media(&stream.window(), stream.lengths, &query(asked), extent);
    playlist(asked, text)
}

/// A file, and how long its media took from the arrival of the first of it, if it was waited for.
async fn other(
    stream: &Stream,
    asked: &Asked,
    name: &str,
) -> (Response<HttpBody>, Option<Duration>) {
    let mut found = stream.window().find(name);
    let mut delay = None;
    if let Found::Soon { segment, part } = found {
        // The part that was hinted at: it is sent as soon as it is there.
        let there = |window: &Window| window.has(segment, Some(part));
        let since = until(stream, HLS_READY, there).await;
        let window = stream.window();
        found = window.find(name);
        let lasts = window.part_length(segment, part);
        delay = since
            .zip(lasts)
            .map(|(since, lasts)| lasts.saturating_add(since.elapsed()));
    }
    let response = match found {
        Found::Here(fragments) => {
            let pieces = fragments.iter().flat_map(|fragment| fragment.pieces());
            file(asked, pieces.cloned().collect())
        }
        Found::Init(bytes) => file(asked, vec![bytes]),
        Found::Soon { .. } | Found::Missing => reply::text(
            StatusCode::NOT_FOUND,
            "there is no such segment, or not any more\n",
        ),
    };
    (response, delay)
}

/// Waits until the window is as it is wanted, and says since when it is; nothing if that takes too long.
async fn until(
    stream: &Stream,
    patience: Duration,
    wanted: impl Fn(&Window) -> bool,
) -> Option<Instant> {
    let mut changes = stream.changes();
    let wait = changes.wait_for(|_| wanted(&stream.window()));
    let changed = timeout(patience, wait).await.ok()?.ok()?;
    Some(*changed)
}

fn nothing_yet() -> Response<HttpBody> {
    let mut response = reply::text(
        StatusCode::SERVICE_UNAVAILABLE,
        "there is nothing to play yet, or nothing that HLS carries\n",
    );
    let fields = response.headers_mut();
    fields.insert(header::RETRY_AFTER, reply::value("1"));
    response
}

fn refusal(words: &'static str) -> Response<HttpBody> {
    reply::text(StatusCode::BAD_REQUEST, words)
}

/// What is added to the addresses of a playlist: what the viewer has shown to get it, but not what it wanted to wait for.
fn query(asked: &Asked) -> String {
    let kept = asked.own_query();
    if kept.is_empty() {
        return kept;
    }
    // What would end the quotes around an address.
    format!("?{}", kept.replace('"', "%22"))
}

fn playlist(asked: &Asked, text: String) -> Response<HttpBody> {
    let length = text.len();
    let body = if asked.method == Method::HEAD {
        HttpBody::default()
    } else {
        HttpBody::from(Bytes::from(text))
    };
    let mut response = reply::media(PLAYLIST, body);
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, reply::value("no-cache"));
    fields.insert(header::CONTENT_LENGTH, length.into());
    response
}

/// A file that never changes under its name.
fn file(asked: &Asked, pieces: Vec<Bytes>) -> Response<HttpBody> {
    let mut response = range::answer(asked, pieces);
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, reply::value(SEGMENT));
    // Whoever got it by showing something does not get it for others.
    let is_open = asked.uri.query().is_none() && !asked.fields.contains_key(header::AUTHORIZATION);
    let cache = if is_open {
        "public, max-age=60, immutable"
    } else {
        "private, max-age=60"
    };
    fields.insert(header::CACHE_CONTROL, reply::value(cache));
    response
}
