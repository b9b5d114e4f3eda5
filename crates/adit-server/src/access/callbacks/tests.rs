use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use hmac::{Hmac, Mac as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::access::{Access, AccessConfig, Credentials, Place, Visitor};
use crate::limits::CALLBACK_ANSWER;

/// Long enough for a busy machine; only reached when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a callback does once it has read the request.
#[derive(Clone, Debug)]
enum Does {
    /// Answers with these bytes.
    Answers(Vec<u8>),
    Hangs,
    Resets,
    /// Sends zeros without end.
    Floods,
}

fn answers(status: &str, body: &str) -> Does {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    Does::Answers(text.into_bytes())
}

/// A server that does one thing, and what it was asked.
#[derive(Clone)]
struct Scripted {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    at_once: Arc<AtomicUsize>,
}

impl Scripted {
    async fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scripted = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            at_once: Arc::default(),
        };
        let own = scripted.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(own.clone().serve(socket, does.clone()));
            }
        });
        scripted
    }

    async fn serve(self, mut socket: TcpStream, does: Does) {
        while let Some(request) = read_request(&mut socket).await {
            self.asked.lock().unwrap().push(request);
            self.at_once.fetch_add(1, Ordering::SeqCst);
            match &does {
                Does::Answers(bytes) => socket.write_all(bytes).await.unwrap(),
                Does::Hangs => std::future::pending().await,
                Does::Resets => {
                    socket.set_zero_linger().unwrap();
                    return;
                }
                Does::Floods => {
                    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n{";
                    socket.write_all(head).await.unwrap();
                    while socket.write_all(&[b' '; 4096]).await.is_ok() {}
                    return;
                }
            }
        }
    }

    fn url(&self) -> CallbackUrl {
        format!("http://{}/hook?secret=hush", self.address)
            .parse()
            .unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn until_asked(&self, times: usize) {
        let asked = async {
            while self.asked().len() < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap();
    }
}

/// The head and the body of the next request.
async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        let mut part = [0; 4096];
        match socket.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}

fn asks_about_publishing(url: CallbackUrl) -> Callbacks {
    Callbacks {
        publish: Some(url),
        ..Callbacks::default()
    }
}

fn access(callbacks: Callbacks) -> Access {
    Access::new(AccessConfig {
        callbacks,
        ..AccessConfig::default()
    })
}

fn request(action: Action) -> Request {
    let visitor = Visitor {
        peer: "203.0.113.7".parse().unwrap(),
        reached: Reached::Directly,
        behind: None,
        protocol: "rtmps",
        is_secure: true,
        connection: Some(12),
    };
    let place = Place::new("", "live", "room").stream("test");
    let credentials = Credentials::none().with_query("a=b").with_query("c=d");
    Request::new(action, place, visitor).with(credentials)
}

async fn decided(access: &Access, action: Action) -> Result<Granted, Refusal> {
    match access.authorize(&request(action)).settled() {
        Ok(decided) => decided,
        Err(later) => later.await,
    }
}

/// Whether it is granted, else why not and what is told.
async fn outcome(access: &Access) -> Result<Option<String>, (Denial, String)> {
    let decided = decided(access, Action::Publish).await;
    decided
        .map(|granted| granted.stream)
        .map_err(|refusal| (refusal.denial().unwrap(), refusal.description().to_owned()))
}

async fn denial(does: Does) -> Denial {
    let scripted = Scripted::start(does).await;
    let access = access(asks_about_publishing(scripted.url()));
    outcome(&access).await.unwrap_err().0
}

#[tokio::test]
async fn a_callback_hears_all_that_is_known_and_may_allow() {
    let scripted = Scripted::start(answers("200 OK", "")).await;
    let mut callbacks = asks_about_publishing(scripted.url());
    callbacks.secret = Some(Secret::new(b"key"));
    let access = access(callbacks);
    assert_eq!(outcome(&access).await, Ok(None));
    let asked = scripted.asked().remove(0);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /hook?secret=hush HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("content-type: application/json"), "{head}");
    let code = Hmac::<sha2::Sha256>::new_from_slice(b"key").unwrap();
    let code = hex::encode(code.chain_update(body).finalize().into_bytes());
    assert!(
        head.contains(&format!("adit-signature: sha256={code}")),
        "{head}"
    );
    let said: Value = serde_json::from_str(body).unwrap();
    let expected = json!({
        "event": "publish", "connection": 12, "vhost": "", "app": "live", "instance": "room",
        "stream": "test", "query": "a=b&c=d", "peer": "203.0.113.7", "forwarded": false,
        "protocol": "rtmps", "secure": true, "who": null,
    });
    assert_eq!(said, expected);
    // Nobody asked it about anything else.
    decided(&access, Action::Play).await.unwrap();
    assert_eq!(scripted.asked().len(), 1);
}

