//! Recordings: `play` of them, what is played next, `play2`, and how long they are.

use std::time::{Duration, Instant};

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{
    Location, Play, Play2, PlayDuration, PlayStart, Playlist, Status, StatusCode, StreamName,
};
use adit_rtmp::session::CallRequest;
use adit_rtmp::session::server::PlayRequest;
use tracing::debug;

use super::SessionDriver;
use super::replay::{Replay, code_of};
use super::requests::About;
use super::roles::Role;
use super::summary::{Part, Stage};
use crate::application::{Playing, Refusal, Sources};
use crate::limits::playback::{PLAYLIST_ITEMS, WISHES};
use crate::playback::{DataMessages, Item, OpenError, Playback, Precision, Wanted};

/// What happens where there is no recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    Refuse,
    /// The live stream of the name is played, or waited for.
    PlayLive,
}

/// What clients say about plays that have not begun.
#[derive(Default)]
pub(super) struct Wishes {
    /// How much they buffer, in milliseconds.
    buffers: Vec<(MessageStreamId, u32)>,
    /// What is to be played after the first.
    next: Vec<(MessageStreamId, Item)>,
}

impl Wishes {
    /// A message stream is used for something else now.
    pub(super) fn forget(&mut self, msid: MessageStreamId) {
        self.next.retain(|(of, _)| *of != msid);
    }

    fn set_buffer(&mut self, msid: MessageStreamId, ms: u32) {
        self.buffers.retain(|(of, _)| *of != msid);
        if self.buffers.len() >= WISHES {
            self.buffers.remove(0);
        }
        self.buffers.push((msid, ms));
    }

    fn buffer(&self, msid: MessageStreamId) -> Option<Duration> {
        let found = self.buffers.iter().find(|(of, _)| *of == msid);
        found.map(|(_, ms)| Duration::from_millis(u64::from(*ms)))
    }

    fn take_next(&mut self, msid: MessageStreamId) -> Vec<Item> {
        let is_of = |(of, _): &mut (MessageStreamId, Item)| *of == msid;
        let taken = self.next.extract_if(.., is_of);
        taken.map(|(_, item)| item).collect()
    }
}

impl SessionDriver {
    /// Plays a file, if there is one.
    pub(super) fn play_recording(
        &mut self,
        now: Instant,
        request: PlayRequest,
        otherwise: Otherwise,
    ) {
        let item = Item {
            wanted: wanted(&request.location, &request.name),
            from_ms: from_ms(request.start),
            length: request.duration,
            data: data_messages(request.playlist),
        };
        let Some(files) = &self.shared.files else {
            self.without_recording(now, request, otherwise, &OpenError::NotFound);
            return;
        };
        let beginning = Playback::begin(files, item, self.precision());
        let about = About::Stream(request.msid);
        self.when_answered(about, beginning, move |driver, now, begun| match begun {
            Ok(playback) => driver.begin_replay(now, request, playback),
            Err(error) => driver.without_recording(now, request, otherwise, &error),
        });
    }

    fn without_recording(
        &mut self,
        now: Instant,
        request: PlayRequest,
        otherwise: Otherwise,
        error: &OpenError,
    ) {
        let is_absent = matches!(error, OpenError::NotFound | OpenError::BadName(_));
        if otherwise == Otherwise::PlayLive && is_absent {
            self.play_live(now, request);
        } else {
            let description = match error {
                OpenError::NotFound => {
                    format!("there is no recording of {}", request.location.name)
                }
                error => error.to_string(),
            };
            self.guest.wishes.forget(request.msid);
            self.refuse_play(request, code_of(error), &description);
        }
    }

    fn begin_replay(&mut self, now: Instant, request: PlayRequest, mut playback: Playback) {
        let (msid, name) = (request.msid, request.location.name.clone());
        if !self.session.accept_play_recorded(request) {
            return;
        }
        self.roles.remove(msid);
        if let Some(buffer) = self.guest.wishes.buffer(msid) {
            playback.set_buffer(buffer);
        }
        let mut listed = self.summary.granted(now, Part::Play, &name);
        listed.comes_to(Stage::Started);
        let replay = Role::Replaying(Box::new(Replay::new(msid, playback)));
        self.roles.insert(msid, replay, None, listed);
        for item in self.guest.wishes.take_next(msid) {
            self.append(msid, item);
        }
    }

