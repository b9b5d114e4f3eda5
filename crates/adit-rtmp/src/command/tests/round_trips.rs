use adit_amf::amf0::{Object, Value};
use adit_amf::{Limits, Text};
use bytes::Bytes;
use proptest::prelude::*;

use crate::MessageStreamId;
use crate::command::{
    BandwidthDialect, ClientCommand, CodecAbilities, Connect, ConnectReply, EnhancedCapabilities,
    Extensions, FcNotice, Invocation, InvocationError, ObjectEncoding, PauseForm, PauseState, Play,
    Play2, PlayDuration, PlayStart, Playlist, Publish, PublishKind, Receive, Response,
    ServerCommand, Status, StatusCode, TransactionId,
};
use crate::message::MessageKind;

const FIVE: TransactionId = TransactionId::from_number(5.0);

fn decode(body: Bytes) -> Invocation {
    Invocation::decode(MessageKind::CommandAmf0, body, &Limits::default()).unwrap()
}

/// To bytes and back.
fn carried(invocation: &Invocation) -> Invocation {
    let carried = decode(invocation.encode().unwrap());
    assert_eq!(carried, *invocation);
    carried
}

fn check_client(command: &ClientCommand) {
    let invocation = carried(&command.clone().into_invocation(FIVE));
    assert_eq!(ClientCommand::parse(invocation).as_ref(), Ok(command));
}

fn check_server(command: &ServerCommand) {
    let invocation = carried(&command.clone().into_invocation(FIVE));
    assert_eq!(ServerCommand::parse(invocation), *command);
}

fn full_connect() -> Connect {
    let mut connect = Connect::new("live/room?x=1", "rtmp://host/live/room?x=1");
    connect.client.flash_version = Some("FMLE/3.0".into());
    connect.client.swf_url = Some("http://h/p.swf".into());
    connect.client.page_url = Some("http://h/".into());
    connect.client.kind = Some("nonprivate".into());
    connect.client.proxied = Some(true);
    connect.codecs.capabilities = Some(239);
    connect.codecs.audio = Some(0xFFF);
    connect.codecs.video = Some(0xFF);
    connect.object_encoding = ObjectEncoding::Amf3;
    connect.enhanced = EnhancedCapabilities::forwarding();
    connect.enhanced.video_function = 3;
    connect.other = Object::new().with("supportsGoAway", true);
    connect.arguments = vec!["user".into(), 1.0.into()];
    connect
}

#[test]
fn client_commands_come_back_as_they_were() {
    use ClientCommand as C;
    let name = || Some(Text::from("cam?token=x"));
    let msid = MessageStreamId::new(7);
    let options = Object::new()
        .with("streamName", "b")
        .with("transition", "switch");
    let play = Play {
        name: "cam".into(),
        start: PlayStart::Recorded { from_ms: 1500 },
        duration: PlayDuration::Limited { ms: 10 },
        playlist: Playlist::AppendDataAtOnce,
    };
    let pause = |state, form| C::Pause {
        state,
        position_ms: 9,
        form,
    };
    let commands = [
        C::Close,
        C::CreateStream,
        C::InitStream(None),
        C::InitStream(Some(msid)),
        C::ReleaseStream(name()),
        C::ReleaseStream(None),
        C::FcPublish(name()),
        C::FcUnpublish(name()),
        C::FcSubscribe(name()),
        C::FcUnsubscribe(name()),
        C::StreamLength(name()),
        C::Publish(Publish::new("cam", PublishKind::AppendWithGap)),
        C::StopPublish,
        C::PublishNothing,
        C::Play(play),
        C::Play(Play::new("cam")),
        C::StopPlay,
        C::PlayNothing,
        C::Play2(Play2::from_object(&options).unwrap()),
        pause(PauseState::Paused, PauseForm::Plain),
        pause(PauseState::Playing, PauseForm::Raw),
        C::Seek {
            position_ms: 4_000_000_000,
        },
        C::ReceiveAudio(Receive::Off),
        C::ReceiveVideo(Receive::On),
        C::ReceiveVideo(Receive::FramesPerSecond(12.5)),
        C::CloseStream,
        C::DeleteStream(msid),
        C::CheckBandwidth(BandwidthDialect::Native),
        C::CheckBandwidth(BandwidthDialect::Old),
        C::Response(Response::result(FIVE, vec![1.0.into()])),
        C::Response(Response::error(
            FIVE,
            Status::new(StatusCode::CallFailed, "no"),
        )),
        C::Call(Invocation::new("a.b", FIVE).argument(Object::new().with("x", 1.0))),
    ];
    for command in &commands {
        check_client(command);
    }
}

