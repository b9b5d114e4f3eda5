//! The certificate of an authority, which one server after the other orders.

use std::fs;

use adit_testkit::honest::Honest;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::support::{PATIENCE, serve_at};
use super::taking_over::take_over;

/// Both would order one, each in the other's way.
#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_the_new_servers_business_and_the_old_one_asks_for_it_no_more() {
    let authority = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let directory = format!("https://{}/dir", authority.local_addr().unwrap());
    let state = TempDir::new().unwrap();
    let file = state.path().join("adit.toml");
    let text =
        format!("[tls.acme]\nnames = [\"live.example.test\"]\ndirectory = \"{directory}\"\n");
    fs::write(&file, text).unwrap();
    let flags = ["--config", file.to_str().unwrap()];
    let asks = async || {
        let asked = timeout(PATIENCE, authority.accept()).await;
        asked.expect("it asks").unwrap().0
    };
    let at_first = "127.0.0.1:0".parse().unwrap();
    let server = serve_at(at_first, state.path(), &flags);
    let mut publisher = Honest::start(server.address(), "stays").await;
    let mut of_the_old = asks().await;
    let next = take_over(&server, &state, &flags);
    let _of_the_new = asks().await;
    let ends = async {
        let mut bytes = [0; 1024];
        while of_the_old.read(&mut bytes).await.is_ok_and(|it| it > 0) {}
    };
    timeout(PATIENCE, ends).await.expect("it asks still");
    publisher.check(PATIENCE).await.unwrap();
    next.assert_sound();
}
