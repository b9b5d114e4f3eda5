use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adit_amf::amf0::Value;
use adit_broker::StreamKey;
use adit_broker::limits::{OBJECT_OVERHEAD, OBJECT_SLOT_OVERHEAD};
use adit_broker::shared_object::{Extent, ObjectKey, Persistence};

use super::super::Objects;
use super::ObjectStore;
use super::file::Disk;
use super::inbox::{Inbox, Request};
use crate::config::ObjectsConfig;
use crate::limits::{OBJECT_LOADS, StoreLimits};
use crate::objects::ObjectError;

mod shares;

/// What an object takes without its slots.
const OBJECT: u64 = OBJECT_OVERHEAD as u64;

/// What a slot takes whose name has one byte and was removed.
const REMOVED: u64 = OBJECT_SLOT_OVERHEAD as u64 + 1;

/// What one takes with a text of 100 bytes: there are 3 bytes before the text.
const SLOT: u64 = REMOVED + 3 + 100;

/// A folder with a file of objects.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("deep/objects")
    }

    fn start(&self) -> Objects {
        self.start_with(StoreLimits::default())
    }

    fn start_with(&self, limits: StoreLimits) -> Objects {
        Objects::start(ObjectsConfig {
            store: Some(ObjectStore::open(self.path()).unwrap()),
            stored: limits,
            ..ObjectsConfig::default()
        })
    }
}

async fn object(objects: &Objects, name: &str) -> crate::SharedObject {
    let key = StreamKey::new("", "chat", "room", name).unwrap();
    let opened = objects.shared_object(key, Persistence::Persistent).await;
    opened.unwrap()
}

#[tokio::test]
async fn what_was_set_is_there_after_the_end_with_its_version() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    room.set("b", "x").unwrap();
    room.remove("a");
    let version = room.version();
    drop(room);
    objects.close().await;
    let objects = place.start();
    let room = object(&objects, "room").await;
    assert_eq!(room.slots(), [("b".to_owned(), Value::from("x"))]);
    assert_eq!(room.version(), version);
}

#[tokio::test]
async fn an_object_that_nobody_has_in_memory_comes_back_with_what_it_was_last() {
    let place = Place::new();
    let objects = place.start();
    for round in 0..20_u32 {
        let room = object(&objects, "room").await;
        let expected = round.checked_sub(1).map(Value::from);
        assert_eq!(room.get("round"), expected, "round {round}");
        room.set("round", round).unwrap();
        if round % 3 == 0 {
            room.flush().await.unwrap();
        }
    }
}

#[tokio::test]
async fn cleared_slots_and_their_memory_are_gone_from_the_file_too() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    for slot in 0..50 {
        room.set(&slot.to_string(), "x").unwrap();
    }
    room.flush().await.unwrap();
    room.clear();
    room.set("last", true).unwrap();
    room.flush().await.unwrap();
    drop(room);
    objects.close().await;
    let objects = place.start();
    let room = object(&objects, "room").await;
    assert_eq!(room.slots(), [("last".to_owned(), Value::from(true))]);
}

#[tokio::test]
async fn changes_come_to_the_disk_without_being_asked() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    // Twice the time in which they are due.
    tokio::time::sleep(2 * Duration::from_secs(1)).await;
    // As a crash leaves it: a copy of the file while it is in use.
    let copy = place.folder.path().join("copy");
    std::fs::copy(place.path(), &copy).unwrap();
    let after = Objects::start(ObjectsConfig {
        store: Some(ObjectStore::open(copy).unwrap()),
        ..ObjectsConfig::default()
    });
    let again = object(&after, "room").await;
    assert_eq!(again.get("a"), Some(1.0.into()));
    // Something newer may have been lost: who comes back gets all slots.
    assert!(again.version() > room.version() + 1_000);
}

#[tokio::test]
async fn objects_of_other_places_are_others() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    let key = StreamKey::new("", "cha", "troom", "room").unwrap();
    let other = objects.shared_object(key, Persistence::Persistent).await;
    assert_eq!(other.unwrap().slots(), []);
    let key = StreamKey::new("", "chat", "room", "room").unwrap();
    let temporary = objects.shared_object(key, Persistence::Temporary).await;
    assert_eq!(temporary.unwrap().slots(), []);
}

#[tokio::test]
async fn a_file_is_used_by_one_at_a_time() {
    let place = Place::new();
    let objects = place.start();
    let error = ObjectStore::open(place.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("has this file of shared objects open")
    );
    assert!(!error.is_about_content());
    objects.close().await;
    ObjectStore::open(place.path()).unwrap();
}

