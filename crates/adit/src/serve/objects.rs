//! The file of persistent shared objects.

use std::path::{Path, PathBuf};

use adit_server::{ObjectStore, StoreError};

/// Opens the file that was asked for, or the usual one in `state_directory`. Where the usual one cannot be had, nobody asked for
/// it: the server goes on without.
///
/// # Errors
/// The file that was asked for cannot be used, or what is in the usual one is damaged or none of ours.
pub(super) fn store(
    asked: Option<&Path>,
    state_directory: impl FnOnce() -> PathBuf,
) -> Result<Option<ObjectStore>, StoreError> {
    if let Some(path) = asked {
        return ObjectStore::open(path).map(Some);
    }
    match ObjectStore::open(state_directory().join(USUAL)) {
        Ok(store) => Ok(Some(store)),
        Err(error) if error.is_about_content() => Err(error),
        Err(error) => {
            tracing::warn!(%error, "no persistent shared objects; --objects names another file");
            Ok(None)
        }
    }
}

/// What the person can do about a file that cannot be used.
pub(super) fn remedy(error: &StoreError) -> Option<String> {
    let path = error.path().display();
    error.is_about_content().then(|| {
        format!("move it away to begin without shared objects (mv {path} {path}.bad), or name another with --objects FILE")
    })
}

/// The name of the file in the state directory.
const USUAL: &str = "objects.redb";