#[test]
fn connect_comes_back_as_it_was() {
    for connect in [
        full_connect(),
        Connect::new("live", "rtmp://h/live"),
        Connect::default(),
    ] {
        let invocation = carried(&connect.clone().into_invocation());
        assert_eq!(invocation.transaction, TransactionId::CONNECT);
        assert_eq!(Connect::from_invocation(invocation), Ok(connect));
    }
}

#[test]
fn connect_shows_no_secrets() {
    let shown = format!("{:?}", full_connect());
    assert!(
        shown.contains("live/room") && !shown.contains("x=1"),
        "{shown}"
    );
}

#[test]
fn commands_show_no_secrets() {
    let secret = || Text::from("cam?token=x");
    let url = || Text::from("rtmp://user:pw@host/cam?token=x");
    let connect = Connect::new(secret(), url());
    let mut client = connect.client.clone();
    client.swf_url = Some(url());
    client.page_url = Some("user@host/cam?token=x".into());
    let invocation = Invocation::new("login", FIVE).argument("token");
    let mut play2 = Play2::from_object(&Object::new().with("streamName", secret())).unwrap();
    play2.old_name = Some(secret());
    let publish = Publish::new(secret(), PublishKind::Live);
    let shown = [
        format!("{connect:?}"),
        format!("{client:?}"),
        format!("{invocation:?}"),
        format!("{play2:?}"),
        format!("{publish:?}"),
        format!("{:?}", Play::new(secret())),
        format!("{:?}", ClientCommand::ReleaseStream(Some(secret()))),
        format!("{:?}", ClientCommand::Publish(publish.clone())),
        format!("{:?}", ServerCommand::Call(invocation.clone())),
        format!("{:?}", Response::result(FIVE, vec!["token".into()])),
    ];
    for line in &shown {
        let hidden = ["token", "user", "pw"].iter().all(|s| !line.contains(s));
        assert!(hidden, "{line}");
    }
    assert!(shown[0].contains("host/cam"), "{}", shown[0]);
    assert_eq!(
        shown[7],
        r#"Invocation { name: "publish", transaction: TransactionId(0.0), arguments: [String(11 bytes), String(4 bytes)], .. }"#
    );
}

#[test]
fn server_commands_come_back_as_they_were() {
    use ServerCommand as S;
    let status = Status::new(StatusCode::PublishStart, "cam").with("clientid", 1.0);
    let commands = [
        S::Response(Response::result(FIVE, vec![])),
        S::Status(status.clone()),
        S::FcStatus(FcNotice::Published, Some(status)),
        S::FcStatus(FcNotice::Unpublished, None),
        S::FcStatus(FcNotice::Subscribed, None),
        S::FcStatus(FcNotice::Unsubscribed, None),
        S::BandwidthDone,
        S::BandwidthCheck,
        S::Ping,
        S::Close,
        S::Call(Invocation::new("onUser", FIVE).argument("x")),
    ];
    for command in &commands {
        check_server(command);
    }
}

// Q-087
#[test]
fn a_status_counts_whatever_its_number() {
    let status = Status::new(StatusCode::PublishStart, "cam");
    for number in [0.0, 5.0, f64::NAN] {
        let transaction = TransactionId::from_number(number);
        let invocation = Invocation::new("onStatus", transaction).argument(status.clone());
        assert_eq!(
            ServerCommand::parse(invocation),
            ServerCommand::Status(status.clone())
        );
    }
}

#[test]
fn an_on_status_without_a_status_is_a_call() {
    let invocation = Invocation::new("onStatus", TransactionId::NONE).argument("strange");
    assert_eq!(
        ServerCommand::parse(invocation.clone()),
        ServerCommand::Call(invocation)
    );
}

