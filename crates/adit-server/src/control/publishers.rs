//! What becomes of a stream at the hands of an operator, whether its publisher is connected here or stayed with the server that this one
//! has taken over from.

use adit_broker::{PublicationInfo, StreamKey};

use super::{ControlError, NO_RECORDINGS, streams};
use crate::mirror::{About, is_mirrored};
use crate::recording::{RecordMode, Recordings, Unstarted};
use crate::server::{ConnectionId, Shared};

/// Ends the connection that publishes a stream; its number if it is one of this server.
pub(crate) async fn kick(
    shared: &Shared,
    key: &StreamKey,
    reason: &str,
) -> Result<Option<ConnectionId>, ControlError> {
    let Some(publication) = publication(shared, key) else {
        return Err(NOT_PUBLISHED);
    };
    if is_mirrored(&publication) {
        shared.relays.mirrors().kick(key, reason).await?;
        return Ok(None);
    }
    let Some(id) = streams::publisher(&publication) else {
        let words = "no connection publishes this stream, but a relay";
        return Err(ControlError::Conflict(words.to_owned()));
    };
    if shared.connections.kick(id, reason) {
        Ok(Some(id))
    } else {
        Err(NOT_PUBLISHED)
    }
}

/// Records a stream here, unless it is recorded where its publisher is: both would write the same file.
pub(crate) async fn start_recording(shared: &Shared, key: &StreamKey) -> Result<(), ControlError> {
    let Some(recordings) = &shared.recordings else {
        return Err(NO_RECORDINGS);
    };
    let publication = publication(shared, key);
    if publication.is_some_and(|it| is_mirrored(&it))
        && shared.relays.mirrors().look(key).await?.is_recorded
    {
        return Err(ControlError::Conflict(Unstarted::Recorded.to_string()));
    }
    let spans = shared.connections.events().spans();
    let started = recordings.start_alone(RecordMode::Record, key, spans);
    started.map_err(|error| match error {
        Unstarted::NotPublished => NOT_PUBLISHED,
        Unstarted::Recorded => ControlError::Conflict(error.to_string()),
        Unstarted::Refused(error) => ControlError::Failed(error.to_string()),
    })
}

/// Ends the recording of a stream, here or where its publisher is.
pub(crate) async fn stop_recording(shared: &Shared, key: &StreamKey) -> Result<(), ControlError> {
    let recordings = shared.recordings.as_ref();
    if recordings.is_some_and(|it| it.stop(key)) {
        return Ok(());
    }
    if publication(shared, key).is_some_and(|it| is_mirrored(&it)) {
        return shared.relays.mirrors().stop_recording(key).await;
    }
    match recordings {
        Some(_) => Err(ControlError::NotFound("this stream is not being recorded")),
        None => Err(NO_RECORDINGS),
    }
}

/// What the server that takes over from this one is told about a stream; nothing where nobody publishes it.
pub(crate) fn about(shared: &Shared, key: &StreamKey) -> Option<About> {
    let publication = publication(shared, key)?;
    let recordings = shared.recordings.as_ref();
    let is_recorded_here = recordings.is_some_and(|it: &Recordings| it.records(key));
    let before = shared.relays.mirrors().about(key);
    let before = before.filter(|_| is_mirrored(&publication));
    let peer = publication.publisher.peer.as_ref().to_owned();
    let mut about = before.unwrap_or(About {
        peer,
        is_recorded: false,
    });
    about.is_recorded |= is_recorded_here;
    Some(about)
}

fn publication(shared: &Shared, key: &StreamKey) -> Option<std::sync::Arc<PublicationInfo>> {
    shared.broker.stream(key)?.publication
}

const NOT_PUBLISHED: ControlError = ControlError::NotFound("nobody publishes this stream");
