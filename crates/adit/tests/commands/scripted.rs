//! A server on loopback that does with each event what a test wants.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use adit_client::rtmp::Seed;
use adit_client::rtmp::session::{ServerEvent, ServerSession, SessionConfig};
use adit_client::rtmp::shared_object::{Event, Limits, SharedObjectMessage};
use bytes::{Buf as _, Bytes};

/// What is done with each event of each connection, the first being number 0. Connections are accepted before.
type Script = dyn FnMut(usize, &mut ServerSession, ServerEvent) + Send;

/// A server that lives as long as the test.
pub(super) struct Scripted(SocketAddr);

impl Scripted {
    pub(super) fn start(
        script: impl FnMut(usize, &mut ServerSession, ServerEvent) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(script));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                let script = Arc::clone(&script);
                thread::spawn(move || serve(stream, number, &script));
            }
        });
        Self(address)
    }

    /// The same for a server of shared objects: what it answers to each message.
    pub(super) fn sharing(
        mut answer: impl FnMut(usize, &SharedObjectMessage) -> Vec<SharedObjectMessage> + Send + 'static,
    ) -> Self {
        Self::start(move |number, session, event| {
            if let ServerEvent::SharedObject { kind, payload, .. } = event {
                let limits = Limits::default();
                let message = SharedObjectMessage::decode(kind, &payload, &limits).unwrap();
                for answer in answer(number, &message) {
                    for body in answer.encode(kind).unwrap() {
                        session.send_shared_object(kind, body).unwrap();
                    }
                }
            }
        })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("rtmp://{}/{path}", self.0)
    }
}

/// Confirms everything, each message as one step.
pub(super) fn obliging(message: &SharedObjectMessage) -> Vec<SharedObjectMessage> {
    let answers = message.events.iter().map(|event| match event {
        Event::Use => Event::UseSuccess,
        Event::RequestChange { key, .. } => Event::Success { key: key.clone() },
        Event::RequestRemove { key } => Event::Remove { key: key.clone() },
        Event::RequestClear => Event::Clear,
        other => other.clone(),
    });
    let answers: Vec<Event> = answers.filter(|event| *event != Event::Release).collect();
    vec![message.reply(message.version + 1, answers)]
}

fn serve(mut stream: TcpStream, number: usize, script: &Mutex<Script>) {
    let config = SessionConfig::default();
    let mut session = ServerSession::new(Instant::now(), config, &Seed::new([7; 32]));
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut some = vec![0; 65_536];
    loop {
        let now = Instant::now();
        session.handle_timeout(now);
        while let Ok(Some(event)) = session.poll_event(now) {
            match event {
                ServerEvent::Connect(request) => session.accept_connect(request),
                event => script.lock().unwrap()(number, &mut session, event),
            }
        }
        let ready = session.output().remaining();
        let output = session.output().copy_to_bytes(ready);
        if stream.write_all(&output).is_err() || session.is_closed() {
            return;
        }
        match stream.read(&mut some) {
            Ok(0) => session.handle_eof(Instant::now()),
            Ok(count) => {
                session.handle_input(Instant::now(), Bytes::copy_from_slice(&some[..count]));
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(_) => return,
        }
    }
}
