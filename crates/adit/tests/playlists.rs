//! Recordings played by our client library from a running `adit serve`: playlists without gaps, pauses, and switches.
#![cfg(test)]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use adit_client::amf::amf0::Object;
use adit_client::connection::{StreamError, StreamEvent};
use adit_client::media::pattern::Pattern;
use adit_client::media::record::{Recorder, StartTime};
use adit_client::media::{Frame, FrameKind};
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::rtmp::command::{PauseState, Play, Play2, PlayDuration, PlayStart, Playlist};
use adit_client::rtmp::message::UserControl;
use adit_client::{Client, ConnectOptions, Intent, NetConnection, NetStream, Target};
use adit_testkit::peers::say;
use adit_testkit::server::{AditServer, Transport};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// More than any of these recordings has, in milliseconds: all of it leaves at once.
const EVERYTHING: u32 = 3_600_000;

/// The longest that nothing may be shown or heard: a picture is 33 ms, a frame of sound 21 ms.
const STEP_MS: u32 = 40;

/// Recordings of `vod`, alike in their times and different in every picture, a key frame each second.
const CLIPS: [(&str, &str); 3] = [
    ("one", "pattern:320x180@30,200k,key=1"),
    ("two", "pattern:320x180@30,300k,key=1"),
    ("three", "pattern:320x180@30,100k,key=1"),
];

/// What comes is decoded and not shown; and it is shown again.
const MARKS: [&[u8]; 2] = [&[0x57, 0], &[0x57, 1]];

/// Coded frames of each, 76 or so a second.
const FRAMES: usize = 600;

struct Stage {
    server: AditServer,
    media: TempDir,
}

impl Stage {
    fn set() -> Self {
        let media = tempfile::tempdir().unwrap();
        fs::create_dir(media.path().join("vod")).unwrap();
        for (name, pattern) in CLIPS {
            let mut recorder = Recorder::new(StartTime::Kept);
            let frames = frames_of(pattern);
            let pushed = frames.iter().map(|frame| recorder.push(frame).unwrap());
            let bytes: Vec<u8> = pushed.flat_map(|bytes| bytes.to_vec()).collect();
            fs::write(media.path().join(format!("vod/{name}.flv")), bytes).unwrap();
        }
        let server = AditServer::start_with(env!("CARGO_BIN_EXE_adit"), |command| {
            command.arg("--media").arg(media.path());
        });
        Self { server, media }
    }

    /// Another file of `vod`.
    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.media.path().join("vod").join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    async fn connect(&self, transport: Transport) -> NetConnection {
        self.connect_as(transport, ConnectOptions::new(Intent::Play))
            .await
    }

    async fn connect_as(&self, transport: Transport, options: ConnectOptions) -> NetConnection {
        let url = self.server.url(transport, "vod/any");
        let target = Target::parse(&url).unwrap();
        let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
        let client = Client::new(ConnectorConfig::new(tls), GivenProxy::None);
        client.connect(&target, &options).await.unwrap()
    }

    /// A player of `play`.
    async fn play(&self, transport: Transport, play: Play) -> Viewer {
        Viewer::new(self.connect(transport).await, play).await
    }
}

/// What a recording has, headers and all.
fn frames_of(pattern: &str) -> Vec<Frame> {
    Pattern::new(pattern.parse().unwrap())
        .take(FRAMES)
        .collect()
}

/// Sound and pictures of the recording of this name.
fn coded(name: &str) -> Vec<Frame> {
    let (_, pattern) = CLIPS.iter().find(|(of, _)| *of == name).unwrap();
    let mut frames = frames_of(pattern);
    frames.retain(|frame| frame.flags().is_coded());
    frames
}

/// Whether it says where pictures begin or end that are decoded and not shown.
fn is_mark(frame: &Frame) -> bool {
    MARKS.contains(&frame.payload().as_ref())
}

/// A recording and nothing else.
fn recording(name: &str) -> Play {
    let mut play = Play::new(name);
    play.start = PlayStart::Recorded { from_ms: 0 };
    play
}

