//! What a callback answers.

use adit_net::http::StatusCode;
use adit_rtmp::command::StreamName;
use serde::Deserialize;

use super::http::Failure;

/// Yes or no.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes(Yes),
    /// With words for the client, if there are any.
    No {
        description: Option<String>,
    },
}

/// How it is allowed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Yes {
    /// The name that the stream gets.
    pub(super) stream: Option<String>,
    /// Where the client is to go instead.
    pub(super) redirect: Option<String>,
}

/// What may stand in the body; whatever else does is not looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    stream: Option<String>,
    redirect: Option<String>,
    description: Option<String>,
}

impl Answer {
    /// What a response means.
    pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Self, Failure> {
        if status.is_success() {
            return Ok(Self::Yes(yes(body)?));
        }
        if status.is_client_error() {
            let said = Body::read(body).ok().and_then(|body| body.description);
            let description = said.map(|words| shown(&words));
            return Ok(Self::No { description });
        }
        Err(Failure::Status(status.as_u16()))
    }
}

impl Body {
    /// A body that does not begin like an object says nothing: some answer `OK`.
    fn read(body: &[u8]) -> Result<Self, Failure> {
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Ok(Self::default());
        }
        serde_json::from_slice(body).map_err(|_| Failure::NotJson)
    }
}

fn yes(body: &[u8]) -> Result<Yes, Failure> {
    let Body {
        stream, redirect, ..
    } = Body::read(body)?;
    let is_name = |name: &String| {
        let parsed = StreamName::parse(name);
        parsed.is_ok_and(|parsed| !name.is_empty() && parsed.name() == name)
    };
    let is_url = |url: &String| {
        url.len() <= LONGEST_URL && url.contains("://") && !url.contains(char::is_control)
    };
    if stream.as_ref().is_some_and(|name| !is_name(name)) {
        return Err(Failure::BadName);
    }
    if redirect.as_ref().is_some_and(|url| !is_url(url)) {
        return Err(Failure::BadRedirect);
    }
    Ok(Yes { stream, redirect })
}

/// Words for a client, which may be shown on a screen.
fn shown(words: &str) -> String {
    let words = words.chars().filter(|sign| !sign.is_control());
    words.take(LONGEST_WORDS).collect()
}

const LONGEST_WORDS: usize = 256;

const LONGEST_URL: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: impl Into<Expected>) {
        let Expected(expected) = expected.into();
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            Answer::read(status, body.as_bytes()),
            expected,
            "{status} {body}"
        );
    }

    struct Expected(Result<Answer, Failure>);

    impl From<Answer> for Expected {
        fn from(answer: Answer) -> Self {
            Self(Ok(answer))
        }
    }

    impl From<Failure> for Expected {
        fn from(failure: Failure) -> Self {
            Self(Err(failure))
        }
    }

    fn named(stream: &str) -> Answer {
        Answer::Yes(Yes {
            stream: Some(stream.to_owned()),
            redirect: None,
        })
    }

    fn no(description: Option<&str>) -> Answer {
        let description = description.map(str::to_owned);
        Answer::No { description }
    }

    #[test]
    fn what_an_answer_means_is_in_its_status_and_how_in_its_body() {
        let yes = || Answer::Yes(Yes::default());
        for body in [
            "",
            "OK",
            "0",
            "  {}",
            "[1]",
            r#"{"code":0}"#,
            r#"{"stream":null}"#,
        ] {
            check(200, body, yes());
        }
        check(204, "", yes());
        check(201, r#"{"stream":"studio"}"#, named("studio"));
        for (status, said) in [(301, ""), (302, "{}"), (500, ""), (503, "x")] {
            check(status, said, Failure::Status(status));
        }
        check(403, "", no(None));
        check(404, "<html>", no(None));
        check(403, "{broken", no(None));
        check(
            401,
            r#"{"description":"pay\u0000 first"}"#,
            no(Some("pay first")),
        );
        check(200, "{broken", Failure::NotJson);
        check(200, r#"{"stream":7}"#, Failure::NotJson);
        for name in ["", "a?b", "/a", "a\u{7}b", "mp4:a"] {
            let body = serde_json::json!({ "stream": name }).to_string();
            check(200, &body, Failure::BadName);
        }
        check(200, r#"{"redirect":"elsewhere"}"#, Failure::BadRedirect);
    }
}
