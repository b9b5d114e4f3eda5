use adit_client::Target;

use super::what_to_paste;

#[track_caller]
fn check(address: &str, target: &str, expected: &str) {
    let target = Target::parse(target).unwrap();
    let text = what_to_paste(address.parse().unwrap(), &target);
    assert_eq!(text.trim(), expected.trim());
}

#[test]
fn an_application_takes_the_key_of_the_encoder() {
    check(
        "127.0.0.1:1935",
        "rtmps://live.example.com/app",
        "
to        rtmps://live.example.com/app
OBS       server rtmp://127.0.0.1/app   stream key the one of the server
publish   ffmpeg -re -i FILE -c copy -f flv rtmp://127.0.0.1/app/KEY
play      ffplay rtmp://127.0.0.1/app/KEY",
    );
}

#[test]
fn a_stream_is_not_shown_and_any_key_will_do() {
    check(
        "[::1]:1936",
        "rtmp://user:password@live.example.com/app/secret?token=1",
        "
to        rtmp://***@live.example.com/app/***
OBS       server rtmp://[::1]:1936/app   stream key any   (the key of the tunnel goes to the server)
publish   ffmpeg -re -i FILE -c copy -f flv rtmp://[::1]:1936/app/any
play      ffplay rtmp://[::1]:1936/app/any",
    );
}

#[test]
fn without_an_application_the_encoder_names_it() {
    check(
        "0.0.0.0:1935",
        "rtmp://live.example.com",
        "
to        rtmp://live.example.com/
OBS       server rtmp://127.0.0.1/APP   stream key the one of the server
publish   ffmpeg -re -i FILE -c copy -f flv rtmp://127.0.0.1/APP/KEY
play      ffplay rtmp://127.0.0.1/APP/KEY",
    );
}
