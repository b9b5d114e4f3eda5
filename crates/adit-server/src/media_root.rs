//! Names of streams as files under one directory that no name can leave.
//!
//! ```text
//! rtmp://host/vod/movies  film      →  DIR/vod/movies/film.flv
//! rtmp://host/live        cam       →  DIR/live/cam.flv
//! rtmp://host/live        eu/cam.flv → DIR/live/eu/cam.flv
//! rtmp://own.example/live cam       →  DIR/@own.example/live/cam.flv   for a host with applications of its own
//! ```
//!
//! The application is always the first directory, so that no application reaches the files of another; no name of one begins with
//! `@`, so that none reaches the files of a virtual host, which has its own. An instance is a
//! directory as well, except `_definst_`, which stands for none: many programs take the directory of a file for the instance.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adit_rtmp::command::{DEFAULT_INSTANCE, NamePrefix};
use thiserror::Error;

use crate::limits::{MEDIA_NAME_BYTES, MEDIA_NAME_PARTS};

/// How the directory of a virtual host begins.
const OF_A_HOST: char = '@';

/// What stands between the name of a recording and the number of an earlier one.
pub(crate) const BEFORE_NUMBER: char = '~';

/// What a name may hold besides letters and digits of any script. What shells, URLs and other systems give a meaning to is not
/// among it: `%`, `\`, `:`, `*`, `?`, `"`, `<`, `>`, `|`, and everything that does not print.
const PUNCTUATION: &str = "_.~-+=@,()[] ";

/// A directory with recordings and files to play. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaRoot {
    /// Absolute and without links.
    directory: Arc<Path>,
}

/// What kind of file is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaFormat {
    /// Files that end in `.flv`: what this server records.
    Flv,
    /// Files that end in `.mp4`.
    Mp4,
    /// Files that end in `.f4v`, which are MP4 as well.
    F4v,
}

/// Why a name is no name of a file; `Display` says so to the person who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadName {
    /// One name is missing: without an application the name of the stream is taken for it, or the other way round.
    #[error("one name is missing: that of the application, or that of the stream")]
    Missing,
    /// Nothing stands between two slashes, or before the first, or behind the last.
    #[error("the {0} has an empty part")]
    Empty(NamePart),
    /// A part begins with a dot: hidden files, `.` and `..`.
    #[error("a part of the {0} begins with a dot")]
    Hidden(NamePart),
    /// A part ends with a dot or a blank, or begins with a blank.
    #[error("a part of the {0} ends with a dot or has a blank at its edge")]
    Edge(NamePart),
    /// A character that names of files do not have here.
    #[error("the {part} has the character {character:?}, which no name of a file may have")]
    Character {
        /// Where.
        part: NamePart,
        /// Which one.
        character: char,
    },
    /// More than 200 bytes between two slashes.
    #[error("a part of the {0} is longer than {MEDIA_NAME_BYTES} bytes")]
    TooLong(NamePart),
    /// It ends with `~` and a number.
    #[error("names that end with {BEFORE_NUMBER} and a number are those of earlier recordings")]
    Numbered,
    /// More than 8 parts between slashes altogether.
    #[error("the name has more than {MEDIA_NAME_PARTS} parts")]
    TooDeep,
}

/// What of an address is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamePart {
    /// The application.
    Application,
    /// The instance of the application.
    Instance,
    /// The name of the stream.
    Stream,
    /// The virtual host.
    Host,
}

impl fmt::Display for NamePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "name of the application",
            Self::Instance => "name of the instance",
            Self::Stream => "name of the stream",
            Self::Host => "name of the virtual host",
        })
    }
}

impl MediaFormat {
    /// How names of such files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Flv => ".flv",
            Self::Mp4 => ".mp4",
            Self::F4v => ".f4v",
        }
    }

    /// The kinds of file that a player may mean, likeliest first. Whatever was asked for, a recording of that name is found,
    /// which is FLV.
    pub const fn candidates(prefix: Option<NamePrefix>) -> &'static [Self] {
        match prefix {
            None => &[Self::Flv, Self::Mp4, Self::F4v],
            Some(NamePrefix::Flv) => &[Self::Flv],
            Some(NamePrefix::Mp4 | NamePrefix::F4v) => &[Self::Mp4, Self::F4v, Self::Flv],
            Some(_) => &[],
        }
    }
}

