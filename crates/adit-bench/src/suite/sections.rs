//! What is measured, and how it is shown.

use super::{
    Bench,
    case::{Base, Case},
    figures::{Figure, Figures},
    measures,
    results::Quantity,
    table::Column,
};
use crate::{
    cli::{self, Latency, LoopMode},
    error::Result,
    server::Kind,
    swarm::{Faults, Way},
};

/// Cases that take turns, and their table.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: cli::Section,
    pub(super) title: &'static str,
    /// What one must know to read the table.
    pub(super) about: String,
    /// What the load of a case is.
    pub(super) load: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) cases: Vec<Case>,
    pub(super) measure: fn(&Bench, Case) -> Result<(Figures, Faults)>,
}

const ADIT: Kind = Kind::Adit(Latency::Balanced);
const FRAMES: Kind = Kind::Loop(LoopMode::Frame);

/// What the columns of players mean, wherever there are such.
const PLAYERS: &str = "CPU is that of the server's process, for payload delivered. × loop holds it against the bare loop that writes as often. \
    Delay is from the publisher's write to the player's read of video messages. Load is the part of a core that the swarm used, in which every \
    message is checked for order, length and content.";

/// All sections, each load divided by `scale`; `rivals` take part besides nginx-rtmp wherever plain RTMP is all there is to it.
pub(super) fn all(scale: u32, rivals: &[cli::Rival]) -> Vec<Section> {
    let many = |load: u32| (load / scale).max(2);
    let modes = [
        Kind::Adit(Latency::Low),
        ADIT,
        Kind::Adit(Latency::Throughput),
        Kind::Nginx,
        Kind::Loop(LoopMode::Message),
        FRAMES,
        Kind::Loop(LoopMode::ThreeHertz),
    ];
    let mut sections = vec![
        fanout(&modes, many(1000)),
        sweep(&[100, 500, 2000, 4000].map(many)),
        rtmps(many(400)),
        rtmpt(many(500)),
        ffmpeg(many(20)),
        one(),
        memory(many(1000)),
        publishers(many(500)),
        setup([many(50), many(400)]),
        start(),
    ];
    for section in &mut sections {
        let is_open = !matches!(
            section.name,
            cli::Section::Sweep | cli::Section::Rtmps | cli::Section::Rtmpt | cli::Section::Ffmpeg
        );
        let loads: Vec<_> = section
            .cases
            .iter()
            .filter(|case| case.kind == Kind::Nginx)
            .map(|case| case.load)
            .collect();
        for rival in rivals.iter().filter(|_| is_open) {
            section
                .cases
                .extend(loads.iter().map(|load| Case::new(rival.kind(), *load)));
        }
    }
    sections
}

/// One publisher of 2.5 Mbit/s and many players.
pub(super) fn fanout(kinds: &[Kind], players: u32) -> Section {
    Section {
        name: cli::Section::Fanout,
        title: "Fan-out",
        about: format!(
            "One publisher of 2.5 Mbit/s: 30 video messages of 10.25 kB and 43 audio messages of 280 B a second. {PLAYERS}"
        ),
        load: "players",
        columns: player_columns(),
        cases: kinds.iter().map(|kind| Case::new(*kind, players)).collect(),
        measure: measures::fanout,
    }
}

fn sweep(loads: &[u32]) -> Section {
    let mut columns = cpu_columns();
    columns.push(Column::new(
        "× fewest",
        Quantity::Ratio(Figure::CpuSPerGbit, Base::Lightest),
        2,
    ));
    columns.push(cores("server, cores", Figure::Cores));
    columns.extend(delay_columns());
    Section {
        name: cli::Section::Sweep,
        title: "More and more players",
        about: format!(
            "The same stream, with windows of 2 s; 1,000 players are in the table above. × fewest holds the CPU for each gigabit against that of the fewest players. {PLAYERS}"
        ),
        load: "players",
        columns,
        cases: loads
            .iter()
            .flat_map(|load| [ADIT, Kind::Nginx, FRAMES].map(|kind| Case::new(kind, *load)))
            .collect(),
        measure: measures::short_fanout,
    }
}

fn rtmps(players: u32) -> Section {
    Section {
        name: cli::Section::Rtmps,
        title: "RTMPS",
        about: format!(
            "The same stream over TLS 1.3; the loop is rustls with aws-lc writing the same bytes to every player. nginx-rtmp has no TLS and is there over plain RTMP. {PLAYERS}"
        ),
        load: "players",
        columns: player_columns(),
        cases: vec![
            Case::new(ADIT, players).by(Way::Rtmps),
            Case::new(FRAMES, players).by(Way::Rtmps),
            Case::new(Kind::Nginx, players),
        ],
        measure: measures::fanout,
    }
}

