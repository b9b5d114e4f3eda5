//! Rounds into a table for people and JSON for machines.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    error::{Doing, Result},
    measure::Machine,
    media,
    round::Round,
    server::Kind,
    stats::{Percentiles, median},
};

/// Above this part of a core the swarm is no longer certain to keep up.
const SWARM_LIMIT: f64 = 0.9;

/// Cores kept busy by others above which a round is marked.
const FOREIGN_LIMIT: f64 = 0.1;

/// Everything a run has found.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) date: String,
    pub(crate) versions: Vec<(Kind, String)>,
    pub(crate) players: u32,
    pub(crate) seconds: u32,
    pub(crate) rounds: Vec<Round>,
}

/// Medians of one server over its rounds.
#[derive(Debug)]
struct Summary {
    kind: Kind,
    megabits_per_second: f64,
    share: f64,
    cpu_per_gigabit: f64,
    /// Of the ratios within each round.
    to_nginx: Option<f64>,
    to_limit: Option<f64>,
    delay: DelaySummary,
    resident_bytes: f64,
    bytes_per_player: f64,
    bytes_per_idle: Option<f64>,
    faults: u64,
}

/// Medians of percentiles, in microseconds.
#[derive(Debug)]
struct DelaySummary {
    video_p50: Option<f64>,
    video_p99: Option<f64>,
    audio_p50: Option<f64>,
}

impl Report {
    /// The table, and below it what one must know to read it.
    pub(crate) fn table(&self) -> String {
        let mut rows = vec![
            [
                "server",
                "players",
                "Mbit/s",
                "share",
                "CPU-s/Gbit",
                "x nginx",
                "x loop",
                "p50 us",
                "p99 us",
                "RSS MB",
                "B/player",
                "B/idle",
                "faults",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        let optional = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        for summary in self.summaries() {
            rows.push(vec![
                summary.kind.to_string(),
                self.players.to_string(),
                format!("{:.0}", summary.megabits_per_second),
                format!("{:.3}", summary.share),
                format!("{:.4}", summary.cpu_per_gigabit),
                optional(summary.to_nginx, 2),
                optional(summary.to_limit, 2),
                optional(summary.delay.video_p50, 0),
                optional(summary.delay.video_p99, 0),
                format!("{:.1}", summary.resident_bytes / 1e6),
                format!("{:.0}", summary.bytes_per_player),
                optional(summary.bytes_per_idle, 0),
                summary.faults.to_string(),
            ]);
        }
        let mut text = format!(
            "\n{}: {} cores, {}, kernel {}\n\n",
            self.date, self.machine.cores, self.machine.system, self.machine.kernel
        );
        text.push_str(&aligned(&rows));
        text.push_str(&self.notes());
        text
    }

    fn notes(&self) -> String {
        let rounds = self
            .rounds
            .iter()
            .map(|round| round.number)
            .max()
            .unwrap_or_default();
        let mut notes = format!(
            "\n\
             medians of {rounds} rounds of {} s; CPU of the server process for payload delivered\n\
             x nginx, x loop: ratios within a round, the loop being the one that writes as often\n\
             share: of what all players should get; one that gathers may be a batch off\n\
             p50, p99: video messages, from the publisher's write to the player's read\n",
            self.seconds
        );
        for round in &self.rounds {
            let name = format!("round {}, {}", round.number, round.kind);
            for reason in &round.faults.reasons {
                notes.push_str(&format_line(&name, reason));
            }
            if round.swarm_load() > SWARM_LIMIT {
                let what = "the swarm was busy all the time: delays and shares are its own";
                notes.push_str(&format_line(&name, what));
            }
            if round.foreign_load() > FOREIGN_LIMIT {
                let cores = round.foreign_load();
                let what = format!("other processes kept {cores:.1} cores busy");
                notes.push_str(&format_line(&name, &what));
            }
        }
        notes
    }

    /// Writes all rounds, their medians, the machine and the date.
    pub(crate) fn write_json(&self, path: &Path) -> Result<()> {
        let mut text = format!("{:#}", self.json());
        text.push('\n');
        fs::write(path, text).doing(|| format!("writing {}", path.display()))
    }

    fn json(&self) -> Value {
        let versions: serde_json::Map<_, _> = self
            .versions
            .iter()
            .map(|(kind, version)| (kind.to_string(), json!(version)))
            .collect();
        json!({
            "benchmark": "fanout",
            "date": self.date,
            "machine": {
                "cores": self.machine.cores,
                "cpu": self.machine.cpu,
                "memory_mib": self.machine.memory_mib,
                "kernel": self.machine.kernel,
                "system": self.machine.system,
                "load_before": self.machine.load_before,
            },
            "versions": versions,
            "stream": {
                "payload_bytes_per_second": media::bytes_per_second(),
                "video_messages_per_second": media::VIDEO_PER_SECOND,
                "audio_messages_per_second": media::AUDIO_PER_SECOND,
                "key_frame_bytes": media::KEY_BYTES,
                "inter_frame_bytes": media::INTER_BYTES,
                "audio_bytes": media::AUDIO_BYTES,
                "gop_messages": media::GOP,
            },
            "players": self.players,
            "seconds": self.seconds,
            "summary": self.summaries().iter().map(summary_json).collect::<Vec<_>>(),
            "rounds": self.rounds.iter().map(round_json).collect::<Vec<_>>(),
        })
    }

    fn summaries(&self) -> Vec<Summary> {
        self.versions
            .iter()
            .filter_map(|(kind, _)| self.summary(*kind))
            .collect()
    }

    fn summary(&self, kind: Kind) -> Option<Summary> {
        let rounds: Vec<_> = self
            .rounds
            .iter()
            .filter(|round| round.kind == kind)
            .collect();
        let of = |value: fn(&Round) -> f64| median(rounds.iter().map(|round| value(round)));
        let of_some = |value: fn(&Round) -> Option<f64>| {
            median(rounds.iter().filter_map(|round| value(round)))
        };
        Some(Summary {
            kind,
            megabits_per_second: of(Round::megabits_per_second)?,
            share: of(Round::share)?,
            cpu_per_gigabit: of(Round::cpu_per_gigabit)?,
            to_nginx: self.ratio(kind, Kind::Nginx),
            to_limit: self.ratio(kind, kind.limit()),
            delay: DelaySummary {
                video_p50: of_some(|round| round.video_delay.map(|delay| f64::from(delay.p50))),
                video_p99: of_some(|round| round.video_delay.map(|delay| f64::from(delay.p99))),
                audio_p50: of_some(|round| round.audio_delay.map(|delay| f64::from(delay.p50))),
            },
            resident_bytes: of(|round| round.memory.playing as f64)?,
            bytes_per_player: of(Round::bytes_per_player)?,
            bytes_per_idle: of_some(|round| round.idle.map(|idle| idle.bytes_each())),
            faults: rounds.iter().map(|round| round.faults.total()).sum(),
        })
    }

    /// CPU per gigabit of `kind` against `other`: the median of the ratios within each round.
    fn ratio(&self, kind: Kind, other: Kind) -> Option<f64> {
        let cost = |kind: Kind, number: u32| {
            let mut rounds = self.rounds.iter();
            rounds
                .find(|round| round.kind == kind && round.number == number)
                .map(Round::cpu_per_gigabit)
        };
        let numbers = self.rounds.iter().filter(|round| round.kind == kind);
        median(numbers.filter_map(|round| {
            let ratio = round.cpu_per_gigabit() / cost(other, round.number)?;
            ratio.is_finite().then_some(ratio)
        }))
    }
}

/// One round in one line.
pub(crate) fn progress(round: &Round, rounds: u32) -> String {
    format!(
        "round {}/{rounds} {}: {:.0} Mbit/s, {:.4} CPU-s/Gbit, {} faults; cores busy: swarm {:.2}, \
         others {:.2}",
        round.number,
        round.kind,
        round.megabits_per_second(),
        round.cpu_per_gigabit(),
        round.faults.total(),
        round.swarm_load(),
        round.foreign_load()
    )
}

fn format_line(name: &str, what: &str) -> String {
    format!("{name}: {what}\n")
}

/// The first column to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = match column {
                0 => format!("{cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            };
            text.push_str(&cell);
        }
        text.push('\n');
    }
    text
}