#[tokio::test]
async fn a_file_that_is_lent_is_another_processs_until_it_is_taken_back_and_nothing_is_lost() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    objects.lend().await;
    // The other one has it, changes it and ends in the midst of it, while who is here goes on.
    let other = place.start();
    let theirs = object(&other, "room").await;
    assert_eq!(theirs.get("a"), Some(1.0.into()));
    object(&other, "new").await.set("b", 2.0).unwrap();
    room.set("a", 3.0).unwrap();
    let late = tokio::spawn({
        let objects = objects.clone();
        async move { object(&objects, "new").await }
    });
    objects.take_back();
    drop(theirs);
    other.close().await;
    // Whoever asked meanwhile has waited.
    assert_eq!(late.await.unwrap().get("b"), Some(2.0.into()));
    assert_eq!(room.flush().await, Ok(()));
    drop(room);
    // It may be lent again, and at the end all is there.
    objects.lend().await;
    objects.take_back();
    objects.lend().await;
    ObjectStore::open(place.path()).unwrap();
    objects.take_back();
    object(&objects, "last").await.set("c", 4.0).unwrap();
    objects.close().await;
    let objects = place.start();
    for (name, slot, value) in [("room", "a", 3.0), ("new", "b", 2.0), ("last", "c", 4.0)] {
        assert_eq!(object(&objects, name).await.get(slot), Some(value.into()));
    }
}

#[tokio::test]
async fn a_server_that_ends_while_its_file_is_lent_leaves_it_alone() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    objects.lend().await;
    let other = place.start();
    let _unanswered = tokio::spawn({
        let objects = objects.clone();
        let key = StreamKey::new("", "chat", "room", "other").unwrap();
        async move { objects.shared_object(key, Persistence::Persistent).await }
    });
    objects.close().await;
    assert_eq!(object(&other, "room").await.get("a"), Some(1.0.into()));
}

#[test]
fn what_is_no_such_file_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects");
    let text = b"this is a letter, and a long one, ".repeat(400);
    std::fs::write(&path, &text).unwrap();
    let error = ObjectStore::open(&path).unwrap_err();
    assert!(error.is_about_content());
    assert!(
        error
            .to_string()
            .ends_with("this is not a file of shared objects"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), text);
}

#[test]
fn a_file_of_another_program_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects");
    let table = redb::TableDefinition::<u64, u64>::new("theirs");
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(1, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = ObjectStore::open(&path).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("this is not a file of shared objects")
    );
}

#[test]
fn a_newer_format_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects");
    let meta = redb::TableDefinition::<&str, u64>::new("adit.meta");
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(meta)
        .unwrap()
        .insert("format", 2)
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = ObjectStore::open(&path).unwrap_err();
    assert!(
        error.to_string().ends_with("newer version (format 2)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_file_is_told_and_left_alone() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    for slot in 0..64 {
        room.set(&slot.to_string(), "0123456789".repeat(100))
            .unwrap();
    }
    drop(room);
    objects.close().await;
    drop(objects);
    let whole = std::fs::read(place.path()).unwrap();
    let at = whole
        .windows(10)
        .position(|it| it == b"0123456789")
        .unwrap();
    let mut damaged = whole.clone();
    damaged[at] ^= 0xff;
    std::fs::write(place.path(), &damaged).unwrap();
    let error = ObjectStore::open(place.path()).unwrap_err();
    assert!(error.is_about_content(), "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
    let cut = &whole[..whole.len() / 2];
    std::fs::write(place.path(), cut).unwrap();
    assert!(ObjectStore::open(place.path()).is_err());
    assert_eq!(std::fs::read(place.path()).unwrap(), cut);
    std::fs::write(place.path(), &whole).unwrap();
    ObjectStore::open(place.path()).unwrap();
}

#[tokio::test]
async fn a_flush_is_over_when_all_is_written_and_refused_after_the_end() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    assert_eq!(tokio::join!(room.flush(), room.flush()), (Ok(()), Ok(())));
    let file = std::fs::read(place.path()).unwrap();
    objects.close().await;
    assert!(room.flush().await.is_err());
    std::fs::write(place.path(), file).unwrap();
    let objects = place.start();
    assert_eq!(object(&objects, "room").await.get("a"), Some(1.0.into()));
}

fn limit(objects: &Objects, key: &str) -> u64 {
    let found = objects.limits().find(|(known, _)| *known == key);
    found.unwrap().1
}

#[tokio::test]
async fn a_store_takes_as_many_objects_as_the_limit_and_not_more() {
    let place = Place::new();
    let objects = place.start_with(StoreLimits {
        objects: 2,
        ..StoreLimits::default()
    });
    for name in ["one", "two"] {
        let made = object(&objects, name).await;
        made.set("a", 1.0).unwrap();
        made.flush().await.unwrap();
    }
    let key = StreamKey::new("", "chat", "room", "three").unwrap();
    let refused = objects.shared_object(key, Persistence::Persistent).await;
    assert_eq!(refused.unwrap_err(), ObjectError::StoreFull);
    assert_eq!(limit(&objects, "so.stored"), 1);
    assert_eq!(object(&objects, "two").await.get("a"), Some(1.0.into()));
}

