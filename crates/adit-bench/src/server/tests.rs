use super::*;

#[test]
fn servers_have_names() {
    let check = |text: &str, latency: Latency, expected: Kind, shown: &str| {
        let kind = Choice::from_str(text).unwrap().resolve(latency);
        assert_eq!(
            (kind, kind.to_string().as_str()),
            (expected, shown),
            "{text}"
        );
    };
    let (low, balanced, throughput) = (Latency::Low, Latency::Balanced, Latency::Throughput);
    check("adit", balanced, Kind::Adit(balanced), "adit-balanced");
    check("adit", low, Kind::Adit(low), "adit-low");
    check(
        "adit-throughput",
        low,
        Kind::Adit(throughput),
        "adit-throughput",
    );
    check("nginx", low, Kind::Nginx, "nginx-rtmp");
    check("nms", low, Kind::NodeMedia, "node-media-server");
    check("loop", low, Kind::Loop(LoopMode::Message), "loop-message");
    check("loop", balanced, Kind::Loop(LoopMode::Frame), "loop-frame");
    check(
        "loop",
        throughput,
        Kind::Loop(LoopMode::ThreeHertz),
        "loop-3hz",
    );
    check(
        "loop-10hz",
        low,
        Kind::Loop(LoopMode::TenHertz),
        "loop-10hz",
    );
    for wrong in ["", "apache", "adit-", "adit-fast", "loop-1hz"] {
        assert!(Choice::from_str(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn nginx_is_held_against_the_loop_that_writes_every_message() {
    assert_eq!(Kind::Nginx.limit(), Kind::Loop(LoopMode::Message));
}