    /// Exact to the frame for those who say that they can [RTMP 7.2.1.1].
    fn precision(&self) -> Precision {
        const CLIENT_SEEK: u32 = 1;
        let functions = self
            .guest
            .client()
            .map(|client| client.about().video_function);
        if functions.unwrap_or_default() & CLIENT_SEEK == 0 {
            Precision::KeyFrame
        } else {
            Precision::Frame
        }
    }

    pub(super) fn buffer_length(&mut self, msid: MessageStreamId, ms: u32) {
        self.guest.wishes.set_buffer(msid, ms);
        if let (Some(replay), Some(buffer)) =
            (self.roles.replay(msid), self.guest.wishes.buffer(msid))
        {
            replay.playback().set_buffer(buffer);
        }
    }

    /// Something is to be played after what plays now.
    pub(super) fn play_next(&mut self, now: Instant, msid: MessageStreamId, play: &Play) {
        if self.roles.player(msid).is_some() {
            let description = "a live stream has no end after which something could be played";
            self.tell(msid, StatusCode::PlayFailed, description);
            return;
        }
        let asked = Asked {
            name: play.name.to_string(),
            start: play.start,
            duration: play.duration,
            playlist: play.playlist,
        };
        self.when_allowed(now, msid, asked, Self::append);
    }

    fn append(&mut self, msid: MessageStreamId, item: Item) {
        let name = item.name().to_owned();
        let appended = match self.roles.replay(msid) {
            Some(replay) => replay
                .playback()
                .append(item)
                .map_err(|full| full.to_string()),
            None if self.guest.wishes.next.len() >= PLAYLIST_ITEMS => {
                Err("too many items are to be played next".to_owned())
            }
            None => {
                self.guest.wishes.next.push((msid, item));
                Ok(())
            }
        };
        if let Err(why) = appended {
            self.tell_of(
                msid,
                StatusCode::PlayFailed,
                format!("{name}: {why}"),
                &name,
            );
        }
    }

    /// Goes on with an item once the application has allowed it to be played from a recording; else the client is told.
    fn when_allowed(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        asked: Asked,
        then: impl FnOnce(&mut Self, MessageStreamId, Item) + Send + 'static,
    ) {
        let Asked {
            name,
            start,
            duration,
            playlist,
        } = asked;
        let (name, location) = match self.session.locate(&name) {
            Ok(located) => located,
            Err(error) => {
                self.tell(msid, StatusCode::PlayFailed, &error.to_string());
                return;
            }
        };
        let decision = self.may_play(&Playing {
            location: &location,
            name: &name,
            start,
            duration,
            playlist,
        });
        let about = About::Stream(msid);
        self.when_decided(now, about, decision, move |driver, _, answer| {
            let refusal = match answer {
                Ok(Sources::Live) => Refusal::new("it is a live stream"),
                Ok(_) if start == PlayStart::Live => {
                    Refusal::new("a live stream has no place on a playlist")
                }
                Ok(_) => {
                    let item = Item {
                        wanted: wanted(&location, &name),
                        from_ms: from_ms(start),
                        length: duration,
                        data: data_messages(playlist),
                    };
                    then(driver, msid, item);
                    return;
                }
                Err(refusal) => refusal,
            };
            let code = refusal.code.unwrap_or(StatusCode::PlayFailed);
            let name = &location.name;
            driver.tell_of(msid, code, format!("{name}: {}", refusal.description), name);
        });
    }

