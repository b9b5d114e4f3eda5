use super::{
    Discovery, DiscoveryError, Found, GivenProxy, PacAddress, ProxySource, Purpose, Settings,
};
use crate::client::limits;
use crate::client::testing::{Peer, connector, head, say, script, target};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Settings as they are given.
#[derive(Debug)]
struct Fixed {
    environment: Vec<(&'static str, &'static str)>,
    system: Settings,
}

impl ProxySource for Fixed {
    fn environment(&self) -> Result<Settings, DiscoveryError> {
        Settings::from_environment(self.environment.iter().copied())
    }

    fn system(&self) -> Result<Settings, DiscoveryError> {
        Ok(self.system.clone())
    }
}

async fn found(
    given: GivenProxy,
    environment: &[(&'static str, &'static str)],
    system: Settings,
    host: &str,
    purpose: Purpose,
) -> Result<(String, Found), DiscoveryError> {
    let source = Fixed {
        environment: environment.to_vec(),
        system,
    };
    let discovery = Discovery::with_source(given, connector(&[]), Arc::new(source));
    let routes = discovery.routes(&target(host, 1935), purpose).await?;
    let text: Vec<_> = routes.routes.iter().map(ToString::to_string).collect();
    Ok((text.join(" "), routes.found))
}

async fn environment(variables: &[(&'static str, &'static str)], purpose: Purpose, expected: &str) {
    let (text, _) = found(
        GivenProxy::System,
        variables,
        Settings::Nothing,
        "server.example",
        purpose,
    )
    .await
    .unwrap();
    assert_eq!(text, expected, "{variables:?}");
}

