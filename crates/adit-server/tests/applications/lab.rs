//! An application in which everything happens that can.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adit_amf::amf0::{Object, Value};
use adit_rtmp::command::StatusCode;
use adit_server::application::{
    Application, Bandwidth, CallError, Client, Decision, Instance, Playing, Publishing, Recorded,
    Refusal, Sources, Welcome,
};

/// What the application saw, in order; clones look at the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: impl Into<String>) {
        self.lines().push(what.into());
    }

    pub(crate) fn has(&self, what: &str) -> bool {
        self.lines().iter().any(|line| line == what)
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.lines().clone()
    }

    /// Waits until it was seen.
    pub(crate) async fn until(&self, what: &str) {
        for _ in 0..2000 {
            if self.has(what) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {what:?} in {:?}", self.all());
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what names and arguments say.
#[derive(Debug, Default)]
pub(crate) struct Lab {
    pub(crate) log: Log,
}

fn soon<T: Send + 'static>(answer: Result<T, Refusal>) -> Decision<T> {
    Decision::later(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer
    })
}

fn word(arguments: &[Value]) -> &str {
    arguments.first().and_then(Value::as_str).unwrap_or("")
}

fn shown(answer: &Result<Value, CallError>) -> String {
    match answer {
        Ok(value) => format!("ok {}", value.as_str().unwrap_or("something")),
        Err(error) => error.to_string(),
    }
}

impl Application for Lab {
    fn start(&self, instance: &Instance) {
        let (application, name) = (instance.application(), instance.name());
        self.log.add(format!("start {application}/{name}"));
        assert_ne!(name, "broken", "on purpose");
        let log = self.log.clone();
        let mut ticks = 0;
        instance.every(Duration::from_millis(20), move || {
            ticks += 1;
            log.add(format!("tick {ticks}"));
        });
    }

    fn stop(&self, instance: &Instance) {
        let (application, name) = (instance.application(), instance.name());
        self.log.add(format!("stop {application}/{name}"));
    }

    fn connect(
        &self,
        instance: &Instance,
        client: &Client,
        arguments: &[Value],
    ) -> Decision<Welcome> {
        assert!(!instance.clients().contains(client), "not let in yet");
        if let Some(user) = client.user() {
            self.log.add(format!("user {user}"));
        }
        match word(arguments) {
            "refuse" => Decision::refuse(
                Refusal::new("[ AccessManager.Reject ] : not today")
                    .with_information(Object::new().with("tomorrow", true)),
            ),
            "redirect" => Decision::refuse(
                Refusal::new("over there").with_redirect("rtmp://other.example/lab"),
            ),
            "soon" => soon(Ok(Welcome::default())),
            "refuse soon" => soon(Err(Refusal::new("not at all"))),
            "never" => Decision::later(pending()),
            "panic" => panic!("on purpose"),
            "panic soon" => Decision::later(async { panic!("on purpose") }),
            "measure" => Decision::allow(Welcome::default().measured(Bandwidth::AtOnce)),
            "public" => {
                client.set_read_access(["public/"]);
                client.set_write_access(["/public/mine"]);
                Decision::allow(Welcome::default())
            }
            "greet" => {
                client.notify("hello", vec!["early".into()]).unwrap();
                Decision::allow(Welcome::default())
            }
            _ => Decision::allow(Welcome::default()),
        }
    }

    fn disconnect(&self, instance: &Instance, client: &Client) {
        assert!(!instance.clients().contains(client), "it has left");
        self.log.add("disconnect");
        assert_ne!(instance.name(), "clumsy", "on purpose");
    }

    fn publish(&self, _: &Instance, _: &Client, publish: &Publishing<'_>) -> Decision<Recorded> {
        match &*publish.location.name {
            "forbidden" => Decision::refuse(Refusal::new("nobody publishes this")),
            "denied" => {
                Decision::refuse(Refusal::new("log in first").with_code(StatusCode::PublishDenied))
            }
            "soon" => soon(Ok(Recorded::NotRecorded)),
            "never" => Decision::later(pending()),
            "panic" => panic!("on purpose"),
            "tape" => Decision::allow(Recorded::Record),
            _ if publish.query().value("token") == Some("wrong") => {
                Decision::refuse(Refusal::new("the token is wrong"))
            }
            _ => Decision::allow(publish.kind.into()),
        }
    }

    fn play(&self, _: &Instance, _: &Client, play: &Playing<'_>) -> Decision<Sources> {
        match &*play.location.name {
            "forbidden" => Decision::refuse(Refusal::new("nobody plays this")),
            "soon" => soon(Ok(Sources::Live)),
            "never" => Decision::later(pending()),
            "panic" => panic!("on purpose"),
            _ => Decision::allow(Sources::Either),
        }
    }

    fn call(
        &self,
        instance: &Instance,
        client: &Client,
        method: &str,
        arguments: Vec<Value>,
    ) -> Option<Decision<Value>> {
        let count = |count: usize| Value::from(u32::try_from(count).unwrap());
        Some(match method {
            "echo" => Decision::allow(arguments.into_iter().next().unwrap_or(Value::Null)),
            "double" => match arguments.first().and_then(Value::as_number) {
                Some(number) => Decision::allow((number * 2.0).into()),
                None => Decision::refuse(Refusal::new("double wants a number")),
            },
            "denied" => {
                Decision::refuse(Refusal::new("log in first").with_code(StatusCode::CallBadVersion))
            }
            "soon" => soon(Ok("here".into())),
            "never" => Decision::later(pending()),
            "panic" => panic!("on purpose"),
            "people" => Decision::allow(count(instance.clients().len())),
            "greet all" => {
                for each in instance.clients() {
                    each.notify("hello", arguments.clone()).unwrap();
                }
                Decision::allow(Value::Null)
            }
            "call me" => {
                let pending = client.call(word(&arguments), vec!["back".into()]);
                let log = self.log.clone();
                instance.spawn(async move { log.add(shown(&pending.await)) });
                Decision::allow(Value::Null)
            }
            "flood me" => {
                let taken = (0..1000)
                    .take_while(|_| client.notify("drop", vec![]).is_ok())
                    .count();
                Decision::allow(count(taken))
            }
            "send me away" => {
                client.disconnect("it was asked for");
                Decision::allow(Value::Null)
            }
            "publish own" => {
                let publication = instance.publish(word(&arguments));
                let taken = publication.is_err();
                if let Ok(publication) = publication {
                    instance.spawn(async move {
                        let _publication = publication;
                        pending::<()>().await;
                    });
                }
                Decision::allow(taken.into())
            }
            _ => return None,
        })
    }
}
