//! What `adit probe` says, to people and to programs.

use std::net::TcpListener;

use adit_testkit::server::{AditServer, Transport};

use super::{ADIT, run, text};

#[test]
fn every_way_that_works_has_a_row_with_its_times() {
    let server = AditServer::start(ADIT);
    let url = server.url(Transport::Rtmp, "live");
    let certificate = server.certificate();
    let probed = run(&["probe", &url, "--json", "--ca-file", text(&certificate)]);
    probed.assert_code(0);
    let report = probed.json();
    let attempts = report["attempts"].as_array().unwrap();
    let transports: Vec<_> = attempts.iter().map(|each| &each["transport"]).collect();
    assert_eq!(transports, ["rtmp", "rtmps", "rtmpt", "rtmpts"]);
    for attempt in attempts {
        assert!(attempt["outcome"] == "won" || attempt["outcome"] == "works");
        assert_eq!(attempt["host"], "127.0.0.1");
        assert_eq!(attempt["port"], server.address().port());
        assert_eq!(attempt["stage"], "connect");
        assert!(attempt["proxy"].is_null() && attempt["cause"].is_null());
        assert!(attempt["ms"].is_u64() && attempt["stages_ms"]["tcp"].is_u64());
    }
    assert_eq!(report["obstacle"], "none");

    let table = run(&["probe", &url, "--ca-file", text(&certificate)]);
    table.assert_code(0);
    let heading = table.out.lines().next().unwrap();
    let columns: Vec<_> = heading.split_whitespace().collect();
    assert_eq!(
        columns,
        [
            "way",
            "dns",
            "tcp",
            "proxy",
            "tls",
            "http",
            "handshake",
            "connect",
            "ms",
            "outcome"
        ]
    );
    assert!(table.out.contains("self-signed"), "{}", table.out);
}

#[test]
fn a_certificate_that_is_not_trusted_is_named_by_its_issuer() {
    let server = AditServer::start(ADIT);
    let url = server.url(Transport::Rtmps, "live");
    let probed = run(&["probe", &url]);
    probed.assert_code(3);
    assert!(
        probed.out.contains("tls: certificate not trusted"),
        "{}",
        probed.out
    );
    assert!(probed.out.contains("signed by"), "{}", probed.out);
    let played = run(&["play", &format!("{url}/name")]);
    played.assert_code(3);
    assert!(
        played.err.contains("hint: --ca-file FILE"),
        "{}",
        played.err
    );
    let insecure = run(&["probe", &url, "--insecure"]);
    insecure.assert_code(0);
    assert!(insecure.err.contains("not verified"), "{}", insecure.err);
    assert!(insecure.out.contains(", not checked"), "{}", insecure.out);
    let insecure = run(&["probe", &url, "--insecure", "--json"]).json();
    let certificate = &insecure["attempts"][0]["certificate"];
    assert!(certificate["trusted"].is_null(), "{insecure}");
    assert!(certificate["issuer"].is_string(), "{insecure}");
}

#[test]
fn where_nothing_listens_the_exit_code_is_3_and_the_obstacle_has_a_name() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("rtmp://127.0.0.1:{port}/live");
    let probed = run(&["probe", &url, "--json"]);
    probed.assert_code(3);
    let report = probed.json();
    assert_eq!(report["obstacle"], "nothing-listens", "{report}");
    assert!(
        report["verdict"]
            .as_str()
            .unwrap()
            .contains(&port.to_string())
    );
    let attempts = report["attempts"].as_array().unwrap();
    assert!(
        attempts
            .iter()
            .all(|each| each["outcome"] == "failed" && each["stage"] == "tcp")
    );

    for command in [
        &["play", &format!("{url}/name")][..],
        &["publish", "pattern:", &format!("{url}/name")],
    ] {
        let failed = run(command);
        failed.assert_code(3);
        assert!(failed.error().contains("refuses"), "{}", failed.err);
        assert!(failed.err.contains("hint: adit probe"), "{}", failed.err);
        // Who has asked for every way is told what confines them.
        let failed = run(&[command, &["--strategy", "reach"]].concat());
        failed.assert_code(3);
        let hint = "hint: the port in the URL confines";
        assert!(failed.err.contains(hint), "{}", failed.err);
    }
    let failed = run(&["play", &format!("{url}/name"), "--json"]);
    failed.assert_code(3);
    let told = failed.json();
    assert_eq!(told["ended"], "failed", "{told}");
    assert_eq!(told["obstacle"], "nothing-listens", "{told}");
    assert!(told["verdict"].as_str().unwrap().contains("refuses"));
}

#[test]
fn programs_get_an_object_also_where_there_is_no_report() {
    // Nobody listens there, so nobody gives the script.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let script = format!("pac+http://{}/proxy.pac", listener.local_addr().unwrap());
    drop(listener);
    let probed = run(&[
        "probe",
        "rtmp://127.0.0.1/live",
        "--json",
        "--proxy",
        &script,
    ]);
    probed.assert_code(1);
    let object = probed.json();
    assert_eq!(object["host"], "127.0.0.1");
    assert_eq!(object["attempts"].as_array().unwrap().len(), 0);
    assert!(
        object["verdict"]
            .as_str()
            .is_some_and(|verdict| !verdict.is_empty())
    );
}

#[test]
fn a_socks_proxy_is_shown_as_it_was_given() {
    for proxy in ["socks4a://127.0.0.1:1", "socks5://127.0.0.1:1"] {
        let url = "rtmp://127.0.0.1/live";
        let probed = run(&["probe", url, "--proxy", proxy, "--json"]);
        probed.assert_code(3);
        let report = probed.json();
        let attempts = report["attempts"].as_array().unwrap().iter();
        let shown: Vec<_> = attempts.filter_map(|each| each["proxy"].as_str()).collect();
        assert!(
            !shown.is_empty() && shown.iter().all(|shown| *shown == proxy),
            "{shown:?}"
        );
        let probed = run(&["probe", url, "--proxy", proxy]);
        assert!(probed.out.contains(proxy), "{}", probed.out);
    }
}
