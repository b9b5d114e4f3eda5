//! The client's side of RTMP as ready-made bytes: just enough to publish and to play.

use crate::{media, swarm::DEFAULT_CHUNK_SIZE};

/// C0 and C1, and likewise S0 and S1 and S2, in bytes `[RTMP 5.2]`.
pub(crate) const C0_C1: usize = 1 + HELLO;
pub(crate) const S0_S1_S2: usize = 1 + 2 * HELLO;
pub(crate) const C2: usize = HELLO;
const HELLO: usize = 1536;

/// The application and the stream of the benchmark.
pub(crate) const APPLICATION: &str = "live";
pub(crate) const STREAM: &str = "bench";

/// RTMP message types `[RTMP 5.4, 7.1]`.
pub(crate) const SET_CHUNK_SIZE: u8 = 1;
pub(crate) const ACKNOWLEDGEMENT: u8 = 3;
pub(crate) const USER_CONTROL: u8 = 4;
pub(crate) const WINDOW_SIZE: u8 = 5;
const PEER_BANDWIDTH: u8 = 6;
pub(crate) const DATA: u8 = 18;
pub(crate) const COMMAND: u8 = 20;

const CONTROL_CSID: u8 = 2;
const COMMAND_CSID: u8 = 3;
/// Chunk stream of the play and publish commands, and of metadata.
const STREAM_CSID: u8 = 4;

const PING_REQUEST: u16 = 6;
const PING_RESPONSE: u16 = 7;

/// Transaction numbers of the two commands that are answered with `_result`.
pub(crate) const CONNECT: f64 = 1.0;
pub(crate) const CREATE_STREAM: f64 = 2.0;

/// Bytes of "_result" and its transaction number, as AMF0.
const RESULT_HEAD: usize = 3 + 7 + 9;

/// The simple handshake's first flight `[RTMP 5.2.2]`.
pub(crate) fn c0_c1() -> [u8; C0_C1] {
    let mut bytes = [0xA5; C0_C1];
    if let Some((head, _)) = bytes.split_first_chunk_mut::<9>() {
        *head = [3, 0, 0, 0, 0, 0, 0, 0, 0];
    }
    bytes
}

/// C2: the echo of S1 `[RTMP 5.2.4]`. `answer` is S0, S1 and S2.
pub(crate) fn c2(answer: &[u8]) -> &[u8] {
    answer.get(1..=HELLO).unwrap_or_default()
}

/// Appends one message in chunks of `chunk_size` bytes, the first with a full header.
pub(crate) fn write_message(
    out: &mut Vec<u8>,
    chunk_size: u32,
    (csid, kind, msid): (u8, u8, u32),
    timestamp: u32,
    body: &[u8],
) {
    out.extend_from_slice(&message_head((csid, kind, msid), timestamp, body.len()));
    let size = usize::try_from(chunk_size).unwrap_or(usize::MAX);
    for (number, chunk) in body.chunks(size).enumerate() {
        if number > 0 {
            out.push(0xC0 | csid);
        }
        out.extend_from_slice(chunk);
    }
}

/// The type 0 header of a message on chunk stream `csid`, 2 to 63 `[RTMP 5.3.1.2.1]`.
/// The timestamp is in milliseconds and below 2^24 - 1.
pub(crate) fn message_head(
    (csid, kind, msid): (u8, u8, u32),
    timestamp: u32,
    len: usize,
) -> [u8; 12] {
    let [_, t0, t1, t2] = timestamp.to_be_bytes();
    let [_, l0, l1, l2] = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    let [m0, m1, m2, m3] = msid.to_le_bytes();
    [csid, t0, t1, t2, l0, l1, l2, kind, m0, m1, m2, m3]
}

/// connect `[RTMP 7.2.1.1]`.
pub(crate) fn connect(port: u16) -> Vec<u8> {
    let tc_url = format!("rtmp://127.0.0.1:{port}/{APPLICATION}");
    let mut body = Vec::new();
    amf_string(&mut body, "connect");
    amf_number(&mut body, CONNECT);
    body.push(3);
    for (name, value) in [
        ("app", APPLICATION),
        ("type", "nonprivate"),
        ("flashVer", "LNX 9,0,124,2"),
        ("tcUrl", &tc_url),
    ] {
        amf_name(&mut body, name);
        amf_string(&mut body, value);
    }
    body.extend_from_slice(&[0, 0, 9]);
    command(COMMAND_CSID, 0, &body)
}