    /// Goes over to another recording, in one of the ways of `NetStreamPlayTransitions`.
    pub(super) fn play2(&mut self, now: Instant, msid: MessageStreamId, options: Play2) {
        if self.roles.replay(msid).is_none() {
            let description = "a live stream is not switched; play the other one";
            self.tell(msid, StatusCode::PlayFailed, description);
            return;
        }
        let transition = options.transition.as_deref().unwrap_or("switch");
        let Some(transition) = Transition::parse(transition) else {
            let description = format!("no transition is called {transition}");
            self.tell(msid, StatusCode::PlayFailed, &description);
            return;
        };
        let asked = Asked {
            name: options.name.to_string(),
            start: options.start,
            duration: options.duration,
            playlist: Playlist::Reset,
        };
        let old = options.old_name.map(|name| name.to_string());
        self.when_allowed(now, msid, asked, move |driver, msid, item| {
            driver.go_over(msid, transition, old.as_deref(), item);
        });
    }

    fn go_over(
        &mut self,
        msid: MessageStreamId,
        transition: Transition,
        old: Option<&str>,
        item: Item,
    ) {
        let name = item.name().to_owned();
        if transition == Transition::Append {
            self.append(msid, item);
            return;
        }
        let Some(replay) = self.roles.replay(msid) else {
            return;
        };
        let playback = replay.playback();
        let old = old.and_then(|old| StreamName::parse(old).ok());
        let old = old.as_ref().map(StreamName::name);
        let (code, description) = match (transition, old) {
            (Transition::Stop, _) => {
                playback.stop();
                return;
            }
            (Transition::Reset, _) => {
                playback.reset(item);
                (StatusCode::PlayReset, "it is about to play")
            }
            (Transition::Swap, Some(old)) if old != playback.name() => {
                if playback.swap(old, &item) {
                    (
                        StatusCode::PlayTransition,
                        "it is played instead of the other",
                    )
                } else {
                    let description = "nothing of the old name is on the playlist";
                    (StatusCode::PlayFailed, description)
                }
            }
            _ => {
                playback.switch(item);
                (
                    StatusCode::PlayTransition,
                    "it is played from its next key frame on",
                )
            }
        };
        self.tell_of(msid, code, format!("{name}: {description}"), &name);
    }

    /// How long a recording is, in seconds; 0 is "unknown".
    pub(super) fn stream_length(&mut self, name: &str, call: CallRequest) {
        let may_read = |name: &str| (self.guest.client()).is_some_and(|it| it.may_read(name));
        let located = self.session.locate(name).ok();
        let (Some(files), Some((name, location))) = (&self.shared.files, located) else {
            self.session.reply_call(call, vec![0.0.into()]);
            return;
        };
        if !may_read(&location.name) {
            self.session.reply_call(call, vec![0.0.into()]);
            return;
        }
        let length = files.length(wanted(&location, &name));
        self.when_answered(About::Connection, length, |driver, _, length| {
            let seconds = length.map_or(0.0, |length| length.as_secs_f64());
            driver.session.reply_call(call, vec![seconds.into()]);
        });
    }

    /// News of one stream, with its name.
    fn tell_of(
        &mut self,
        msid: MessageStreamId,
        code: StatusCode,
        description: String,
        name: &str,
    ) {
        let status = Status::new(code, description).with("details", name);
        if let Err(error) = self.session.send_status(msid, status) {
            debug!(%error, %code, "status not sent");
        }
    }
}

/// What a client wants to be played next.
struct Asked {
    name: String,
    start: PlayStart,
    duration: PlayDuration,
    playlist: Playlist,
}

/// The ways of `play2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transition {
    /// The same content from here on.
    Switch,
    /// One item of the playlist for another.
    Swap,
    /// After everything else.
    Append,
    /// At once, and nothing else.
    Reset,
    /// Nothing more.
    Stop,
}

impl Transition {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "switch" => Self::Switch,
            "swap" => Self::Swap,
            "append" | "appendandwait" => Self::Append,
            "reset" | "resume" => Self::Reset,
            "stop" => Self::Stop,
            _ => return None,
        })
    }
}

fn wanted(location: &Location, name: &StreamName) -> Wanted {
    Wanted {
        location: location.clone(),
        prefix: name.prefix(),
    }
}

fn from_ms(start: PlayStart) -> u32 {
    match start {
        PlayStart::Recorded { from_ms } => from_ms,
        _ => 0,
    }
}

