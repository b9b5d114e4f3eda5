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
Publish with ffmpeg:
  ffmpeg -re -i FILE -c copy -f flv rtmp://127.0.0.1/app/KEY
Publish with OBS (Settings, Stream, Service: Custom):
  Server      rtmp://127.0.0.1/app
  Stream Key  KEY   (the key that the server gave you)
Play:
  ffplay rtmp://127.0.0.1/app/KEY
It goes to rtmps://live.example.com/app",
    );
}

#[test]
fn a_stream_is_not_shown_and_any_key_will_do() {
    check(
        "[::1]:1936",
        "rtmp://user:password@live.example.com/app/secret?token=1",
        "
Publish with ffmpeg:
  ffmpeg -re -i FILE -c copy -f flv rtmp://[::1]:1936/app/any
Publish with OBS (Settings, Stream, Service: Custom):
  Server      rtmp://[::1]:1936/app
  Stream Key  any   (the tunnel has the key of the server)
Play:
  ffplay rtmp://[::1]:1936/app/any
It goes to rtmp://***@live.example.com/app/***",
    );
}

#[test]
fn without_an_application_the_encoder_names_it() {
    check(
        "0.0.0.0:1935",
        "rtmp://live.example.com",
        "
Publish with ffmpeg:
  ffmpeg -re -i FILE -c copy -f flv rtmp://127.0.0.1/APP/KEY
Publish with OBS (Settings, Stream, Service: Custom):
  Server      rtmp://127.0.0.1/APP
  Stream Key  KEY   (the key that the server gave you)
Play:
  ffplay rtmp://127.0.0.1/APP/KEY
It goes to rtmp://live.example.com/",
    );
}
