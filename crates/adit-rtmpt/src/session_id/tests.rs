use super::*;

const TEXT: &str = "00ff1a2b3c4d5e6f708192a3b4c5d6e7";

#[test]
fn an_id_survives_its_text() {
    let id = SessionId::parse(TEXT).unwrap();
    let body = id.open_body();
    assert_eq!(&body[..32], TEXT.as_bytes());
    assert_eq!(
        SessionId::parse(std::str::from_utf8(&body[..32]).unwrap()),
        Ok(id)
    );
}

#[test]
fn the_open_reply_fits_what_ffmpeg_and_librtmp_can_hold() {
    let body = SessionId::from_random([0xA5; 16]).open_body();
    assert_eq!(body.last(), Some(&b'\n'));
    assert!(body.len() <= 63);
    assert!(body[..32].iter().all(u8::is_ascii_hexdigit));
}

#[test]
fn anything_but_32_lower_case_digits_is_no_id() {
    for text in [
        "",
        "1",
        "00FF1A2B3C4D5E6F708192A3B4C5D6E7",
        &TEXT[1..],
        &format!("{TEXT}0"),
        "<html>",
        "g0ff1a2b3c4d5e6f708192a3b4c5d6e7",
        "é0ff1a2b3c4d5e6f708192a3b4c5d6e",
    ] {
        assert_eq!(SessionId::parse(text), Err(InvalidSessionId), "{text}");
    }
}

#[test]
fn debug_output_hides_the_id() {
    let shown = format!("{:?}", SessionId::parse(TEXT).unwrap());
    assert_eq!(shown, "SessionId(redacted)");
}