// Q-068
#[test]
fn a_connect_reply_may_state_its_abilities_in_either_object() {
    let stated = || {
        Object::new()
            .with("CapsEx", 3.0)
            .with("fourCcList", vec!["av01".into()])
    };
    let status = |object: Object| {
        let success = Status::new(StatusCode::ConnectSuccess, "").into_object();
        Value::Object(success.into_iter().chain(object).collect())
    };
    let version = || {
        Object::new()
            .with("fmsVer", "FMS/3,0,1,123")
            .with("capabilities", 31.0)
    };
    let check = |first: Object, second: Object| {
        let reply = ConnectReply::from_values(&first.into(), Some(&status(second)));
        assert_eq!(reply.server_version.as_deref(), Some("FMS/3,0,1,123"));
        assert_eq!(reply.capabilities, Some(31));
        assert_eq!(reply.enhanced.extensions.bits(), 3);
        assert!(reply.enhanced.extensions.contains(Extensions::RECONNECT));
        assert_eq!(reply.enhanced.four_ccs, ["av01"]);
        assert_eq!(
            reply.status.unwrap().code(),
            Some(StatusCode::ConnectSuccess)
        );
    };
    check(
        version().into_iter().chain(stated()).collect(),
        Object::new(),
    );
    check(version(), stated());
    let nothing = ConnectReply::from_values(&Value::Null, None);
    assert!(nothing.enhanced.is_empty() && nothing.status.is_none());
}

#[test]
fn lists_of_codecs_are_cut_at_their_limit() {
    let count = crate::limits::FOUR_CC_ENTRIES;
    let check = |entries: usize, kept: usize| {
        let list: Vec<Value> = (0..entries).map(|i| format!("c{i}").into()).collect();
        let map: Object = (0..entries).map(|i| (format!("c{i}"), 4.0)).collect();
        let object = Object::new()
            .with("fourCcList", list)
            .with("audioFourCcInfoMap", map);
        let read = EnhancedCapabilities::from_object(&object);
        assert_eq!((read.four_ccs.len(), read.audio.len()), (kept, kept));
        assert!(read.audio[0].1.contains(CodecAbilities::FORWARD));
    };
    check(count, count);
    check(count + 1, count);
}

#[test]
fn transactions_that_are_no_numbers_want_no_answer() {
    for number in [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(
            !TransactionId::from_number(number).wants_answer(),
            "{number}"
        );
    }
    for number in [1.0, -1.0, 0.5, 1e300] {
        assert!(
            TransactionId::from_number(number).wants_answer(),
            "{number}"
        );
    }
}

#[test]
fn the_text_of_a_client_is_cut_between_characters() {
    let long = "é".repeat(400);
    let object = Object::new().with("app", "a").with("flashVer", long);
    let invocation = Invocation::new("connect", TransactionId::CONNECT).object(object);
    let connect = Connect::from_invocation(invocation).unwrap();
    assert_eq!(connect.client.flash_version.unwrap().len(), 512);
}

#[test]
fn what_can_be_read_of_a_broken_command_is_in_the_error() {
    let read = |body: &'static [u8]| {
        let body = Bytes::from_static(body);
        Invocation::decode(MessageKind::CommandAmf0, body, &Limits::default()).unwrap_err()
    };
    let nameless = |transaction| InvocationError::NoName { transaction };
    assert_eq!(read(b"\x05"), nameless(TransactionId::NONE));
    assert_eq!(read(b"\x02\0\x09x"), nameless(TransactionId::NONE));
    let number = b"\0\x40\x14\0\0\0\0\0\0\0\x40\x14\0\0\0\0\0\0\x05";
    assert_eq!(read(number), nameless(FIVE));
    let InvocationError::Values {
        name, transaction, ..
    } = read(b"\x02\0\x01x\0\x40\x14\0\0\0\0\0\0\x05\xFF")
    else {
        panic!()
    };
    assert_eq!((name.as_str(), transaction), ("x", FIVE));
}

proptest! {
    #[test]
    fn any_bytes_are_a_command_or_an_error(body: Vec<u8>, amf3: bool) {
        let kind = if amf3 { MessageKind::CommandAmf3 } else { MessageKind::CommandAmf0 };
        if let Ok(invocation) = Invocation::decode(kind, body.into(), &Limits::default()) {
            let _parsed = ClientCommand::parse(invocation.clone());
            let _parsed = ServerCommand::parse(invocation);
        }
    }

    #[test]
    fn play_numbers_come_back(from_ms: u32, ms in 1_u32..) {
        let start = PlayStart::Recorded { from_ms };
        prop_assert_eq!(PlayStart::from_number(start.to_number()), start);
        let duration = PlayDuration::Limited { ms };
        prop_assert_eq!(PlayDuration::from_number(duration.to_number()), duration);
    }
}