fn rtmpt(players: u32) -> Section {
    let mut columns = cpu_columns();
    columns.push(Column::new(
        "× direct",
        Quantity::Ratio(Figure::CpuSPerGbit, Base::Direct),
        2,
    ));
    columns.push(cores("server, cores", Figure::Cores));
    columns.extend(delay_columns());
    Section {
        name: cli::Section::Rtmpt,
        title: "RTMPT",
        about: format!(
            "One publisher of 1 Mbit/s in the same rhythm, the server bound to one core. Tunnelled players poll as Adit's client does: its own state machine decides. × direct holds the CPU against the same players over RTMP. {PLAYERS}"
        ),
        load: "players",
        columns,
        cases: vec![
            Case::new(ADIT, players).by(Way::Rtmpt),
            Case::new(ADIT, players),
            Case::new(Kind::Nginx, players),
            Case::new(FRAMES, players),
        ],
        measure: measures::one_core_fanout,
    }
}

fn ffmpeg(players: u32) -> Section {
    Section {
        name: cli::Section::Ffmpeg,
        title: "RTMPT: ffmpeg",
        about: "Debian's ffmpeg playing the stream of 1 Mbit/s. It copies the audio into a file, whose growth says what share of the stream came; a player that got nothing is \
                a fault. CPU is that of the server's process. × direct holds it against the same players over RTMP."
            .to_owned(),
        load: "players",
        columns: vec![
            Column::new("Mbit/s", Quantity::Value(Figure::MbitPerS), 1),
            Column::new("share", Quantity::Value(Figure::Share), 3),
            Column::new("CPU s/Gbit", Quantity::Value(Figure::CpuSPerGbit), 3),
            Column::new("× nginx", Quantity::Ratio(Figure::CpuSPerGbit, Base::Nginx), 2),
            Column::new("× direct", Quantity::Ratio(Figure::CpuSPerGbit, Base::Direct), 2),
            cores("server, cores", Figure::Cores),
        ],
        cases: vec![
            Case::new(ADIT, players).by(Way::Rtmpt),
            Case::new(ADIT, players),
            Case::new(Kind::Nginx, players),
        ],
        measure: measures::ffmpeg,
    }
}

fn one() -> Section {
    let excess = |head, figure| Column::new(head, Quantity::Excess(figure, Base::Loop), 0);
    let value = |head, figure| Column::new(head, Quantity::Value(figure), 0);
    Section {
        name: cli::Section::One,
        title: "One player",
        about: "One player of the 2.5 Mbit/s stream on a machine that does nothing else. Delay is from the publisher's write to the player's read of \
                video messages, in µs; over loop is what the server adds to one write and one read."
            .to_owned(),
        load: "players",
        columns: vec![
            value("delay p50", Figure::VideoP50Us),
            value("p99", Figure::VideoP99Us),
            excess("p50 over loop", Figure::VideoP50Us),
            excess("p99 over loop", Figure::VideoP99Us),
            Column::new("p50 × nginx", Quantity::Ratio(Figure::VideoP50Us, Base::Nginx), 2),
            value("audio p50", Figure::AudioP50Us),
        ],
        cases: vec![
            Case::new(ADIT, 1),
            Case::new(ADIT, 1).by(Way::Rtmpt),
            Case::new(Kind::Adit(Latency::Low), 1),
            Case::new(Kind::Nginx, 1),
            Case::new(FRAMES, 1),
        ],
        measure: measures::fanout,
    }
}

fn memory(connections: u32) -> Section {
    let bytes = |head, figure, scale| Column::new(head, Quantity::Value(figure), 1).scaled(scale);
    let ratio = |head, figure| Column::new(head, Quantity::Ratio(figure, Base::Nginx), 2);
    Section {
        name: cli::Section::Memory,
        title: "Memory",
        about: "Resident memory of the server's process, without what the kernel holds for its sockets. An idle connection has connected and made a stream; a \
                player plays 2.5 Mbit/s and came when the stream had run for several GOPs."
            .to_owned(),
        load: "connections",
        columns: vec![
            bytes("idle connection, kB", Figure::BytesPerIdle, 1e-3),
            ratio("× nginx", Figure::BytesPerIdle),
            bytes("player, kB", Figure::BytesPerPlayer, 1e-3),
            ratio("× nginx", Figure::BytesPerPlayer),
            bytes("all players, MB", Figure::ResidentBytes, 1e-6),
            ratio("× nginx", Figure::ResidentBytes),
        ],
        cases: [ADIT, Kind::Nginx].map(|kind| Case::new(kind, connections)).to_vec(),
        measure: measures::memory,
    }
}

