use super::HttpPiece;
use bytes::{Buf, Bytes};
use std::io::IoSlice;

fn framed(head: &[u8], body: &'static [u8], tail: &[u8]) -> Option<HttpPiece> {
    HttpPiece::framed(head, Bytes::from_static(body), tail)
}

#[test]
fn bytes_in_a_frame_come_out_in_order_however_they_are_taken() {
    for (head, body, tail) in [
        (&b"head"[..], &b"body"[..], &b"tail"[..]),
        (b"", b"body", b"tail"),
        (b"head", b"", b"tail"),
        (b"head", b"body", b""),
        (b"", b"", b""),
    ] {
        let whole = [head, body, tail].concat();
        for step in 1..=whole.len().max(1) {
            let mut piece = framed(head, body, tail).unwrap();
            let mut taken = Vec::new();
            while piece.has_remaining() {
                assert_eq!(piece.remaining(), whole.len() - taken.len());
                let mut slices = [IoSlice::new(&[]); 3];
                let used = piece.chunks_vectored(&mut slices);
                let listed: Vec<u8> = slices[..used]
                    .iter()
                    .flat_map(|slice| slice.to_vec())
                    .collect();
                assert_eq!(listed, whole[taken.len()..], "step {step}");
                let count = step.min(piece.remaining());
                taken.extend_from_slice(&piece.copy_to_bytes(count));
            }
            assert_eq!(taken, whole, "step {step}");
        }
    }
}

#[test]
fn fourteen_bytes_on_each_side_fit_and_fifteen_do_not() {
    assert!(framed(&[1; 14], b"x", &[2; 14]).is_some());
    assert!(framed(&[1; 15], b"x", b"").is_none());
    assert!(framed(b"", b"x", &[2; 15]).is_none());
}