/// Some of a recording.
fn part(name: &str, from_ms: u32, ms: u32) -> Play {
    Play {
        start: PlayStart::Recorded { from_ms },
        duration: PlayDuration::Limited { ms },
        ..Play::new(name)
    }
}

/// Who plays, and what came of it.
struct Viewer {
    stream: NetStream,
    /// Sound and pictures, and marks around those that are not to be shown.
    frames: Vec<Frame>,
    /// Codes of statuses, and what says that a stream ends or runs dry; each with the number of frames before it.
    news: Vec<(usize, String)>,
    _connection: NetConnection,
}

impl Viewer {
    async fn new(connection: NetConnection, play: Play) -> Self {
        let mut stream = connection.create_stream().await.unwrap();
        stream.play(play).await.unwrap();
        Self {
            stream,
            frames: Vec::new(),
            news: Vec::new(),
            _connection: connection,
        }
    }

    /// Takes what comes next.
    async fn step(&mut self) {
        let event = timeout(PATIENCE, self.stream.next_event()).await;
        match event.expect("nothing comes").expect("the connection ended") {
            StreamEvent::Frame(frame) if frame.flags().is_coded() || is_mark(&frame) => {
                self.frames.push(frame);
            }
            StreamEvent::Status(status) => self.hear(status.code_text().to_string()),
            StreamEvent::Control(UserControl::StreamEof(_)) => self.hear("end".to_owned()),
            StreamEvent::Control(UserControl::StreamDry(_)) => self.hear("dry".to_owned()),
            _ => {}
        }
    }

    fn hear(&mut self, news: String) {
        self.news.push((self.frames.len(), news));
    }

    /// Goes on until a status of this code has come.
    async fn until(&mut self, code: &str) {
        while self.news.last().is_none_or(|(_, last)| last != code) {
            self.step().await;
        }
    }

    /// Goes on until so many frames have come.
    async fn until_frames(&mut self, count: usize) {
        while self.frames.len() < count {
            self.step().await;
        }
    }

    /// How many frames came before the first status of this code.
    fn before(&self, code: &str) -> usize {
        let found = self.news.iter().find(|(_, news)| news == code);
        found.unwrap_or_else(|| panic!("{code}: {:?}", self.news)).0
    }

    fn last_at(&self) -> u32 {
        self.frames.last().unwrap().at().ms()
    }

    /// What librtmp and with it most players take for the end comes behind everything else and not before.
    fn assert_one_end(&self) {
        let ends = [
            "end",
            "dry",
            "NetStream.Play.Stop",
            "NetStream.Play.Complete",
            "NetStream.Play.UnpublishNotify",
            "NetStream.Play.StreamNotFound",
            "NetStream.Play.Failed",
            "NetStream.Failed",
        ];
        for (before, news) in &self.news {
            let is_end = ends.contains(&news.as_str());
            assert!(!is_end || *before == self.frames.len(), "{:?}", self.news);
        }
    }
}

fn payloads(frames: &[Frame]) -> Vec<(FrameKind, &[u8])> {
    let pairs = frames.iter();
    pairs
        .map(|frame| (frame.kind(), frame.payload().as_ref()))
        .collect()
}

fn times(frames: &[Frame]) -> Vec<u32> {
    frames.iter().map(|frame| frame.at().ms()).collect()
}

/// Asserts that time never goes back and never stands still for longer than a frame.
fn assert_gapless(frames: &[Frame]) {
    let times = times(frames);
    for pair in times.windows(2) {
        assert!(
            pair[0] <= pair[1] && pair[1] - pair[0] <= STEP_MS,
            "{pair:?}"
        );
    }
    // Nor does either of both kinds.
    for kind in [FrameKind::Audio, FrameKind::Video] {
        let of_kind = frames.iter().filter(|frame| frame.kind() == kind);
        let times: Vec<_> = of_kind.map(|frame| frame.at().ms()).collect();
        for pair in times.windows(2) {
            assert!(
                pair[0] < pair[1] && pair[1] - pair[0] <= 2 * STEP_MS,
                "{kind:?} {pair:?}"
            );
        }
    }
}

