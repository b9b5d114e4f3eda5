//! Streams.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Api;
use super::super::input::{Asked, Body, Page, Reason, id, key};
use super::super::problem::{Problem, Problems};
use super::{Done, milliseconds, seconds_ago};
use crate::control::{StreamInfo, Tracks};

/// A stream.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Stream {
    /// Names it in paths; it is the same whenever the stream has this name.
    id: String,
    /// The virtual host; empty for all hosts that have no applications of their own.
    vhost: String,
    /// The application.
    application: String,
    /// The instance of it; `_definst_` where the address names none.
    instance: String,
    /// The name, which publishers and players chose: text of strangers.
    name: String,
    /// Whether somebody publishes it; others only wait for it.
    live: bool,
    /// How long it is live.
    live_seconds: Option<u64>,
    /// The connection that publishes it; null if it is the server itself, or a connection of the server that this one took over from.
    publisher: Option<u64>,
    /// Whether its publisher is still with the server that this one took over from.
    stayed: bool,
    /// Where the publisher is.
    peer: Option<String>,
    /// How many play it, or wait for it.
    players: usize,
    /// How many read it, recordings and relays included.
    readers: usize,
    /// Bits of media a second, on average over the last 10 seconds.
    bits_per_second: Option<u64>,
    /// Messages of media a second, on average over the last 10 seconds.
    messages_per_second: Option<f64>,
    /// Messages that came so far.
    messages: u64,
    /// Bytes of media that came so far.
    bytes: u64,
    /// How far apart its newest key frames are.
    key_frame_interval_ms: Option<u64>,
    /// Messages held for players that come and that are slow.
    held_messages: u64,
    /// Bytes of them.
    held_bytes: u64,
    /// How often a player was too slow, and messages were left out for it.
    skips: u64,
    /// How many messages were left out.
    skipped_messages: u64,
    /// Whether it is being recorded.
    recorded: bool,
    /// The program that encodes, as it says: text of a stranger.
    encoder: Option<String>,
    /// Video tracks.
    video: Vec<Video>,
    /// Audio tracks.
    audio: Vec<Audio>,
}

/// A video track.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Video {
    /// Its number.
    track: u8,
    /// The codec.
    #[schema(example = "h264")]
    codec: String,
    /// The codec as browsers want it.
    #[schema(example = "avc1.64001f")]
    codec_string: Option<String>,
    /// Pixels.
    width: Option<u32>,
    /// Pixels.
    height: Option<u32>,
    /// Pictures a second, as the encoder says.
    frame_rate: Option<f64>,
}

/// An audio track.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Audio {
    /// Its number.
    track: u8,
    /// The codec.
    #[schema(example = "aac")]
    codec: String,
    /// The codec as browsers want it.
    #[schema(example = "mp4a.40.2")]
    codec_string: Option<String>,
    /// Samples a second.
    sample_rate: Option<u32>,
    /// Channels.
    channels: Option<u8>,
}

/// A page of streams.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Streams {
    /// How many there are on all pages.
    total: usize,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
    /// Those of this page.
    items: Vec<Stream>,
}

/// Which streams are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Wanted {
    /// Only those of this application.
    application: Option<String>,
    /// Only those of this instance.
    instance: Option<String>,
    /// Only those of this name.
    name: Option<String>,
    /// How many items at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Wanted {
    fn takes(&self, stream: &StreamInfo) -> bool {
        let key = &stream.key;
        let parts = [
            (&self.application, key.application()),
            (&self.instance, key.instance()),
            (&self.name, key.name()),
        ];
        parts
            .iter()
            .all(|(wanted, is)| wanted.as_deref().is_none_or(|it| it == *is))
    }
}

impl From<StreamInfo> for Stream {
    fn from(info: StreamInfo) -> Self {
        let Tracks {
            video,
            audio,
            encoder,
            ..
        } = info.tracks;
        Self {
            id: id(&info.key),
            vhost: info.key.vhost().to_owned(),
            application: info.key.application().to_owned(),
            instance: info.key.instance().to_owned(),
            name: info.key.name().to_owned(),
            live: info.since.is_some(),
            live_seconds: info.since.map(seconds_ago),
            publisher: info.publisher.map(crate::ConnectionId::get),
            stayed: info.has_stayed,
            peer: info.peer,
            players: info.players,
            readers: info.readers,
            bits_per_second: info.rate.map(|rate| rate.bits),
            messages_per_second: info.rate.map(|rate| rate.frames),
            messages: info.stats.frames,
            bytes: info.stats.bytes,
            key_frame_interval_ms: info.stats.key_interval.map(milliseconds),
            held_messages: info.stats.held_frames,
            held_bytes: info.stats.held_bytes,
            skips: info.stats.skips,
            skipped_messages: info.stats.skipped_frames,
            recorded: info.is_recorded,
            encoder,
            video: video
                .into_iter()
                .map(|track| Video {
                    track: track.track,
                    codec: track.codec,
                    codec_string: track.codec_string,
                    width: track.width,
                    height: track.height,
                    frame_rate: track.frame_rate,
                })
                .collect(),
            audio: audio
                .into_iter()
                .map(|track| Audio {
                    track: track.track,
                    codec: track.codec,
                    codec_string: track.codec_string,
                    sample_rate: track.sample_rate,
                    channels: track.channels,
                })
                .collect(),
        }
    }
}

/// Streams that are published or waited for, in the order of their names
#[utoipa::path(get, path = "/streams", tag = "streams", params(Wanted), responses((status = 200, body = Streams), Problems))]
pub(in crate::api) async fn list(
    State(api): State<Arc<Api>>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Streams>, Problem> {
    let mut all = api.control.streams();
    all.retain(|stream| wanted.takes(stream));
    let page = Page::new(wanted.limit, wanted.after);
    let cut = page.cut(all, |stream| {
        let key = &stream.key;
        [key.vhost(), key.application(), key.instance(), key.name()].join("\0")
    })?;
    Ok(Json(Streams {
        total: cut.total,
        next: cut.next,
        items: cut.items.into_iter().map(Stream::from).collect(),
    }))
}

/// One stream
#[utoipa::path(get, path = "/streams/{id}", tag = "streams", params(("id" = String, Path)), responses((status = 200, body = Stream), Problems))]
pub(in crate::api) async fn one(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Stream>, Problem> {
    let stream = api.control.stream(&key(&id)?);
    let stream = stream.ok_or_else(|| Problem::not_found("there is no such stream"))?;
    Ok(Json(stream.into()))
}

/// End the connection that publishes a stream; an encoder that connects again may publish again
#[utoipa::path(post, path = "/streams/{id}/kick", tag = "streams", params(("id" = String, Path)), request_body = Option<Reason>, responses((status = 200, body = Done), Problems))]
pub(in crate::api) async fn kick(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    Body(reason): Body<Reason>,
) -> Result<Json<Done>, Problem> {
    let key = key(&id)?;
    api.control.kick_publisher(&key, reason.words()?).await?;
    Ok(Done::yes())
}

/// Record a stream until it ends or is not to be recorded any more; an earlier file is kept under another name
#[utoipa::path(post, path = "/streams/{id}/recording", tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = Done), Problems))]
pub(in crate::api) async fn record(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Done>, Problem> {
    api.control.start_recording(&key(&id)?).await?;
    Ok(Done::yes())
}

/// End the recording of a stream, whoever began it; the stream goes on
#[utoipa::path(delete, path = "/streams/{id}/recording", tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = Done), Problems))]
pub(in crate::api) async fn stop_recording(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Done>, Problem> {
    api.control.stop_recording(&key(&id)?).await?;
    Ok(Done::yes())
}
