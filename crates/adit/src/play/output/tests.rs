use std::time::Duration;

use adit_client::media::pattern::Pattern;

use super::{Output, Overwrite, Written};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_file_is_made_with_the_first_picture_or_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flv");
    let mut frames = Pattern::new("pattern:320x180".parse().unwrap());
    let metadata = frames.next().unwrap();
    let media: Vec<_> = frames.take(5).collect();
    let output = || Output::file(&path, Overwrite::Refused).unwrap();

    let mut nothing = output();
    nothing.push(&metadata).await.unwrap();
    assert_eq!(nothing.written(), Written::default());
    nothing.finish(SOON).await.unwrap();
    assert!(!path.exists());

    let mut something = output();
    something.push(&metadata).await.unwrap();
    for frame in &media {
        something.push(frame).await.unwrap();
    }
    let written = something.written();
    something.finish(SOON).await.unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert_eq!(written.bytes, size);
    assert!(!written.time.is_zero());
}
