use super::*;
use crate::reach::rules::Rules;

fn failed(obstacle: &str, exit: i32, seconds: u64) -> Cell {
    Cell::Failed {
        obstacle: obstacle.to_owned(),
        exit: Some(exit),
        took: Duration::from_secs(seconds),
    }
}

fn carried() -> Cell {
    Cell::Carried {
        rung: "rtmpt:80".to_owned(),
        proxy: None,
        first_media: Duration::from_millis(9),
    }
}

#[test]
fn media_is_wanted_where_something_passes() {
    let condition = Condition::new("x", "x", Rules::open());
    assert_eq!(unmet(&condition, &carried()), None);
    assert!(unmet(&condition, &failed("no", 3, 1)).is_some());
    assert!(unmet(&condition, &Cell::NotThere).is_some());
}

#[test]
fn a_verdict_needs_its_code_its_words_and_to_be_in_time() {
    let condition = Condition::new("x", "x", Rules::closed()).verdict(&["portal"]);
    assert_eq!(
        unmet(&condition, &failed("a Captive Portal answers", 3, 9)),
        None
    );
    assert!(unmet(&condition, &failed("a captive portal answers", 1, 9)).is_some());
    assert!(unmet(&condition, &failed("a captive portal answers", 3, 11)).is_some());
    assert!(unmet(&condition, &failed("timed out", 3, 9)).is_some());
    assert!(unmet(&condition, &carried()).is_some());
}
