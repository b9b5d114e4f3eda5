use super::*;

#[test]
fn the_fields_of_the_challenge_point_into_it() {
    let message = challenge([7; 8]);
    assert_eq!(text(buffer(&message, 12).unwrap()).unwrap(), "LAB");
    assert!(buffer(&message, 40).unwrap().ends_with(&[0; 4]));
    assert_eq!(message[24..32], [7; 8]);
}

#[test]
fn a_message_that_is_cut_or_points_outside_proves_nothing() {
    let mut message = challenge([7; 8]);
    for length in 0..message.len() {
        assert_eq!(check(&message[..length], [7; 8]), None);
    }
    message[24..28].copy_from_slice(&[0xFF; 4]);
    assert_eq!(check(&message, [7; 8]), None);
}
