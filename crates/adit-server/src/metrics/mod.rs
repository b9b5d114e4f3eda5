//! Numbers for Prometheus, read from the counters that are there when somebody asks for them. `docs/metrics.md` lists them.

mod format;
mod process;
mod write;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

pub(crate) use self::format::Format;
use self::format::plain;
use self::write::Writer;
use crate::control::{Control, Traffic};
use crate::relays::{Direction, RelayCounts, word};

/// The numbers of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Registry>);

impl Metrics {
    /// `unauthorized` counts requests to the API without the right token.
    pub(crate) fn new(control: Control, unauthorized: Arc<AtomicU64>) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Server(control, unauthorized)));
        Self(Arc::new(registry))
    }

    /// All of them as text. Blocks: some are asked of the system.
    pub(crate) fn text(&self, format: Format) -> String {
        let mut text = String::new();
        // A text takes everything that is written to it.
        if encode(&mut text, &self.0).is_err() {
            text.clear();
        }
        match format {
            Format::Open => text,
            Format::Plain => plain(&text),
        }
    }
}

#[derive(Debug)]
struct Server(Control, Arc<AtomicU64>);

impl Collector for Server {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut writer = Writer(encoder);
        self.itself(&mut writer)?;
        self.connections(&mut writer)?;
        self.ports(&mut writer)?;
        self.media(&mut writer)?;
        self.recordings(&mut writer)?;
        self.relays(&mut writer)?;
        self.objects(&mut writer)?;
        self.limits(&mut writer)?;
        writer.counter(
            "adit_api_unauthorized",
            "Requests to the API without the right token",
            self.1.load(Ordering::Relaxed),
        )?;
        process::write(&mut writer)
    }
}

impl Server {
    fn itself(&self, to: &mut Writer<'_>) -> fmt::Result {
        let info = self.0.server();
        let started = info.started_at.duration_since(UNIX_EPOCH);
        to.info("adit_build", "The server", &[("version", info.version)])?;
        to.gauge(
            "adit_start_time_seconds",
            "When the server was started, in seconds since 1970",
            started.unwrap_or_default().as_secs_f64(),
        )?;
        to.gauge(
            "adit_ready",
            "Whether the ports are served, and who comes is let in",
            f64::from(u8::from(info.is_serving && !info.is_draining)),
        )?;
        to.gauge(
            "adit_loop_lag_seconds",
            "How late tasks of the server get their turns",
            info.lag.as_secs_f64(),
        )?;
        to.gauge(
            "adit_memory_shortage",
            "How short of memory the server is",
            f64::from(info.shortage.level()),
        )?;
        if let Some(memory) = info.memory {
            to.gauge(
                "adit_memory_used_bytes",
                "Memory that counts against the limit of the server",
                bytes(memory.used),
            )?;
            to.gauge(
                "adit_memory_limit_bytes",
                "Memory that the server may use",
                bytes(memory.total),
            )?;
        }
        let expiry = self.0.tls().and_then(adit_net::tls::Tls::expires_at);
        if let Some(since) = expiry.and_then(|at: SystemTime| at.duration_since(UNIX_EPOCH).ok()) {
            to.gauge(
                "adit_tls_certificate_expiry_timestamp_seconds",
                "When the certificate ends to be valid, in seconds since 1970",
                since.as_secs_f64(),
            )?;
        }
        Ok(())
    }

    fn connections(&self, to: &mut Writer<'_>) -> fmt::Result {
        type Of = fn(&Traffic) -> u64;
        let traffic = self.0.traffic();
        let by_transport = |of: Of| {
            let all = traffic.iter();
            all.map(|(way, it)| (way.as_str(), of(it)))
                .collect::<Vec<_>>()
        };
        let gauges: [(_, _, Of); 3] = [
            ("adit_connections", "Connections that are open", |it| {
                it.open
            }),
            (
                "adit_publishers",
                "Streams that are published over connections",
                |it| it.publishers,
            ),
            (
                "adit_players",
                "Streams that are played or waited for over connections",
                |it| it.players,
            ),
        ];
        for (name, help, of) in gauges {
            to.gauges(name, help, "transport", &by_transport(of))?;
        }
        let counters: [(_, _, Of); 5] = [
            ("adit_connections_opened", "Connections so far", |it| {
                it.opened
            }),
            (
                "adit_received_bytes",
                "Bytes that came over connections",
                |it| it.received_bytes,
            ),
            (
                "adit_sent_bytes",
                "Bytes that went over connections",
                |it| it.sent_bytes,
            ),
            (
                "adit_publishes",
                "Publications that began over connections",
                |it| it.publishes,
            ),
            ("adit_plays", "Plays that began over connections", |it| {
                it.plays
            }),
        ];
        for (name, help, of) in counters {
            to.counters(name, help, "transport", &by_transport(of))?;
        }
        Ok(())
    }

    fn ports(&self, to: &mut Writer<'_>) -> fmt::Result {
        let stats = self.0.stats();
        to.counter(
            "adit_sessions_panicked",
            "Sessions that a defect of the server ended",
            stats.snapshot().panicked,
        )?;
        let net: Vec<_> = stats.net().all().collect();
        to.counters(
            "adit_net_events",
            "What happened at the ports",
            "event",
            &net,
        )
    }

