//! Taking an address apart and putting it together.

use super::error::AddressError;
use super::host::Host;
use super::{Credentials, Scheme, Target};
use crate::limits;
use crate::secret::Secret;

/// Schemes of RTMP's own encryption, which keeps nobody out.
const OBSOLETE: [&str; 2] = ["rtmpe", "rtmpte"];
/// Longest scheme an error repeats, in bytes.
const SCHEME: usize = 16;

pub(super) fn address(text: &str) -> Result<Target, AddressError> {
    let (mut target, path) = server(text)?;
    let (path, query) = split_query(path);
    if let Some(query) = query
        && !path.contains('/')
        && let Some((app_query, stream)) = query.split_once('/')
    {
        path.clone_into(&mut target.app);
        target.app_query = Some(app_query.into());
        return Ok(with_stream(target, stream.trim_start_matches('/')));
    }
    let (app, name) = split_path(path);
    app.clone_into(&mut target.app);
    match (name, query) {
        ("", query) if !path.ends_with('/') => target.app_query = query.map(Secret::from),
        (name, query) => {
            target.name = name.into();
            target.query = query.map(Secret::from);
        }
    }
    Ok(target)
}

pub(super) fn server_and_key(address: &str, key: &str) -> Result<Target, AddressError> {
    let (mut target, path) = server(address)?;
    let key = key.trim();
    if key.chars().any(char::is_control) {
        return Err(AddressError::Space);
    }
    check_length(key)?;
    let (path, query) = split_query(path);
    path.trim_matches('/').clone_into(&mut target.app);
    target.app_query = query.map(|query| query.trim_end_matches('/').into());
    Ok(with_stream(target, key.trim_start_matches('/')))
}

pub(super) fn write(target: &Target) -> String {
    let mut url = format!("{}://", target.scheme);
    if let Some(credentials) = &target.credentials {
        encode_user(&credentials.user, &mut url);
        if !credentials.password.is_empty() {
            url.push(':');
            encode_user(credentials.password.expose(), &mut url);
        }
        url.push('@');
    }
    url.push_str(&target.host.in_url());
    if let Some(port) = target.port {
        url.push(':');
        url.push_str(&port.to_string());
    }
    url.push('/');
    url.push_str(&target.app_argument());
    if target.has_stream() {
        let name = target.name.expose();
        let plain = format!("{}/{name}", target.app);
        let marked = target.app_query.is_none() && split_path(&plain) != (&target.app, name);
        url.push_str(if marked { "//" } else { "/" });
        url.push_str(target.stream_argument().expose());
    } else if target.app_query.is_none() && split_path(&target.app) != (&target.app, "") {
        url.push_str("//");
    }
    url
}

/// Reads everything up to the path, and gives the path with its leading slash cut off.
fn server(text: &str) -> Result<(Target, &str), AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    check_length(text)?;
    check_spaces(text)?;
    let (scheme, rest) = split_scheme(text)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let password_cut = path.contains('@') && !authority.contains('@');
    let (credentials, host, port) = split_authority(authority).map_err(|error| {
        if password_cut && authority.contains(':') {
            AddressError::PasswordNotEncoded
        } else {
            error
        }
    })?;
    let target = Target {
        scheme,
        credentials,
        host,
        port,
        app: String::new(),
        app_query: None,
        name: Secret::default(),
        query: None,
    };
    Ok((target, path.strip_prefix('/').unwrap_or(path)))
}

fn check_length(text: &str) -> Result<(), AddressError> {
    if text.len() > limits::ADDRESS {
        return Err(AddressError::TooLong { length: text.len() });
    }
    Ok(())
}

