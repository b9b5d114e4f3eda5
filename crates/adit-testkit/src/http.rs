//! Just enough HTTP/1 for the tunnel: messages with `Content-Length`, read from and written to a stream.

use std::fmt::Write as _;
use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// One request or response with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The request line or status line.
    pub start: String,
    /// The header fields in their order.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Message {
    /// A request of the tunnel as Flash Player and librtmp write it, to the path `target`.
    pub fn tunnel_request(target: &str, host: &str, body: Bytes) -> Self {
        let fields = [
            ("Host", host.to_owned()),
            ("Accept", "*/*".to_owned()),
            ("User-Agent", "Shockwave Flash".to_owned()),
            ("Connection", "Keep-Alive".to_owned()),
            ("Cache-Control", "no-cache".to_owned()),
            ("Content-Type", "application/x-fcs".to_owned()),
            ("Content-Length", body.len().to_string()),
        ];
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Self {
            start: format!("POST {target} HTTP/1.1"),
            fields,
            body,
        }
    }

    /// The value of a field, its name compared without case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self
            .fields
            .iter()
            .filter(|(each, _)| each.eq_ignore_ascii_case(name));
        fields.next().map(|(_, value)| value.as_str())
    }

    /// Sets a field, or takes it away with `None`.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.fields
            .retain(|(each, _)| !each.eq_ignore_ascii_case(name));
        self.fields
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// The path of a request.
    pub fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// The status of a response.
    pub fn status(&self) -> u16 {
        self.start
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    /// Whether the connection ends after this message, by what it says itself.
    pub fn closes(&self) -> bool {
        let connection = self
            .field("connection")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let old = self.start.contains("HTTP/1.0");
        connection == "close" || (old && connection != "keep-alive")
    }

    /// The start line and fields, with the empty line that ends them.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.fields {
            write!(head, "{name}: {value}\r\n").expect("a string takes all");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// All of it, as it goes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// All of it with the body in chunks that end at `cuts`; `Content-Length` goes, as it must.
    pub fn encode_chunked(&self, cuts: &[usize]) -> Vec<u8> {
        let mut chunked = self.clone();
        chunked.set("Content-Length", None);
        chunked.set("Transfer-Encoding", Some("chunked"));
        let mut bytes = chunked.head();
        let mut from = 0;
        for to in cuts.iter().copied().chain([self.body.len()]) {
            let chunk = &self.body[from..to];
            if !chunk.is_empty() {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            from = to;
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }
}

/// Messages read one after the other from a stream.
#[derive(Debug)]
pub struct Reader<S> {
    stream: S,
    buffer: BytesMut,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Reads from `stream`.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
        }
    }

    /// The stream, to write to.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The next message; `None` when the peer ended the stream between two.
    ///
    /// # Errors
    ///
    /// What the stream says; `UnexpectedEof` inside a message; `InvalidData` for what is no HTTP.
    pub async fn message(&mut self) -> io::Result<Option<Message>> {
        loop {
            if let Some(message) = self.take_message()? {
                return Ok(Some(message));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                let inside = !self.buffer.is_empty();
                return if inside {
                    Err(io::ErrorKind::UnexpectedEof.into())
                } else {
                    Ok(None)
                };
            }
        }
    }

    fn take_message(&mut self) -> io::Result<Option<Message>> {
        let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let head =
            str::from_utf8(&self.buffer[..end]).map_err(|_| invalid("a head that is no text"))?;
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let split = |line: &str| {
            line.split_once(':')
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        };
        let fields: Option<Vec<(String, String)>> = lines.map(split).collect();
        let fields = fields.ok_or_else(|| invalid("a field without a colon"))?;
        let mut message = Message {
            start,
            fields,
            body: Bytes::new(),
        };
        if message.field("transfer-encoding").is_some() {
            return Err(invalid("a tunnel message in chunks"));
        }
        let length = message.field("content-length").unwrap_or("0");
        let length: usize = length
            .parse()
            .map_err(|_| invalid("a length that is no number"))?;
        let begin = end + 4;
        if self.buffer.len() < begin + length {
            return Ok(None);
        }
        self.buffer.advance(begin);
        message.body = self.buffer.split_to(length).freeze();
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests;
