//! A report for programs.

use adit_client::Target;
use adit_client::plan::{AttemptReport, Certificate, Report, Stage, Trust};
use serde_json::{Map, Value, json};

use crate::connect::{Failure, millis, object, secrets};

/// One object: the attempts in their order, the sentence, and the obstacle in a word.
pub(super) fn of(report: &Report) -> Value {
    let host = report.host().to_string();
    let attempts: Vec<Value> = report
        .attempts()
        .iter()
        .map(|attempt| of_attempt(attempt, &host))
        .collect();
    let verdict = report.verdict();
    json!({
        "host": host,
        "attempts": attempts,
        "elapsed_ms": millis(report.elapsed()),
        "obstacle": verdict.obstacle().as_str(),
        "verdict": secrets::without(verdict.sentence()),
    })
}

/// The object where there is no report: nothing could be tried, or nobody waited for the end.
pub(super) fn without_report(target: &Target, failure: &Failure) -> Value {
    let mut fields = Map::new();
    fields.insert("host".to_owned(), json!(target.host().to_string()));
    fields.insert("attempts".to_owned(), json!([]));
    object(fields, Some(failure))
}

fn of_attempt(attempt: &AttemptReport, host: &str) -> Value {
    let rung = attempt.rung();
    let failure = attempt.failure();
    let stage = failure.map_or_else(|| attempt.stage(), |failure| Some(failure.stage()));
    // A server that refuses may repeat the name in its answer.
    let cause = failure.map(|failure| failure.cause().to_string());
    let stages: Map<String, Value> = Stage::ALL
        .into_iter()
        .filter_map(|stage| {
            let time = attempt.time_in(stage)?;
            Some((stage.to_string(), json!(millis(time))))
        })
        .collect();
    json!({
        "transport": rung.transport().to_string(),
        "host": host,
        "port": rung.port(),
        "proxy": rung.route().proxy().map(ToString::to_string),
        "outcome": attempt.outcome().as_str(),
        "stage": stage.map(Stage::as_str),
        "ms": attempt.took().map(millis),
        "cause": cause.as_deref().map(secrets::without),
        "stages_ms": stages,
        "certificate": attempt.certificate().map(|certificate| json!({
            "issuer": certificate.issuer().as_str(),
            "trusted": is_trusted(certificate),
            "names": names(certificate),
            "interceptor": certificate.interceptor(),
        })),
    })
}

/// Whether its issuer is; `null` where nobody has looked.
fn is_trusted(certificate: &Certificate) -> Option<bool> {
    match certificate.trust() {
        Trust::Unchecked | Trust::OutOfDate => None,
        trust => Some(trust != Trust::Refused),
    }
}

/// Whom it is for, if that is somebody else.
fn names(certificate: &Certificate) -> Option<&str> {
    (certificate.trust() == Trust::WrongName).then(|| certificate.names().as_str())
}