/// createStream `[RTMP 7.2.1.3]`.
pub(crate) fn create_stream() -> Vec<u8> {
    let mut body = Vec::new();
    amf_string(&mut body, "createStream");
    amf_number(&mut body, CREATE_STREAM);
    body.push(5);
    command(COMMAND_CSID, 0, &body)
}

/// play `[RTMP 7.2.2.1]` of the live stream.
pub(crate) fn play(msid: u32, stream: &str) -> Vec<u8> {
    let mut body = Vec::new();
    amf_string(&mut body, "play");
    amf_number(&mut body, 3.0);
    body.push(5);
    amf_string(&mut body, stream);
    amf_number(&mut body, -2000.0);
    command(STREAM_CSID, msid, &body)
}

/// publish `[RTMP 7.2.2.6]` as live.
pub(crate) fn publish(msid: u32, stream: &str) -> Vec<u8> {
    let mut body = Vec::new();
    amf_string(&mut body, "publish");
    amf_number(&mut body, 3.0);
    body.push(5);
    amf_string(&mut body, stream);
    amf_string(&mut body, "live");
    command(STREAM_CSID, msid, &body)
}

/// Set Chunk Size `[RTMP 5.4.1]`.
pub(crate) fn set_chunk_size(size: u32) -> Vec<u8> {
    control(SET_CHUNK_SIZE, &size.to_be_bytes())
}

/// Acknowledgement of the bytes received so far, modulo 2^32 `[RTMP 5.4.3]`.
pub(crate) fn acknowledgement(received: u64) -> Vec<u8> {
    let [_, _, _, _, low @ ..] = received.to_be_bytes();
    control(ACKNOWLEDGEMENT, &low)
}

/// The answer to a User Control message, when that is a ping `[RTMP 7.1.7]`.
pub(crate) fn ping_answer(user_control: &[u8]) -> Option<Vec<u8>> {
    let (event, rest) = user_control.split_first_chunk::<2>()?;
    let (time, _) = rest.split_first_chunk::<4>()?;
    if u16::from_be_bytes(*event) != PING_REQUEST {
        return None;
    }
    let mut body = PING_RESPONSE.to_be_bytes().to_vec();
    body.extend_from_slice(time);
    Some(control(USER_CONTROL, &body))
}

/// What lets a client in: the window, the bandwidth, and connect's result with as much about the server as is usual.
pub(crate) fn connected() -> Vec<u8> {
    let mut out = control(WINDOW_SIZE, &2_500_000u32.to_be_bytes());
    out.extend(control(PEER_BANDWIDTH, &[0, 0x26, 0x25, 0xA0, 2]));
    let mut body = Vec::new();
    amf_string(&mut body, "_result");
    amf_number(&mut body, CONNECT);
    body.push(3);
    amf_name(&mut body, "fmsVer");
    amf_string(&mut body, "FMS/3,0,1,123");
    amf_name(&mut body, "capabilities");
    amf_number(&mut body, 31.0);
    body.extend_from_slice(&[0, 0, 9, 3]);
    status(
        &mut body,
        ("NetConnection.Connect.Success", "connection accepted"),
    );
    out.extend(command(COMMAND_CSID, 0, &body));
    out
}

/// createStream's result.
pub(crate) fn stream_created(msid: u32) -> Vec<u8> {
    let mut body = Vec::new();
    amf_string(&mut body, "_result");
    amf_number(&mut body, CREATE_STREAM);
    body.push(5);
    amf_number(&mut body, msid.into());
    command(COMMAND_CSID, 0, &body)
}

/// That the stream begins, and that it plays.
pub(crate) fn playing(msid: u32) -> Vec<u8> {
    let [m0, m1, m2, m3] = msid.to_be_bytes();
    let mut out = control(USER_CONTROL, &[0, 0, m0, m1, m2, m3]);
    let mut body = Vec::new();
    amf_string(&mut body, "onStatus");
    amf_number(&mut body, 0.0);
    body.extend_from_slice(&[5, 3]);
    status(&mut body, ("NetStream.Play.Start", "playing"));
    out.extend(command(STREAM_CSID, msid, &body));
    out
}