fn publishers(publishers: u32) -> Section {
    let ratio = |figure| Column::new("× nginx", Quantity::Ratio(figure, Base::Nginx), 2);
    Section {
        name: cli::Section::Publishers,
        title: "Publishers",
        about: "Publishers of 191 kbit/s in 46 messages a second, and one player of one of them, which checks every message. CPU is that of the server's \
                process for each second and publisher, memory what each adds to it. The loop reads once for each message, and does nothing else."
            .to_owned(),
        load: "publishers",
        columns: vec![
            Column::new("CPU ms/s each", Quantity::Value(Figure::CpuMsPerPublisher), 3),
            ratio(Figure::CpuMsPerPublisher),
            Column::new("× loop", Quantity::Ratio(Figure::CpuMsPerPublisher, Base::Exactly(LoopMode::Read)), 2),
            Column::new("kB each", Quantity::Value(Figure::BytesPerPublisher), 1).scaled(1e-3),
            ratio(Figure::BytesPerPublisher),
            cores("load, cores", Figure::LoadCores),
        ],
        cases: [ADIT, Kind::Nginx, Kind::Loop(LoopMode::Read)]
            .map(|kind| Case::new(kind, publishers))
            .to_vec(),
        measure: measures::publishers,
    }
}

fn setup(loads: [u32; 2]) -> Section {
    let ratio = |figure| Column::new("× nginx", Quantity::Ratio(figure, Base::Nginx), 2);
    Section {
        name: cli::Section::Setup,
        title: "Set-up",
        about: "Connect, handshake, connect, createStream, play; closed and begun anew as soon as the play is accepted, so many at the same time. The stream is \
                there but stands still: no media is part of it. Windows of 2 s. The loop reads and writes once for each of the four steps, and gives all the same \
                answers."
            .to_owned(),
        load: "at once",
        columns: vec![
            Column::new("CPU µs each", Quantity::Value(Figure::CpuUsPerConnection), 0),
            ratio(Figure::CpuUsPerConnection),
            Column::new("× loop", Quantity::Ratio(Figure::CpuUsPerConnection, Base::Exactly(LoopMode::Answer)), 2),
            Column::new("a second", Quantity::Value(Figure::ConnectionsPerS), 0),
            ratio(Figure::ConnectionsPerS),
            Column::new("p50 ms", Quantity::Value(Figure::SetupP50Us), 1).scaled(1e-3),
            cores("load, cores", Figure::LoadCores),
        ],
        cases: loads
            .iter()
            .flat_map(|load| {
                [ADIT, Kind::Nginx, Kind::Loop(LoopMode::Answer)].map(|kind| Case::new(kind, *load))
            })
            .collect(),
        measure: measures::setup,
    }
}

fn start() -> Section {
    Section {
        name: cli::Section::Start,
        title: "Start",
        about: "From the start of the process to the whole answer to an RTMP handshake, with an empty state directory each time; it takes in the few \
                milliseconds in which the benchmark's own child becomes the server. The binary is measured after `strip`."
            .to_owned(),
        load: "starts a round",
        columns: vec![
            Column::new("ms", Quantity::Value(Figure::StartMs), 1),
            Column::new("× nginx", Quantity::Ratio(Figure::StartMs, Base::Nginx), 2),
            Column::new("binary, MB", Quantity::Value(Figure::BinaryBytes), 1).scaled(1e-6),
        ],
        cases: [ADIT, Kind::Nginx].map(|kind| Case::new(kind, 4)).to_vec(),
        measure: measures::start,
    }
}

fn cpu_columns() -> Vec<Column> {
    vec![
        Column::new("Mbit/s", Quantity::Value(Figure::MbitPerS), 0),
        Column::new("share", Quantity::Value(Figure::Share), 3),
        Column::new("CPU s/Gbit", Quantity::Value(Figure::CpuSPerGbit), 4),
        Column::new(
            "× nginx",
            Quantity::Ratio(Figure::CpuSPerGbit, Base::Nginx),
            2,
        ),
        Column::new(
            "× loop",
            Quantity::Ratio(Figure::CpuSPerGbit, Base::Loop),
            2,
        ),
    ]
}

fn delay_columns() -> Vec<Column> {
    vec![
        Column::new("delay p50 ms", Quantity::Value(Figure::VideoP50Us), 2).scaled(1e-3),
        Column::new("p99 ms", Quantity::Value(Figure::VideoP99Us), 2).scaled(1e-3),
        Column::new(
            "p50 × nginx",
            Quantity::Ratio(Figure::VideoP50Us, Base::Nginx),
            2,
        ),
        cores("load, cores", Figure::LoadCores),
    ]
}

fn player_columns() -> Vec<Column> {
    let mut columns = cpu_columns();
    columns.extend(delay_columns());
    columns.push(Column::new("memory MB", Quantity::Value(Figure::ResidentBytes), 1).scaled(1e-6));
    columns
}

fn cores(head: &'static str, figure: Figure) -> Column {
    Column::new(head, Quantity::Value(figure), 2)
}
