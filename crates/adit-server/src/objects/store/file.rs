//! The file: which tables it has, and how objects get in and out.
//!
//! ```text
//! adit.meta      name                      ─▶ number: format, generation, clean, next, gone, gone_in
//! adit.objects   vhost application instance name, each behind its u16 length
//!                                          ─▶ id, version, floor, generation, bytes
//! adit.slots     id, slot                  ─▶ version, value
//! adit.removed   id, slot                  ─▶ version of the removal
//! adit.torn      generation                ─▶ ()
//! ```
//!
//! `bytes` of an object are those that memory counts for it. How much there is altogether, and of each application, is counted when
//! the file is opened, without reading slots.
//!
//! A generation is one run of a server. One that did not end in order is torn: objects it wrote last may have been newer in memory,
//! and members that come back with such versions get all slots.
//!
//! An object without slots is not kept. `gone` is the newest version that one of those had, and `gone_in` the generation that wrote it:
//! an object that is not here begins above it, so that members that knew it get all slots.

use std::collections::HashMap;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use adit_broker::shared_object::{
    ChangedSlot, Changes, Continuity, Extent, ObjectKey, SharedObject,
};
use redb::backends::FileBackend;
use redb::{
    Builder, Database, ReadableDatabase as _, ReadableTable as _, Table, TableDefinition,
    TableHandle as _, WriteTransaction,
};

use super::super::value::Stored;
use super::What;
use super::usage::{Change, Full, Usage, Usages};
use crate::limits::{OBJECT_STORE_CACHE, StoreLimits};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("adit.meta");
const OBJECTS: TableDefinition<'_, &[u8], Head> = TableDefinition::new("adit.objects");
const SLOTS: TableDefinition<'_, SlotKey<'_>, (u32, &[u8])> = TableDefinition::new("adit.slots");
const REMOVED: TableDefinition<'_, SlotKey<'_>, u32> = TableDefinition::new("adit.removed");
const TORN: TableDefinition<'_, u64, ()> = TableDefinition::new("adit.torn");

/// The format this module writes.
const FORMAT: u64 = 1;

/// Written for objects of which something was left out: never as new as memory was.
const NEVER_WHOLE: u64 = 0;

/// Newer than any version that members may know of objects that are gone, if those were lost with a torn generation.
const LOST_VERSIONS: u32 = 1 << 20;

/// Objects that came to a newer version are kept without slots, so that there are versions left for others to begin with.
const LAST_GONE: u32 = u32::MAX / 2;

/// Id, version, floor, generation, bytes.
type Head = (u64, u32, u32, u64, u64);

/// Id of the object, name of the slot.
type SlotKey<'a> = (u64, &'a str);

/// What an object was, and how what it is follows that.
type Loaded = (Changes<Stored>, Continuity);

/// An open file.
#[derive(Debug)]
pub(super) struct File {
    disk: Box<dyn Disk>,
    /// `None` after an error, until it is opened again.
    database: Option<Database>,
    generation: u64,
    usages: Usages,
    /// The newest version of objects that are not kept any more.
    gone: u32,
    limits: StoreLimits,
}

/// Where a file is.
pub(super) trait Disk: Debug + Send {
    /// Opens the file, or makes it; checks and repairs it.
    fn open(&self) -> Result<Database, redb::Error>;
}

impl Disk for PathBuf {
    fn open(&self) -> Result<Database, redb::Error> {
        if let Some(folder) = self.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = FileBackend::new(options.open(self)?)?;
        Ok(builder().create_with_backend(file)?)
    }
}

/// How databases are opened.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(OBJECT_STORE_CACHE);
    builder.set_check_integrity_on_open(true);
    builder
}

impl File {
    pub(super) fn open(disk: Box<dyn Disk>) -> Result<Self, What> {
        let mut file = Self {
            disk,
            database: None,
            generation: 0,
            usages: Usages::default(),
            gone: 0,
            limits: StoreLimits::default(),
        };
        file.reopen()?;
        Ok(file)
    }

