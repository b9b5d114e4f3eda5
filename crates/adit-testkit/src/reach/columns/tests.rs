use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn statistics_with_unknown_fields_make_a_cell() {
    let said = r#"{"rung":"rtmpt:80 via http://192.0.2.1:3128","transport":"rtmpt","port":80,"proxy":"http://192.0.2.1:3128","first_media_ms":123,
        "frames":75,"bytes":9,"duration_ms":5000,"new":{"x":[1]}}"#
        .replace('\n', " ");
    let cell = judge(&said, "", Some(0), 6 * SECOND, MEDIA);
    assert_eq!(cell.to_string(), "rtmpt:80 by http proxy, 123 ms");
}

#[test]
fn the_last_object_counts_whatever_stands_before() {
    let said = "{\"rung\":\"old\"}\nprogress\n{\"rung\":\"rtmp:443\",\"first_media_ms\":7.9,\"frames\":1,\"duration_ms\":4600}\n";
    assert_eq!(
        judge(said, "", Some(0), SECOND, MEDIA).to_string(),
        "rtmp:443, 7 ms"
    );
}

#[test]
fn too_little_media_is_a_failure_even_with_exit_code_0() {
    let said = "{\"rung\":\"rtmp:443\",\"first_media_ms\":7,\"frames\":10,\"duration_ms\":900}";
    let cell = judge(said, "", Some(0), SECOND, MEDIA);
    assert_eq!(
        cell.to_string(),
        "– only 900 ms of media in 10 frames (1.0 s)"
    );
}

#[test]
fn the_error_is_the_obstacle_and_not_the_hint() {
    let talk = "trying\nerror: a captive portal answers for live.example.test\n\nhint: sign in\n";
    let cell = judge("", talk, Some(3), SECOND, MEDIA);
    assert_eq!(
        cell.to_string(),
        "– a captive portal answers for live.example.test (1.0 s)"
    );
}

#[test]
fn a_client_that_had_to_be_ended_is_told_as_such() {
    assert_eq!(
        judge("", "", None, 27 * SECOND, MEDIA).to_string(),
        "– no media within 27 s"
    );
}

#[test]
fn ffmpeg_is_quoted_without_addresses() {
    let talk = "[rtmp @ 0x55d0] Cannot open connection tcp://live:1935\nrtmp://live/live/clip: Connection refused\n";
    assert_eq!(ffmpeg_obstacle(talk), "Connection refused");
    assert_eq!(ffmpeg_obstacle(""), "nothing said");
}

#[test]
fn every_column_is_found_by_its_name() {
    for column in Column::ALL {
        assert_eq!(Column::named(column.name()), Some(column));
    }
    assert_eq!(Column::named("vlc"), None);
}
