//! What the store holds, all together and of each application, and what it may hold.

use std::collections::HashMap;

use crate::limits::StoreLimits;

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::objects) enum Full {
    Objects,
    Bytes,
    ApplicationObjects,
    ApplicationBytes,
}

impl Full {
    /// The key of the limit.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Objects => "so.stored",
            Self::Bytes => "so.stored_bytes",
            Self::ApplicationObjects => "so.app_stored",
            Self::ApplicationBytes => "so.app_stored_bytes",
        }
    }
}

/// Objects, and the bytes they take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) objects: u64,
    pub(super) bytes: u64,
}

impl Usage {
    /// What it is when something in it becomes something else.
    const fn replaced(self, before: Self, after: Self) -> Self {
        let objects = self.objects.saturating_sub(before.objects);
        let bytes = self.bytes.saturating_sub(before.bytes);
        Self {
            objects: objects.saturating_add(after.objects),
            bytes: bytes.saturating_add(after.bytes),
        }
    }
}

/// By the bytes that a key has for virtual host and application.
type Applications = HashMap<Box<[u8]>, Usage>;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Usages {
    all: Usage,
    applications: Applications,
}

impl Usages {
    /// Counts an object that is in the file.
    pub(super) fn add(&mut self, key: &[u8], bytes: u64) {
        let mut change = self.change();
        change.replace(self, key, Usage::default(), Usage { objects: 1, bytes });
        self.take_over(change);
    }

    /// Why there is no room for another object.
    pub(super) fn full(&self, key: &[u8], limits: &StoreLimits) -> Option<Full> {
        let (before, after) = (
            Usage::default(),
            Usage {
                objects: 1,
                bytes: 1,
            },
        );
        self.change().full(self, key, (before, after), limits)
    }

    pub(super) fn change(&self) -> Change {
        Change {
            all: self.all,
            applications: HashMap::new(),
        }
    }

    /// A change is in the file.
    pub(super) fn take_over(&mut self, change: Change) {
        self.all = change.all;
        for (application, usage) in change.applications {
            if usage == Usage::default() {
                self.applications.remove(&application);
            } else {
                self.applications.insert(application, usage);
            }
        }
    }
}

/// What a file will hold after a transaction.
#[derive(Debug)]
pub(super) struct Change {
    all: Usage,
    /// Those that are not as they were.
    applications: Applications,
}

impl Change {
    fn application(&self, file: &Usages, application: &[u8]) -> Usage {
        let known = self.applications.get(application);
        known
            .or_else(|| file.applications.get(application))
            .copied()
            .unwrap_or_default()
    }

    /// Why an object may not become another. What does not make it larger it always may.
    pub(super) fn full(
        &self,
        file: &Usages,
        key: &[u8],
        (before, after): (Usage, Usage),
        limits: &StoreLimits,
    ) -> Option<Full> {
        let all = self.all.replaced(before, after);
        let application = self.application(file, application_of(key));
        let application = application.replaced(before, after);
        if after.objects > before.objects {
            if all.objects > limits.objects {
                return Some(Full::Objects);
            }
            if application.objects > limits.application_objects {
                return Some(Full::ApplicationObjects);
            }
        }
        if after.bytes > before.bytes {
            if all.bytes > limits.bytes {
                return Some(Full::Bytes);
            }
            if application.bytes > limits.application_bytes {
                return Some(Full::ApplicationBytes);
            }
        }
        None
    }

    /// An object becomes another.
    pub(super) fn replace(&mut self, file: &Usages, key: &[u8], before: Usage, after: Usage) {
        let application = application_of(key);
        let usage = self.application(file, application);
        let usage = usage.replaced(before, after);
        self.applications.insert(application.into(), usage);
        self.all = self.all.replaced(before, after);
    }
}

/// The first two parts of a key, each behind its length.
fn application_of(key: &[u8]) -> &[u8] {
    let end_of_part = |from: usize| {
        let (length, _) = key.get(from..)?.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        from.checked_add(2)?.checked_add(length)
    };
    let end = end_of_part(0).and_then(end_of_part);
    end.and_then(|end| key.get(..end)).unwrap_or(key)
}