fn data_messages(playlist: Playlist) -> DataMessages {
    match playlist {
        Playlist::AppendDataAtOnce | Playlist::ResetDataAtOnce => DataMessages::AtOnce,
        _ => DataMessages::InTime,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::{Duration, Instant};

    use adit_rtmp::command::{ClientCommand, Connect, Play, Play2, PlayStart, Playlist, Receive};
    use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession, MediaKind};
    use adit_rtmp::{MessageStreamId, Seed};
    use bytes::{Buf as _, BytesMut};
    use tempfile::TempDir;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::{Transition, Wishes};
    use crate::limits::playback::WISHES;
    use crate::{Listener, MediaRoot, Server, ServerConfig};

    /// A client of a server with recordings `long` of 60 s, and `b` and `c` of 1 s.
    struct Viewer {
        socket: TcpStream,
        session: ClientSession,
        msid: MessageStreamId,
        /// What happened, in words; of pictures their name only.
        seen: Vec<String>,
        _server: (oneshot::Sender<()>, TempDir),
    }

    impl Viewer {
        async fn connect() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let directory = folder.path().join("live");
            std::fs::create_dir_all(&directory).unwrap();
            for (name, pictures) in [("long", 600), ("b", 10), ("c", 10)] {
                let path = directory.join(format!("{name}.flv"));
                std::fs::write(path, recording(name.as_bytes()[0], pictures)).unwrap();
            }
            let config = ServerConfig {
                media: Some(MediaRoot::open(folder.path()).unwrap()),
                ..ServerConfig::default()
            };
            let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
            let server = Server::new(config, vec![listener]);
            let address = server.local_addrs()[0];
            let (stop, told) = oneshot::channel();
            tokio::spawn(server.run(async move { drop(told.await) }));
            let seed = Seed::new([7; 32]);
            let mut viewer = Self {
                socket: TcpStream::connect(address).await.unwrap(),
                session: ClientSession::new(Instant::now(), ClientConfig::default(), &seed),
                msid: MessageStreamId::CONNECTION,
                seen: Vec::new(),
                _server: (stop, folder),
            };
            let connect = Connect::new("live", "rtmp://localhost/live");
            viewer.session.connect(connect).unwrap();
            viewer.until("connected").await;
            viewer.session.create_stream().unwrap();
            viewer.until("created").await;
            viewer
        }

        /// One that plays `long`.
        async fn of_long() -> Self {
            let mut viewer = Self::connect().await;
            viewer.play("long", Playlist::Reset);
            viewer.until("long").await;
            viewer
        }

        fn play(&mut self, name: &str, playlist: Playlist) {
            let mut play = Play::new(name);
            play.start = PlayStart::Recorded { from_ms: 100 };
            play.playlist = playlist;
            self.send(ClientCommand::Play(play));
        }

        fn play2(&mut self, name: &str, transition: &str) {
            self.send(ClientCommand::Play2(Play2::new(name, transition)));
        }

        /// It leaves together with what else is sent before [`until`](Self::until).
        fn send(&mut self, command: ClientCommand) {
            self.session.send_command(self.msid, command).unwrap();
        }

        /// What is seen up to something that begins with `wanted`.
        async fn until(&mut self, wanted: &str) -> Vec<String> {
            loop {
                while let Ok(Some(event)) = self.session.poll_event(Instant::now()) {
                    self.take(event);
                }
                if let Some(at) = self.seen.iter().position(|seen| seen.starts_with(wanted)) {
                    return self.seen.drain(..=at).collect();
                }
                let out = self.session.output();
                let bytes = out.copy_to_bytes(out.remaining());
                self.socket.write_all(&bytes).await.unwrap();
                let mut buffer = BytesMut::with_capacity(64 * 1024);
                let read = self.socket.read_buf(&mut buffer);
                let read = timeout(Duration::from_secs(20), read).await;
                let seen = &self.seen;
                assert!(
                    read.is_ok_and(|read| read.unwrap() > 0),
                    "{wanted}: {seen:?}"
                );
                self.session.handle_input(Instant::now(), buffer.freeze());
            }
        }

        fn take(&mut self, event: ClientEvent) {
            self.seen.push(match event {
                ClientEvent::Connected(_) => "connected".to_owned(),
                ClientEvent::StreamCreated { msid, .. } => {
                    self.msid = msid;
                    "created".to_owned()
                }
                ClientEvent::Status { status, .. } => status.description().to_string(),
                ClientEvent::Media {
                    kind: MediaKind::Video,
                    payload,
                    ..
                } => {
                    format!("picture {}", char::from(payload[1]))
                }
                _ => return,
            });
        }
    }

    /// Pictures that nobody can decode, ten a second.
    fn recording(name: u8, pictures: u32) -> Vec<u8> {
        let mut file = b"FLV\x01\x01\0\0\0\x09\0\0\0\0".to_vec();
        for at in 0..pictures {
            let [high, a, b, c] = (at * 100).to_be_bytes();
            file.extend([9, 0, 0, 4, a, b, c, high, 0, 0, 0, 0x12, name, 0, 0]);
            file.extend(15_u32.to_be_bytes());
        }
        file
    }

    fn has(seen: &[String], wanted: &str) -> bool {
        seen.iter().any(|seen| seen == wanted)
    }

    #[tokio::test]
    async fn what_was_to_follow_a_play_that_was_refused_does_not_follow_another() {
        let mut viewer = Viewer::connect().await;
        viewer.play("nothing", Playlist::Reset);
        viewer.play("b", Playlist::Append);
        viewer.until("there is no recording of nothing").await;
        viewer.play("c", Playlist::Reset);
        let seen = viewer.until("c has ended").await;
        assert!(has(&seen, "picture c"), "{seen:?}");
        assert!(!has(&seen, "picture b"), "{seen:?}");
    }

    #[tokio::test]
    async fn what_is_appended_right_after_a_reset_is_played_after_it() {
        let mut viewer = Viewer::of_long().await;
        viewer.play2("b", "reset");
        viewer.play2("c", "append");
        let seen = viewer.until("c has ended").await;
        assert!(has(&seen, "b: it is about to play"), "{seen:?}");
        assert!(has(&seen, "b plays from now on"), "{seen:?}");
        assert!(has(&seen, "picture b"), "{seen:?}");
    }

    #[tokio::test]
    async fn of_two_resets_the_last_one_counts() {
        let mut viewer = Viewer::of_long().await;
        viewer.play2("b", "reset");
        viewer.play2("c", "reset");
        let seen = viewer.until("c has ended").await;
        assert!(!has(&seen, "b plays from now on"), "{seen:?}");
    }

    #[tokio::test]
    async fn who_wants_no_pictures_gets_none_after_a_reset_either() {
        let mut viewer = Viewer::of_long().await;
        viewer.send(ClientCommand::ReceiveVideo(Receive::Off));
        viewer.play2("b", "reset");
        let seen = viewer.until("b has ended").await;
        assert!(!has(&seen, "picture b"), "{seen:?}");
    }

    #[test]
    fn the_buffers_of_so_many_streams_are_remembered() {
        let msid = MessageStreamId::new;
        let most = u32::try_from(WISHES).unwrap();
        let mut wishes = Wishes::default();
        for stream in 1..=most {
            wishes.set_buffer(msid(stream), stream);
            wishes.set_buffer(msid(stream), stream + 1);
        }
        let buffer = |wishes: &Wishes, stream| wishes.buffer(msid(stream));
        assert_eq!(buffer(&wishes, 1), Some(Duration::from_millis(2)));
        wishes.set_buffer(msid(most + 1), 7);
        assert_eq!(buffer(&wishes, 1), None);
        assert_eq!(buffer(&wishes, 2), Some(Duration::from_millis(3)));
        assert_eq!(buffer(&wishes, most + 1), Some(Duration::from_millis(7)));
    }

    #[test]
    fn transitions_have_the_names_of_flash_in_any_case() {
        let check = |text, expected| assert_eq!(Transition::parse(text), expected);
        check("switch", Some(Transition::Switch));
        check("appendAndWait", Some(Transition::Append));
        check("SWAP", Some(Transition::Swap));
        check("resume", Some(Transition::Reset));
        check("fade", None);
    }
}
