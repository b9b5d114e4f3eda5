//! How a run is told at its end.

use serde_json::{Map, Value, json};

use super::{Failure, secrets};
use crate::ui;

/// How a run went.
pub(crate) struct Told {
    /// For programs.
    pub(crate) fields: Map<String, Value>,
    /// For people, if there is something to say beside the failure.
    pub(crate) sentence: Option<String>,
    /// For the exit code.
    pub(crate) outcome: Result<(), Failure>,
}

/// Says how it went, in `json` for programs, also where nothing could begin; gives what the exit code depends on.
///
/// # Errors
/// Why it did not end well.
pub(crate) fn tell(told: Result<Told, Failure>, json: bool) -> Result<(), Failure> {
    let told = match told {
        // A command line that is wrong does nothing that could be told.
        Err(failure) if failure.is_usage() => return Err(failure),
        Err(failure) => {
            let ended = match failure {
                Failure::Interrupted => "interrupted",
                _ => "failed",
            };
            let mut fields = Map::new();
            fields.insert("ended".to_owned(), json!(ended));
            Told {
                fields,
                sentence: None,
                outcome: Err(failure),
            }
        }
        Ok(told) => told,
    };
    if json {
        ui::line(&object(told.fields, told.outcome.as_ref().err()).to_string());
    } else if let Some(sentence) = told.sentence {
        ui::note(&sentence);
    }
    told.outcome
}

/// The fields with the reason of a failure.
fn object(mut fields: Map<String, Value>, failure: Option<&Failure>) -> Value {
    if let Some(failure) = failure.filter(|failure| !matches!(failure, Failure::Interrupted)) {
        let verdict = failure.to_string();
        fields.insert("verdict".to_owned(), json!(secrets::without(&verdict)));
        if let Some(obstacle) = failure.obstacle() {
            fields.insert("obstacle".to_owned(), json!(obstacle.as_str()));
        }
    }
    Value::Object(fields)
}
