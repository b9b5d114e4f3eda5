//! What happens on a connection and on its streams.

use adit_amf::Text;
use adit_media::Frame;
use adit_rtmp::command::Status;
use adit_rtmp::message::UserControl;

use super::call::IncomingCall;
use super::error::Ended;

/// What happened to a connection as a whole.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionEvent {
    /// The server has news.
    Status(Status),
    /// The server asks to connect again, soon and perhaps elsewhere; see
    /// [`Destination::reconnect_requested`](crate::Destination::reconnect_requested).
    ReconnectRequested {
        /// Where to, as the server wrote it.
        url: Option<String>,
        /// Why, for people.
        description: String,
    },
    /// The server calls a method of ours. Not answering is a failure in the end.
    Call(IncomingCall),
    /// The connection is over. The last event.
    Ended(Ended),
}

/// What happened on a stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamEvent {
    /// Audio, video or data, with the timestamp that the server sent.
    Frame(Frame),
    /// News: start, stop, unpublish, seek, pause, failure.
    Status(Status),
    /// The server withdraws data that it had set, such as `onMetaData`.
    ClearData(Text),
    /// Stream begin, end, dry, buffer empty, buffer ready.
    Control(UserControl),
}
