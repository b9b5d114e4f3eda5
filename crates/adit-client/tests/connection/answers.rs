//! What servers answer: refusals, logins, redirects.

use std::sync::{Arc, Mutex};

use adit_client::connection::ConnectionEvent;
use adit_client::rtmp::command::{PublishKind, StatusCode};
use adit_client::rtmp::session::server::Rejection;
use adit_client::rtmp::session::{ServerEvent, ServerSession};
use adit_client::{ConnectError, Destination, Intent, Secret, Target, limits};
use tokio::time::timeout;

use crate::support::{Server, accept, client, options};
use crate::{SOON, connected, publisher};

#[tokio::test]
async fn a_refused_publisher_hears_why() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Publish(request) = event {
            session.reject_publish(request, StatusCode::PublishBadName, "somebody is on air");
        } else {
            accept(session, event);
        }
    });
    let target = server.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Publish).await;
    let mut stream = connection.create_stream().await.unwrap();
    let refused = stream
        .publish(target.name(), PublishKind::Live)
        .await
        .unwrap_err();
    assert!(refused.is_refusal());
    assert!(
        refused.to_string().contains("somebody is on air"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_refused_connect_is_reported_with_its_reason() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Connect(request) = event {
            let rejection = Rejection::new(StatusCode::ConnectInvalidApp, "no such application");
            session.reject_connect(request, rejection);
        }
    });
    let target = server.target("rtmp", "live/key");
    let error = client()
        .connect(&target, &options(Intent::Play))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("no such application"), "{error}");
}

/// A server that lets nobody in before the third connection, and the applications it was asked for.
fn with_adobes_login() -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = Server::start(move |number, session, event| {
        if let ServerEvent::Connect(request) = event {
            log.lock().unwrap().push(request.connect.app.to_string());
            let refuse = |description: &str| {
                Rejection::new(StatusCode::ConnectRejected, description.to_owned())
            };
            match number {
                0 => session.reject_connect(
                    request,
                    refuse("[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "),
                ),
                1 => session.reject_connect(
                    request,
                    refuse("[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=me&salt=ab12&challenge=cd34&opaque=ef56"),
                ),
                _ => session.accept_connect(request),
            }
        }
    });
    (server, seen)
}

/// Me, with a password.
fn mine(server: &Server) -> Target {
    let address = format!(
        "rtmp://me:secret@localhost:{}/live/key",
        server.address.port()
    );
    Target::parse(&address).unwrap()
}

#[tokio::test]
async fn a_survey_logs_in() {
    let (server, seen) = with_adobes_login();
    let report = client()
        .probe(&mine(&server), &options(Intent::Publish))
        .await
        .unwrap();
    assert_eq!(report.attempts().len(), 1);
    assert_eq!(report.attempts()[0].outcome().as_str(), "won");
    assert_eq!(report.attempts()[0].stage().unwrap().as_str(), "connect");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_survey_says_where_the_server_sends_clients() {
    let server = Server::start(|_, session, event| redirect(session, event, 4242, "other/secret"));
    let report = client()
        .probe(&server.target("rtmp", "live/key"), &options(Intent::Play))
        .await
        .unwrap();
    let failure = report.attempts()[0].failure().unwrap().to_string();
    assert!(
        failure.contains("it sends clients on to localhost") && !failure.contains("secret"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_login_in_adobes_way_takes_three_connections() {
    let (server, seen) = with_adobes_login();
    let connection = connected(&mine(&server), Intent::Publish).await;
    drop(connection);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[0], "live");
    assert_eq!(seen[1], "live?authmod=adobe&user=me");
    assert!(
        seen[2].starts_with("live?authmod=adobe&user=me&challenge="),
        "{seen:?}"
    );
    assert!(
        seen[2].contains("&response=") && seen[2].contains("&opaque=ef56"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_server_that_wants_a_login_nobody_gave_is_told_apart() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Connect(request) = event {
            let text = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
            session.reject_connect(request, Rejection::new(StatusCode::ConnectRejected, text));
        }
    });
    let target = server.target("rtmp", "live/key");
    let error = client()
        .connect(&target, &options(Intent::Play))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server asks for a user and a password"
    );
}

#[tokio::test]
async fn a_key_behind_the_stream_is_shown_behind_the_application_in_place_of_a_login_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = Server::start(move |_, session, event| {
        if let ServerEvent::Connect(request) = event {
            log.lock().unwrap().push(request.connect.app.to_string());
            let text = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
            session.reject_connect(request, Rejection::new(StatusCode::ConnectRejected, text));
        }
    });
    let target = server.target("rtmp", "live/name?key=abc");
    let error = client()
        .connect(&target, &options(Intent::Publish))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server asks for a user and a password"
    );
    assert_eq!(*seen.lock().unwrap(), ["live", "live?key=abc"]);
}

