use std::time::Duration;

use super::*;

fn row() -> Row {
    let carried = Cell::Carried {
        rung: "rtmpt:80".to_owned(),
        proxy: Some("http://192.0.2.1:3128".to_owned()),
        first_media: Duration::from_millis(312),
    };
    let failed = Cell::Failed {
        obstacle: "a | b: do c".to_owned(),
        exit: Some(3),
        took: Duration::from_millis(1500),
    };
    Row {
        id: "x",
        title: "a condition",
        cells: vec![(Column::Reach, carried), (Column::Classic, failed)],
        lab: Vec::new(),
        unmet: vec!["`reach` is late".to_owned()],
        notes: vec!["a note".to_owned()],
    }
}

fn about() -> About {
    About {
        date: "2026-11-22".to_owned(),
        kernel: "6.18".to_owned(),
        versions: vec![("squid".to_owned(), "5.7".to_owned())],
        profile: "release",
    }
}

#[test]
fn a_page_has_the_day_the_versions_and_a_line_for_each_row() {
    let text = page(&[row()], &[Column::Classic, Column::Reach], &about());
    assert!(text.contains(
        "Made on 2026-11-22 on Linux 6.18 by `reach --markdown docs/reach.md` (release build)"
    ));
    assert!(text.contains("* squid: 5.7\n"));
    assert!(
        text.contains(
            "\n| a condition | – a \\| b (1.5 s) | **rtmpt:80 by http proxy** 312 ms |\n"
        )
    );
    assert!(text.contains("## Not met\n\n* a condition: `reach` is late\n"));
}

#[test]
fn a_row_without_a_lab_has_no_cells_that_could_be_misread() {
    let mut row = row();
    row.cells.clear();
    row.lab = vec!["nginx does not listen\nmore".to_owned()];
    let text = page(&[row], &[Column::Reach], &about());
    assert!(text.contains("| a condition | the lab failed |"));
    assert!(text.contains("* a condition: nginx does not listen\n"));
}

#[test]
fn the_terminal_shows_what_is_not_met() {
    let text = for_terminal(&row());
    assert!(text.starts_with("a condition  (x)\n  reach         rtmpt:80 by http proxy, 312 ms\n"));
    assert!(text.ends_with("  NOT MET: `reach` is late\n"));
}
