use super::*;

fn writes_in_seven_seconds(mode: LoopMode) -> usize {
    let mut flush = FlushRule::new(mode);
    Schedule::default()
        .take_while(|planned| planned.due < Duration::from_secs(7))
        .filter(|planned| flush.is_due(planned.content, planned.due))
        .count()
}

#[test]
fn each_mode_writes_as_often_as_its_name_says() {
    assert_eq!(writes_in_seven_seconds(LoopMode::Message), 7 * 73);
    assert_eq!(writes_in_seven_seconds(LoopMode::Frame), 7 * 30);
    assert_eq!(writes_in_seven_seconds(LoopMode::TenHertz), 7 * 10);
    assert_eq!(writes_in_seven_seconds(LoopMode::ThreeHertz), 7 * 100 / 35);
}
