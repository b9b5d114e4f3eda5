//! Who a certificate is for and who made it, for people to read, and when it is valid.
//!
//! ```text
//!  Certificate ::= SEQUENCE { SEQUENCE {           the part that is signed
//!      [0] version?, INTEGER serial, SEQUENCE algorithm,
//!      SEQUENCE issuer, SEQUENCE validity, SEQUENCE subject, … }, … }
//!  issuer, subject ::= SEQUENCE OF SET OF SEQUENCE { OID type, string value }
//!  validity        ::= SEQUENCE { time not before, time not after }
//!  time            ::= UTCTime YYMMDDHHMMSSZ | GeneralizedTime YYYYMMDDHHMMSSZ
//! ```
//!
//! Nothing is decided by the names read here; the verifier does that on its own.

use rustls_pki_types::CertificateDer;
use std::fmt;

/// The names in a server's certificate, as it was shown, trusted or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCertificate {
    /// Whom it is for, as far as it says so: a common name, else an organization.
    pub subject: Option<String>,
    /// Who signed it: common name and organization. An interceptor's own name stands here.
    pub issuer: Option<String>,
}

impl fmt::Display for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject.as_deref().unwrap_or("nobody named");
        let issuer = self.issuer.as_deref().unwrap_or("nobody named");
        write!(f, "for {subject}, issued by {issuer}")
    }
}

impl PeerCertificate {
    /// Reads the names; what cannot be read is missing.
    pub(crate) fn read(certificate: &CertificateDer<'_>) -> Self {
        Self::names(certificate).unwrap_or_default()
    }

    fn names(certificate: &[u8]) -> Option<Self> {
        let fields = Fields::of(certificate)?;
        Some(Self {
            subject: Name::read(fields.subject).short(),
            issuer: Name::read(fields.issuer).long(),
        })
    }
}

/// The first and the last second of a certificate's life, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: u64,
    pub(crate) not_after: u64,
}

impl Validity {
    /// Reads both; `None` if there is anything else but what a certificate may have [RFC 5280 4.1.2.5].
    pub(crate) fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let validity = Fields::of(certificate)?.validity;
        let (tag, not_before, rest) = element(validity)?;
        let not_before = seconds(tag, not_before)?;
        let (tag, not_after, rest) = element(rest)?;
        let not_after = seconds(tag, not_after)?;
        rest.is_empty().then_some(Self {
            not_before,
            not_after,
        })
    }
}

/// A name in a certificate without what the library writes around it, as in `DnsName("example.com")`.
pub(crate) fn bare_name(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}

/// The fields that are read.
struct Fields<'a> {
    issuer: &'a [u8],
    validity: &'a [u8],
    subject: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(certificate: &'a [u8]) -> Option<Self> {
        let (whole, _) = expect(certificate, SEQUENCE)?;
        let (mut signed, _) = expect(whole, SEQUENCE)?;
        if let Some((_, rest)) = expect(signed, VERSION) {
            signed = rest;
        }
        let (_, rest) = expect(signed, INTEGER)?;
        let (_, rest) = expect(rest, SEQUENCE)?;
        let (issuer, rest) = expect(rest, SEQUENCE)?;
        let (validity, rest) = expect(rest, SEQUENCE)?;
        let (subject, _) = expect(rest, SEQUENCE)?;
        Some(Self {
            issuer,
            validity,
            subject,
        })
    }
}

/// A time as seconds since 1970. Years of two digits are those from 1950 to 2049.
fn seconds(tag: u8, text: &[u8]) -> Option<u64> {
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits(text, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => digits(text, 4)?,
        _ => return None,
    };
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    let (second, rest) = digits(rest, 2)?;
    let is_possible = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_possible || rest != b"Z" {
        return None;
    }
    // What ended before 1970 has ended; a life that began then is under way.
    let days = days_since_1970(year, month, day).unwrap_or(0);
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Days to a date of the Gregorian calendar. Years are counted from March, so that a leap day is a year's last.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leap_days + (153 * month + 2) / 5 + day - 1;
    days.checked_sub(DAYS_TO_1970)
}

/// A number of so many decimal digits, and what follows it.
fn digits(text: &[u8], count: usize) -> Option<(u64, &[u8])> {
    let (number, rest) = text.split_at_checked(count)?;
    let value = number.iter().try_fold(0, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(value * 10 + digit)
    })?;
    Some((value, rest))
}

#[derive(Default)]
struct Name {
    common: Option<String>,
    organization: Option<String>,
}

impl Name {
    fn read(mut parts: &[u8]) -> Self {
        let mut name = Self::default();
        while let Some((set, rest)) = expect(parts, SET) {
            parts = rest;
            let mut set = set;
            while let Some((pair, rest)) = expect(set, SEQUENCE) {
                set = rest;
                let Some((kind, value)) = expect(pair, OID) else {
                    continue;
                };
                let Some((tag, value, _)) = element(value) else {
                    continue;
                };
                match kind {
                    COMMON_NAME => name.common = name.common.or_else(|| text(tag, value)),
                    ORGANIZATION => {
                        name.organization = name.organization.or_else(|| text(tag, value));
                    }
                    _ => {}
                }
            }
        }
        name
    }

    fn short(self) -> Option<String> {
        self.common.or(self.organization)
    }

    fn long(self) -> Option<String> {
        match (self.common, self.organization) {
            (Some(common), Some(organization)) if common != organization => {
                Some(format!("{common} ({organization})"))
            }
            (common, organization) => common.or(organization),
        }
    }
}

/// Printable text of at most [`TEXT`] characters.
fn text(tag: u8, value: &[u8]) -> Option<String> {
    let text = match tag {
        BMP_STRING => {
            let units = value.chunks_exact(2).map(|pair| {
                pair.iter()
                    .fold(0, |unit, byte| (unit << 8) | u16::from(*byte))
            });
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => String::from_utf8_lossy(value).into_owned(),
    };
    let clean = |character: char| {
        if character.is_control() || ('\u{200b}'..='\u{206f}').contains(&character) {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    };
    let text: String = text.chars().take(TEXT).map(clean).collect();
    (!text.is_empty()).then_some(text)
}

/// The content of an element with this tag, and what follows it.
fn expect(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    match element(input)? {
        (found, content, rest) if found == tag => Some((content, rest)),
        _ => None,
    }
}

/// Tag, content and rest of a DER element with a one-byte tag.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if length.is_empty() || length.len() > 3 {
            return None;
        }
        let value = length
            .iter()
            .fold(0, |value, byte| (value << 8) | usize::from(*byte));
        (value, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
/// From the first of March of the year 0.
const DAYS_TO_1970: u64 = 719_468;
/// Characters of a name that are shown.
const TEXT: usize = 100;

#[cfg(test)]
mod tests;