#[tokio::test]
async fn a_callback_may_refuse_rename_and_send_elsewhere() {
    let check = async |does: Does| {
        let scripted = Scripted::start(does).await;
        outcome(&access(asks_about_publishing(scripted.url()))).await
    };
    let no = check(answers("403 Forbidden", r#"{"description":"not paid"}"#)).await;
    assert_eq!(no, Err((Denial::Forbidden, "not paid".into())));
    let no = check(answers("404 Not Found", "")).await.unwrap_err();
    assert_eq!(no.0, Denial::Forbidden);
    let named = check(answers("200 OK", r#"{"stream":"studio"}"#)).await;
    assert_eq!(named, Ok(Some("studio".into())));
    let scripted = Scripted::start(answers("200 OK", r#"{"redirect":"rtmp://b/live"}"#)).await;
    let access = access(asks_about_publishing(scripted.url()));
    let refusal = decided(&access, Action::Publish).await.unwrap_err();
    assert_eq!(refusal.redirect.as_deref(), Some("rtmp://b/live"));
}

#[tokio::test]
async fn a_callback_that_fails_refuses() {
    for does in [
        Does::Resets,
        answers("500 Internal Server Error", ""),
        answers("200 OK", "{broken"),
        Does::Answers(b"nonsense\r\n\r\n".to_vec()),
    ] {
        let said = format!("{does:?}");
        assert_eq!(denial(does).await, Denial::Undecided, "{said}");
    }
    // Nobody is there at all.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/").parse().unwrap();
    let refused = outcome(&access(asks_about_publishing(url))).await;
    let (denial, words) = refused.unwrap_err();
    assert_eq!(denial, Denial::Undecided);
    assert!(!words.contains("127.0.0.1"), "{words}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let there = Scripted::start(answers("200 OK", "")).await;
    let location = format!("302 Found\r\nlocation: http://{}/", there.address);
    assert_eq!(denial(answers(&location, "")).await, Denial::Undecided);
    assert!(there.asked().is_empty());
}

#[tokio::test]
async fn a_callback_that_hangs_is_waited_for_so_long_and_refuses() {
    assert_eq!(Callbacks::default().time, Duration::from_secs(3));
    let hangs = Scripted::start(Does::Hangs).await;
    let mut callbacks = asks_about_publishing(hangs.url());
    callbacks.time = Duration::from_millis(200);
    let access = access(callbacks);
    let since = Instant::now();
    assert_eq!(outcome(&access).await.unwrap_err().0, Denial::Undecided);
    assert!(since.elapsed() >= Duration::from_millis(200));
    let hits = access.limits();
    assert!(hits.contains(&("callback.time", 1)), "{hits:?}");
    // What it is not asked about goes on meanwhile.
    decided(&access, Action::Play).await.unwrap();
    // After ten it is not asked any more.
    for _ in 1..10 {
        outcome(&access).await.unwrap_err();
    }
    let asked = hangs.asked().len();
    let since = Instant::now();
    assert_eq!(outcome(&access).await.unwrap_err().0, Denial::Undecided);
    assert!(since.elapsed() < Duration::from_millis(150));
    assert_eq!(hangs.asked().len(), asked);
    assert!(access.limits().contains(&("callback.rest", 1)));
}

#[tokio::test]
async fn an_answer_is_as_long_as_allowed_and_not_longer() {
    let padded = |length: usize| {
        let body = format!(r#"{{"stream":"studio"{}}}"#, " ".repeat(length - 19));
        answers("200 OK", &body)
    };
    let scripted = Scripted::start(padded(CALLBACK_ANSWER)).await;
    let longest = outcome(&access(asks_about_publishing(scripted.url()))).await;
    assert_eq!(longest, Ok(Some("studio".into())));
    assert_eq!(denial(padded(CALLBACK_ANSWER + 1)).await, Denial::Undecided);
    let scripted = Scripted::start(Does::Floods).await;
    let access = access(asks_about_publishing(scripted.url()));
    assert_eq!(outcome(&access).await.unwrap_err().0, Denial::Undecided);
    assert!(access.limits().contains(&("callback.answer", 1)));
}

#[tokio::test]
async fn as_many_questions_are_asked_at_once_as_allowed_and_not_one_more() {
    let hangs = Scripted::start(Does::Hangs).await;
    let mut callbacks = asks_about_publishing(hangs.url());
    callbacks.play = Some(hangs.url());
    callbacks.time = PATIENCE;
    let access = access(callbacks);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..=CALLBACKS_IN_FLIGHT {
        let access = access.clone();
        waiting.spawn(async move { decided(&access, Action::Publish).await.map(|_| ()) });
    }
    hangs.until_asked(CALLBACKS_IN_FLIGHT).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(hangs.at_once.load(Ordering::SeqCst), CALLBACKS_IN_FLIGHT);
    // Who plays does not wait for those who publish.
    waiting.spawn(async move { decided(&access, Action::Play).await.map(|_| ()) });
    hangs.until_asked(CALLBACKS_IN_FLIGHT + 1).await;
    waiting.shutdown().await;
}

#[tokio::test]
async fn an_end_is_told_when_what_was_granted_is_dropped() {
    let told = Scripted::start(answers("204 No Content", "")).await;
    let access = access(Callbacks {
        ended: Some(told.url()),
        ..Callbacks::default()
    });
    let granted = decided(&access, Action::Publish).await.unwrap();
    assert!(told.asked().is_empty());
    drop(granted);
    drop(decided(&access, Action::List).await);
    access.drained().await;
    let asked = told.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let (_, body) = asked[0].split_once("\r\n\r\n").unwrap();
    let said: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&said["event"], &said["stream"]),
        (&"publish_end".into(), &"test".into())
    );
    assert!(said["seconds"].as_f64().unwrap() < 20.0);
}

#[tokio::test]
async fn the_end_of_what_was_granted_before_a_reload_is_waited_for() {
    let told = Scripted::start(answers("204 No Content", "")).await;
    let callbacks = Callbacks {
        ended: Some(told.url()),
        ..Callbacks::default()
    };
    // To the same callbacks, and to none at all.
    for (count, after) in [callbacks.clone(), Callbacks::default()]
        .into_iter()
        .enumerate()
    {
        let access = access(callbacks.clone());
        let granted = decided(&access, Action::Publish).await.unwrap();
        access.apply(AccessConfig {
            callbacks: after,
            ..AccessConfig::default()
        });
        drop(granted);
        access.drained().await;
        assert_eq!(told.asked().len(), count + 1);
    }
}

#[tokio::test]
async fn as_many_ends_wait_to_be_told_as_allowed_and_not_one_more() {
    let hangs = Scripted::start(Does::Hangs).await;
    let access = access(Callbacks {
        ended: Some(hangs.url()),
        ..Callbacks::default()
    });
    for _ in 0..CALLBACK_ENDS {
        drop(decided(&access, Action::Publish).await);
    }
    assert!(access.limits().contains(&("callback.ends", 0)));
    drop(decided(&access, Action::Publish).await);
    assert!(access.limits().contains(&("callback.ends", 1)));
}

#[tokio::test]
async fn who_may_play_by_a_callback_is_not_listed_unless_a_rule_says_so() {
    let scripted = Scripted::start(answers("200 OK", "")).await;
    let access = access(Callbacks {
        play: Some(scripted.url()),
        ..Callbacks::default()
    });
    let refusal = decided(&access, Action::List).await.unwrap_err();
    assert_eq!(refusal.denial(), Some(Denial::Forbidden));
    assert!(scripted.asked().is_empty());
}

#[test]
fn addresses_of_callbacks_are_http_and_show_no_secrets() {
    let parse = |text: &str| text.parse::<CallbackUrl>();
    let url = parse("https://hooks.example:8443/a?secret=hush").unwrap();
    assert_eq!(
        format!("{url} {url:?}"),
        "https://hooks.example:8443/a https://hooks.example:8443/a"
    );
    assert_eq!(parse("rtmp://a/b").unwrap_err(), BadCallbackUrl::Scheme);
    assert_eq!(
        parse("file:///etc/passwd").unwrap_err(),
        BadCallbackUrl::NotUrl
    );
    assert_eq!(parse("/hook").unwrap_err(), BadCallbackUrl::NotUrl);
    assert_eq!(parse("not one").unwrap_err(), BadCallbackUrl::NotUrl);
    assert_eq!(parse("http://u:p@a/").unwrap_err(), BadCallbackUrl::User);
}

#[tokio::test]
async fn an_application_has_its_own_callbacks_asked_or_none_and_the_others_those_of_all() {
    let no = Scripted::start(answers("403 Forbidden", "")).await;
    let yes = Scripted::start(answers("200 OK", "{\"stream\":\"other\"}")).await;
    let of_play = Callbacks {
        play: Some(no.url()),
        ..asks_about_publishing(yes.url())
    };
    let mut config = AccessConfig {
        callbacks: Callbacks {
            play: Some(no.url()),
            ..asks_about_publishing(no.url())
        },
        ..AccessConfig::default()
    };
    config.own_callbacks.insert("own".to_owned(), of_play);
    let nobody = Callbacks::default();
    config.own_callbacks.insert("free".to_owned(), nobody);
    let access = Access::new(config);
    let at = |application: &'static str, action| {
        let mut asked = request(action);
        application.clone_into(&mut asked.place.application);
        let decision = access.authorize(&asked);
        async {
            match decision.settled() {
                Ok(decided) => decided,
                Err(later) => later.await,
            }
        }
    };
    let refused = at("live", Action::Publish).await.unwrap_err();
    assert_eq!(refused.denial(), Some(Denial::Forbidden));
    let named = at("own", Action::Publish).await.unwrap();
    assert_eq!(named.stream.as_deref(), Some("other"));
    at("free", Action::Publish).await.unwrap();
    assert_eq!((no.asked().len(), yes.asked().len()), (1, 1));
    // Who decides about playing is not asked about each line of a list: it is not in it.
    assert!(at("live", Action::List).await.is_err());
    assert!(at("own", Action::List).await.is_err());
    at("free", Action::List).await.unwrap();
}
