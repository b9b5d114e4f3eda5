//! Rules about files: a recording has several addresses, and what is said of one of them holds for all.
//!
//! ```text
//! rtmp://host/live       room/cam        ┐
//! rtmp://host/live/room  cam             │  DIR/live/room/cam.flv
//! rtmp://host/live/room  cam.flv         ┘
//! rtmp://host/live/room  cam~1              DIR/live/room/cam~1.flv, an earlier recording of cam
//! ```

use adit_rtmp::command::DEFAULT_INSTANCE;

use super::config::Need;
use super::request::{Action, Place, Request};
use super::sitting::Sitting;
use super::{Access, Granted, Policy};
use crate::application::Decision;
use crate::limits::MEDIA_NAME_PARTS;
use crate::media_root::{MediaFormat, without_number};

impl Access {
    /// Whether somebody may hear what is in a file: he has to be let see it in a list and, but for callbacks, let play it. `to_list` is
    /// the request to see it in one.
    pub(crate) fn authorize_facts(&self, to_list: &Request) -> Decision<Granted> {
        let to_play = Request {
            action: Action::Play,
            ..to_list.clone()
        };
        let sitting = Sitting::about(&to_play.credentials);
        match self.decide(&self.policy(), &sitting, &to_play) {
            Ok(_) => self.authorize(to_list),
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}

impl Policy {
    /// What a rule wants that is about the same file by another address, if it comes before the one about the address that was asked
    /// for; and the request as it would be there.
    pub(super) fn need_of_file(&self, request: &Request) -> Option<(Need, Request)> {
        if !matches!(
            request.action,
            Action::Publish | Action::Record | Action::Play
        ) {
            return None;
        }
        let asked = self.public_place(request);
        let rules = self.config.rules.as_slice();
        let own = rules
            .iter()
            .position(|rule| rule.is_about(request.action, &asked, &request.visitor));
        let earlier = rules.get(..own.unwrap_or(rules.len()))?;
        if earlier.is_empty() {
            return None;
        }
        let places = addresses(&asked);
        let (need, place) = earlier.iter().find_map(|rule| {
            let place = places
                .iter()
                .find(|place| rule.is_about(request.action, place, &request.visitor))?;
            Some((rule.need.clone(), place.clone()))
        })?;
        let mut request = request.clone();
        if self.key_of_name(&request).is_some()
            && let Some(key) = request.place.stream.take()
        {
            request.credentials = request.credentials.with_key(&key);
        }
        request.place = place;
        Some((need, request))
    }
}

/// All addresses of the files that a place may mean, and of those they are earlier recordings of.
fn addresses(place: &Place) -> Vec<Place> {
    let Some(stream) = place.stream.as_deref() else {
        return Vec::new();
    };
    let mut parts: Vec<&str> = Vec::new();
    if place.instance != DEFAULT_INSTANCE {
        parts.extend(place.instance.split('/'));
    }
    parts.extend(stream.split('/'));
    // The application is one more.
    if parts.len() >= MEDIA_NAME_PARTS {
        return Vec::new();
    }
    let mut addresses = Vec::new();
    for split in 0..parts.len() {
        let (instance, name) = parts.split_at(split);
        let instance = instance.join("/");
        // Whoever says so means the file in the directory of the application.
        if instance == DEFAULT_INSTANCE {
            continue;
        }
        let instance = Some(&*instance).filter(|instance| !instance.is_empty());
        let instance = instance.unwrap_or(DEFAULT_INSTANCE);
        let place = Place::new(&place.vhost, &place.application, instance);
        let spellings = spellings(&name.join("/"));
        addresses.extend(spellings.iter().map(|name| place.clone().stream(name)));
    }
    addresses
}

/// The names by which a file is asked for, those of which it is an earlier recording among them.
fn spellings(name: &str) -> Vec<String> {
    let formats = [MediaFormat::Flv, MediaFormat::Mp4, MediaFormat::F4v];
    let plain = formats
        .iter()
        .find_map(|format| name.strip_suffix(format.extension()));
    let mut names = vec![name];
    names.extend(plain);
    let latest: Vec<_> = names
        .iter()
        .filter_map(|name| without_number(name))
        .collect();
    names.extend(latest);
    let with_endings = names.iter().flat_map(|name| {
        let endings = formats.iter().map(|format| format.extension());
        [""].into_iter()
            .chain(endings)
            .map(move |ending| format!("{name}{ending}"))
    });
    with_endings.collect()
}

#[cfg(test)]
mod tests;
