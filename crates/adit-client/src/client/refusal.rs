//! What a refusal of `connect` asks for: a login, or another address.

use adit_rtmp::command::Status;
use md5::{Digest as _, Md5};

use crate::address::Target;
use crate::auth::{ClientNonce, Login, LoginError};
use crate::plan::PeerText;
use crate::secret::Secret;

/// The query to connect with next, for a refusal that [asks for a login](asks_for_login). `login` is what was answered so far, and `sent`
/// what was connected with.
///
/// Without credentials it is once that of the stream: servers that take a key or a token in place of a login see it only there.
///
/// # Errors
///
/// The target has no credentials, or the refusal asks for nothing that can be answered.
pub(super) fn answer(
    login: &mut Option<Login>,
    sent: Option<&Secret>,
    target: &Target,
    description: &str,
) -> Result<Secret, LoginError> {
    let Some(credentials) = target.credentials() else {
        let query = target.query().filter(|_| sent.is_none());
        return query.cloned().ok_or(LoginError::NoCredentials);
    };
    login
        .get_or_insert_with(|| Login::new(credentials.clone()))
        .answer_for(description, target, nonce(), md5)
}

/// Whether a refusal is one that a login can answer.
pub(super) fn asks_for_login(description: &str) -> bool {
    description.contains("authmod=") || description.contains("code=403 need auth")
}

/// The address in a refusal that sends the client elsewhere: code 302 in the object `ex`.
pub(super) fn redirect_of(status: &Status) -> Option<String> {
    let ex = status.property("ex")?.as_object()?;
    let code = ex.property_ignore_case("code")?.as_number()?;
    let url = ex.property_ignore_case("redirect")?.as_str()?;
    ((code - 302.0).abs() < 0.5).then(|| url.to_owned())
}

/// A refusal in words, fit for a terminal: the description, else the code.
pub(super) fn in_words(status: Option<&Status>) -> PeerText {
    PeerText::new(match status {
        Some(status) if !status.description().is_empty() => status.description(),
        Some(status) => status.code_text(),
        None => "no reason given",
    })
}

fn nonce() -> ClientNonce {
    let mut nonce = [0; 4];
    // Without random bytes the answer is only easier to guess for who listens already.
    getrandom::getrandom(&mut nonce).ok();
    ClientNonce(nonce)
}

fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}
