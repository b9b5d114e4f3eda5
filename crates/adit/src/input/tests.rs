use super::Input;

#[test]
fn an_input_is_a_file_unless_it_is_a_dash_or_a_pattern() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Input::parse(text).unwrap().name(), expected);
    };
    check("-", "standard input");
    check("clip.flv", "clip.flv");
    check("./pattern:", "./pattern:");
    check("pattern:@60,2M", "pattern:640x360@60,2000k,key=2");
    assert!(Input::parse("pattern:loud").is_err());
}
