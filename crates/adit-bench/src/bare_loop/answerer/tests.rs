use super::*;

#[test]
fn each_step_waits_for_more_than_the_one_before() {
    let after = Script::new().0.map(|step| step.after);
    assert!(after.is_sorted_by(|one, next| one < next), "{after:?}");
}