fn check_spaces(text: &str) -> Result<(), AddressError> {
    let Some((_, after)) = text.split_once(|c: char| c.is_control() || c.is_whitespace()) else {
        return Ok(());
    };
    let word = after.trim_start();
    let option = word
        .split_once('=')
        .is_some_and(|(key, _)| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphabetic()));
    if option {
        return Err(AddressError::LibrtmpOptions);
    }
    Err(AddressError::Space)
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), AddressError> {
    let (scheme, rest) = text.split_once(':').ok_or(AddressError::NoScheme)?;
    let plausible = scheme.len() <= SCHEME
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'));
    let word = scheme.to_ascii_lowercase();
    let known = match word.as_str() {
        "rtmp" => Some(Scheme::Rtmp),
        "rtmpt" => Some(Scheme::Rtmpt),
        "rtmps" => Some(Scheme::Rtmps),
        "rtmpts" => Some(Scheme::Rtmpts),
        _ => None,
    };
    match (known, rest.strip_prefix("//")) {
        (Some(scheme), Some(rest)) => Ok((scheme, rest)),
        (Some(scheme), None) => Err(AddressError::NoSlashes {
            scheme: scheme.as_str(),
        }),
        (None, Some(_)) if OBSOLETE.contains(&word.as_str()) => {
            Err(AddressError::Obsolete { scheme: word })
        }
        (None, Some(_)) if plausible => Err(AddressError::OtherScheme { scheme: word }),
        _ => Err(AddressError::NoScheme),
    }
}

type Authority = (Option<Credentials>, Host, Option<u16>);

fn split_authority(authority: &str) -> Result<Authority, AddressError> {
    let (credentials, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (parse_user(user)?, place),
        None => (None, authority),
    };
    let port_at = match place.rfind(']') {
        Some(bracket) => place
            .get(bracket..)
            .and_then(|tail| tail.find(':'))
            .map(|colon| bracket + colon),
        None if place.starts_with('[') => return Err(AddressError::BadIpv6),
        None if place.matches(':').count() > 1 => return Err(AddressError::Ipv6WithoutBrackets),
        None => place.find(':'),
    };
    let Some((host, port)) = port_at.and_then(|at| place.split_at_checked(at)) else {
        return Ok((credentials, Host::parse(place)?, None));
    };
    let host = Host::parse(host)?;
    Ok((
        credentials,
        host,
        Some(parse_port(port.trim_start_matches(':'))?),
    ))
}

fn parse_port(text: &str) -> Result<u16, AddressError> {
    if text.is_empty() {
        return Err(AddressError::EmptyPort);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AddressError::BadPort);
    }
    match text.parse() {
        Ok(0) | Err(_) => Err(AddressError::BadPort),
        Ok(port) => Ok(port),
    }
}

fn parse_user(text: &str) -> Result<Option<Credentials>, AddressError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    if user.is_empty() {
        return match password {
            "" => Ok(None),
            _ => Err(AddressError::NoUser),
        };
    }
    let decoded = |text, part| decode(text).ok_or(AddressError::UserEncoding { part });
    Ok(Some(Credentials::new(
        decoded(user, "user")?,
        decoded(password, "password")?,
    )))
}

/// Replaces `%41` by `A` and so on; `None` if that is not possible or gives no text.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

fn encode_user(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 0x0f] {
                out.extend(char::from_digit(digit.into(), 16));
            }
        }
    }
}

fn split_query(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}

/// The application and the name of a path that has no leading slash.
fn split_path(path: &str) -> (&str, &str) {
    if let Some(name) = path.strip_prefix('/') {
        return ("", name.trim_start_matches('/'));
    }
    if let Some((app, name)) = path.split_once("//") {
        return (app, name.trim_start_matches('/'));
    }
    let path = path.trim_end_matches('/');
    let Some((first, rest)) = path.split_once('/') else {
        return (path, "");
    };
    match rest.split_once('/') {
        Some((second, name)) if !second.contains(':') => {
            let app = path.strip_suffix(name).unwrap_or(path);
            (app.trim_end_matches('/'), name)
        }
        _ => (first, rest),
    }
}

fn with_stream(mut target: Target, stream: &str) -> Target {
    let (name, query) = split_query(stream);
    target.name = name.into();
    target.query = query.map(Secret::from);
    target
}