    /// Opens the file anew: what is in it may be another's by now.
    pub(super) fn reopen(&mut self) -> Result<(), What> {
        let database = self.disk.open().map_err(what)?;
        self.usages = Usages::default();
        self.begin(&database).map_err(what)??;
        self.database = Some(database);
        Ok(())
    }

    /// Checks the format and begins a new generation.
    fn begin(&mut self, database: &Database) -> Result<Result<(), What>, redb::Error> {
        let transaction = database.begin_write()?;
        let tables: Vec<_> = transaction.list_tables()?.collect();
        let is_ours = tables.iter().any(|table| table.name() == META.name());
        if !tables.is_empty() && !is_ours {
            return Ok(Err(What::Foreign));
        }
        drop(tables);
        {
            let mut meta = transaction.open_table(META)?;
            let found = number(&meta, "format")?;
            if found > FORMAT {
                return Ok(Err(What::Newer { found }));
            }
            let last = number(&meta, "generation")?;
            self.gone = version(&meta, "gone")?;
            if last > 0 && number(&meta, "clean")? == 0 {
                transaction.open_table(TORN)?.insert(last, ())?;
                if self.gone > 0 && number(&meta, "gone_in")? == last {
                    self.gone = self.gone.saturating_add(LOST_VERSIONS);
                    meta.insert("gone", u64::from(self.gone))?;
                }
            }
            self.generation = last.saturating_add(1);
            meta.insert("format", FORMAT)?;
            meta.insert("generation", self.generation)?;
            meta.insert("clean", 0)?;
            // So that reading finds them.
            for entry in transaction.open_table(OBJECTS)?.iter()? {
                let (key, head) = entry?;
                let (.., bytes) = head.value();
                self.usages.add(key.value(), bytes);
            }
            transaction.open_table(SLOTS)?;
            transaction.open_table(REMOVED)?;
            transaction.open_table(TORN)?;
        }
        transaction.commit()?;
        Ok(Ok(()))
    }

    /// Everything was written: what is here is the newest.
    pub(super) fn close(&mut self) {
        let Some(database) = self.database.take() else {
            return;
        };
        let mark = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(META)?.insert("clean", 1)?;
            transaction.commit()?;
            Ok(())
        };
        if let Err(cause) = mark() {
            tracing::warn!(%cause, "the file of shared objects is not closed in order; it will be checked");
        }
    }

    /// Not everything was written: whoever opens it next takes it for torn.
    pub(super) fn abandon(&mut self) {
        self.database = None;
    }

    pub(super) fn set_limits(&mut self, limits: StoreLimits) {
        self.limits = limits;
    }

    /// Why there is no room for an object that is not here.
    pub(super) fn full(&self, key: &ObjectKey) -> Option<Full> {
        self.usages.full(&bytes_of(key), &self.limits)
    }

    /// What an object that is not here begins with.
    pub(super) const fn blank(&self) -> (Changes<Stored>, Continuity) {
        let version = self.gone.saturating_add(1);
        let changes = Changes {
            version,
            extent: Extent::All,
            slots: Vec::new(),
            removed: Vec::new(),
            floor: version,
        };
        (changes, Continuity::Exact)
    }

    /// What there is of an object.
    pub(super) fn load(&mut self, key: &ObjectKey) -> Result<Option<Loaded>, redb::Error> {
        let database = self.take()?;
        let loaded = load_from(&database, key)?;
        // After an error the database can only be opened again.
        self.database = Some(database);
        Ok(loaded)
    }

    /// Writes what has changed of these objects, all or nothing; gives those that had to be left out, and why there was no room.
    pub(super) fn save(
        &mut self,
        changed: &[&SharedObject<Stored>],
    ) -> Result<HashMap<ObjectKey, Full>, redb::Error> {
        let database = self.take()?;
        let saved = self.save_in(&database, changed)?;
        // After an error the database can only be opened again.
        self.database = Some(database);
        self.usages.take_over(saved.change);
        self.gone = saved.gone;
        Ok(saved.left_out)
    }

    /// The database, opened again after an error; put back by whoever had none.
    fn take(&mut self) -> Result<Database, redb::Error> {
        match self.database.take() {
            Some(database) => Ok(database),
            None => self.disk.open(),
        }
    }

    fn save_in(
        &self,
        database: &Database,
        changed: &[&SharedObject<Stored>],
    ) -> Result<Saved, redb::Error> {
        let transaction = database.begin_write()?;
        let saved = {
            let mut save = Save::new(&transaction, self)?;
            for object in changed {
                save.object(object)?;
            }
            // Others may have become smaller after they were left out.
            let left_out = std::mem::take(&mut save.sum.left_out);
            for object in changed {
                if left_out.contains_key(object.key()) {
                    save.object(object)?;
                }
            }
            save.finish()?
        };
        transaction.commit()?;
        Ok(saved)
    }
}

