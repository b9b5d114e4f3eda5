use super::{BASE64, Challenge, authenticate, negotiate, now};
use crate::client::proxy::Credentials;
use base64::Engine as _;

fn message(info: &[u8]) -> Vec<u8> {
    let mut bytes = b"NTLMSSP\0\x02\0\0\0\0\0\0\0\x38\0\0\0\x01\x02\x80\0".to_vec();
    bytes.extend(b"\x01\x23\x45\x67\x89\xab\xcd\xef\0\0\0\0\0\0\0\0");
    let length = u16::try_from(info.len()).unwrap().to_le_bytes();
    bytes.extend(length);
    bytes.extend(length);
    bytes.extend(48u32.to_le_bytes());
    bytes.extend(info);
    bytes
}

#[test]
fn the_servers_own_time_is_used_where_it_states_one() {
    let challenge = Challenge::read(&message(b"\x07\0\x08\0\x01\0\0\0\0\0\0\0\0\0\0\0")).unwrap();
    assert_eq!(challenge.timestamp(), Some(1));
    assert_eq!(
        challenge.challenge,
        [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
    );
    assert_eq!(
        Challenge::read(&message(b"\x02\0\x02\0A\0\0\0\0\0"))
            .unwrap()
            .timestamp(),
        None
    );
    // After 2020, before 2100.
    assert!((132_223_104_000_000_000..157_469_184_000_000_000).contains(&now()));
}

#[test]
fn a_challenge_cut_anywhere_or_changed_never_panics() {
    let credentials = Credentials::new("CORP\\ali", "sesame");
    let whole = message(b"\x07\0\x08\0\x01\0\0\0\0\0\0\0\0\0\0\0");
    for end in 0..=whole.len() {
        let _ = authenticate(&BASE64.encode(&whole[..end]), &credentials);
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        let _ = authenticate(&BASE64.encode(&changed), &credentials);
    }
    assert!(authenticate(&BASE64.encode(&whole), &credentials).is_some());
    assert!(negotiate().is_some());
}

#[test]
fn q196_target_info_that_is_promised_and_missing_is_none() {
    let credentials = Credentials::new("ali", "sesame");
    let whole = message(b"");
    // The message ends behind the challenge, behind the reserved bytes, or points behind its own end.
    let mut beyond = whole.clone();
    beyond[40..48].copy_from_slice(b"\x08\0\x08\0\xff\0\0\0");
    for message in [&whole[..32], &whole[..40], &beyond] {
        let challenge = Challenge::read(message).unwrap();
        assert_eq!(challenge.target_info, b"");
        assert!(authenticate(&BASE64.encode(message), &credentials).is_some());
    }
    assert!(Challenge::read(&whole[..31]).is_none());
}

#[test]
fn base64_is_read_without_its_padding_too_and_nothing_else_is() {
    let decode = |text: &str| BASE64.decode(text).ok();
    for (bytes, text) in [
        (b"".as_slice(), ""),
        (b"f", "Zg=="),
        (b"fo", "Zm8="),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg=="),
        (b"fooba", "Zm9vYmE="),
        (b"foobar", "Zm9vYmFy"),
        (&[0xfb, 0xff, 0xfe], "+//+"),
    ] {
        assert_eq!(BASE64.encode(bytes), text);
        assert_eq!(decode(text).as_deref(), Some(bytes));
    }
    for text in ["Zg", "Zg=", "Zh=="] {
        assert_eq!(decode(text).as_deref(), Some(b"f".as_slice()), "{text}");
    }
    for text in ["Zm9v\n", "Z", "Zm 9"] {
        assert_eq!(decode(text), None, "{text}");
    }
}
