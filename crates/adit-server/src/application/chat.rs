//! Rooms in which people see each other and talk.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use adit_amf::Text;
use adit_amf::amf0::{Object, Value};
use tracing::debug;

use super::{
    Application, Client, Decision, Instance, ObjectAccess, Persistence, Refusal, Web, Welcome,
};
use crate::limits::{CHAT_HISTORY, CHAT_NAME, CHAT_PEOPLE, CHAT_TEXT};
use crate::objects::SharedObject;
use crate::server::ConnectionId;

/// A chat: each instance is a room.
///
/// A client connects with its name, as the first argument of `connect` or as `?name=` of the address; without one it is a guest. It then
/// uses the temporary shared object `chat`, which it may read and not write:
///
/// ```text
/// slots      "12": "Ann", "15": "guest 15"          who is here
/// messages   onMessage("Ann", "hello")              what is said
/// methods    say(text)                              says something to all
///            history()                              the last messages: [{from, text}, …]
/// ```
///
/// Streams of the room are as free as with [`Live`](super::Live): people who see each other in pictures publish and play them.
#[derive(Debug, Default)]
pub struct Chat {
    /// By virtual host, application and instance.
    rooms: Mutex<HashMap<Place, Room>>,
}

type Place = (String, String, String);

/// What is known of one room.
#[derive(Debug)]
struct Room {
    /// What the people look at.
    board: SharedObject,
    people: BTreeMap<ConnectionId, Text>,
    /// Who said what, the oldest first.
    history: VecDeque<(Text, Text)>,
}

impl Chat {
    /// A chat without rooms; they come with the people.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the application does to a room; nothing if there is none.
    fn with_room<T>(&self, instance: &Instance, act: impl FnOnce(&mut Room) -> T) -> Option<T> {
        self.rooms().get_mut(&place(instance)).map(act)
    }

    /// Held for moments: what is done under it never waits.
    fn rooms(&self) -> MutexGuard<'_, HashMap<Place, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Application for Chat {
    fn web(&self) -> Web {
        Web::Open
    }

    fn start(&self, instance: &Instance) {
        match instance.temporary_object(BOARD) {
            Ok(board) => {
                let room = Room {
                    board,
                    people: BTreeMap::new(),
                    history: VecDeque::new(),
                };
                self.rooms().insert(place(instance), room);
            }
            // Whoever wants to come in is told.
            Err(error) => debug!(%error, instance = instance.name(), "no room"),
        }
    }

    fn stop(&self, instance: &Instance) {
        self.rooms().remove(&place(instance));
    }

    fn connect(
        &self,
        instance: &Instance,
        client: &Client,
        arguments: &[Value],
    ) -> Decision<Welcome> {
        let name = wanted_name(client, arguments);
        let entered = name.and_then(|name| {
            self.with_room(instance, |room| room.enter(client, name))
                .unwrap_or_else(|| Err(Refusal::new("this server has no room for a chat now")))
        });
        Decision::now(entered.map(|()| Welcome::default()))
    }

    fn disconnect(&self, instance: &Instance, client: &Client) {
        self.with_room(instance, |room| room.leave(client));
    }

    fn shared_object(
        &self,
        _: &Instance,
        _: &Client,
        name: &str,
        persistence: Persistence,
    ) -> Decision<ObjectAccess> {
        if name == BOARD && persistence == Persistence::Temporary {
            return Decision::allow(ObjectAccess::ReadOnly);
        }
        let description = format!("a chat has one shared object, the temporary {BOARD:?}");
        Decision::refuse(Refusal::new(description))
    }

    fn call(
        &self,
        instance: &Instance,
        client: &Client,
        method: &str,
        arguments: Vec<Value>,
    ) -> Option<Decision<Value>> {
        let answer = match method {
            "say" => self.with_room(instance, |room| room.say(client, &arguments)),
            "history" => self.with_room(instance, |room| Ok(room.told())),
            _ => return None,
        };
        let closed = || Err(Refusal::new("this room is closed"));
        Some(Decision::now(answer.unwrap_or_else(closed)))
    }
}

impl Room {
    fn enter(&mut self, client: &Client, name: Text) -> Result<(), Refusal> {
        if self.people.len() >= CHAT_PEOPLE {
            return Err(Refusal::new("this room is full"));
        }
        if self.people.values().any(|known| *known == name) {
            return Err(Refusal::new(format!(
                "somebody here is called {name} already"
            )));
        }
        let refused = |_| Refusal::new("a name of such letters cannot be shown");
        self.board
            .set(&slot(client), name.clone())
            .map_err(refused)?;
        self.people.insert(client.id(), name);
        Ok(())
    }

    fn leave(&mut self, client: &Client) {
        self.people.remove(&client.id());
        self.board.remove(&slot(client));
    }

    fn say(&mut self, client: &Client, arguments: &[Value]) -> Result<Value, Refusal> {
        let text = arguments.first().and_then(Value::as_str);
        let text = text.ok_or_else(|| Refusal::new("say wants a text"))?;
        if text.trim().is_empty() || text.len() > CHAT_TEXT {
            let description = format!("say something, in at most {CHAT_TEXT} bytes");
            return Err(Refusal::new(description));
        }
        let from = self.people.get(&client.id()).cloned();
        let from = from.ok_or_else(|| Refusal::new("you are not in this room"))?;
        // A text of its own, which does not keep the message alive that it came in.
        let text = Text::from(text);
        let message = [from.clone().into(), text.clone().into()];
        let refused = |_| Refusal::new("a text of such letters cannot be sent");
        self.board.send("onMessage", &message).map_err(refused)?;
        while self.history.len() >= CHAT_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back((from, text));
        Ok(Value::Null)
    }

    fn told(&self) -> Value {
        let messages = self.history.iter().map(|(from, text)| {
            let message = Object::new().with("from", from.clone());
            Value::from(message.with("text", text.clone()))
        });
        Value::StrictArray(messages.collect())
    }
}

/// The shared object of a room.
const BOARD: &str = "chat";

/// What the names of those begin with who have none; a number follows.
const GUEST: &str = "guest ";

fn place(instance: &Instance) -> Place {
    let names = [instance.vhost(), instance.application(), instance.name()];
    let [vhost, application, name] = names.map(str::to_owned);
    (vhost, application, name)
}

fn slot(client: &Client) -> String {
    client.id().to_string()
}

fn wanted_name(client: &Client, arguments: &[Value]) -> Result<Text, Refusal> {
    let given = match arguments.first() {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Null | Value::Undefined) | None => client.address().query().value("name"),
        Some(_) => return Err(Refusal::new("a name is a text")),
    };
    let Some(name) = given else {
        return Ok(format!("{GUEST}{}", client.id()).into());
    };
    let name = name.trim();
    if name.is_empty() || name.len() > CHAT_NAME || name.contains(char::is_control) {
        let description = format!("a name has 1 to {CHAT_NAME} bytes and no control characters");
        return Err(Refusal::new(description));
    }
    // Such names are given, and stay free for those who have none.
    let number = name.strip_prefix(GUEST);
    if number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit())) {
        return Err(Refusal::new("the names of guests are given by the server"));
    }
    Ok(name.into())
}
