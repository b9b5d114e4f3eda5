//! Directories that the server writes to, and the room there.

use std::io;
use std::path::{Path, PathBuf};

use adit_server::Reserve;
use rustix::fs::{Access, access, statvfs};

use super::findings::Findings;
use crate::config::Config;
use crate::connect::in_words;
use crate::progress::Size;
use crate::serve::state_directory_of;

/// Looks at the state directory, and at that for recordings.
pub(super) fn look(config: &Config, findings: &mut Findings) {
    let state = state_directory_of(config);
    if let Some(there) = writable("state", &state, findings) {
        room("state", &there, STATE_RESERVE, findings);
    }
    if let Some(media) = &config.server.media
        && let Some(there) = writable("recordings", &media.0, findings)
    {
        let reserve = super::settings_of(config).recording.reserve;
        room("recordings", &there, reserve, findings);
    }
}

/// The directory, or the one in which it will be made, if this user may write there.
fn writable(check: &'static str, directory: &Path, findings: &mut Findings) -> Option<PathBuf> {
    let there = directory.ancestors().find(|path| path.exists());
    // A relative path begins here.
    let there = there.filter(|path| !path.as_os_str().is_empty());
    let there = there.unwrap_or(Path::new("."));
    let shown = directory.display();
    if !there.is_dir() {
        findings.wrong(
            check,
            format!(
                "{shown} cannot be a directory: {} is a file",
                there.display()
            ),
            "move the file away, or name another directory",
        );
        return None;
    }
    if let Err(error) = access(there, Access::WRITE_OK | Access::EXEC_OK) {
        let error = io::Error::from(error);
        findings.wrong(
            check,
            format!("{shown} cannot be written by this user: {}", in_words(&error)),
            format!("chown it to the user of the server; if that is another one than this, sudo -u USER adit doctor (who it is: ls -ld {})", there.display()),
        );
        return None;
    }
    let what = if there == directory {
        format!("{shown} can be written")
    } else {
        format!("{shown} is made at the first start")
    };
    findings.good(check, what);
    Some(there.to_owned())
}

fn room(check: &'static str, directory: &Path, reserve: Reserve, findings: &mut Findings) {
    let space = match statvfs(directory) {
        Ok(space) => space,
        Err(error) => {
            let error = io::Error::from(error);
            let what = format!("{}: {}", directory.display(), in_words(&error));
            findings.wrong(check, what, "look at the disk: df");
            return;
        }
    };
    let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
    let free = bytes(space.f_bavail);
    let reserve = reserve.of_disk(bytes(space.f_blocks));
    let shown = format!("{} are free", Size(free));
    if free < reserve {
        let what = format!(
            "{shown}, and {} of the disk stay so: nothing is written there any more",
            Size(reserve)
        );
        findings.wrong(check, what, "remove what is not needed, or a larger disk");
    } else if free < reserve.saturating_mul(3) {
        findings.warning(
            check,
            shown,
            "the disk is nearly full: remove what is not needed",
        );
    } else {
        findings.good(check, shown);
    }
}

/// What the state directory needs to stay alive.
const STATE_RESERVE: Reserve = Reserve::of(64 << 20);
