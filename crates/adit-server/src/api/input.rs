//! What requests say: identifiers, pages, bodies.

use adit_broker::StreamKey;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;

/// Items of a page at most.
const PAGE: usize = 1_000;

/// Stands between the parts of a name in an identifier.
const SEPARATOR: char = '\0';

/// The identifier of a stream or shared object, which is the same as long as the name is.
pub(super) fn id(key: &StreamKey) -> String {
    let parts = [key.vhost(), key.application(), key.instance(), key.name()];
    URL_SAFE_NO_PAD.encode(parts.join("\0"))
}

/// What an identifier means.
pub(super) fn key(id: &str) -> Result<StreamKey, Problem> {
    let not_found = || Problem::not_found("there is no such stream");
    let bytes = URL_SAFE_NO_PAD.decode(id).map_err(|_| not_found())?;
    let text = String::from_utf8(bytes).map_err(|_| not_found())?;
    let parts: Vec<_> = text.split(SEPARATOR).collect();
    let [vhost, application, instance, name] = *parts else {
        return Err(not_found());
    };
    StreamKey::new(vhost, application, instance, name).map_err(|_| not_found())
}

/// Which part of a list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// How many items at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Page {
    pub(super) const fn new(limit: Option<usize>, after: Option<String>) -> Self {
        Self { limit, after }
    }

    /// The page of `all`, which are in the order of `name`.
    pub(super) fn cut<T>(
        &self,
        all: Vec<T>,
        name: impl Fn(&T) -> String,
    ) -> Result<Cut<T>, Problem> {
        let limit = self.limit.unwrap_or(100);
        if !(1..=PAGE).contains(&limit) {
            let words = format!("limit is a number from 1 to {PAGE}");
            return Err(Problem::bad_request(words));
        }
        let total = all.len();
        let mut named: Vec<_> = all.into_iter().map(|item| (name(&item), item)).collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        let begin = match &self.after {
            Some(after) => {
                let after = decode(after)?;
                named.partition_point(|(name, _)| *name <= after)
            }
            None => 0,
        };
        let mut rest = named.split_off(begin);
        let is_last = rest.len() <= limit;
        rest.truncate(limit);
        let last = rest.last().map(|(name, _)| URL_SAFE_NO_PAD.encode(name));
        Ok(Cut {
            total,
            next: last.filter(|_| !is_last),
            items: rest.into_iter().map(|(_, item)| item).collect(),
        })
    }
}

/// A page of a list before it is written.
pub(super) struct Cut<T> {
    pub(super) total: usize,
    pub(super) next: Option<String>,
    pub(super) items: Vec<T>,
}

fn decode(after: &str) -> Result<String, Problem> {
    let wrong =
        || Problem::not_found("there is no page after that; say what the page before called next");
    let bytes = URL_SAFE_NO_PAD.decode(after).map_err(|_| wrong())?;
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// The query of a request.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(query) = Query::try_from_uri(&parts.uri)
            .map_err(|error| Problem::bad_request(error.body_text()))?;
        Ok(Self(query))
    }
}

/// Why something is to end.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// What the client and the log are told.
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    reason: Option<String>,
}

impl Reason {
    /// In words; those of the one who asks, if there are any.
    pub(super) fn words(&self) -> Result<&str, Problem> {
        let words = self.reason.as_deref().unwrap_or("ended by the operator");
        let is_right = words.chars().count() <= 200 && !words.chars().any(char::is_control);
        if is_right {
            Ok(words)
        } else {
            let wrong = "reason has at most 200 characters, all of which can be printed";
            Err(Problem::bad_request(wrong))
        }
    }
}

/// A body of JSON, which may be left out.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_json = kind.split(';').next().unwrap_or_default().trim() == "application/json";
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| too_long(&rejection))?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json {
            let words = "the body is not said to be application/json";
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                words,
            ));
        }
        let read = serde_json::from_slice::<Option<T>>(&bytes);
        read.map(|read| Self(read.unwrap_or_default()))
            .map_err(|error| Problem::bad_request(format!("the body: {error}")))
    }
}

fn too_long(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "the body is too long",
        )
    } else {
        Problem::bad_request("the body did not come whole")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_means_the_name_it_was_made_of_whatever_that_is() {
        for name in ["cam", "a/b", "<script>", "größe", "%2e%2e", ""] {
            let made = StreamKey::new("", "live", "_definst_", name).unwrap();
            let text = id(&made);
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            );
            assert_eq!(key(&text).unwrap(), made);
        }
        for wrong in ["", "x", "bGl2ZQ", "a/b", "//8AAAA"] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_have_every_item_once_and_say_where_the_next_begins() {
        let all: Vec<_> = (0..25).map(|number| format!("{number:02}")).collect();
        let mut page = Page {
            limit: Some(10),
            after: None,
        };
        let mut seen = Vec::new();
        let mut pages = 0;
        loop {
            let cut = page.cut(all.clone(), Clone::clone).unwrap();
            assert_eq!(cut.total, 25);
            seen.extend(cut.items);
            pages += 1;
            let Some(next) = cut.next else { break };
            page.after = Some(next);
        }
        assert_eq!((seen, pages), (all.clone(), 3));
        for limit in [0, PAGE + 1] {
            let page = Page {
                limit: Some(limit),
                after: None,
            };
            assert!(page.cut(all.clone(), Clone::clone).is_err());
        }
        let page = Page {
            limit: None,
            after: Some("?".to_owned()),
        };
        assert!(page.cut(all, Clone::clone).is_err());
    }
}