impl MediaRoot {
    /// The files under `directory`, which is made if it does not exist. Blocks.
    ///
    /// # Errors
    /// When it cannot be made or is no directory.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let made = fs::create_dir_all(directory);
        if directory.exists() && !directory.is_dir() {
            let what = "it is no directory";
            return Err(io::Error::new(io::ErrorKind::NotADirectory, what));
        }
        made?;
        let directory = fs::canonicalize(directory)?;
        Ok(Self {
            directory: directory.into(),
        })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file that a name means; whether there is one is not looked at. `name` is without prefix and query; the ending is
    /// added unless it has it. `host` is the virtual host, empty for all that have no applications of their own.
    ///
    /// # Errors
    /// [`BadName`], which can be told to the peer.
    pub fn file(
        &self,
        host: &str,
        application: &str,
        instance: &str,
        name: &str,
        format: MediaFormat,
    ) -> Result<PathBuf, BadName> {
        let mut path = self.directory.to_path_buf();
        let mut parts = 0;
        if !host.is_empty() {
            check(NamePart::Host, host)?;
            path.push(format!("{OF_A_HOST}{host}"));
        }
        if application.is_empty() || name.is_empty() {
            return Err(BadName::Missing);
        }
        if application.starts_with(OF_A_HOST) {
            let (part, character) = (NamePart::Application, OF_A_HOST);
            return Err(BadName::Character { part, character });
        }
        let instance = if instance == DEFAULT_INSTANCE {
            None
        } else {
            Some(instance)
        };
        let named = [
            (NamePart::Application, Some(application)),
            (NamePart::Instance, instance),
            (NamePart::Stream, Some(name)),
        ];
        for (part, text) in named {
            for text in text.into_iter().flat_map(|text| text.split('/')) {
                check(part, text)?;
                parts += 1;
                if parts > MEDIA_NAME_PARTS {
                    return Err(BadName::TooDeep);
                }
                path.push(text);
            }
        }
        if !name.ends_with(format.extension()) {
            path.as_mut_os_string().push(format.extension());
        }
        Ok(path)
    }

    /// The same for what is to be recorded: no name of an [earlier recording](without_number).
    ///
    /// # Errors
    /// [`BadName`], which can be told to the peer.
    pub(crate) fn recording(
        &self,
        host: &str,
        application: &str,
        instance: &str,
        name: &str,
    ) -> Result<PathBuf, BadName> {
        let format = MediaFormat::Flv;
        let plain = name.strip_suffix(format.extension()).unwrap_or(name);
        if without_number(plain).is_some() {
            return Err(BadName::Numbered);
        }
        self.file(host, application, instance, name, format)
    }

    /// Opens a file that [`file`](Self::file) named for reading. Blocks.
    ///
    /// # Errors
    /// When there is none, when it is no file, and [`io::ErrorKind::PermissionDenied`] when a link leads out of the root.
    pub fn read(&self, path: &Path) -> io::Result<File> {
        let path = self.inside(path)?;
        // A pipe would wait for its writer.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a file",
            ));
        }
        File::open(path)
    }

    /// Makes the directories in which a file that [`file`](Self::file) named is to be written, and says where that is with links
    /// followed. Blocks.
    ///
    /// # Errors
    /// When a directory cannot be made, and [`io::ErrorKind::PermissionDenied`] when a link leads out of the root.
    pub fn prepare(&self, path: &Path) -> io::Result<PathBuf> {
        let relative = path.strip_prefix(&self.directory).map_err(|_| outside())?;
        let name = relative.file_name().ok_or_else(outside)?;
        let mut directory = self.directory.to_path_buf();
        for part in relative.parent().into_iter().flatten() {
            let next = directory.join(part);
            // A file system that cannot be written says so even of a directory that exists.
            if let Err(error) = fs::create_dir(&next)
                && !next.is_dir()
            {
                return Err(error);
            }
            directory = self.inside(&next)?;
        }
        Ok(directory.join(name))
    }

    /// `path` with all links followed.
    fn inside(&self, path: &Path) -> io::Result<PathBuf> {
        let path = fs::canonicalize(path)?;
        if path.starts_with(&self.directory) {
            Ok(path)
        } else {
            Err(outside())
        }
    }
}

/// The name of the recording of which this is an earlier one: `cam` of `cam~1`.
pub(crate) fn without_number(name: &str) -> Option<&str> {
    let (latest, number) = name.rsplit_once(BEFORE_NUMBER)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(latest)
}

fn outside() -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        "it leads out of the directory for media",
    )
}

/// Checks what stands between two slashes.
fn check(part: NamePart, text: &str) -> Result<(), BadName> {
    if text.is_empty() {
        return Err(BadName::Empty(part));
    }
    let is_bad =
        |character: &char| !character.is_alphanumeric() && !PUNCTUATION.contains(*character);
    if let Some(character) = text.chars().find(is_bad) {
        return Err(BadName::Character { part, character });
    }
    if text.len() > MEDIA_NAME_BYTES {
        return Err(BadName::TooLong(part));
    }
    if text.starts_with('.') {
        return Err(BadName::Hidden(part));
    }
    if text.ends_with(['.', ' ']) || text.starts_with(' ') {
        return Err(BadName::Edge(part));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
