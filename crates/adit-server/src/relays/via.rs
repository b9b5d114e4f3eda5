//! Through which servers a stream has come, so that none sends it in a circle.
//!
//! Whoever pushes says it in `connect`, in the property `aditVia`: the ids of the servers, itself last. Other servers leave properties
//! alone that they do not know.

use std::sync::Arc;

use adit_amf::amf0::{Object, Value};
use adit_rtmp::command::Connect;

/// The name of one server, for as long as it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerName(Arc<str>);

/// The servers that a stream has come through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Via(Option<Arc<str>>);

impl ServerName {
    /// A name that no other server has.
    pub(crate) fn random() -> Self {
        let mut number = [0; 8];
        if let Err(error) = getrandom::getrandom(&mut number) {
            // Two such servers would take each other for one, and refuse what the other pushes.
            tracing::warn!(%error, "no randomness for the name of this server");
        }
        Self(format!("{:016x}", u64::from_be_bytes(number)).into())
    }
}

impl Via {
    /// What a client says.
    pub(crate) fn of(connect: &Connect) -> Self {
        let text = connect.other.property(PROPERTY).and_then(Value::as_str);
        Self::read(text.unwrap_or_default())
    }

    /// What is kept with a publication.
    pub(crate) fn read(text: &str) -> Self {
        let is_plain = text.len() <= BYTES
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b',');
        Self((is_plain && !text.is_empty()).then(|| text.into()))
    }

    /// As it is written; none for a stream that comes from an encoder.
    pub(crate) fn text(&self) -> Option<&Arc<str>> {
        self.0.as_ref()
    }

    /// Whether it came through this server.
    pub(crate) fn holds(&self, name: &ServerName) -> bool {
        self.servers().any(|server| server == &*name.0)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.servers().count()
    }

    /// What is said in a `connect` by the next server.
    pub(crate) fn and(&self, name: &ServerName) -> Object {
        let text = match &self.0 {
            Some(before) => format!("{before},{}", name.0),
            None => name.0.to_string(),
        };
        Object::new().with(PROPERTY, text)
    }

    fn servers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|text| text.split(','))
    }
}

/// The property of `connect`.
const PROPERTY: &str = "aditVia";

/// Longer than any list that is followed.
const BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServerName {
        ServerName(text.into())
    }

    fn told(properties: Object) -> Via {
        let mut connect = Connect::new("live", "rtmp://far/live");
        connect.other = properties;
        Via::of(&connect)
    }

    #[test]
    fn each_server_adds_its_name_and_knows_it_again() {
        let (a, b) = (name("aa"), name("bb"));
        let encoder = told(Object::new());
        assert_eq!((encoder.len(), encoder.text()), (0, None));
        let at_b = told(encoder.and(&a));
        assert!(at_b.holds(&a) && !at_b.holds(&b));
        let back = told(at_b.and(&b));
        assert_eq!(back.text().map(|text| &**text), Some("aa,bb"));
        assert!(back.holds(&a) && back.holds(&b));
        assert_eq!(back.len(), 2);
        assert!(!back.holds(&name("a")), "names are whole");
    }

    #[test]
    fn what_is_no_such_list_is_none() {
        for wrong in ["", "a b", "a;b", "<script>", &"a".repeat(BYTES + 1)] {
            assert_eq!(Via::read(wrong), Via::default(), "{wrong}");
        }
        assert_eq!(Via::read(&"a".repeat(BYTES)).len(), 1);
        let number = told(Object::new().with(PROPERTY, 7.0));
        assert_eq!(number, Via::default());
    }

    #[test]
    fn two_servers_have_two_names() {
        assert_ne!(ServerName::random(), ServerName::random());
    }
}
