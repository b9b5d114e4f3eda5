//! Commands that clients send.

use std::fmt;

use adit_amf::{Text, amf0::Value};

use super::{
    ArgumentError, Connect, Invocation, PauseState, Play, Play2, PlayDuration, PlayStart, Playlist,
    Publish, PublishKind, Receive, Response, TransactionId,
    arguments::{Arguments, required},
    connect::ConnectError,
    play::milliseconds,
};
use crate::{MessageStreamId, limits};

/// A command from a client, with its arguments understood.
///
/// Whatever a client can call that is not in this list is a [`Call`](Self::Call), unchanged.
///
/// [`Debug`](fmt::Debug) shows the command as it would be sent, without texts, which may be secrets.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ClientCommand {
    /// `connect`: open the connection to an application.
    Connect(Box<Connect>),
    /// `close`: the client goes.
    Close,
    /// `createStream`: it wants a message stream.
    CreateStream,
    /// `initStream`: it wants the message stream of this id, or any.
    InitStream(Option<MessageStreamId>),
    /// `releaseStream`: an older publish of this name may end.
    ReleaseStream(Option<Text>),
    /// `FCPublish`: it is going to publish this name.
    FcPublish(Option<Text>),
    /// `FCUnpublish`: it has published this name.
    FcUnpublish(Option<Text>),
    /// `FCSubscribe`: it is going to play this name.
    FcSubscribe(Option<Text>),
    /// `FCUnsubscribe`: it has played this name.
    FcUnsubscribe(Option<Text>),
    /// `getStreamLength`: how long is the recording?
    StreamLength(Option<Text>),
    /// `publish`: what follows on this message stream is media.
    Publish(Publish),
    /// `publish` with false for a name: publishing ends.
    StopPublish,
    /// `publish` with null for a name, or none: publishing ends, if anything is published.
    PublishNothing,
    /// `play`: send a stream.
    Play(Play),
    /// `play` with false for a name: playing ends.
    StopPlay,
    /// `play` with null for a name, or none: playing ends, if anything is played.
    PlayNothing,
    /// `play2`: go over to another stream.
    Play2(Play2),
    /// `pause` or `pauseRaw`.
    Pause {
        /// Stop or go on.
        state: PauseState,
        /// Where the client is, in milliseconds of the stream.
        position_ms: u32,
        /// Which of the two it was; the raw one wants no notice.
        form: PauseForm,
    },
    /// `seek`.
    Seek {
        /// Where to, in milliseconds of the stream.
        position_ms: u32,
    },
    /// `receiveAudio`.
    ReceiveAudio(Receive),
    /// `receiveVideo`, `receiveVideoFPS`.
    ReceiveVideo(Receive),
    /// `closeStream`: the message stream becomes free for something else.
    CloseStream,
    /// `deleteStream`: this message stream is not needed any more.
    DeleteStream(MessageStreamId),
    /// `checkBandwidth` or `_checkbw`: how fast is the line?
    CheckBandwidth(BandwidthDialect),
    /// The answer to a call of the server.
    Response(Response),
    /// Anything else: a method of the application.
    Call(Invocation),
}

/// In which words the bandwidth of a line is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BandwidthDialect {
    /// `checkBandwidth`, `onBWCheck`, `onBWDone`: Flash.
    Native,
    /// `_checkbw`, `_onbwcheck`, `_onbwdone`: old libraries, and encoders that only want an answer
    ///
    Old,
}

impl BandwidthDialect {
    /// What a client calls that wants to be measured.
    pub const fn question(self) -> &'static str {
        match self {
            Self::Native => "checkBandwidth",
            Self::Old => "_checkbw",
        }
    }

    /// What the server calls, which the client answers at once.
    pub const fn probe(self) -> &'static str {
        match self {
            Self::Native => "onBWCheck",
            Self::Old => "_onbwcheck",
        }
    }

    /// What the server calls at the end, with what it found.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Native => "onBWDone",
            Self::Old => "_onbwdone",
        }
    }
}

/// How a pause was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PauseForm {
    /// `pause`
    Plain,
    /// `pauseRaw`, in any case
    Raw,
}

/// Why a client's command means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCommandError {
    /// The name has more bytes than this.
    #[error("a command name of {len} bytes, {limit} are allowed", limit = limits::COMMAND_NAME)]
    NameTooLong {
        /// How many.
        len: usize,
    },
    /// `connect` is not understood.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// An argument is not understood.
    #[error(transparent)]
    Argument(#[from] ArgumentError),
}