fn load_from(database: &Database, key: &ObjectKey) -> Result<Option<Loaded>, redb::Error> {
    let transaction = database.begin_read()?;
    let objects = transaction.open_table(OBJECTS)?;
    let Some(head) = objects.get(&*bytes_of(key))? else {
        return Ok(None);
    };
    let (id, version, floor, generation, _) = head.value();
    let mut slots = Vec::new();
    for entry in transaction.open_table(SLOTS)?.range(of_object(id))? {
        let (key, value) = entry?;
        let (version, value) = value.value();
        let value = Stored::from_store(value);
        slots.push(ChangedSlot {
            name: Arc::from(key.value().1),
            size: value.len(),
            value: Arc::new(value),
            version,
        });
    }
    let mut removed = Vec::new();
    for entry in transaction.open_table(REMOVED)?.range(of_object(id))? {
        let (key, version) = entry?;
        removed.push((Arc::from(key.value().1), version.value()));
    }
    let is_torn =
        generation == NEVER_WHOLE || transaction.open_table(TORN)?.get(generation)?.is_some();
    let changes = Changes {
        version,
        extent: Extent::All,
        slots,
        removed,
        floor,
    };
    let continuity = if is_torn {
        Continuity::Lossy
    } else {
        Continuity::Exact
    };
    Ok(Some((changes, continuity)))
}

/// What a transaction has come to.
struct Saved {
    change: Change,
    gone: u32,
    left_out: HashMap<ObjectKey, Full>,
}

/// A transaction under way.
struct Save<'t> {
    meta: Table<'t, &'static str, u64>,
    objects: Table<'t, &'static [u8], Head>,
    slots: Table<'t, SlotKey<'static>, (u32, &'static [u8])>,
    removed: Table<'t, SlotKey<'static>, u32>,
    file: &'t File,
    next: u64,
    sum: Saved,
}

impl<'t> Save<'t> {
    fn new(transaction: &'t WriteTransaction, file: &'t File) -> Result<Self, redb::Error> {
        let meta = transaction.open_table(META)?;
        Ok(Self {
            next: number(&meta, "next")?,
            meta,
            objects: transaction.open_table(OBJECTS)?,
            slots: transaction.open_table(SLOTS)?,
            removed: transaction.open_table(REMOVED)?,
            file,
            sum: Saved {
                change: file.usages.change(),
                gone: file.gone,
                left_out: HashMap::new(),
            },
        })
    }

    fn finish(mut self) -> Result<Saved, redb::Error> {
        self.meta.insert("next", self.next)?;
        Ok(self.sum)
    }

