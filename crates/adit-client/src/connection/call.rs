//! Calls of the server: methods of this client.

use std::fmt;

use adit_amf::amf0::Value;
use adit_rtmp::session::CallRequest;
use tokio::runtime::Handle as Runtime;
use tokio::sync::mpsc;

use super::error::{Ended, StreamError};
use super::request::Request;

/// A call of the server. Whoever drops it without an answer has answered that the method failed.
///
/// ```no_run
/// use adit_client::NetConnection;
/// use adit_client::connection::{ConnectionEvent, StreamError};
///
/// # async fn serve(mut connection: NetConnection) -> Result<(), StreamError> {
/// while let Some(event) = connection.next_event().await {
///     if let ConnectionEvent::Call(call) = event {
///         match (call.method(), call.arguments()) {
///             ("add", [a, b]) => match (a.as_number(), b.as_number()) {
///                 (Some(a), Some(b)) => call.reply(vec![(a + b).into()]).await?,
///                 _ => call.fail("add takes two numbers").await?,
///             },
///             _ => call.fail("no such method").await?,
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "the server waits for an answer"]
pub struct IncomingCall {
    method: adit_amf::Text,
    arguments: Vec<Value>,
    /// Until it is answered.
    request: Option<CallRequest>,
    /// The connection, if it is still there.
    replies: mpsc::WeakSender<Request>,
}

impl IncomingCall {
    pub(super) fn new(mut request: CallRequest, replies: mpsc::WeakSender<Request>) -> Self {
        Self {
            method: request.name.clone(),
            arguments: std::mem::take(&mut request.arguments),
            request: Some(request),
            replies,
        }
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The arguments.
    pub fn arguments(&self) -> &[Value] {
        &self.arguments
    }

    /// Whether the server waits for an answer.
    pub fn wants_answer(&self) -> bool {
        let request = self.request.as_ref();
        request.is_some_and(CallRequest::wants_answer)
    }

    /// Answers with what the method returns. Where no answer is wanted nothing is sent.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn reply(mut self, values: Vec<Value>) -> Result<(), StreamError> {
        self.answer(Ok(values)).await
    }

    /// Answers that the method failed: `NetConnection.Call.Failed` with these words.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn fail(mut self, why: &str) -> Result<(), StreamError> {
        self.answer(Err(why.to_owned())).await
    }

    async fn answer(&mut self, outcome: Result<Vec<Value>, String>) -> Result<(), StreamError> {
        let gone = StreamError::Ended(Ended::Closed);
        let Some(replies) = self.replies.upgrade() else {
            return Err(gone);
        };
        // Whoever drops this future while it waits for room has not answered.
        let room = replies.reserve().await.map_err(|_| gone)?;
        if let Some(call) = self.request.take() {
            room.send(Request::Reply { call, outcome });
        }
        Ok(())
    }
}

/// Without the arguments, which may hold secrets.
impl fmt::Debug for IncomingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingCall")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Drop for IncomingCall {
    fn drop(&mut self) {
        let (Some(call), Some(replies)) = (self.request.take(), self.replies.upgrade()) else {
            return;
        };
        let outcome = Err("nobody has answered the call".to_owned());
        let unsent = replies.try_send(Request::Reply { call, outcome });
        if let (Err(mpsc::error::TrySendError::Full(reply)), Ok(runtime)) =
            (unsent, Runtime::try_current())
        {
            runtime.spawn(async move { replies.send(reply).await });
        }
    }
}