impl ClientCommand {
    /// Gives the arguments of a command their meaning.
    ///
    /// # Errors
    ///
    /// The name is too long, or an argument has the wrong type. The peer is to be told; the
    /// connection can go on.
    pub fn parse(invocation: Invocation) -> Result<Self, ClientCommandError> {
        let name = invocation.name.clone();
        if name.len() > limits::COMMAND_NAME {
            return Err(ClientCommandError::NameTooLong { len: name.len() });
        }
        match name.as_str() {
            "connect" => Ok(Self::Connect(Box::new(Connect::from_invocation(
                invocation,
            )?))),
            "_result" | "_error" => Ok(Self::Response(Response::from_invocation(invocation))),
            name => Ok(Self::parse_arguments(name, invocation)?),
        }
    }

    fn parse_arguments(name: &str, mut invocation: Invocation) -> Result<Self, ArgumentError> {
        const NAME: &str = "the stream name";
        let arguments = &mut Arguments::new(std::mem::take(&mut invocation.arguments));
        Ok(match name {
            "close" => Self::Close,
            "createStream" => Self::CreateStream,
            "initStream" => Self::InitStream(stream_id(arguments.number("the stream id")?)),
            "releaseStream" => Self::ReleaseStream(arguments.text(NAME)?),
            "FCPublish" => Self::FcPublish(arguments.text(NAME)?),
            "FCUnpublish" => Self::FcUnpublish(arguments.text(NAME)?),
            "FCSubscribe" => Self::FcSubscribe(arguments.text(NAME)?),
            "FCUnsubscribe" => Self::FcUnsubscribe(arguments.text(NAME)?),
            "getStreamLength" => Self::StreamLength(arguments.text(NAME)?),
            "publish" => publish(arguments)?,
            "play" => play(arguments)?,
            "play2" => play2(arguments)?,
            "pause" => pause(PauseForm::Plain, arguments)?,
            // Players disagree about the case.
            _ if name.eq_ignore_ascii_case("pauseRaw") => pause(PauseForm::Raw, arguments)?,
            "seek" => seek(arguments)?,
            "receiveAudio" => Self::ReceiveAudio(receive(arguments)?),
            "receiveVideo" | "receiveVideoFPS" => Self::ReceiveVideo(receive(arguments)?),
            "closeStream" => Self::CloseStream,
            "deleteStream" => {
                let id = stream_id(arguments.number("the stream id")?);
                Self::DeleteStream(required(id, "the stream id", "a number")?)
            }
            "checkBandwidth" => Self::CheckBandwidth(BandwidthDialect::Native),
            "_checkbw" => Self::CheckBandwidth(BandwidthDialect::Old),
            _ => Self::Call(Invocation {
                arguments: arguments.take_rest(),
                ..invocation
            }),
        })
    }

    /// The command for the wire.
    pub fn into_invocation(self, transaction: TransactionId) -> Invocation {
        let bare = |name| Invocation::new(Text::from_static(name), transaction);
        let named = |command, name: Option<Text>| match name {
            Some(name) => bare(command).argument(name),
            None => bare(command),
        };
        match self {
            Self::Connect(connect) => connect.into_invocation(),
            Self::Close => bare("close"),
            Self::CreateStream => bare("createStream"),
            Self::InitStream(Some(msid)) => bare("initStream").argument(msid.get()),
            Self::InitStream(None) => bare("initStream"),
            Self::ReleaseStream(name) => named("releaseStream", name),
            Self::FcPublish(name) => named("FCPublish", name),
            Self::FcUnpublish(name) => named("FCUnpublish", name),
            Self::FcSubscribe(name) => named("FCSubscribe", name),
            Self::FcUnsubscribe(name) => named("FCUnsubscribe", name),
            Self::StreamLength(name) => named("getStreamLength", name),
            Self::Publish(publish) => bare("publish")
                .argument(publish.name)
                .argument(publish.kind.as_str()),
            Self::StopPublish => bare("publish").argument(false),
            Self::PublishNothing => bare("publish").argument(Value::Null),
            Self::Play(play) => bare("play")
                .argument(play.name)
                .argument(play.start.to_number())
                .argument(play.duration.to_number())
                .argument(play.playlist.to_value()),
            Self::StopPlay => bare("play").argument(false),
            Self::PlayNothing => bare("play").argument(Value::Null),
            Self::Play2(play2) => bare("play2").argument(play2.options),
            Self::Pause {
                state,
                position_ms,
                form,
            } => bare(if form == PauseForm::Raw {
                "pauseRaw"
            } else {
                "pause"
            })
            .argument(state == PauseState::Paused)
            .argument(position_ms),
            Self::Seek { position_ms } => bare("seek").argument(position_ms),
            Self::ReceiveAudio(receive) => bare("receiveAudio").argument(receive_value(receive)),
            Self::ReceiveVideo(receive) => bare("receiveVideo").argument(receive_value(receive)),
            Self::CloseStream => bare("closeStream"),
            Self::DeleteStream(msid) => bare("deleteStream").argument(msid.get()),
            Self::CheckBandwidth(dialect) => bare(dialect.question()),
            Self::Response(response) => response.into_invocation(),
            Self::Call(invocation) => Invocation {
                transaction,
                ..invocation
            },
        }
    }
}