#[tokio::test]
async fn objects_without_slots_take_no_place_in_the_store() {
    let place = Place::new();
    let limits = StoreLimits {
        objects: 1,
        ..StoreLimits::default()
    };
    let objects = place.start_with(limits);
    for name in ["one", "two", "three"] {
        let made = object(&objects, name).await;
        made.set("a", 1.0).unwrap();
        made.flush().await.unwrap();
        made.remove("a");
        made.flush().await.unwrap();
    }
    objects.close().await;
    let objects = place.start_with(limits);
    let made = object(&objects, "four").await;
    made.set("a", 1.0).unwrap();
    made.flush().await.unwrap();
    drop(made);
    assert_eq!(object(&objects, "four").await.get("a"), Some(1.0.into()));
}

/// What somebody is told who comes back to the room with this version.
fn extent(objects: &Objects, known: u32) -> Extent {
    let place = StreamKey::new("", "chat", "room", "room").unwrap();
    let key = ObjectKey::new(place, Persistence::Persistent).unwrap();
    let room = objects.0.registry.find(&key).unwrap();
    room.changes_since(known).extent
}

#[tokio::test]
async fn who_knows_an_object_that_was_without_slots_gets_all_of_what_it_is_now() {
    let place = Place::new();
    let objects = place.start();
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    room.set("b", 1.0).unwrap();
    let known = room.version();
    room.clear();
    let empty = room.version();
    room.flush().await.unwrap();
    drop(room);
    let copy = place.folder.path().join("copy");
    std::fs::copy(place.path(), &copy).unwrap();
    objects.close().await;
    let objects = place.start();
    let room = object(&objects, "room").await;
    for round in 0..10 {
        room.set("c", round).unwrap();
    }
    for known in [1, known, empty] {
        assert_eq!(extent(&objects, known), Extent::All, "{known}");
    }
    assert_eq!(extent(&objects, room.version()), Extent::Changed);
    // After a crash it may have been newer than what is known.
    let after = Objects::start(ObjectsConfig {
        store: Some(ObjectStore::open(copy).unwrap()),
        ..ObjectsConfig::default()
    });
    let again = object(&after, "room").await;
    assert!(again.version() > empty + 1_000);
    assert_eq!(again.slots(), []);
}

#[tokio::test]
async fn a_store_takes_as_many_bytes_as_the_limit_and_not_more() {
    let place = Place::new();
    let limits = StoreLimits {
        bytes: OBJECT + SLOT,
        ..StoreLimits::default()
    };
    let objects = place.start_with(limits);
    let room = object(&objects, "room").await;
    room.set("a", "x".repeat(100)).unwrap();
    room.flush().await.unwrap();
    assert_eq!(limit(&objects, "so.stored_bytes"), 0);
    room.set("b", 1.0).unwrap();
    assert_eq!(room.flush().await, Err(ObjectError::StoreFull));
    assert_eq!(limit(&objects, "so.stored_bytes"), 1);
    // It goes on in memory, and what was written is there again, as something that may be old.
    assert_eq!(room.slots().len(), 2);
    drop(room);
    objects.close().await;
    let objects = place.start_with(limits);
    let room = object(&objects, "room").await;
    assert_eq!(room.slots(), [("a".to_owned(), "x".repeat(100).into())]);
    assert!(room.version() > 1_000);
}

#[tokio::test]
async fn a_full_store_takes_what_does_not_make_it_larger() {
    let place = Place::new();
    let objects = place.start_with(StoreLimits {
        // The name of a slot that was removed is remembered.
        bytes: OBJECT + 2 * SLOT + REMOVED,
        ..StoreLimits::default()
    });
    let room = object(&objects, "room").await;
    room.set("a", "x".repeat(100)).unwrap();
    room.set("b", "x".repeat(100)).unwrap();
    room.flush().await.unwrap();
    room.set("a", "y".repeat(100)).unwrap();
    room.flush().await.unwrap();
    room.remove("b");
    room.set("c", "z".repeat(100)).unwrap();
    room.flush().await.unwrap();
    assert_eq!(limit(&objects, "so.stored_bytes"), 0);
    objects.close().await;
    // Even one that holds more than it may by now.
    let objects = place.start_with(StoreLimits {
        bytes: OBJECT,
        ..StoreLimits::default()
    });
    let room = object(&objects, "room").await;
    assert_eq!(room.slots().len(), 2);
    room.set("a", "w".repeat(100)).unwrap();
    room.remove("c");
    room.flush().await.unwrap();
    assert_eq!(limit(&objects, "so.stored_bytes"), 0);
    drop(room);
    objects.close().await;
    let objects = place.start();
    let room = object(&objects, "room").await;
    assert_eq!(room.slots(), [("a".to_owned(), "w".repeat(100).into())]);
}

