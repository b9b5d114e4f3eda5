//! A collector of spans, or whoever else is asked by HTTP, and what it got.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The first line.
    pub(crate) line: String,
    /// By their names in small letters.
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Something that is asked by HTTP and says yes.
#[derive(Clone)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Listening {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
        };
        let own = listening.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let own = own.clone();
                thread::spawn(move || own.serve(&socket.unwrap()));
            }
        });
        listening
    }

    fn serve(&self, mut socket: &TcpStream) {
        let mut input = BufReader::new(socket.try_clone().unwrap());
        loop {
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if input.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let fields = head[1..].iter().map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_ascii_lowercase(), value.trim().to_owned())
            });
            let fields: BTreeMap<_, _> = fields.collect();
            let mut body = vec![0; fields["content-length"].parse().unwrap()];
            input.read_exact(&mut body).unwrap();
            self.asked.lock().unwrap().push(Asked {
                line: head[0].clone(),
                fields,
                body,
            });
            let yes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            socket.write_all(yes).unwrap();
        }
    }

    pub(crate) fn all(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.all().iter().flat_map(|it| spans(&it.body)).collect()
    }
}

/// A span that came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty where it has none.
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) attributes: BTreeMap<String, String>,
    /// What its status says, if it is an error.
    pub(crate) failed: Option<String>,
    /// What is said of the server.
    pub(crate) resource: BTreeMap<String, String>,
}

/// A field of a message of Protocol Buffers.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl Field<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(number) => panic!("{number} is no message"),
        }
    }

    fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Bytes(bytes) => panic!("{bytes:?} is no number"),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

/// The fields of a message, by their numbers.
fn message(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn variable(bytes: &mut &[u8]) -> u64 {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let (first, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            number |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        number
    }
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = variable(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(variable(&mut bytes)),
            1 => {
                let (number, rest) = bytes.split_first_chunk().unwrap();
                bytes = rest;
                Field::Number(u64::from_le_bytes(*number))
            }
            2 => {
                let length = usize::try_from(variable(&mut bytes)).unwrap();
                let (inner, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(inner)
            }
            5 => {
                let (number, rest) = bytes.split_first_chunk().unwrap();
                bytes = rest;
                Field::Number(u32::from_le_bytes(*number).into())
            }
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

/// The fields of one number.
fn inner<'a>(fields: &'a [(u64, Field<'a>)], number: u64) -> impl Iterator<Item = &'a Field<'a>> {
    let of_number = fields.iter().filter(move |(other, _)| *other == number);
    of_number.map(|(_, field)| field)
}

/// What stands in an `ExportTraceServiceRequest`.
fn spans(request: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    let request = message(request);
    for of_resource in inner(&request, 1).map(|field| message(field.bytes())) {
        let resource = inner(&of_resource, 1).map(|field| attributes(field.bytes(), 1));
        let resource = resource.last().unwrap_or_default();
        for of_scope in inner(&of_resource, 2).map(|field| message(field.bytes())) {
            for field in inner(&of_scope, 2) {
                let resource = resource.clone();
                spans.push(Span {
                    resource,
                    ..span(field.bytes())
                });
            }
        }
    }
    spans
}

fn span(bytes: &[u8]) -> Span {
    let mut span = Span {
        attributes: attributes(bytes, 9),
        ..Span::default()
    };
    for (number, field) in &message(bytes) {
        match number {
            1 => span.trace = hex(field.bytes()),
            2 => span.id = hex(field.bytes()),
            4 => span.parent = hex(field.bytes()),
            5 => span.name = field.text(),
            7 => span.began = field.number(),
            8 => span.ended = field.number(),
            15 => {
                let status = message(field.bytes());
                let is_error = inner(&status, 3).any(|code| code.number() == 2);
                let words = inner(&status, 2).map(Field::text).collect();
                span.failed = is_error.then_some(words);
            }
            _ => {}
        }
    }
    span
}

/// The attributes that are the fields of this number.
fn attributes(bytes: &[u8], number: u64) -> BTreeMap<String, String> {
    let fields = message(bytes);
    let pairs = inner(&fields, number).map(|field| message(field.bytes()));
    let pairs = pairs.map(|pair| {
        let name = inner(&pair, 1).map(Field::text).collect();
        let value = inner(&pair, 2).map(|value| value_of(value.bytes()));
        (name, value.collect())
    });
    pairs.collect()
}

/// An `AnyValue` as text.
fn value_of(bytes: &[u8]) -> String {
    match message(bytes).first() {
        Some((1, text)) => text.text(),
        Some((2, truth)) => (truth.number() == 1).to_string(),
        Some((_, number)) => number.number().to_string(),
        None => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

#[track_caller]
pub(crate) fn only<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut of_name = spans.iter().filter(|span| span.name == name);
    match (of_name.next(), of_name.next()) {
        (Some(span), None) => span,
        _ => panic!("not one {name}: {spans:#?}"),
    }
}

impl Span {
    #[track_caller]
    pub(crate) fn check(&self, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            let got = self.attributes.get(*name).map(String::as_str);
            assert_eq!(got, Some(*value), "{name}: {self:#?}");
        }
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        let text = self.attributes.get(name);
        let number = text.and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| panic!("{name}: {self:#?}"))
    }

    pub(crate) fn lasted(&self) -> Duration {
        Duration::from_nanos(self.ended.checked_sub(self.began).unwrap())
    }
}