async fn a_playlist_of_three_has_no_gaps(transport: Transport) {
    let stage = Stage::set();
    let mut viewer = stage.play(transport, recording("one")).await;
    for name in ["two", "three"] {
        viewer.stream.enqueue(recording(name)).await.unwrap();
    }
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    viewer.until("NetStream.Play.Complete").await;
    viewer.until("end").await;
    let expected = ["one", "two", "three"].map(coded);
    let all = expected.concat();
    assert!(payloads(&viewer.frames) == payloads(&all), "{transport:?}");
    assert_gapless(&viewer.frames);
    viewer.assert_one_end();
    // Each next item is told where it begins.
    let mut switches = Vec::new();
    for (before, news) in &viewer.news {
        if news == "NetStream.Play.Switch" {
            switches.push(*before);
        }
    }
    assert_eq!(
        switches,
        [expected[0].len(), expected[0].len() + expected[1].len()]
    );
    stage.server.assert_sound();
}

#[tokio::test]
async fn a_second_play_is_not_answered_by_what_was_on_its_way_of_the_first() {
    let stage = Stage::set();
    let mut viewer = stage.play(Transport::Rtmp, recording("one")).await;
    let refused = viewer.stream.play(from_a_moment("nothing")).await;
    assert!(
        matches!(refused, Err(StreamError::Refused(_))),
        "{refused:?}"
    );
    viewer.stream.play(recording("two")).await.unwrap();
}

#[tokio::test]
async fn a_playlist_of_three_recordings_has_no_gaps_by_rtmp() {
    a_playlist_of_three_has_no_gaps(Transport::Rtmp).await;
}

#[tokio::test]
async fn a_playlist_of_three_recordings_has_no_gaps_by_rtmpts() {
    a_playlist_of_three_has_no_gaps(Transport::Rtmpts).await;
}

#[tokio::test]
async fn parts_of_recordings_follow_each_other_as_well() {
    let stage = Stage::set();
    let mut viewer = stage.play(Transport::Rtmp, part("one", 1000, 1000)).await;
    viewer.stream.enqueue(part("two", 0, 500)).await.unwrap();
    viewer
        .stream
        .enqueue(part("one", 2000, 1000))
        .await
        .unwrap();
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    let cut = |name: &str, from: u32, until: u32| -> Vec<Frame> {
        let mut frames = coded(name);
        frames.retain(|frame| (from..until).contains(&frame.at().ms()));
        frames
    };
    let parts = [
        cut("one", 1000, 2000),
        cut("two", 0, 500),
        cut("one", 2000, 3000),
    ]
    .concat();
    // The first one may have ended before the others were on the list.
    viewer.until_frames(parts.len()).await;
    viewer.until("end").await;
    assert!(payloads(&viewer.frames) == payloads(&parts));
    assert_gapless(&viewer.frames);
    let total = viewer.last_at() - viewer.frames[0].at().ms();
    assert!((2440..=2500).contains(&total), "{total}");
}

