//! A helper for squid that checks passwords by NTLM version 2 [MS-NLMP], since the one that squid ships takes any.
//!
//! ```text
//!  squid: "YR negotiate"      us: "TT challenge"
//!  squid: "KK authenticate"   us: "AF user" or "NA why"
//! ```

use std::fs::File;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::control::Kept;

#[cfg(test)]
mod tests;

/// What NTLM keeps of the password `s3cret`: MD4 of it in UTF-16.
const PASSWORD_HASH: [u8; 16] = [
    0xd4, 0xc6, 0x19, 0xcb, 0x16, 0xd4, 0x63, 0x2b, 0x27, 0x56, 0x58, 0x31, 0x6a, 0x7e, 0x65, 0x7e,
];
/// Unicode, target name, NTLM, always sign, target type domain, extended session security, target info.
const FLAGS: u32 = 0x0089_8205;
const HEAD: usize = 48;

/// Answers squid until it ends.
///
/// # Errors
///
/// What the pipes say.
pub fn serve() -> io::Result<()> {
    let mut nonce = [0; 8];
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (verb, token) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match verb {
            "YR" => {
                File::open("/dev/urandom")?.read_exact(&mut nonce)?;
                format!("TT {}", BASE64_STANDARD.encode(challenge(nonce)))
            }
            "KK" => match BASE64_STANDARD
                .decode(token.trim())
                .ok()
                .and_then(|message| check(&message, nonce))
            {
                Some(user) => format!("AF {user}"),
                None => "NA wrong user or password".to_owned(),
            },
            _ => "BH unknown request".to_owned(),
        };
        writeln!(io::stdout(), "{answer}")?;
        io::stdout().flush()?;
    }
    Ok(())
}

/// The second message, with a target name and target info as servers of today send them.
fn challenge(nonce: [u8; 8]) -> Vec<u8> {
    let name = utf16("LAB");
    let mut info = Vec::new();
    for (kind, text) in [(2u16, "LAB"), (1, "GATE")] {
        let text = utf16(text);
        info.extend_from_slice(&kind.to_le_bytes());
        info.extend_from_slice(&length(&text).to_le_bytes());
        info.extend_from_slice(&text);
    }
    info.extend_from_slice(&[0; 4]);
    let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
    field(&mut message, &name, HEAD);
    message.extend_from_slice(&FLAGS.to_le_bytes());
    message.extend_from_slice(&nonce);
    message.extend_from_slice(&[0; 8]);
    field(&mut message, &info, HEAD + name.len());
    message.extend_from_slice(&name);
    message.extend_from_slice(&info);
    message
}

/// The user of the third message, if it proves the password.
fn check(message: &[u8], nonce: [u8; 8]) -> Option<String> {
    let response = buffer(message, 20)?;
    let domain = buffer(message, 28)?;
    let user = text(buffer(message, 36)?)?;
    let (proof, blob) = response.split_at_checked(16)?;
    let mut owner = utf16(&user.to_uppercase());
    owner.extend_from_slice(domain);
    let key = hmac_md5(&PASSWORD_HASH, &owner)?;
    let wanted = hmac_md5(&key, &[nonce.as_slice(), blob].concat())?;
    // Anything shorter is no answer of version 2, whose blob begins with 1, 1.
    let second = blob.starts_with(&[1, 1]);
    (user == "lab" && second && proof == wanted.as_slice()).then_some(user)
}

/// Length twice, then where it is.
fn field(message: &mut Vec<u8>, content: &[u8], at: usize) {
    let length = length(content).to_le_bytes();
    message.extend_from_slice(&length);
    message.extend_from_slice(&length);
    let at = u32::try_from(at).expect("messages are short");
    message.extend_from_slice(&at.to_le_bytes());
}

fn buffer(message: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_le_bytes(*message.get(at..)?.first_chunk()?));
    let offset = u32::from_le_bytes(*message.get(at + 4..)?.first_chunk()?);
    message.get(usize::try_from(offset).ok()?..)?.get(..length)
}

fn length(content: &[u8]) -> u16 {
    u16::try_from(content.len()).expect("names are short")
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn text(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|pair| u16::from_le_bytes(*pair))
        .collect();
    String::from_utf16(&units).ok()
}

/// By the program `openssl`, which is here anyway.
fn hmac_md5(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let key = format!("hexkey:{}", hex::encode(key));
    let mut command = Command::new("openssl");
    command.args(["dgst", "-md5", "-mac", "HMAC", "-macopt", &key, "-binary"]);
    let spawned = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut child = Kept(spawned);
    child.0.stdin.take()?.write_all(data).ok()?;
    let mut digest = Vec::new();
    child.0.stdout.take()?.read_to_end(&mut digest).ok()?;
    (digest.len() == 16).then_some(digest)
}