#[tokio::test]
async fn what_a_full_store_left_out_is_written_when_there_is_room() {
    let place = Place::new();
    let limits = StoreLimits {
        bytes: OBJECT + SLOT,
        ..StoreLimits::default()
    };
    let objects = place.start_with(limits);
    let (full, late) = (
        object(&objects, "full").await,
        object(&objects, "late").await,
    );
    full.set("a", "x".repeat(100)).unwrap();
    full.flush().await.unwrap();
    late.set("a", 1.0).unwrap();
    for _ in 0..3 {
        assert_eq!(full.flush().await, Err(ObjectError::StoreFull));
    }
    assert_eq!(limit(&objects, "so.stored_bytes"), 1);
    // It stays in memory because it is not written.
    drop(late);
    assert_eq!(object(&objects, "late").await.get("a"), Some(1.0.into()));
    full.remove("a");
    full.flush().await.unwrap();
    objects.close().await;
    let objects = place.start_with(limits);
    assert_eq!(object(&objects, "late").await.get("a"), Some(1.0.into()));
}

#[test]
fn so_many_wait_for_the_store_as_the_limit_says_and_not_more() {
    let inbox = Inbox::default();
    let ask = || {
        let (reply, _) = tokio::sync::oneshot::channel();
        inbox.post(Request::Flush { reply })
    };
    assert!((0..OBJECT_LOADS).all(|_| ask()));
    assert!(!ask());
    inbox.wait(None);
    assert!(ask());
    inbox.stop();
    assert!(!ask());
}

/// A disk in memory, which can be made to fail.
#[derive(Clone, Debug, Default)]
struct Memory(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    bytes: Mutex<Vec<u8>>,
    fails: AtomicBool,
}

impl Memory {
    fn fails(&self, fails: bool) {
        self.0.fails.store(fails, Ordering::SeqCst);
    }

    fn check(&self) -> std::io::Result<()> {
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl redb::StorageBackend for Memory {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0.bytes.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.check()?;
        let from = usize::try_from(offset).unwrap();
        let bytes = self.0.bytes.lock().unwrap();
        out.copy_from_slice(&bytes[from..from + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.check()?;
        let len = usize::try_from(len).unwrap();
        self.0.bytes.lock().unwrap().resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.check()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.check()?;
        let from = usize::try_from(offset).unwrap();
        self.0.bytes.lock().unwrap()[from..from + data.len()].copy_from_slice(data);
        Ok(())
    }
}

impl Disk for Memory {
    fn open(&self) -> Result<redb::Database, redb::Error> {
        // So that everything is read from the disk.
        let mut builder = super::file::builder();
        builder.set_cache_size(0);
        Ok(builder.create_with_backend(self.clone())?)
    }
}

#[tokio::test]
async fn a_disk_that_is_full_for_a_while_loses_nothing() {
    let disk = Memory::default();
    let start = |disk: &Memory| {
        Objects::start(ObjectsConfig {
            store: Some(ObjectStore::on(Box::new(disk.clone())).unwrap()),
            ..ObjectsConfig::default()
        })
    };
    let objects = start(&disk);
    let room = object(&objects, "room").await;
    room.set("before", 1.0).unwrap();
    room.flush().await.unwrap();
    disk.fails(true);
    room.set("during", 2.0).unwrap();
    let refused = room.flush().await.unwrap_err();
    assert!(matches!(refused, ObjectError::Store(_)), "{refused}");
    // Nobody holds it: it stays in memory because it is not written.
    drop(room);
    let room = object(&objects, "room").await;
    assert_eq!(room.slots().len(), 2);
    drop(room);
    disk.fails(false);
    // Tried again without being asked.
    while objects.stats().objects > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let room = object(&objects, "room").await;
    assert_eq!(room.slots().len(), 2);
    room.set("after", 3.0).unwrap();
    drop(room);
    objects.close().await;
    let objects = start(&disk);
    assert_eq!(object(&objects, "room").await.slots().len(), 3);
}

#[tokio::test]
async fn a_disk_that_could_not_be_read_is_read_again() {
    let disk = Memory::default();
    let objects = Objects::start(ObjectsConfig {
        store: Some(ObjectStore::on(Box::new(disk.clone())).unwrap()),
        ..ObjectsConfig::default()
    });
    let room = object(&objects, "room").await;
    room.set("a", 1.0).unwrap();
    room.flush().await.unwrap();
    drop(room);
    disk.fails(true);
    let key = StreamKey::new("", "chat", "room", "room").unwrap();
    let refused = objects.shared_object(key, Persistence::Persistent).await;
    assert!(matches!(refused, Err(ObjectError::Store(_))));
    disk.fails(false);
    assert_eq!(object(&objects, "room").await.get("a"), Some(1.0.into()));
}