    fn object(&mut self, object: &SharedObject<Stored>) -> Result<(), redb::Error> {
        let key = bytes_of(object.key());
        let head = self.objects.get(&*key)?.map(|head| head.value());
        let (id, known, floor, _, bytes) = head.unwrap_or((self.next, 0, 0, 0, 0));
        let (changes, size) = object.changes_and_size_since(known);
        let is_kept = size.slots > 0 || changes.version > LAST_GONE;
        let before = Usage {
            objects: u64::from(head.is_some()),
            bytes,
        };
        let after = if is_kept {
            let bytes = u64::try_from(size.bytes).unwrap_or(u64::MAX);
            Usage { objects: 1, bytes }
        } else {
            Usage::default()
        };
        let (usages, limits) = (&self.file.usages, &self.file.limits);
        let full = self.sum.change.full(usages, &key, (before, after), limits);
        if let Some(full) = full {
            self.sum.left_out.insert(object.key().clone(), full);
            if let Some((id, version, floor, _, bytes)) = head {
                let head = (id, version, floor, NEVER_WHOLE, bytes);
                self.objects.insert(&*key, head)?;
            }
            return Ok(());
        }
        if head.is_none() {
            self.next = self.next.saturating_add(1);
        }
        match changes.extent {
            Extent::All => {
                self.slots.retain_in(of_object(id), |_, _| false)?;
                self.removed.retain_in(of_object(id), |_, _| false)?;
            }
            Extent::Changed if changes.floor > floor => {
                let is_newer = |version| version > changes.floor;
                self.removed
                    .retain_in(of_object(id), |_, version| is_newer(version))?;
            }
            Extent::Changed => {}
        }
        self.write(id, &changes)?;
        self.sum.change.replace(usages, &key, before, after);
        if !is_kept {
            return self.forget(&key, id, changes.version);
        }
        let generation = self.file.generation;
        let head = (id, changes.version, changes.floor, generation, after.bytes);
        self.objects.insert(&*key, head)?;
        Ok(())
    }

    /// Deletes an object without slots; of it remains that one had this version.
    fn forget(&mut self, key: &[u8], id: u64, version: u32) -> Result<(), redb::Error> {
        self.objects.remove(key)?;
        self.removed.retain_in(of_object(id), |_, _| false)?;
        self.sum.gone = self.sum.gone.max(version);
        self.meta.insert("gone", u64::from(self.sum.gone))?;
        self.meta.insert("gone_in", self.file.generation)?;
        Ok(())
    }

    /// Writes slots and removals.
    fn write(&mut self, id: u64, changes: &Changes<Stored>) -> Result<(), redb::Error> {
        for slot in &changes.slots {
            let value = (slot.version, slot.value.as_bytes());
            self.slots.insert((id, &*slot.name), value)?;
            self.removed.remove((id, &*slot.name))?;
        }
        for (name, version) in &changes.removed {
            self.removed.insert((id, &**name), version)?;
            self.slots.remove((id, &**name))?;
        }
        Ok(())
    }
}

fn what(error: redb::Error) -> What {
    match error {
        redb::Error::DatabaseAlreadyOpen => What::InUse,
        redb::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => What::Foreign,
        redb::Error::Io(cause) => What::Io(cause),
        redb::Error::Corrupted(cause) => What::Damaged(cause),
        other => What::Damaged(other.to_string()),
    }
}

fn number(
    meta: &impl redb::ReadableTable<&'static str, u64>,
    name: &str,
) -> Result<u64, redb::Error> {
    Ok(meta.get(name)?.map_or(0, |number| number.value()))
}

fn version(
    meta: &impl redb::ReadableTable<&'static str, u64>,
    name: &str,
) -> Result<u32, redb::Error> {
    // One that is too large was not written here: the last is above all.
    Ok(u32::try_from(number(meta, name)?).unwrap_or(u32::MAX))
}

/// All rows of an object.
fn of_object(id: u64) -> std::ops::Range<SlotKey<'static>> {
    (id, "")..(id.saturating_add(1), "")
}

/// The key of an object: its four parts, each behind its length.
fn bytes_of(key: &ObjectKey) -> Vec<u8> {
    let place = key.place();
    let parts = [
        place.vhost(),
        place.application(),
        place.instance(),
        place.name(),
    ];
    let mut bytes = Vec::new();
    for part in parts {
        // A key has 1,024 bytes at most.
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}