/// A player that says it can decode pictures without showing them, as Flash Player and librtmp do.
#[tokio::test]
async fn an_item_begins_where_it_was_asked_to_and_what_leads_there_takes_no_time() {
    let stage = Stage::set();
    let mut options = ConnectOptions::new(Intent::Play);
    options.properties = Object::new().with("videoFunction", 1.0);
    let connection = stage.connect_as(Transport::Rtmp, options).await;
    let mut viewer = Viewer::new(connection, part("one", 0, 1000)).await;
    let second = part("two", 2500, 1000);
    viewer.stream.enqueue(second).await.unwrap();
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    let of = |name, from: u32, until: u32, kind| {
        let mut frames = coded(name);
        frames.retain(|frame| frame.kind() == kind && (from..until).contains(&frame.at().ms()));
        frames
    };
    let kinds = [FrameKind::Audio, FrameKind::Video];
    let one: usize = kinds
        .map(|kind| of("one", 0, 1000, kind).len())
        .iter()
        .sum();
    let shown: usize = kinds
        .map(|kind| of("two", 2500, 3500, kind).len())
        .iter()
        .sum();
    let way = of("two", 2000, 2500, FrameKind::Video);
    let all = one + MARKS.len() + way.len() + shown;
    viewer.until_frames(all).await;
    viewer.until("end").await;
    assert_eq!(viewer.frames.len(), all);
    assert_eq!(viewer.before("NetStream.Play.Switch"), one);
    let two = viewer.frames.split_off(one);
    // From the key frame on, at one time and marked.
    let begin = two
        .iter()
        .position(|frame| frame.payload() == MARKS[0])
        .unwrap();
    let end = two
        .iter()
        .position(|frame| frame.payload() == MARKS[1])
        .unwrap();
    let mut lead = two[begin + 1..end].to_vec();
    lead.retain(|frame| frame.kind() == FrameKind::Video);
    assert!(payloads(&lead) == payloads(&way));
    let at = two[begin].at();
    assert!(lead.iter().all(|frame| frame.at() == at) && two[end].at() == at);
    // What is shown follows without a gap, and is what was asked for.
    let mut shown = two;
    shown.retain(|frame| !is_mark(frame) && !lead.contains(frame));
    for kind in kinds {
        let mut shown = shown.clone();
        shown.retain(|frame| frame.kind() == kind);
        assert!(payloads(&shown) == payloads(&of("two", 2500, 3500, kind)));
    }
    viewer.frames.extend(shown);
    assert_gapless(&viewer.frames);
    assert!(
        (1950..2000).contains(&viewer.last_at()),
        "{}",
        viewer.last_at()
    );
}

/// `ADIT_SOAK` is for a pause of 30 s.
#[tokio::test]
async fn a_player_pauses_and_goes_on_where_it_was() {
    let pause = if env::var_os("ADIT_SOAK").is_some() {
        Duration::from_secs(30)
    } else {
        Duration::from_secs(2)
    };
    let stage = Stage::set();
    let mut viewer = stage.play(Transport::Rtmp, recording("one")).await;
    viewer.stream.set_buffer(300).await.unwrap();
    viewer.until_frames(50).await;
    let at = viewer.last_at();
    viewer.stream.pause(PauseState::Paused, at).await.unwrap();
    viewer.until("NetStream.Pause.Notify").await;
    let (count, at, began) = (viewer.frames.len(), viewer.last_at(), Instant::now());
    while began.elapsed() < pause {
        tokio::select! {
            biased;
            () = viewer.step() => {}
            () = sleep(pause.saturating_sub(began.elapsed())) => {}
        }
    }
    assert_eq!(viewer.frames.len(), count, "frames come in a pause");
    assert!(
        count < coded("one").len() / 2,
        "{count}: all has left before"
    );
    let began = Instant::now();
    viewer.stream.pause(PauseState::Playing, at).await.unwrap();
    viewer.until_frames(count + 1).await;
    let answered = began.elapsed();
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    viewer.until("NetStream.Play.Complete").await;
    viewer.until("end").await;
    assert!(viewer.frames == coded("one"), "{:?}", times(&viewer.frames));
    assert_eq!(viewer.before("NetStream.Unpause.Notify"), count);
    // A pause is told as an end of the stream too, before its status.
    viewer
        .news
        .retain(|news| *news != (count, "end".to_owned()));
    viewer.assert_one_end();
    say(&format!(
        "paused for {pause:?} at {at} ms: {count} frames before, the next one {answered:?} after, {} in all",
        viewer.frames.len()
    ));
}