/// The members of an information object, and its end `[RTMP 7.2.2]`.
fn status(out: &mut Vec<u8>, (code, description): (&str, &str)) {
    for (name, value) in [
        ("level", "status"),
        ("code", code),
        ("description", description),
    ] {
        amf_name(out, name);
        amf_string(out, value);
    }
    out.extend_from_slice(&[0, 0, 9]);
}

/// What opens the published stream: metadata and both sequence headers, in chunks of `chunk_size`.
pub(crate) fn stream_headers(msid: u32, chunk_size: u32) -> Vec<u8> {
    let mut body = Vec::new();
    amf_string(&mut body, "@setDataFrame");
    amf_string(&mut body, "onMetaData");
    body.extend_from_slice(&[8, 0, 0, 0, 6]);
    for (name, value) in [
        ("width", 1280.0),
        ("height", 720.0),
        ("framerate", 30.0),
        ("videocodecid", 7.0),
        ("audiocodecid", 10.0),
        ("audiosamplerate", 44_100.0),
    ] {
        amf_name(&mut body, name);
        amf_number(&mut body, value);
    }
    body.extend_from_slice(&[0, 0, 9]);
    let mut out = Vec::new();
    write_message(&mut out, chunk_size, (STREAM_CSID, DATA, msid), 0, &body);
    let video = media_stream(media::VIDEO, msid);
    write_message(&mut out, chunk_size, video, 0, &media::AVC_HEADER);
    let audio = media_stream(media::AUDIO, msid);
    write_message(&mut out, chunk_size, audio, 0, &media::AAC_HEADER);
    out
}

/// Chunk stream, type and message stream of audio or video.
pub(crate) fn media_stream(kind: u8, msid: u32) -> (u8, u8, u32) {
    (if kind == media::AUDIO { 5 } else { 6 }, kind, msid)
}

/// What a server's command message means to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Connected,
    /// The message stream that createStream made.
    StreamCreated(u32),
    Playing,
    Publishing,
    Refused,
    Other,
}

impl Reply {
    /// Reads as much of a command `[AMF0 2]` as a fixed client needs.
    pub(crate) fn read(body: &[u8]) -> Self {
        let holds = |code: &[u8]| body.windows(code.len()).any(|window| window == code);
        let transaction = || {
            let (number, _) = body
                .get(3 + 7..)?
                .strip_prefix(&[0])?
                .split_first_chunk::<8>()?;
            Some(f64::from_be_bytes(*number))
        };
        if body.starts_with(b"\x02\0\x07_result") {
            match transaction() {
                Some(CONNECT) => Self::Connected,
                Some(CREATE_STREAM) => {
                    created_stream(body).map_or(Self::Refused, Self::StreamCreated)
                }
                _ => Self::Other,
            }
        } else if holds(b"NetStream.Play.Start") {
            Self::Playing
        } else if holds(b"NetStream.Publish.Start") {
            Self::Publishing
        } else if body.starts_with(b"\x02\0\x06_error") || holds(b"\x02\0\x05error") {
            Self::Refused
        } else {
            Self::Other
        }
    }
}

/// The number at the end of createStream's result.
fn created_stream(body: &[u8]) -> Option<u32> {
    let [0, number @ ..] = body.get(RESULT_HEAD..)?.last_chunk::<9>()? else {
        return None;
    };
    let number = f64::from_be_bytes(*number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a whole number within the range"
    )]
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
        .then_some(number as u32)
}

fn command(csid: u8, msid: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_message(&mut out, DEFAULT_CHUNK_SIZE, (csid, COMMAND, msid), 0, body);
    out
}

fn control(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_message(
        &mut out,
        DEFAULT_CHUNK_SIZE,
        (CONTROL_CSID, kind, 0),
        0,
        body,
    );
    out
}

fn amf_number(out: &mut Vec<u8>, number: f64) {
    out.push(0);
    out.extend_from_slice(&number.to_be_bytes());
}

fn amf_string(out: &mut Vec<u8>, text: &str) {
    out.push(2);
    amf_name(out, text);
}

fn amf_name(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests;
