//! Methods of the application, and methods of the client.

use std::time::Duration;

use adit_amf::amf0::{Object, Value};

use crate::{start, start_with};

#[tokio::test]
async fn a_client_calls_methods_and_gets_what_they_return() {
    let server = start();
    let mut client = server.client().await;
    client.call("echo", vec!["word".into()]).await;
    client.until("answer word").await;
    client.call("double", vec![21.0.into()]).await;
    client.until("answer 42").await;
    client.call("echo", vec![]).await;
    client.until("answer null").await;
    client.call("soon", vec![]).await;
    client.until("answer here").await;
    // Who waits for one answer gets the others meanwhile.
    client.call("never", vec![]).await;
    client.call("echo", vec!["first".into()]).await;
    client.until("answer first").await;
}

#[tokio::test]
async fn arguments_of_another_kind_are_an_error_with_words_and_nothing_else() {
    let server = start();
    let mut client = server.client().await;
    let deep = Object::new().with("a", Object::new().with("b", Value::Undefined));
    let wrong = [
        Value::Null,
        Value::Undefined,
        true.into(),
        "21".into(),
        deep.into(),
        Value::StrictArray(vec![1.0.into(); 100]),
        Value::Unsupported,
    ];
    for value in wrong {
        client.call("double", vec![value]).await;
        client
            .until("NetConnection.Call.Failed double wants a number")
            .await;
    }
    client.call("double", vec![]).await;
    client
        .until("NetConnection.Call.Failed double wants a number")
        .await;
    client.call("double", vec![f64::NAN.into()]).await;
    client.until("answer NaN").await;
}

#[tokio::test]
async fn a_refused_call_is_an_error_with_the_code_of_the_refusal() {
    let server = start();
    let mut client = server.client().await;
    client.call("denied", vec![]).await;
    client
        .until("NetConnection.Call.BadVersion log in first")
        .await;
}

#[tokio::test]
async fn an_unknown_method_is_an_error_and_the_usual_questions_of_encoders_are_not() {
    let server = start();
    let mut client = server.client().await;
    client.call("doThing", vec![]).await;
    client
        .until("NetConnection.Call.Failed this server has no method doThing")
        .await;
    client.call("a.b.c", vec![]).await;
    client
        .until("NetConnection.Call.Failed this server has no method a.b.c")
        .await;
    client.call("_checkbw", vec![]).await;
    client.until("answer null").await;
    client.call("getStreamLength", vec!["none".into()]).await;
    client.until("answer 0").await;
}

#[tokio::test]
async fn the_application_calls_a_client_and_gets_its_answer_or_error() {
    let server = start();
    let mut client = server.client().await;
    client.call("call me", vec!["method".into()]).await;
    client.until("call method back").await;
    client.call("call me", vec!["fail".into()]).await;
    client.until("call fail back").await;
    client.call("people", vec![]).await;
    client.until("answer 1").await;
    server.log.until("ok back").await;
    server
        .log
        .until("the client answered with NetConnection.Call.Failed")
        .await;
}

#[tokio::test]
async fn a_call_that_is_never_answered_ends_for_the_caller() {
    let server = start_with(|config| config.limits.call_answer = Duration::from_millis(100));
    let mut client = server.client().await.withholding_answers();
    // More than may wait for an answer at once: the number of those given up is free again.
    for _ in 0..3 {
        for _ in 0..100 {
            client.call("call me", vec!["method".into()]).await;
            client.until("answer null").await;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    server.log.until("the client did not answer in time").await;
    assert!(
        !server.log.has("too many calls wait for the client already"),
        "{:?}",
        server.log.all()
    );
    client.call("people", vec![]).await;
    client.until("answer 1").await;
}

#[tokio::test]
async fn a_method_that_never_answers_is_an_error_for_its_caller() {
    let server = start_with(|config| config.limits.decision = Duration::from_millis(100));
    let mut client = server.client().await;
    client.call("never", vec![]).await;
    client
        .until("NetConnection.Call.Failed the application did not decide in time; try again later")
        .await;
    client.call("people", vec![]).await;
    client.until("answer 1").await;
}

#[tokio::test]
async fn a_call_to_a_client_that_leaves_ends_for_the_caller() {
    let server = start();
    let mut client = server.client().await.withholding_answers();
    client.call("call me", vec!["method".into()]).await;
    client.until("call method back").await;
    drop(client);
    server.log.until("the client has left").await;
}

#[tokio::test]
async fn what_waits_for_a_client_is_bounded() {
    let server = start();
    let mut client = server.client().await;
    client.call("flood me", vec![]).await;
    client.until("answer 256").await;
    client.call("echo", vec!["alive".into()]).await;
    client.until("answer alive").await;
}

#[tokio::test]
async fn all_clients_of_an_instance_can_be_told_something() {
    let server = start();
    let mut first = server.client().await;
    let mut second = server.client().await;
    let mut elsewhere = crate::Client::connect(server.address, "lab/room").await;
    first.call("greet all", vec!["there".into()]).await;
    second.until("call hello there").await;
    first.until("call hello there").await;
    elsewhere.call("people", vec![]).await;
    elsewhere.until("answer 1").await;
    assert!(elsewhere.seen.is_empty(), "{:?}", elsewhere.seen);
}

#[tokio::test]
async fn what_is_said_while_a_client_connects_comes_after_its_connect() {
    let server = start();
    let word = vec!["greet".into()];
    let mut client = crate::Client::ask(server.address, "localhost", "lab", word).await;
    client.until("connected").await;
    client.until("call hello early").await;
}
