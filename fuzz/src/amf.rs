//! AMF0 and AMF3: what is read is written, and what is written reads back the same.

use adit_amf::{DecodeError, EncodeError, Limits, amf0, amf3, limits};
use bytes::{Bytes, BytesMut};

/// Any bytes as an AMF0 message.
pub fn amf0(data: &[u8]) {
    check::<Amf0>(data);
}

/// Any bytes as a body that is AMF3 from its first byte.
pub fn amf3(data: &[u8]) {
    check::<Amf3>(data);
}

/// One of the two formats.
trait Format {
    type Decoder;
    type Value: PartialEq + std::fmt::Debug;

    fn decoder(message: Bytes) -> Self::Decoder;
    fn next(decoder: &mut Self::Decoder) -> Result<Option<Self::Value>, DecodeError>;
    fn decode_all(message: Bytes, limits: &Limits) -> Result<Vec<Self::Value>, DecodeError>;
    fn encode_all(values: &[Self::Value], out: &mut BytesMut) -> Result<(), EncodeError>;
    fn descendants(value: &Self::Value) -> impl Iterator<Item = &Self::Value>;
    /// What a value that is a reference refers to; itself if it is none.
    fn referred<'a>(values: &'a [Self::Value], value: &'a Self::Value) -> Option<&'a Self::Value>;
}

macro_rules! implement {
    ($name:ident, $module:ident) => {
        struct $name;

        impl Format for $name {
            type Decoder = $module::Decoder;
            type Value = $module::Value;

            fn decoder(message: Bytes) -> Self::Decoder {
                $module::Decoder::new(message, &Limits::default())
            }

            fn next(decoder: &mut Self::Decoder) -> Result<Option<Self::Value>, DecodeError> {
                decoder.next()
            }

            fn decode_all(
                message: Bytes,
                limits: &Limits,
            ) -> Result<Vec<Self::Value>, DecodeError> {
                $module::decode_all(message, limits)
            }

            fn encode_all(values: &[Self::Value], out: &mut BytesMut) -> Result<(), EncodeError> {
                $module::encode_all(values, out)
            }

            fn descendants(value: &Self::Value) -> impl Iterator<Item = &Self::Value> {
                value.descendants()
            }

            fn referred<'a>(
                values: &'a [Self::Value],
                value: &'a Self::Value,
            ) -> Option<&'a Self::Value> {
                match value {
                    $module::Value::Reference(index) => $module::resolve(values, *index),
                    value => Some(value),
                }
            }
        }
    };
}

implement!(Amf0, amf0);
implement!(Amf3, amf3);

fn check<F: Format>(data: &[u8]) {
    let message = Bytes::copy_from_slice(data);
    let mut decoder = F::decoder(message.clone());
    let all = F::decode_all(message, &Limits::default());
    let one_by_one = collect(|| F::next(&mut decoder));
    assert_same(&one_by_one, &all);
    let Ok(values) = all else {
        assert_eq!(
            F::next(&mut decoder).err(),
            all.err(),
            "a failed decoder repeats its error"
        );
        return;
    };

    assert!(values.iter().flat_map(F::descendants).count() <= limits::NODES);
    for value in values.iter().flat_map(F::descendants) {
        assert!(F::referred(&values, value).is_some(), "{value:?}");
    }

    let written = write(|out| F::encode_all(&values, out));
    let again = F::decode_all(written.clone(), &wide());
    assert_same(&again, &Ok(values));
    assert_eq!(
        write(|out| F::encode_all(&again.unwrap_or_default(), out)),
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