    fn media(&self, to: &mut Writer<'_>) -> fmt::Result {
        let streams = self.0.stats().broker();
        to.gauge(
            "adit_streams",
            "Streams that are published",
            float(streams.published),
        )?;
        self.lanes(to)?;
        let broker = streams.counters;
        for (name, help, count) in [
            (
                "adit_publications",
                "Publications that began, those of the server itself and of relays included",
                broker.publications,
            ),
            (
                "adit_publications_refused",
                "Publications that were refused because the name was in use",
                broker.refused,
            ),
            (
                "adit_publications_of_other_codecs",
                "Publications that ended, or did not begin, because their application does not take their codec",
                self.0.stats().codecs_refused(),
            ),
            (
                "adit_media_messages",
                "Messages of media that came",
                broker.frames,
            ),
            (
                "adit_media_bytes",
                "Bytes of media that came, without what RTMP adds",
                broker.bytes,
            ),
            (
                "adit_skips",
                "How often a reader was so slow that messages were left out for it",
                broker.skips,
            ),
            (
                "adit_skipped_messages",
                "Messages that were left out for slow readers",
                broker.skipped_frames,
            ),
        ] {
            to.counter(name, help, count)?;
        }
        let delays = self.0.delays();
        let delays: Vec<_> = delays.iter().map(|(way, it)| (way.as_str(), it)).collect();
        to.histograms(
            "adit_delivery_delay_seconds",
            "From the arrival of media until it was written to a player: one write of each player in 64, and each part of HLS that was waited for",
            "transport",
            &delays,
        )
    }

    fn lanes(&self, to: &mut Writer<'_>) -> fmt::Result {
        let riding = self.0.riding();
        to.gauge(
            "adit_lanes",
            "Tasks that write the same to many players",
            float(riding.lanes),
        )?;
        to.gauge(
            "adit_lane_players",
            "Players that such a task writes to",
            float(riding.players),
        )
    }

    fn recordings(&self, to: &mut Writer<'_>) -> fmt::Result {
        let running = self.0.recordings();
        let lag = running.iter().map(|it| it.lag).max().unwrap_or_default();
        to.gauge(
            "adit_recordings",
            "Recordings under way",
            float(running.len()),
        )?;
        to.gauge(
            "adit_recording_lag_seconds",
            "How long the oldest message waits for the disk, in the recording that is worst",
            lag.as_secs_f64(),
        )?;
        let so_far = self.0.stats().recordings().unwrap_or_default();
        for (name, help, count) in [
            (
                "adit_recording_files_started",
                "Files that were begun or gone on with",
                so_far.started,
            ),
            (
                "adit_recording_files_finished",
                "Files that were finished",
                so_far.finished,
            ),
            (
                "adit_recording_files_repaired",
                "Files that a crash had left and that were repaired",
                so_far.repaired,
            ),
            (
                "adit_recording_failures",
                "How often a recording could not begin or go on",
                so_far.failed,
            ),
            (
                "adit_recording_gaps",
                "How often a disk was too slow, so that messages are missing",
                so_far.gaps,
            ),
            (
                "adit_recording_gap_messages",
                "Messages that are missing for that",
                so_far.gap_frames,
            ),
        ] {
            to.counter(name, help, count)?;
        }
        Ok(())
    }

    fn relays(&self, to: &mut Writer<'_>) -> fmt::Result {
        type Of = fn(&RelayCounts) -> u64;
        let mut legs = [("connecting", 0), ("running", 0), ("waiting", 0)];
        let relays = self.0.relays();
        for leg in relays.iter().flat_map(|relay| &relay.legs) {
            let word = leg.state.as_str();
            for (_, count) in legs.iter_mut().filter(|(state, _)| *state == word) {
                *count += 1;
            }
        }
        to.gauges(
            "adit_relays",
            "Streams that are relayed or should be, by how that goes",
            "state",
            &legs,
        )?;
        let counters: [(_, _, Of); 5] = [
            (
                "adit_relay_messages",
                "Messages of media that were relayed",
                |it| it.messages,
            ),
            (
                "adit_relay_bytes",
                "Bytes of media that were relayed",
                |it| it.bytes,
            ),
            (
                "adit_relay_connections",
                "Connections of relays on which the far side let the stream in",
                |it| it.connections,
            ),
            (
                "adit_relay_failures",
                "Connections of relays that broke or did not come about",
                |it| it.failures,
            ),
            (
                "adit_relay_skipped_messages",
                "Messages that far sides of relays did not get, because they were slow or away",
                |it| it.skipped,
            ),
        ];
        let stats = self.0.stats();
        for (name, help, of) in counters {
            let ways = [Direction::Push, Direction::Pull];
            let all = ways.map(|way| (word(way), of(&stats.relays(way))));
            to.counters(name, help, "direction", &all)?;
        }
        Ok(())
    }

    fn objects(&self, to: &mut Writer<'_>) -> fmt::Result {
        let objects = self.0.stats().objects();
        to.gauge(
            "adit_shared_objects",
            "Shared objects in memory",
            float(objects.objects),
        )?;
        to.gauge(
            "adit_shared_object_bytes",
            "Bytes of their slots",
            float(objects.bytes),
        )?;
        to.counter(
            "adit_shared_object_joins",
            "Members that joined",
            objects.joined,
        )?;
        to.counter(
            "adit_shared_object_updates",
            "Changes that members were told",
            objects.updates,
        )
    }

    fn limits(&self, to: &mut Writer<'_>) -> fmt::Result {
        let hits: Vec<_> = self.0.stats().limits().into_iter().collect();
        to.counters(
            "adit_limit_hits",
            "How often each limit was hit, by its key",
            "limit",
            &hits,
        )
    }
}

/// Exact up to 8 PiB.
#[expect(
    clippy::cast_precision_loss,
    reason = "what is lost is nothing beside so many bytes"
)]
const fn bytes(count: u64) -> f64 {
    count as f64
}

/// Exact up to what a number of 32 bits holds, which is enough for what there is.
fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
