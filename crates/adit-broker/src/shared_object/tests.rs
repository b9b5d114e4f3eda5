mod answers;
mod keys;
mod limits;
mod lives;
mod locks;
mod property;
mod returning;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::*;
use crate::StreamKey;
use crate::testing::{Bell, epoch};

/// Values are numbers of four bytes.
type Value = u32;

fn key(name: &str, persistence: Persistence) -> ObjectKey {
    let place = StreamKey::new("", "chat", "_definst_", name).unwrap();
    ObjectKey::new(place, persistence).unwrap()
}

fn registry(limits: ObjectLimits) -> SharedObjects<Value> {
    let store = Store::Present;
    SharedObjects::new(ObjectConfig { limits, store })
}

fn set(slot: &str, value: Value) -> Request<Value> {
    let slot = slot.into();
    let size = 4;
    Request::Set { slot, value, size }
}

fn unset(slot: &str) -> Request<Value> {
    Request::Unset { slot: slot.into() }
}

fn remove(slot: &str) -> Request<Value> {
    Request::Remove { slot: slot.into() }
}

fn say(word: Value) -> Request<Value> {
    let handler = "say".into();
    let arguments = vec![word];
    Request::Send {
        handler,
        arguments,
        size: 4,
    }
}

/// A member with a copy of the slots, as an ordinary client has one: it takes its own changes at
/// once, and then what it is told.
struct Peer {
    member: Member<Value>,
    bell: Arc<Bell>,
    version: u32,
    copy: BTreeMap<String, Value>,
    now: Instant,
}

impl Peer {
    fn of(objects: &SharedObjects<Value>, object: &SharedObject<Value>, known: u32) -> Self {
        let read = Permission::Granted;
        let client = objects.unlimited_client();
        Self {
            member: object.join(&client, Joining { known, read }).unwrap(),
            bell: Arc::default(),
            version: known,
            copy: BTreeMap::new(),
            now: epoch(),
        }
    }

    /// One message with these requests.
    fn ask(&mut self, requests: Vec<Request<Value>>) {
        self.ask_with(Permission::Granted, requests);
    }

    fn ask_with(&mut self, write: Permission, requests: Vec<Request<Value>>) {
        for request in &requests {
            match request {
                Request::Set { slot, value, .. } => {
                    self.copy.insert(slot.to_string(), *value);
                }
                Request::Unset { slot } | Request::Remove { slot } => {
                    self.copy.remove(&**slot);
                }
                Request::Clear => self.copy.clear(),
                Request::Send { .. } => {}
            }
        }
        let based_on = Some(self.version);
        let batch = Batch {
            based_on,
            write,
            requests,
        };
        self.member.ask(self.now, batch).unwrap();
    }

    fn poll(&mut self) -> Option<Delivery<Value>> {
        let waker = Waker::from(Arc::clone(&self.bell));
        let delivery = match self.member.poll_next(&Context::from_waker(&waker)) {
            Poll::Ready(delivery) => delivery,
            Poll::Pending => return None,
        };
        match &delivery {
            Delivery::Joined(changes) | Delivery::Resynced(changes) => {
                if changes.extent == Extent::All {
                    self.copy.clear();
                }
                for (name, _) in &changes.removed {
                    self.copy.remove(&**name);
                }
                for slot in &changes.slots {
                    self.copy.insert(slot.name.to_string(), *slot.value);
                }
                self.version = changes.version;
            }
            Delivery::Update(update) => {
                self.version = update.version();
                for notice in update.notices() {
                    self.hear(&notice);
                }
            }
        }
        Some(delivery)
    }

    fn hear(&mut self, notice: &Notice<'_, Value>) {
        match *notice {
            Notice::Change { slot, value } => {
                self.copy.insert(slot.to_owned(), *value);
            }
            Notice::Remove { slot } => {
                self.copy.remove(slot);
            }
            Notice::Clear => self.copy.clear(),
            Notice::Success { .. } | Notice::Message { .. } | Notice::Refused { .. } => {}
        }
    }

    /// Everything there is, as `"all(a=1)@1 success a, change b=2 @2"`.
    fn drain(&mut self) -> String {
        let words: Vec<_> = std::iter::from_fn(|| self.poll())
            .map(|it| word(&it))
            .collect();
        words.join("; ")
    }

    #[track_caller]
    fn check(&mut self, expected: &str) {
        assert_eq!(self.drain(), expected);
    }
}

fn word(delivery: &Delivery<Value>) -> String {
    match delivery {
        Delivery::Joined(changes) => format!("joined {}", told(changes)),
        Delivery::Resynced(changes) => format!("resynced {}", told(changes)),
        Delivery::Update(update) => {
            let notices: Vec<_> = update
                .notices()
                .map(|notice| notice_word(&notice))
                .collect();
            format!("{} @{}", notices.join(", "), update.version())
        }
    }
}

fn told(changes: &Changes<Value>) -> String {
    let extent = match changes.extent {
        Extent::All => "all",
        Extent::Changed => "changed",
    };
    let slots = changes.slots.iter();
    let slots = slots.map(|slot| format!("{}={}", slot.name, slot.value));
    let removed = changes
        .removed
        .iter()
        .filter(|_| changes.extent == Extent::Changed);
    let removed = removed.map(|(name, _)| format!("-{name}"));
    let words: Vec<_> = slots.chain(removed).collect();
    format!("{extent}({}) @{}", words.join(" "), changes.version)
}

fn notice_word(notice: &Notice<'_, Value>) -> String {
    match notice {
        Notice::Success { slot } => format!("success {slot}"),
        Notice::Change { slot, value } => format!("change {slot}={value}"),
        Notice::Remove { slot } => format!("remove {slot}"),
        Notice::Clear => "clear".to_owned(),
        Notice::Message { handler, arguments } => format!("{handler}{arguments:?}"),
        Notice::Refused { why } => format!("refused {why:?}"),
    }
}

/// A registry, a temporary object in it, and two members that have heard of joining.
fn pair() -> (SharedObjects<Value>, SharedObject<Value>, Peer, Peer) {
    let objects = registry(ObjectLimits::default());
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    let mut ben = Peer::of(&objects, &object, 0);
    ann.check("joined all() @1");
    ben.check("joined all() @1");
    (objects, object, ann, ben)
}
