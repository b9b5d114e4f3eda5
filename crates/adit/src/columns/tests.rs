use super::*;

#[test]
fn columns_are_as_wide_as_what_a_terminal_shows() {
    let rows = [["name", "n"], ["日本", "10"], ["x", "9"]];
    let rows = rows.map(|row| row.map(str::to_owned).to_vec());
    let shown = lines(&rows, &[Side::Left, Side::Right]);
    assert_eq!(shown, ["name   n", "日本  10", "x      9"]);
}

#[test]
fn a_long_name_is_clipped_and_none_moves_the_cursor() {
    assert_eq!(clipped("camera", 6), "camera");
    assert_eq!(clipped("camera1", 6), "camer…");
    assert_eq!(clipped("日本語", 5), "日本…");
    assert_eq!(clipped("日本語", 4), "日…");
    assert_eq!(
        clipped("a\x1b[2Jb\u{202e}c\n", 20),
        "a\u{fffd}[2Jb\u{fffd}c\u{fffd}"
    );
    assert_eq!(clipped("", 3), "");
}
