//! What is asked of an object, in flags and in lines of standard input.

use std::io::{self, BufRead as _, Read as _};
use std::thread;

use adit_client::amf::amf0;
use adit_client::connection::ObjectEdit;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::amf::{self, Unreadable};
use crate::application;
use crate::cli;
use crate::connect::Failure;

/// What the flags ask for: clear, remove, set and send, in this order, as one step.
///
/// # Errors
/// A value is no JSON, or a flag names no slot or method.
pub(super) fn of_flags(asked: &cli::Edits) -> Result<ObjectEdit, Failure> {
    let mut edit = ObjectEdit::new();
    if asked.clear {
        edit = edit.clear();
    }
    for slot in &asked.remove {
        edit = edit.remove(slot.as_str());
    }
    for text in &asked.set {
        let Some((slot, json)) = text.split_once('=').filter(|(slot, _)| !slot.is_empty()) else {
            return Err(Failure::Usage {
                text: "--set names a slot and its value, as in --set topic='\"adits\"'".to_owned(),
            });
        };
        let value = application::value(&format!("the value of {slot}"), json)?;
        edit = edit.set(slot, value);
    }
    for text in &asked.send {
        let (method, json) = text.split_once('=').unwrap_or((text, "[]"));
        if method.is_empty() {
            return Err(Failure::Usage {
                text: "--send names a method, as in --send onNews='[\"text\",5]'".to_owned(),
            });
        }
        let arguments = match application::value(&format!("what is sent to {method}"), json)? {
            amf0::Value::StrictArray(arguments) => arguments,
            one => vec![one],
        };
        edit = edit.send(method, arguments);
    }
    Ok(edit)
}

/// A line of standard input, by its number, and what it asks for.
pub(super) type Line = (u64, Result<ObjectEdit, Unreadable>);

/// The lines of standard input, read by a thread of their own. The channel ends with them.
pub(super) fn of_stdin() -> mpsc::Receiver<Line> {
    let (sender, lines) = mpsc::channel(LINES);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        for number in 1.. {
            let mut line = Vec::new();
            let read = (&mut input).take(LONGEST).read_until(b'\n', &mut line);
            let is_over = !read.is_ok_and(|read| read > 0);
            let is_cut = line.last() != Some(&b'\n') && line.len() as u64 >= LONGEST;
            if is_over {
                return;
            }
            let edit = if is_cut {
                Err(Unreadable::Form("longer than a mebibyte"))
            } else {
                of_line(&String::from_utf8_lossy(&line))
            };
            if edit.as_ref().is_ok_and(ObjectEdit::is_empty) {
                continue;
            }
            if sender.blocking_send((number, edit)).is_err() || is_cut {
                return;
            }
        }
    });
    lines
}

/// What one line asks for, in the order of its members; an empty one for nothing.
fn of_line(line: &str) -> Result<ObjectEdit, Unreadable> {
    let mut edit = ObjectEdit::new();
    if line.trim().is_empty() {
        return Ok(edit);
    }
    let Value::Object(asked) = serde_json::from_str(line)? else {
        return Err(FORM);
    };
    for (word, asked) in asked {
        edit = match (word.as_str(), asked) {
            ("set", Value::Object(slots)) => set(edit, slots)?,
            ("remove", Value::String(slot)) => edit.remove(slot),
            ("remove", Value::Array(slots)) => {
                for slot in slots {
                    edit = edit.remove(slot.as_str().ok_or(FORM)?);
                }
                edit
            }
            ("clear", Value::Bool(true)) => edit.clear(),
            ("send", Value::Array(sent)) => send(edit, sent)?,
            _ => return Err(FORM),
        };
    }
    Ok(edit)
}

fn set(mut edit: ObjectEdit, slots: Map<String, Value>) -> Result<ObjectEdit, Unreadable> {
    for (slot, value) in slots {
        edit = edit.set(slot, amf::of(value)?);
    }
    Ok(edit)
}

fn send(edit: ObjectEdit, sent: Vec<Value>) -> Result<ObjectEdit, Unreadable> {
    let mut sent = sent.into_iter();
    let Some(Value::String(method)) = sent.next() else {
        return Err(FORM);
    };
    let arguments = sent.map(amf::of).collect::<Result<_, _>>()?;
    Ok(edit.send(method, arguments))
}

/// Lines that wait for a connection.
const LINES: usize = 16;
/// Bytes of the longest line.
const LONGEST: u64 = 1 << 20;
const FORM: Unreadable = Unreadable::Form(
    r#"nothing that can be asked for: write {"set":{"slot":5}}, {"remove":["slot"]}, {"clear":true} or {"send":["method",5]}"#,
);

#[cfg(test)]
mod tests;
