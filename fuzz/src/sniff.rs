//! Port sniffing: a decision after few bytes, which later bytes never change.

use crate::sniffer::{Sniff, sniff as look};

/// `sniff.bytes` of adit-net: so many bytes decide.
const SNIFF_BYTES: usize = 16;

/// The first bytes of a connection.
pub fn sniff(data: &[u8]) {
    let mut answer = look(&[]);
    assert_eq!(answer, Sniff::NeedMore);
    for len in 1..=data.len() {
        let prefix = data.get(..len).unwrap_or_default();
        let next = look(prefix);
        assert!(
            answer == Sniff::NeedMore || answer == next,
            "{answer:?} became {next:?}"
        );
        assert!(
            len < SNIFF_BYTES || next != Sniff::NeedMore,
            "undecided after {len} bytes"
        );
        answer = next;
    }
    match (answer, data.first()) {
        (Sniff::Rtmp, first) => assert_eq!(first, Some(&3)),
        (Sniff::Tls, first) => assert_eq!(first, Some(&0x16)),
        (Sniff::Rtmpe, first) => assert!(matches!(first, Some(6 | 8 | 9))),
        (Sniff::Http, _) => assert!(data.contains(&b' ')),
        _ => {}
    }
}
