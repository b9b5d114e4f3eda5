use super::{HEADER_MAX, Header, repeats};

#[test]
fn a_header_is_read_as_soon_as_it_is_whole_and_not_before() {
    let long: Vec<u8> = (0..40).map(|_| 0xFF).collect();
    for first in 0..=255_u8 {
        for times in [[0xFF; 3], [0; 3]] {
            let mut bytes = long.clone();
            bytes[0] = first;
            let basic = match first & 0x3F {
                0 => 2,
                1 => 3,
                _ => 1,
            };
            bytes[basic..basic + 3].copy_from_slice(&times);
            let extended = if times == [0xFF; 3] { 4 } else { 0 };
            let len = basic
                + match first >> 6 {
                    0 => 11 + extended,
                    1 => 7 + extended,
                    2 => 3 + extended,
                    _ => 0,
                };
            assert!(len <= HEADER_MAX);
            for have in 0..len {
                assert_eq!(
                    Header::read(&bytes[..have]),
                    None,
                    "{first:#x}, {have} of {len}"
                );
            }
            let header = Header::read(&bytes[..len]).unwrap();
            assert_eq!(header.len, len);
            assert_eq!(Header::read(&bytes), Some(header));
        }
    }
}

#[test]
fn looking_ahead_stops_at_the_first_difference() {
    let check = |bytes: &[u8], expected| assert_eq!(repeats(bytes, 0x0102_0304), expected);
    check(&[], None);
    check(&[1], None);
    check(&[1, 2, 3], None);
    check(&[1, 2, 3, 4], Some(true));
    check(&[1, 2, 3, 4, 5], Some(true));
    check(&[0x81, 2, 3, 4], Some(true));
    check(&[2], Some(false));
    check(&[1, 3], Some(false));
    check(&[1, 2, 3, 5], Some(false));
}