#[tokio::test]
async fn play2_goes_over_to_another_recording_without_a_gap() {
    let stage = Stage::set();
    let mut viewer = stage.play(Transport::Rtmp, recording("one")).await;
    viewer.stream.set_buffer(300).await.unwrap();
    viewer.until_frames(20).await;
    let switch = Play2::new("two", "switch");
    viewer.stream.play2(switch).await.unwrap();
    viewer.until("NetStream.Play.Transition").await;
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    viewer.until("NetStream.Play.Complete").await;
    viewer.until("end").await;
    let first = viewer.before("NetStream.Play.TransitionComplete");
    let key = &viewer.frames[first];
    assert!(
        key.flags().is_key_frame() && key.kind() == FrameKind::Video,
        "{key:?}"
    );
    let expected = [&coded("one")[..first], &coded("two")[first..]].concat();
    assert!(viewer.frames == expected, "{:?}", times(&viewer.frames));
    viewer.assert_one_end();
}

#[tokio::test]
async fn play2_resets_and_appends_and_swaps() {
    let stage = Stage::set();
    let mut viewer = stage.play(Transport::Rtmp, recording("one")).await;
    viewer.stream.set_buffer(300).await.unwrap();
    viewer.until_frames(20).await;
    for (name, old, transition) in [
        ("two", None, "reset"),
        ("one", None, "append"),
        ("three", Some("one"), "swap"),
    ] {
        let mut play2 = Play2::new(name, transition);
        if let Some(old) = old {
            play2.old_name = Some(old.into());
            play2.options.insert("oldStreamName", old);
        }
        viewer.stream.play2(play2).await.unwrap();
    }
    viewer.until("NetStream.Play.Reset").await;
    let first = viewer.frames.len();
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    viewer.until("NetStream.Play.Complete").await;
    assert!(viewer.frames[..first] == coded("one")[..first]);
    let (two, three) = (coded("two"), coded("three"));
    let after = &viewer.frames[first..];
    assert!(payloads(after) == payloads(&[two, three].concat()));
    assert_gapless(after);
}

#[tokio::test]
async fn what_is_missing_on_a_playlist_is_told_and_left_out() {
    let stage = Stage::set();
    let mut viewer = stage.play(Transport::Rtmp, recording("one")).await;
    viewer.stream.enqueue(recording("nothing")).await.unwrap();
    let append = Playlist::AppendDataAtOnce;
    let play = Play {
        playlist: append,
        ..recording("two")
    };
    viewer.stream.enqueue(play).await.unwrap();
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    viewer.until("NetStream.Play.Complete").await;
    assert_eq!(
        viewer.before("NetStream.Play.StreamNotFound"),
        coded("one").len()
    );
    let all = [coded("one"), coded("two")].concat();
    assert!(payloads(&viewer.frames) == payloads(&all));
    assert_gapless(&viewer.frames);
}

/// From a moment after the beginning on: nothing live will do.
fn from_a_moment(name: &str) -> Play {
    let mut play = recording(name);
    play.start = PlayStart::Recorded { from_ms: 1 };
    play
}

