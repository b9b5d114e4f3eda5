//! What two servers say to each other: lines, some of them with a descriptor.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::Mutex;

/// The end of a connection that lines are sent by. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Mouth {
    stream: Arc<UnixStream>,
    /// One line after the other.
    turn: Arc<Mutex<()>>,
}

/// The end that lines are heard by.
#[derive(Debug)]
pub(super) struct Ear {
    stream: Arc<UnixStream>,
    text: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
}

/// Both ends of a connection, if whoever is there runs as the same user or as root.
///
/// # Errors
/// It is somebody else, or the system does not say who.
pub(super) fn ends(stream: UnixStream) -> io::Result<(Mouth, Ear)> {
    let user = stream.peer_cred()?.uid();
    if user != rustix::process::geteuid().as_raw() && user != 0 {
        let words = format!("user {user} has no business here");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
    }
    let stream = Arc::new(stream);
    let ear = Ear {
        stream: Arc::clone(&stream),
        text: Vec::new(),
        descriptors: VecDeque::new(),
    };
    let turn = Arc::default();
    Ok((Mouth { stream, turn }, ear))
}

impl Mouth {
    /// Says one line, with a descriptor if there is one.
    ///
    /// # Errors
    /// The other side has gone.
    pub(super) async fn say(
        &self,
        line: &str,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        let _turn = self.turn.lock().await;
        let text = format!("{line}\n");
        let mut rest = text.as_bytes();
        let mut descriptor = descriptor;
        while !rest.is_empty() {
            let send = || send(&self.stream, rest, descriptor);
            let sent = self.stream.async_io(Interest::WRITABLE, send).await?;
            rest = rest.get(sent..).unwrap_or_default();
            descriptor = None;
        }
        Ok(())
    }

    /// The process at the other end, if the system says.
    pub(super) fn process(&self) -> Option<u32> {
        let id = self.stream.peer_cred().ok()?.pid()?;
        u32::try_from(id).ok()
    }
}

fn send(stream: &UnixStream, text: &[u8], descriptor: Option<BorrowedFd<'_>>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = descriptor.map(|it| [it]);
    if let Some(descriptors) = &descriptors {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let text = [IoSlice::new(text)];
    Ok(sendmsg(stream, &text, &mut control, SendFlags::NOSIGNAL)?)
}

impl Ear {
    /// The next line, and a descriptor if one came with it or before it; `None` when the other side has gone.
    ///
    /// # Errors
    /// The connection is broken, or what comes is no such line.
    pub(super) async fn hear(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.text.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<_> = self.text.drain(..=end).collect();
                line.pop();
                return String::from_utf8(line).map(Some).map_err(|_| garbled());
            }
            if self.text.len() > LINE || self.descriptors.len() > DESCRIPTORS {
                return Err(garbled());
            }
            let stream = Arc::clone(&self.stream);
            let (text, descriptors) = (&mut self.text, &mut self.descriptors);
            let receive = || receive(&stream, text, descriptors);
            if stream.async_io(Interest::READABLE, receive).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The descriptor that belongs to the line that was just heard.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn descriptor(&mut self) -> io::Result<OwnedFd> {
        self.descriptors.pop_front().ok_or_else(garbled)
    }
}

fn receive(
    stream: &UnixStream,
    text: &mut Vec<u8>,
    descriptors: &mut VecDeque<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; LINE];
    let mut into = [IoSliceMut::new(&mut bytes)];
    let received = recvmsg(
        stream.as_fd(),
        &mut into,
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = message {
            descriptors.extend(more);
        }
    }
    text.extend_from_slice(bytes.get(..received.bytes).unwrap_or_default());
    Ok(received.bytes)
}

fn garbled() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the other server says what is not understood",
    )
}

/// Bytes of the longest line.
const LINE: usize = 512;
/// Descriptors that may wait for their lines.
const DESCRIPTORS: usize = 64;

#[cfg(test)]
mod tests;
