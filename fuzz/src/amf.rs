//! AMF0 and AMF3: what is read is written, and what is written reads back the same.

use adit_amf::{DecodeError, EncodeError, Limits, amf0, amf3, limits};
use bytes::{Bytes, BytesMut};

/// Any bytes as an AMF0 message.
pub fn amf0(data: &[u8]) {
    let message = Bytes::copy_from_slice(data);
    let mut decoder = amf0::Decoder::new(message.clone(), &Limits::default());
    let all = amf0::decode_all(message, &Limits::default());
    let one_by_one = collect(|| decoder.next());
    assert_same(&one_by_one, &all);
    let Ok(values) = all else {
        assert_eq!(
            decoder.next().err(),
            all.err(),
            "a failed decoder repeats its error"
        );
        return;
    };

    assert!(values.iter().flat_map(amf0::Value::descendants).count() <= limits::NODES);
    for value in values.iter().flat_map(amf0::Value::descendants) {
        if let amf0::Value::Reference(index) = value {
            assert!(
                amf0::resolve(&values, *index).is_some(),
                "reference {index}"
            );
        }
    }

    let written = write(|out| amf0::encode_all(&values, out));
    let again = amf0::decode_all(written.clone(), &wide());
    assert_same(&again, &Ok(values));
    assert_eq!(
        write(|out| amf0::encode_all(&again.unwrap_or_default(), out)),
        written
    );
}

/// Any bytes as a body that is AMF3 from its first byte.
pub fn amf3(data: &[u8]) {
    let message = Bytes::copy_from_slice(data);
    let mut decoder = amf3::Decoder::new(message.clone(), &Limits::default());
    let all = amf3::decode_all(message, &Limits::default());
    let one_by_one = collect(|| decoder.next());
    assert_same(&one_by_one, &all);
    let Ok(values) = all else {
        assert_eq!(
            decoder.next().err(),
            all.err(),
            "a failed decoder repeats its error"
        );
        return;
    };

    assert!(values.iter().flat_map(amf3::Value::descendants).count() <= limits::NODES);
    for value in values.iter().flat_map(amf3::Value::descendants) {
        if let amf3::Value::Reference(index) = value {
            assert!(
                amf3::resolve(&values, *index).is_some(),
                "reference {index}"
            );
        }
    }

    let written = write(|out| amf3::encode_all(&values, out));
    let again = amf3::decode_all(written.clone(), &wide());
    assert_same(&again, &Ok(values));
    assert_eq!(
        write(|out| amf3::encode_all(&again.unwrap_or_default(), out)),
        written
    );
}

/// The limits for reading what was written. Strings and traits that were referred to may have been
/// written in full, which makes the message longer and counts as more nodes and table entries.
fn wide() -> Limits {
    let mut limits = Limits::default();
    limits.nodes = usize::MAX;
    limits.references = usize::MAX;
    limits
}

fn collect<T>(
    mut next: impl FnMut() -> Result<Option<T>, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut values = Vec::new();
    while let Some(value) = next()? {
        values.push(value);
    }
    Ok(values)
}

fn write(encode: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>) -> Bytes {
    let mut out = BytesMut::new();
    assert_eq!(encode(&mut out), Ok(()));
    out.freeze()
}

/// Equal but for NaN, which is not equal to itself.
fn assert_same<T: PartialEq + std::fmt::Debug>(left: &T, right: &T) {
    if left != right {
        let (left, right) = (format!("{left:?}"), format!("{right:?}"));
        assert!(left == right && left.contains("NaN"), "{left}\n{right}");
    }
}