#[tokio::test]
async fn what_cannot_be_played_is_refused_with_its_code_and_a_reason() {
    let stage = Stage::set();
    let outside = stage.media.path().join("secret.flv");
    fs::copy(stage.media.path().join("vod/one.flv"), outside).unwrap();
    fs::create_dir(stage.media.path().join("vod/folder.flv")).unwrap();
    stage.write("text.flv", b"this is no video");
    stage.write("nothing.flv", b"");
    stage.write("head.flv", b"FLV\x01\x05\0\0\0\x09\0\0\0\0");
    stage.write("torn.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42");
    let zeros = fs::File::create(stage.write("zeros.flv", b"")).unwrap();
    zeros.set_len(1 << 40).unwrap();
    let connection = stage.connect(Transport::Rtmp).await;
    let check = async |play: Play, code: &str, reason: &str| {
        let mut stream = connection.create_stream().await.unwrap();
        let what = play.name.to_string();
        match stream.play(play).await {
            Err(StreamError::Refused(status)) => {
                let description = status.description().to_string();
                assert_eq!(
                    status.code_text().to_string(),
                    code,
                    "{what}: {description}"
                );
                assert!(description.contains(reason), "{what}: {description}");
            }
            other => panic!("{what}: {other:?}"),
        }
    };
    let not_found = "NetStream.Play.StreamNotFound";
    for (name, reason) in [
        ("absent", "there is no recording of absent"),
        ("folder", "there is no recording of folder"),
        ("flv:torn", "there is no recording of torn"),
        ("../secret", "begins with a dot"),
        ("a/../../secret", "begins with a dot"),
        ("one/../one", "begins with a dot"),
        ("..\\secret", "has the character"),
        ("c:one", "has the character ':'"),
        ("%2e%2e/secret", "has the character '%'"),
        ("one*", "has the character '*'"),
        (&"x".repeat(230), "is longer than 200 bytes"),
        (&"x/".repeat(20), "more than 8 parts"),
    ] {
        check(from_a_moment(name), not_found, reason).await;
    }
    let failed = "NetStream.Play.Failed";
    check(
        from_a_moment("one\0"),
        failed,
        "contains a control character",
    )
    .await;
    check(from_a_moment(&"x".repeat(5000)), failed, "bytes, more than").await;
    for from_ms in [60_000, u32::MAX / 2, u32::MAX] {
        let start = PlayStart::Recorded { from_ms };
        let play = Play {
            start,
            ..recording("one")
        };
        check(play, failed, "the recording ends at 7.").await;
    }
    let invalid = "NetStream.Play.FileStructureInvalid";
    for (name, reason) in [
        (
            "text",
            "this is neither FLV nor MP4: it begins with \"this is",
        ),
        ("nothing", "the file is empty"),
        ("zeros", "this is neither FLV nor MP4"),
        ("mp4:torn", "has no moov box"),
    ] {
        check(from_a_moment(name), invalid, reason).await;
    }
    let empty = "NetStream.Play.NoSupportedTrackFound";
    check(
        from_a_moment("head"),
        empty,
        "has neither sound nor pictures",
    )
    .await;
    stage.server.assert_sound();
}

#[tokio::test]
async fn torn_and_huge_files_are_played_as_far_as_they_make_sense() {
    let stage = Stage::set();
    let whole = fs::read(stage.media.path().join("vod/one.flv")).unwrap();
    stage.write("torn.flv", &whole[..whole.len() / 2]);
    let huge = stage.write("huge.flv", &whole);
    let huge = fs::OpenOptions::new().write(true).open(huge).unwrap();
    huge.set_len(1 << 40).unwrap();
    for (name, least, most) in [("torn", 100, 500), ("huge", 590, 600)] {
        // As long as anybody could wish.
        let duration = PlayDuration::Limited { ms: u32::MAX };
        let play = Play {
            duration,
            ..recording(name)
        };
        let mut viewer = stage.play(Transport::Rtmp, play).await;
        viewer.stream.set_buffer(EVERYTHING).await.unwrap();
        viewer.until("NetStream.Play.Complete").await;
        let count = viewer.frames.len();
        assert!((least..=most).contains(&count), "{name}: {count}");
        assert!(viewer.frames == coded("one")[..count], "{name}");
    }
    stage.server.assert_sound();
}

#[tokio::test]
async fn a_seek_to_where_nothing_is_is_refused_and_the_recording_goes_on() {
    let stage = Stage::set();
    let mut viewer = stage.play(Transport::Rtmp, recording("one")).await;
    viewer.stream.set_buffer(300).await.unwrap();
    viewer.until_frames(20).await;
    for (count, beyond) in [60_000, u32::MAX / 2, u32::MAX].into_iter().enumerate() {
        viewer.stream.seek(beyond).await.unwrap();
        let code = "NetStream.Seek.InvalidTime";
        let refusals = |viewer: &Viewer| viewer.news.iter().filter(|it| it.1 == code).count();
        while refusals(&viewer) <= count {
            viewer.step().await;
        }
    }
    viewer.stream.set_buffer(EVERYTHING).await.unwrap();
    viewer.until("NetStream.Play.Complete").await;
    assert!(viewer.frames == coded("one"));
}
