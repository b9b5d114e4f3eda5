//! Request targets of the tunnel.

use adit_rtmpt::path::{Target, parse};

/// Any text as a request target.
pub fn tunnel_path(data: &[u8]) {
    let target = String::from_utf8_lossy(data);
    let found = parse(&target);
    if let Ok(Target::Send { session, sequence }) = found {
        // Written in the usual form it means the same.
        let Some(session) = session else { return };
        let text = session.open_body();
        let id = String::from_utf8_lossy(&text);
        let usual = format!("/send/{}/{sequence}", id.trim_end());
        assert_eq!(parse(&usual), found);
        assert_eq!(parse(&format!("http://host:80{usual}?query")), found);
    }
}
