//! How many connections the operating system lets the process have.

/// Raises the soft limit of file descriptors, usually 1024, to the hard one: each connection needs one. Call it before the
/// server looks at the limit.
#[cfg(unix)]
pub(super) fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let before = getrlimit(Resource::Nofile);
    if before.current == before.maximum {
        return;
    }
    let wanted = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => {
            tracing::debug!(from = ?before.current, to = ?before.maximum, "file descriptors");
        }
        // The server counts what it has, and rests when they run out.
        Err(error) => tracing::debug!(%error, "file descriptors not raised"),
    }
}

#[cfg(not(unix))]
pub(super) fn raise() {}