impl fmt::Debug for ClientCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.clone().into_invocation(TransactionId::NONE).fmt(f)
    }
}

fn stream_id(number: Option<f64>) -> Option<MessageStreamId> {
    Value::Number(number?).as_u32().map(MessageStreamId::new)
}

fn publish(arguments: &mut Arguments) -> Result<ClientCommand, ArgumentError> {
    let name = match arguments.value() {
        None => return Ok(ClientCommand::PublishNothing),
        Some(Value::Boolean(false)) => return Ok(ClientCommand::StopPublish),
        Some(value) => text_of(&value)?,
    };
    let kind = arguments.text("the publish type")?;
    let known = kind.map_or(Some(PublishKind::Live), |kind| PublishKind::parse(&kind));
    Ok(ClientCommand::Publish(Publish {
        name,
        kind: known.unwrap_or_default(),
        is_kind_known: known.is_some(),
    }))
}

fn play(arguments: &mut Arguments) -> Result<ClientCommand, ArgumentError> {
    let name = match arguments.value() {
        None => return Ok(ClientCommand::PlayNothing),
        Some(Value::Boolean(false)) => return Ok(ClientCommand::StopPlay),
        Some(value) => text_of(&value)?,
    };
    let start = arguments.number("the start of play")?;
    let duration = arguments.number("the duration of play")?;
    let playlist = match arguments.value() {
        None => Playlist::default(),
        Some(value) => match (value.as_bool(), value.as_number()) {
            (Some(true), _) => Playlist::Reset,
            (Some(false), _) => Playlist::Append,
            (None, Some(number)) => Playlist::from_number(number),
            (None, None) => {
                let what = "the reset flag of play";
                return Err(ArgumentError {
                    what,
                    expected: "a boolean or a number",
                });
            }
        },
    };
    Ok(ClientCommand::Play(Play {
        name,
        start: start.map_or_else(PlayStart::default, PlayStart::from_number),
        duration: duration.map_or_else(PlayDuration::default, PlayDuration::from_number),
        playlist,
    }))
}

fn play2(arguments: &mut Arguments) -> Result<ClientCommand, ArgumentError> {
    let what = "the options of play2";
    let options = required(arguments.object(what)?, what, "an object")?;
    let play2 = Play2::from_object(&options);
    Ok(ClientCommand::Play2(required(
        play2,
        "streamName of play2",
        "a string",
    )?))
}

fn pause(form: PauseForm, arguments: &mut Arguments) -> Result<ClientCommand, ArgumentError> {
    let what = "the pause flag";
    let paused = required(arguments.boolean(what)?, what, "a boolean")?;
    Ok(ClientCommand::Pause {
        state: if paused {
            PauseState::Paused
        } else {
            PauseState::Playing
        },
        position_ms: time(arguments)?.unwrap_or_default(),
        form,
    })
}

/// A place that is none is not 0: the player would go back to the beginning.
fn seek(arguments: &mut Arguments) -> Result<ClientCommand, ArgumentError> {
    let what = "the time to seek to";
    let expected = "a number of milliseconds from 0 on";
    let place = required(arguments.number(what)?, what, expected)?;
    let place = Some(place).filter(|place| *place >= 0.0);
    Ok(ClientCommand::Seek {
        position_ms: milliseconds(required(place, what, expected)?),
    })
}

fn time(arguments: &mut Arguments) -> Result<Option<u32>, ArgumentError> {
    Ok(arguments
        .number("the time in milliseconds")?
        .map(milliseconds))
}

fn receive(arguments: &mut Arguments) -> Result<Receive, ArgumentError> {
    let expected = "a boolean or a number";
    let value = required(arguments.value(), "the flag", expected)?;
    match (value.as_bool(), value.as_number()) {
        (Some(true), _) => Ok(Receive::On),
        (Some(false), _) => Ok(Receive::Off),
        (None, Some(rate)) => Ok(Receive::from_number(rate)),
        (None, None) => Err(ArgumentError {
            what: "the flag",
            expected,
        }),
    }
}

fn receive_value(receive: Receive) -> Value {
    match receive {
        Receive::On => true.into(),
        Receive::Off => false.into(),
        Receive::FramesPerSecond(rate) => rate.into(),
    }
}

fn text_of(value: &Value) -> Result<Text, ArgumentError> {
    required(value.as_text().cloned(), "the stream name", "a string")
}
