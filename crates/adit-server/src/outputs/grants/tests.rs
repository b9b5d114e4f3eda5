use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use adit_broker::StreamKey;

use super::{Allowed, Asking, Grants};
use crate::limits::outputs::{HLS_GRANT, HLS_GRANTS};

fn asking(peer: u32, shown: u8) -> Asking {
    Asking {
        peer: Ipv4Addr::from_bits(peer).into(),
        is_forwarded: false,
        is_secure: false,
        stream: StreamKey::new("", "live", "_definst_", "cam").unwrap(),
        shown: [shown; 32],
    }
}

fn allowed() -> Allowed {
    Allowed {
        stream: Some("cam".to_owned()),
    }
}

#[test]
fn what_was_allowed_holds_for_a_while_and_for_the_same_viewer_alone() {
    let (grants, now) = (Grants::default(), Instant::now());
    grants.keep(now, asking(1, 1), allowed());
    let nearly = now + HLS_GRANT.saturating_sub(Duration::from_millis(1));
    assert_eq!(grants.find(nearly, &asking(1, 1)), Some(allowed()));
    assert_eq!(grants.find(now + HLS_GRANT, &asking(1, 1)), None);
    for other in [
        asking(2, 1),
        asking(1, 2),
        Asking {
            is_forwarded: true,
            ..asking(1, 1)
        },
        Asking {
            stream: StreamKey::new("", "live", "_definst_", "other").unwrap(),
            ..asking(1, 1)
        },
    ] {
        assert_eq!(grants.find(now, &other), None);
    }
    grants.forget(&asking(1, 1));
    assert_eq!(grants.find(now, &asking(1, 1)), None);
}

#[test]
fn as_many_answers_are_remembered_as_may_be_and_one_more_is_not() {
    let (grants, now) = (Grants::default(), Instant::now());
    let last = u32::try_from(HLS_GRANTS).unwrap() - 1;
    for peer in 0..=last {
        grants.keep(now, asking(peer, 0), allowed());
    }
    grants.keep(now, asking(last + 1, 0), allowed());
    assert!(grants.find(now, &asking(last, 0)).is_some());
    assert!(grants.find(now, &asking(last + 1, 0)).is_none());
    // Where old ones are forgotten, there is room again; those that are there are renewed.
    let later = now + HLS_GRANT / 2;
    grants.keep(later, asking(last, 0), allowed());
    let end = now + HLS_GRANT;
    grants.keep(end, asking(last + 1, 0), allowed());
    assert!(grants.find(end, &asking(last + 1, 0)).is_some());
    assert!(grants.find(end, &asking(last, 0)).is_some());
    assert!(grants.find(end, &asking(0, 0)).is_none());
}