#[tokio::test]
async fn the_environment_follows_curls_rules() {
    use Purpose::{Connect, Requests};
    environment(&[], Connect, "direct").await;
    environment(&[("https_proxy", "http://a:1")], Connect, "http://a:1").await;
    environment(&[("https_proxy", "http://a:1")], Requests, "direct").await;
    environment(&[("http_proxy", "http://a:1")], Requests, "http://a:1").await;
    environment(&[("HTTP_PROXY", "http://a:1")], Requests, "direct").await;
    environment(&[("HTTPS_PROXY", "http://a:1")], Connect, "http://a:1").await;
    environment(
        &[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")],
        Connect,
        "http://b:2",
    )
    .await;
    environment(&[("ALL_PROXY", "socks5h://a:1")], Requests, "socks5h://a:1").await;
    environment(
        &[("all_proxy", "socks5://a:1"), ("http_proxy", "http://b:2")],
        Requests,
        "http://b:2",
    )
    .await;
    environment(
        &[("all_proxy", "http://a:1"), ("NO_PROXY", "other, .example")],
        Connect,
        "direct",
    )
    .await;
    environment(
        &[("all_proxy", "http://a:1"), ("no_proxy", "server.example")],
        Connect,
        "direct",
    )
    .await;
    environment(
        &[("all_proxy", "http://a:1"), ("no_proxy", "*")],
        Connect,
        "direct",
    )
    .await;
    environment(
        &[("all_proxy", "http://a:1"), ("no_proxy", "xample")],
        Connect,
        "http://a:1",
    )
    .await;
}

#[tokio::test]
async fn a_variable_that_names_no_proxy_is_an_error_and_not_a_direct_connection() {
    let result = found(
        GivenProxy::System,
        &[("https_proxy", "ftp://ali:sesame@proxy")],
        Settings::Nothing,
        "server.example",
        Purpose::Connect,
    )
    .await;
    let error = result.unwrap_err();
    assert!(matches!(error, DiscoveryError::Settings { .. }));
    assert!(
        !format!("{error} {error:?}").contains("sesame"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_given_by_hand_comes_first() {
    let variables = &[("https_proxy", "http://a:1")];
    for (given, expected) in [
        ("none", "direct"),
        ("socks5h://b:2", "socks5h://b:2"),
        ("system", "http://a:1"),
    ] {
        let given = given.parse().unwrap();
        let result = found(
            given,
            variables,
            Settings::AutoDetect,
            "s",
            Purpose::Connect,
        )
        .await;
        assert_eq!(result.unwrap().0, expected);
    }
}

#[tokio::test]
async fn automatic_detection_is_refused_aloud() {
    let result = found(
        GivenProxy::System,
        &[],
        Settings::AutoDetect,
        "s",
        Purpose::Connect,
    )
    .await;
    assert!(matches!(result, Err(DiscoveryError::AutoDetect)));
}

async fn script_says(source: &str, host: &str) -> Result<String, DiscoveryError> {
    let system = Settings::Pac(PacAddress::Inline(source.into()));
    let (text, origin) = found(GivenProxy::System, &[], system, host, Purpose::Connect).await?;
    assert_eq!(origin, Found::Pac);
    Ok(text)
}

#[tokio::test]
async fn a_script_lists_routes_in_order() {
    let source = "function FindProxyForURL(url, host) {
        if (dnsDomainIs(host, '.local.example')) return 'DIRECT';
        return 'PROXY a:1; HTTPS b:2; SOCKS c:3; SOCKS5 d:4; PROXY a:1; DIRECT';
    }";
    let all = "http://a:1 https://b:2 socks4://c:3 socks5h://d:4 direct";
    assert_eq!(script_says(source, "server.example").await.unwrap(), all);
    assert_eq!(
        script_says(source, "x.local.example").await.unwrap(),
        "direct"
    );
}

#[tokio::test]
async fn a_script_yields_only_so_many_routes() {
    let list: Vec<_> = (1..=limits::ROUTES + 1)
        .map(|port| format!("PROXY a:{port}"))
        .collect();
    let source = format!(
        "function FindProxyForURL(u, h) {{ return '{}'; }}",
        list.join(";")
    );
    let text = script_says(&source, "s").await.unwrap();
    assert_eq!(text.split(' ').count(), limits::ROUTES);
}

async fn script_fails(source: &str) -> String {
    match script_says(source, "s").await.unwrap_err() {
        DiscoveryError::PacScript { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bad_scripts_end_in_bounded_time_and_memory_with_an_error() {
    let begin = std::time::Instant::now();
    script_fails("function FindProxyForURL() { for (;;) {} }").await;
    script_fails("function FindProxyForURL() { var a = 'x'; for (;;) a += a; }").await;
    script_fails("function FindProxyForURL() { return FindProxyForURL(); }").await;
    script_fails("function FindProxyForURL() {").await;
    script_fails("function FindProxyForURL() { return 'NONSENSE'; }").await;
    script_fails("").await;
    assert!(begin.elapsed() < Duration::from_secs(30));
}

fn serves(answer: &'static str) -> crate::client::testing::Script {
    script(move |mut stream| async move {
        let head = head(&mut stream).await;
        assert!(
            head.starts_with("GET /proxy.pac?k=secret HTTP/1.1\r\n"),
            "{head}"
        );
        say(&mut stream, answer).await;
    })
}

fn discovery_of(peer: &Peer) -> Discovery {
    let port = peer.address.port();
    let given = format!("pac+http://localhost:{port}/proxy.pac?k=secret");
    Discovery::new(given.parse().unwrap(), connector(&[]))
}

const SCRIPT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 57\r\n\r\nfunction FindProxyForURL(u, h) { return 'PROXY p:3128'; } ";

#[tokio::test]
async fn a_script_is_fetched_once_and_kept() {
    let peer = Peer::start(vec![serves(SCRIPT)]).await;
    let discovery = discovery_of(&peer);
    for _ in 0..2 {
        let routes = discovery
            .routes(&target("s", 80), Purpose::Requests)
            .await
            .unwrap();
        assert_eq!(routes.routes[0].to_string(), "http://p:3128");
    }
    peer.finish().await;
}

async fn fetch_fails(script: crate::client::testing::Script) -> String {
    let peer = Peer::start(vec![script]).await;
    let error = discovery_of(&peer)
        .routes(&target("s", 80), Purpose::Connect)
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
    match error {
        DiscoveryError::PacFetch { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_script_that_cannot_be_fetched_is_an_error_and_not_a_direct_connection() {
    let text = fetch_fails(serves("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")).await;
    assert_eq!(text, "the server answers with status 404");
    fetch_fails(serves("HTTP/1.1 302 No\r\nContent-Length: 0\r\n\r\n")).await;
    let text = fetch_fails(script(|mut stream| async move {
        head(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        let block = [b' '; 16 * 1024];
        while stream.write_all(&block).await.is_ok() {}
    }))
    .await;
    assert!(text.contains("larger"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_script_that_never_comes_is_given_up() {
    let text = fetch_fails(script(|mut stream| async move {
        head(&mut stream).await;
        tokio::time::sleep(Duration::from_hours(1)).await;
    }));
    // The peer would sleep on: it is left behind.
    let text = tokio::time::timeout(Duration::from_mins(1), text).await;
    assert!(text.unwrap().contains("within"));
}

#[tokio::test]
async fn a_script_in_a_file_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.pac");
    std::fs::write(
        &path,
        "function FindProxyForURL(u, h) { return 'SOCKS5 p:1'; }",
    )
    .unwrap();
    let given = format!("pac+file://{}", path.display()).parse().unwrap();
    let discovery = Discovery::new(given, connector(&[]));
    let routes = discovery
        .routes(&target("s", 80), Purpose::Connect)
        .await
        .unwrap();
    assert_eq!(routes.routes[0].to_string(), "socks5h://p:1");
}

/// Settings that come when somebody lets them.
#[derive(Debug)]
struct Late(Mutex<mpsc::Receiver<()>>);

impl ProxySource for Late {
    fn environment(&self) -> Result<Settings, DiscoveryError> {
        // Also when nobody is left who could.
        self.0.lock().unwrap().recv().ok();
        Ok(Settings::Nothing)
    }

    fn system(&self) -> Result<Settings, DiscoveryError> {
        Ok(Settings::Nothing)
    }
}

/// What comes of settings that arrive after so long.
async fn settings_after(time: Duration) -> Result<Found, DiscoveryError> {
    let (release, released) = mpsc::channel();
    let source = Arc::new(Late(Mutex::new(released)));
    let discovery = Discovery::with_source(GivenProxy::System, connector(&[]), source);
    let asking = tokio::spawn(async move {
        let target = target("s", 80);
        discovery.routes(&target, Purpose::Connect).await
    });
    // The clock of a test stands while a thread blocks, so it is moved by hand.
    tokio::task::yield_now().await;
    tokio::time::advance(time).await;
    tokio::task::yield_now().await;
    release.send(()).ok();
    Ok(asking.await.unwrap()?.found)
}

#[tokio::test(start_paused = true)]
async fn the_settings_of_the_system_are_waited_for_so_long() {
    let tick = Duration::from_millis(1);
    let just = limits::SETTINGS_DEADLINE.checked_sub(tick).unwrap();
    assert_eq!(settings_after(just).await.unwrap(), Found::Nowhere);
    let late = settings_after(limits::SETTINGS_DEADLINE + tick).await;
    let silent = late.unwrap_err();
    assert!(
        matches!(silent, DiscoveryError::SystemSilent { after } if after == limits::SETTINGS_DEADLINE)
    );
}

/// What comes of a script in a file that has so many bytes and says nothing.
async fn file_of(bytes: usize) -> DiscoveryError {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.pac");
    std::fs::write(&path, vec![b' '; bytes]).unwrap();
    let given = format!("pac+file://{}", path.display()).parse().unwrap();
    let discovery = Discovery::new(given, connector(&[]));
    let target = target("s", 80);
    let routes = discovery.routes(&target, Purpose::Connect).await;
    routes.unwrap_err()
}

#[tokio::test]
async fn a_script_has_so_many_bytes() {
    // It is read, and only then found to be empty.
    let read = file_of(limits::PAC_BYTES).await;
    assert!(matches!(read, DiscoveryError::PacScript { .. }), "{read}");
    let error = file_of(limits::PAC_BYTES + 1).await;
    assert!(matches!(error, DiscoveryError::PacFetch { .. }), "{error}");
    assert!(error.to_string().contains("larger"), "{error}");
}

/// The route of a script whose server points to itself so often before it gives it.
async fn behind_redirects(count: usize) -> Result<String, DiscoveryError> {
    let elsewhere =
        "HTTP/1.1 302 There\r\nLocation: /proxy.pac?k=secret\r\nContent-Length: 0\r\n\r\n";
    let answers = std::iter::repeat_n(elsewhere, count).chain([SCRIPT]);
    let peer = Peer::start(answers.map(serves).collect()).await;
    let target = target("s", 80);
    let routes = discovery_of(&peer)
        .routes(&target, Purpose::Requests)
        .await?;
    Ok(routes.routes[0].to_string())
}

#[tokio::test]
async fn so_many_redirects_of_a_script_are_followed() {
    let route = behind_redirects(limits::PAC_REDIRECTS).await;
    assert_eq!(route.unwrap(), "http://p:3128");
    let error = behind_redirects(limits::PAC_REDIRECTS + 1)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("keeps pointing elsewhere"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let given = "pac+file:///no/such%20place/p.pac".parse().unwrap();
    let discovery = Discovery::new(given, connector(&[]));
    assert!(discovery.is_given());
    let target = target("s", 80);
    let routes = discovery.routes(&target, Purpose::Connect).await;
    let error = routes.unwrap_err().to_string();
    assert_eq!(
        error,
        "the proxy script in /no/such place/p.pac cannot be fetched: No such file or directory"
    );
}
