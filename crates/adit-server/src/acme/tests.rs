use std::time::Duration;

use adit_net::tls::Tls;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::{AcmeConfig, FIRST_PAUSE, LONGEST_ORDER, issue, keep_certificate};

/// An authority that lets everybody in and says nothing.
async fn silent(folder: &tempfile::TempDir) -> (TcpListener, AcmeConfig, Tls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let names = vec!["live.example.test".to_owned()];
    let mut config = AcmeConfig::new(names, folder.path().to_owned());
    config.directory = format!("https://{}/dir", listener.local_addr().unwrap());
    let tls = Tls::promised(config.source()).unwrap();
    (listener, config, tls)
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_says_nothing_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, config, tls) = silent(&folder).await;
    let ordered = async {
        let longest = LONGEST_ORDER + Duration::from_secs(1);
        timeout(longest, issue(&config, &tls)).await
    };
    let (connection, ordered) = tokio::join!(listener.accept(), ordered);
    let told = ordered.expect("it ends").unwrap_err().to_string();
    assert!(
        told.contains("cannot be asked: it has not answered"),
        "{told}"
    );
    drop(connection);
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, config, tls) = silent(&folder).await;
    tokio::spawn(keep_certificate(config, tls));
    let mut connections = Vec::new();
    let two = async {
        while connections.len() < 2 {
            connections.push(listener.accept().await.unwrap());
        }
    };
    let in_time = timeout(2 * (LONGEST_ORDER + FIRST_PAUSE), two).await;
    in_time.expect("it is tried again");
}