fn summary_json(summary: &Summary) -> Value {
    json!({
        "server": summary.kind.to_string(),
        "mbit_per_s": summary.megabits_per_second,
        "share": summary.share,
        "cpu_s_per_gbit": summary.cpu_per_gigabit,
        "ratio_to_nginx": summary.to_nginx,
        "ratio_to_loop": summary.to_limit,
        "loop": summary.kind.limit().to_string(),
        "video_delay_p50_us": summary.delay.video_p50,
        "video_delay_p99_us": summary.delay.video_p99,
        "audio_delay_p50_us": summary.delay.audio_p50,
        "resident_bytes": summary.resident_bytes,
        "bytes_per_player": summary.bytes_per_player,
        "bytes_per_idle_connection": summary.bytes_per_idle,
        "faults": summary.faults,
    })
}

fn round_json(round: &Round) -> Value {
    json!({
        "round": round.number,
        "server": round.kind.to_string(),
        "players": round.players,
        "ramp_s": round.ramp_s,
        "window_s": round.delivery.window_s,
        "messages": round.delivery.messages,
        "payload_bytes": round.delivery.payload_bytes,
        "wire_bytes": round.delivery.wire_bytes,
        "expected_bytes": round.delivery.expected_bytes,
        "share": round.share(),
        "mbit_per_s": round.megabits_per_second(),
        "cpu_user_s": round.cpu.server.user,
        "cpu_system_s": round.cpu.server.system,
        "cpu_s_per_gbit": round.cpu_per_gigabit(),
        "swarm_cpu_s": round.cpu.swarm_s,
        "others_cpu_s": round.cpu.others_s,
        "publisher_late_us": round.publisher_late_us,
        "resident_started": round.memory.started,
        "resident_published": round.memory.published,
        "resident_playing": round.memory.playing,
        "bytes_per_player": round.bytes_per_player(),
        "idle": round.idle.map(|idle| json!({
            "connections": idle.connections,
            "resident_before": idle.before,
            "resident_with_them": idle.with_them,
            "bytes_each": idle.bytes_each(),
        })),
        "video_delay_us": round.video_delay.as_ref().map(delay_json),
        "audio_delay_us": round.audio_delay.as_ref().map(delay_json),
        "faults": {
            "missing": round.faults.missing,
            "disordered": round.faults.disordered,
            "corrupt": round.faults.corrupt,
            "wrong_timestamp": round.faults.wrong_timestamp,
            "headers_missing": round.faults.headers_missing,
            "lost_players": round.faults.lost,
            "never_arrived": round.faults.never_arrived,
            "stalled_players": round.faults.stalled,
            "reasons": round.faults.reasons,
        },
    })
}

fn delay_json(delay: &Percentiles) -> Value {
    json!({
        "p50": delay.p50,
        "p90": delay.p90,
        "p99": delay.p99,
        "max": delay.max,
        "samples": delay.count,
    })
}

#[cfg(test)]
mod tests;
