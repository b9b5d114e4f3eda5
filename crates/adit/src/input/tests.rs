use super::{Head, Input};

#[test]
fn an_input_is_a_file_unless_it_is_a_dash_or_a_pattern() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Input::parse(text).unwrap().name(), expected);
    };
    check("-", "standard input");
    check("clip.flv", "clip.flv");
    check("./pattern:", "./pattern:");
    check("pattern:@60,2M", "pattern:640x360@60,2000k,key=2");
    assert!(Input::parse("pattern:loud").is_err());
}

#[test]
fn files_of_other_kinds_are_known_by_their_first_bytes() {
    let check = |bytes: &[u8], expected: Option<&str>| {
        let mut head = Head::default();
        for byte in bytes {
            head.note(&[*byte]);
        }
        assert_eq!(head.kind(), expected);
    };
    let mut ts = vec![0; 376];
    (ts[0], ts[188]) = (b'G', b'G');
    check(&ts, Some("MPEG-TS"));
    check(&ts[..188], None);
    check(b"GIF89a", None);
    check(b"\0\0\0\x20ftypisom", Some("MP4 or MOV"));
    check(b"\x1A\x45\xDF\xA3\x01", Some("Matroska (MKV or WebM)"));
    check(b"RIFF\0\0\0\0AVI ", Some("AVI"));
    check(b"RIFF\0\0\0\0WAVE", None);
    check(b"", None);
}
