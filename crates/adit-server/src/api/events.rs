//! What happens, as server-sent events.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use adit_broker::StreamKey;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Api;
use super::input::id;
use super::problem::{Problem, Problems};
use super::routes::unix_ms;
use crate::control::{Event, Happened, Heard, Listener};

/// How often something is sent where nothing happens, so that whoever stands in between keeps the connection.
const COMMENT: Duration = Duration::from_secs(15);

/// Events that wait to be written; behind them they wait in the server, which counts those that are missed.
const AHEAD: usize = 16;

/// What happens from now on, as server-sent events
///
/// The name of an event is `connect`, `disconnect`, `publish`, `unpublish`, `play`, `stop`, `record`, `recorded`, `relay`, `drain` or `reload`;
/// its data is an object in JSON that says of what. `missed` says that the listener was too slow, and how many events it did not get.
#[utoipa::path(get, path = "/events", tag = "events", responses((status = 200, body = String, content_type = "text/event-stream"), Problems))]
pub(super) async fn events(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    let listener = api.control.events();
    let (sender, texts) = mpsc::channel(AHEAD);
    tokio::spawn(forward(listener, sender, api.stop.clone()));
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    Ok((kind, Body::new(Texts(texts))).into_response())
}

/// Until nobody listens any more, or the server is gone.
async fn forward(
    mut listener: Listener,
    sender: mpsc::Sender<Bytes>,
    stop: tokio_util::sync::CancellationToken,
) {
    // So that whoever listens knows that it does.
    let mut text = ":\n\n".to_owned();
    loop {
        if sender.send(text.into()).await.is_err() {
            return;
        }
        let heard = tokio::select! {
            // All arms are cancel-safe.
            () = stop.cancelled() => return,
            () = sender.closed() => return,
            heard = timeout(COMMENT, listener.next()) => heard,
        };
        text = match heard {
            Err(_) => ":\n\n".to_owned(),
            Ok(None) => return,
            Ok(Some(Heard::Missed(count))) => {
                format!("event: missed\ndata: {{\"count\":{count}}}\n\n")
            }
            Ok(Some(Heard::Event(event))) => {
                let (name, data) = (event.what.name(), data(&event));
                format!("id: {}\nevent: {name}\ndata: {data}\n\n", event.number)
            }
        };
    }
}

/// An object on one line.
fn data(event: &Event) -> Value {
    let mut data = Map::new();
    let mut says = |name: &str, value: Value| drop(data.insert(name.to_owned(), value));
    match &event.what {
        Happened::Connected {
            connection,
            way,
            peer,
            application,
            instance,
        } => {
            says("connection", connection.get().into());
            says("transport", way.as_str().into());
            says("peer", peer.as_ref().into());
            says("application", application.as_ref().into());
            says("instance", instance.as_ref().into());
        }
        Happened::Disconnected { connection } => says("connection", connection.get().into()),
        Happened::Published { stream, connection }
        | Happened::Unpublished { stream, connection } => {
            place(stream, &mut says);
            says(
                "connection",
                connection.map(crate::ConnectionId::get).into(),
            );
        }
        Happened::Played {
            stream,
            connection,
            way,
        }
        | Happened::Stopped {
            stream,
            connection,
            way,
        } => {
            place(stream, &mut says);
            says("connection", connection.get().into());
            says("transport", way.as_str().into());
        }
        Happened::Recording { stream, file } | Happened::Recorded { stream, file } => {
            place(stream, &mut says);
            says("file", file.as_ref().into());
        }
        Happened::Relay {
            relay,
            direction,
            stream,
            state,
        } => {
            place(stream, &mut says);
            says("relay", (*relay).into());
            says("direction", crate::relays::word(*direction).into());
            says("state", (*state).into());
        }
        Happened::Draining | Happened::Reloaded => {}
    }
    says("at_ms", unix_ms(event.at).into());
    Value::Object(data)
}

fn place(stream: &StreamKey, says: &mut impl FnMut(&str, Value)) {
    says("stream", id(stream).into());
    says("application", stream.application().into());
    says("instance", stream.instance().into());
    says("name", stream.name().into());
}

/// A body of texts as they come.
struct Texts(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Texts {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = self.0.poll_recv(cx);
        next.map(|text| text.map(|text| Ok(Frame::data(text))))
    }
}
