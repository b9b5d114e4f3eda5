use super::*;

fn tag(kind: u8, at: u32, body: &[u8]) -> Vec<u8> {
    let [top, a, b, c] = at.to_be_bytes();
    let mut bytes = vec![
        kind,
        0,
        0,
        u8::try_from(body.len()).unwrap(),
        a,
        b,
        c,
        top,
        0,
        0,
        0,
    ];
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

#[test]
fn headers_and_metadata_are_not_media() {
    let mut stream = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
    stream.extend(tag(18, 0, b"x"));
    stream.extend(tag(9, 0, &[0x17, 0, 0]));
    stream.extend(tag(8, 0, &[0xAF, 0, 0]));
    let mut watch = Watch::default();
    watch.feed(Instant::now(), &stream);
    assert_eq!(watch.first(), None);
}

#[test]
fn any_split_gives_the_same_first_tag_and_span() {
    let mut stream = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
    stream.extend(tag(9, 40, &[0x17, 1, 0]));
    stream.extend(tag(8, 5040, &[0xAF, 1, 0]));
    let now = Instant::now();
    for step in [1, 7, stream.len()] {
        let mut watch = Watch::default();
        for piece in stream.chunks(step) {
            watch.feed(now, piece);
        }
        assert_eq!(watch.first(), Some(now));
        assert_eq!(watch.carried(), Duration::from_secs(5));
    }
}
