//! A client that keeps all the rules, beside those that keep none: it publishes and plays all the time.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::numbered::Numbered;

/// A [`Numbered`] client on a plain connection, with a task of its own; dropping it ends it.
#[derive(Debug)]
pub struct Honest {
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    sent: u64,
    received: u64,
    error: Option<String>,
}

impl Honest {
    /// Connects to `server` and publishes and plays `live/NAME`; returns when the first message has come back.
    pub async fn start(server: SocketAddr, name: &str) -> Self {
        let stream = TcpStream::connect(server)
            .await
            .expect("the server accepts connections");
        let (report, progress) = watch::channel(Progress::default());
        let client = Numbered::new(name, 1);
        let task = tokio::spawn(async move {
            let error = run(stream, client, &report).await;
            report.send_modify(|progress| progress.error = Some(error));
        });
        let mut honest = Self { progress, task };
        honest
            .check(Duration::from_secs(10))
            .await
            .unwrap_or_else(|error| panic!("an honest client: {error}"));
        honest
    }

    /// Waits until a message that was sent after this call has come back.
    ///
    /// # Errors
    ///
    /// It did not come in time, or anything else that is wrong with the connection or with what came on it.
    pub async fn check(&mut self, within: Duration) -> Result<(), String> {
        let before = self.progress.borrow().sent;
        let arrived = self
            .progress
            .wait_for(|progress| progress.received > before || progress.error.is_some());
        let progress = match timeout(within, arrived).await {
            Ok(progress) => progress.map_err(|error| error.to_string())?.clone(),
            Err(_) => {
                return Err(format!(
                    "message {before} did not come back within {within:?}"
                ));
            }
        };
        progress.error.map_or(Ok(()), Err)
    }

    /// Closes the connection without a goodbye.
    pub async fn vanish(mut self) {
        self.task.abort();
        // It ends with the word that it was aborted.
        drop((&mut self.task).await);
    }
}

impl Drop for Honest {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs until something is wrong, and says what.
async fn run(
    mut stream: TcpStream,
    mut client: Numbered,
    report: &watch::Sender<Progress>,
) -> String {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut input = BytesMut::with_capacity(1 << 16);
    loop {
        let output = client.output();
        if let Err(error) = stream.write_all(&output).await {
            return format!("write: {error}");
        }
        // Both arms are cancel safe: a tick is not lost, and bytes are either in the buffer or still in the socket.
        tokio::select! {
            _ = ticks.tick() => {
                if client.has_room() {
                    client.send();
                }
            }
            read = stream.read_buf(&mut input) => match read {
                Ok(0) => return "the server closed the connection".to_owned(),
                Ok(_) => {
                    if let Err(error) = client.feed(input.split().freeze()) {
                        return error;
                    }
                }
                Err(error) => return format!("read: {error}"),
            },
        }
        report.send_modify(|progress| {
            progress.sent = client.sent();
            progress.received = client.received();
        });
    }
}

/// The time between two messages.
const EVERY: Duration = Duration::from_millis(10);