/// Sends whoever connects to an application at another port.
fn redirect(session: &mut ServerSession, event: ServerEvent, port: u16, application: &str) {
    if let ServerEvent::Connect(request) = event {
        let rejection = Rejection::new(StatusCode::ConnectRejected, "moved")
            .redirect(format!("rtmp://localhost:{port}/{application}"));
        session.reject_connect(request, rejection);
    }
}

#[tokio::test]
async fn a_redirect_is_followed() {
    let there = Server::start(|_, session, event| drop(accept(session, event)));
    let port = there.address.port();
    let here = Server::start(move |_, session, event| redirect(session, event, port, "other"));
    let target = here.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Play).await;
    assert_eq!(connection.target().port(), Some(port));
    assert_eq!(connection.target().app(), "other");
    assert_eq!(connection.target().name(), &Secret::new("key"));
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let ports = Arc::new(Mutex::new([0, 0]));
    let pointing = |to: usize| {
        let ports = Arc::clone(&ports);
        Server::start(move |_, session, event| {
            let port = ports.lock().unwrap()[to];
            redirect(session, event, port, "live");
        })
    };
    let (one, other) = (pointing(1), pointing(0));
    *ports.lock().unwrap() = [one.address.port(), other.address.port()];
    let target = one.target("rtmp", "live/key");
    let error = client()
        .connect(&target, &options(Intent::Play))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the server sends us in a circle");
}

#[tokio::test]
async fn redirects_are_counted_for_each_connection() {
    let there = Server::start(|_, session, event| drop(accept(session, event)));
    let port = there.address.port();
    let here = Server::start(move |_, session, event| redirect(session, event, port, "other"));
    let mut destination = Destination::new(here.target("rtmp", "live/key"));
    for _ in 0..=limits::REDIRECTS {
        let connected = client()
            .connect_to(&mut destination, &options(Intent::Play))
            .await;
        connected.unwrap().close().await;
    }
}

#[tokio::test]
async fn a_reconnect_request_tells_where_to_go() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Publish(request) = event {
            session.accept_publish(request);
            session
                .request_reconnect(Some("rtmp://localhost:7/next"), "maintenance")
                .unwrap();
        } else {
            accept(session, event);
        }
    });
    let target = server.target("rtmp", "live/key");
    let (mut connection, _stream) = publisher(&target).await;
    let event = timeout(SOON, connection.next_event()).await.unwrap();
    let Some(ConnectionEvent::ReconnectRequested { url, .. }) = event else {
        panic!("{event:?}");
    };
    let mut destination = Destination::new(target.clone());
    let now = std::time::Instant::now();
    destination
        .reconnect_requested(now, &connection, url.as_deref())
        .unwrap();
    // Nobody listens there, which shows that it was gone to.
    let error = client()
        .connect_to(&mut destination, &options(Intent::Publish))
        .await
        .unwrap_err();
    let report = error.report().unwrap();
    assert_eq!(report.attempts()[0].rung().port(), 7);
    // The place was dead, so the next try goes to the target again.
    let again = client()
        .connect_to(&mut destination, &options(Intent::Publish))
        .await
        .unwrap();
    assert_eq!(again.target(), &target);
}
