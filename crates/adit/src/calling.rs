//! `adit call`: a method of an application, called from a terminal.

use std::io::{self, Read as _};

use adit_client::amf::amf0::Value;
use adit_client::connection::StreamError;
use adit_client::{Destination, NetConnection, limits};

use crate::application;
use crate::cli;
use crate::connect::{self, Failure, Interrupt};
use crate::{amf, log, ui};

/// Calls a method and prints what it returns: one line of JSON for each value.
///
/// # Errors
/// No way leads to the server, the method fails, or nothing comes back in time.
pub(crate) fn run(arguments: &cli::Call) -> Result<(), Failure> {
    log::start_quiet(arguments.way.log);
    let values = values(&arguments.arguments)?;
    let (way, target) = application::way(&arguments.application, &arguments.way)?;
    let answer = connect::run(&way, async {
        let mut interrupt = Interrupt::listen()?;
        let mut destination = Destination::new(target);
        let call = async {
            let connection = way.connect(&mut destination).await?;
            call(connection, arguments, values).await
        };
        // Both arms may be dropped: nobody waits for the answer then.
        tokio::select! {
            answer = call => answer,
            () = interrupt.asked() => Err(Failure::Interrupted),
        }
    })??;
    for value in amf::jsons(&answer) {
        ui::print(&value.to_string()).map_err(Failure::stdout)?;
    }
    Ok(())
}

async fn call(
    connection: NetConnection,
    arguments: &cli::Call,
    values: Vec<Value>,
) -> Result<Vec<Value>, Failure> {
    let method = &arguments.method;
    if arguments.no_answer {
        connection.notify(method, values).await?;
        connection.close().await;
        return Ok(Vec::new());
    }
    let time = arguments.wait.unwrap_or(limits::CALL);
    let answered = connection.call_within(time, method, values).await;
    match answered {
        Ok(answer) if answer.is_empty() => Ok(vec![Value::Undefined]),
        Ok(answer) => Ok(answer),
        Err(error) => {
            tell_details(&error);
            Err(error.into())
        }
    }
}

/// What a server has said with its failure beyond code and description.
fn tell_details(error: &StreamError) {
    let StreamError::CallFailed(values) = error else {
        return;
    };
    let says_more = error
        .status()
        .is_none_or(|status| !status.other().is_empty() || values.len() > 1);
    if says_more && !values.is_empty() {
        let values: serde_json::Value = amf::jsons(values).into();
        ui::note(&format!("the server has answered {values}"));
    }
}

fn values(texts: &[String]) -> Result<Vec<Value>, Failure> {
    if let [only] = texts
        && only == "-"
    {
        return from_stdin();
    }
    let numbered = (1..).zip(texts);
    numbered
        .map(|(number, text)| application::value(&format!("argument {number}"), text))
        .collect()
}

/// As many values as there are, with white space between them.
fn from_stdin() -> Result<Vec<Value>, Failure> {
    let mut text = String::new();
    let read = io::stdin().take(LONGEST + 1).read_to_string(&mut text);
    let read = read.map_err(Failure::System)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > LONGEST {
        return Err(Failure::Usage {
            text: format!("standard input has more than {LONGEST} bytes"),
        });
    }
    amf::values(&text).map_err(|error| Failure::Json {
        what: "standard input".to_owned(),
        error,
        is_word: false,
    })
}

/// Bytes of arguments on standard input.
const LONGEST: u64 = 1 << 20;
