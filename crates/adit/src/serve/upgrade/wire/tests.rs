use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream as BlockingStream;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

use super::{LINE, ends};

#[tokio::test]
async fn lines_arrive_in_order_and_descriptors_with_theirs() {
    let (one, other) = UnixStream::pair().unwrap();
    let (mouth, own_ear) = ends(one).unwrap();
    let (_mouth, mut ear) = ends(other).unwrap();
    let (mut kept, given) = BlockingStream::pair().unwrap();
    mouth.say("first", None).await.unwrap();
    mouth.say("second", Some(given.as_fd())).await.unwrap();
    mouth.say("third", None).await.unwrap();
    drop(given);
    assert_eq!(ear.hear().await.unwrap().as_deref(), Some("first"));
    assert_eq!(ear.hear().await.unwrap().as_deref(), Some("second"));
    let mut got = BlockingStream::from(ear.descriptor().unwrap());
    kept.write_all(b"through").unwrap();
    let mut bytes = [0; 7];
    got.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"through");
    assert_eq!(ear.hear().await.unwrap().as_deref(), Some("third"));
    assert!(ear.descriptor().is_err(), "it came without one");
    drop((mouth, own_ear));
    assert_eq!(ear.hear().await.unwrap(), None);
}

#[tokio::test]
async fn whoever_says_no_line_is_not_listened_to() {
    for text in [vec![b'x'; 2 * LINE], vec![0xff, b'\n']] {
        let (mut one, other) = UnixStream::pair().unwrap();
        let (_mouth, mut ear) = ends(other).unwrap();
        one.write_all(&text).await.unwrap();
        assert!(ear.hear().await.is_err(), "{} bytes", text.len());
    }
}

#[tokio::test]
async fn the_other_process_is_known() {
    let (one, _other) = UnixStream::pair().unwrap();
    let (mouth, _ear) = ends(one).unwrap();
    assert_eq!(mouth.process(), Some(std::process::id()));
}
