//! The name of a stream inside the server.

use std::fmt;
use std::sync::Arc;

use crate::limits::KEY_BYTES;

/// Where a stream lives: virtual host, application, instance and stream name.
///
/// A clone is one reference count. Comparison is exact, byte for byte; folding case, removing a
/// query or filling in a default instance is the caller's work.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey(Arc<Parts>);

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Parts {
    vhost: Box<str>,
    application: Box<str>,
    instance: Box<str>,
    name: Box<str>,
}

impl StreamKey {
    /// The key of these four parts; each may be empty.
    ///
    /// # Errors
    /// [`KeyTooLong`] when they have more than 1,024 bytes together.
    pub fn new(
        vhost: &str,
        application: &str,
        instance: &str,
        name: &str,
    ) -> Result<Self, KeyTooLong> {
        let bytes = [vhost, application, instance, name]
            .iter()
            .fold(0usize, |sum, part| sum.saturating_add(part.len()));
        if bytes > KEY_BYTES {
            return Err(KeyTooLong { bytes });
        }
        Ok(Self(Arc::new(Parts {
            vhost: vhost.into(),
            application: application.into(),
            instance: instance.into(),
            name: name.into(),
        })))
    }

    /// The virtual host.
    pub fn vhost(&self) -> &str {
        &self.0.vhost
    }

    /// The application.
    pub fn application(&self) -> &str {
        &self.0.application
    }

    /// The instance of the application.
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The stream name.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl fmt::Display for StreamKey {
    /// `vhost/application/instance/name`, for logs. The name may be a secret of its publisher.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{}",
            self.vhost(),
            self.application(),
            self.instance(),
            self.name()
        )
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamKey")
            .field("vhost", &self.vhost())
            .field("application", &self.application())
            .field("instance", &self.instance())
            .field("name", &self.name())
            .finish()
    }
}

/// A stream key was longer than the server stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream key has {bytes} bytes, {KEY_BYTES} are allowed")]
pub struct KeyTooLong {
    /// How many bytes the four parts had together.
    pub bytes: usize,
}

#[cfg(test)]
mod tests;
