//! What one application may have of a store.

use super::*;

async fn object_of(
    objects: &Objects,
    application: &str,
    name: &str,
) -> Result<crate::SharedObject, ObjectError> {
    let key = StreamKey::new("", application, "room", name).unwrap();
    objects.shared_object(key, Persistence::Persistent).await
}

/// Sets a slot that takes as much as [`SLOT`].
async fn write(object: &crate::SharedObject, slot: &str) -> Result<(), ObjectError> {
    object.set(slot, "x".repeat(100)).unwrap();
    object.flush().await
}

#[tokio::test]
async fn an_application_has_so_many_objects_in_a_store_and_not_more() {
    let place = Place::new();
    let limits = StoreLimits {
        application_objects: 2,
        ..StoreLimits::default()
    };
    let objects = place.start_with(limits);
    for name in ["one", "two"] {
        let made = object_of(&objects, "chat", name).await.unwrap();
        write(&made, "a").await.unwrap();
    }
    let refused = object_of(&objects, "chat", "three").await.unwrap_err();
    assert_eq!(refused, ObjectError::StoreFull);
    assert_eq!(limit(&objects, "so.app_stored"), 1);
    objects.close().await;
    // After a restart too; what is there is there, and others have their own share.
    let objects = place.start_with(limits);
    let refused = object_of(&objects, "chat", "three").await.unwrap_err();
    assert_eq!(refused, ObjectError::StoreFull);
    let two = object_of(&objects, "chat", "two").await.unwrap();
    assert_eq!(two.slots().len(), 1);
    let other = object_of(&objects, "game", "one").await.unwrap();
    write(&other, "a").await.unwrap();
    // What goes makes room.
    two.clear();
    two.flush().await.unwrap();
    let three = object_of(&objects, "chat", "three").await.unwrap();
    write(&three, "a").await.unwrap();
    assert_eq!(limit(&objects, "so.stored"), 0);
}

#[tokio::test]
async fn objects_that_were_opened_while_there_was_room_are_not_all_written() {
    let place = Place::new();
    let objects = place.start_with(StoreLimits {
        application_objects: 1,
        ..StoreLimits::default()
    });
    let one = object_of(&objects, "chat", "one").await.unwrap();
    let two = object_of(&objects, "chat", "two").await.unwrap();
    write(&one, "a").await.unwrap();
    assert_eq!(write(&two, "a").await, Err(ObjectError::StoreFull));
    assert_eq!(limit(&objects, "so.app_stored"), 1);
    one.clear();
    one.flush().await.unwrap();
}

#[tokio::test]
async fn an_application_has_so_many_bytes_in_a_store_and_not_more() {
    let place = Place::new();
    let limits = StoreLimits {
        application_bytes: 2 * (OBJECT + SLOT),
        ..StoreLimits::default()
    };
    let objects = place.start_with(limits);
    // Each leaves memory once it is written: it is the store that counts.
    for name in ["one", "two"] {
        let made = object_of(&objects, "chat", name).await.unwrap();
        write(&made, "a").await.unwrap();
    }
    assert_eq!(limit(&objects, "so.app_stored_bytes"), 0);
    let refused = object_of(&objects, "chat", "three").await.unwrap_err();
    assert_eq!(refused, ObjectError::StoreFull);
    assert_eq!(limit(&objects, "so.app_stored_bytes"), 1);
    objects.close().await;
    let objects = place.start_with(limits);
    let one = object_of(&objects, "chat", "one").await.unwrap();
    assert_eq!(write(&one, "b").await, Err(ObjectError::StoreFull));
    assert_eq!(limit(&objects, "so.app_stored_bytes"), 1);
    let other = object_of(&objects, "game", "one").await.unwrap();
    other.set("a", "x".repeat(100)).unwrap();
    one.remove("b");
    one.remove("a");
    one.flush().await.unwrap();
    drop((one, other));
    objects.close().await;
    let objects = place.start_with(limits);
    let other = object_of(&objects, "game", "one").await.unwrap();
    assert_eq!(other.slots().len(), 1);
    let three = object_of(&objects, "chat", "three").await.unwrap();
    write(&three, "a").await.unwrap();
    assert_eq!(limit(&objects, "so.stored_bytes"), 0);
}
