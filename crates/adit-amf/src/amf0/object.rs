//! Named members in their order.

use std::fmt;

use super::Value;
use crate::Text;

/// Named members in the order of the wire: the content of an object, a typed object or an ECMA
/// array.
///
/// A name that stands twice is kept twice, so that a decoded object is encoded as it came; looking
/// it up gives the last one, as it would be in Flash after both were assigned.
#[derive(Clone, Default, PartialEq)]
pub struct Object {
    members: Vec<(Text, Value)>,
}

impl Object {
    /// No members.
    pub const fn new() -> Self {
        Self {
            members: Vec::new(),
        }
    }

    /// Adds or replaces a member, for building: `Object::new().with("code", "x").with("n", 1.0)`.
    #[must_use]
    pub fn with(mut self, name: impl Into<Text>, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// Adds a member at the end, or gives an existing one this value and returns its old value.
    pub fn insert(&mut self, name: impl Into<Text>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        if let Some((_, old)) = self
            .members
            .iter_mut()
            .rev()
            .find(|(known, _)| *known == name)
        {
            return Some(std::mem::replace(old, value));
        }
        self.members.push((name, value));
        None
    }

    /// Removes every member of this name and gives the value of the last.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.members
            .extract_if(.., |(known, _)| known == name)
            .last()
            .map(|(_, value)| value)
    }

    /// The value of the last member of this name.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The value of the last member whose name is equal but for ASCII case; an exact match goes
    /// first. Some clients write `tcurl` for `tcUrl`.
    pub fn property_ignore_case(&self, name: &str) -> Option<&Value> {
        self.property(name).or_else(|| {
            let alike = |known: &Text| known.as_bytes().eq_ignore_ascii_case(name.as_bytes());
            self.members
                .iter()
                .rev()
                .find(|(known, _)| alike(known))
                .map(|(_, value)| value)
        })
    }

    /// The members in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Text, &Value)> + ExactSizeIterator {
        self.members.iter().map(|(name, value)| (name, value))
    }

    /// The values in order, to be changed in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.members.iter_mut().map(|(_, value)| value)
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) const fn from_members(members: Vec<(Text, Value)>) -> Self {
        Self { members }
    }
}

impl IntoIterator for Object {
    type Item = (Text, Value);
    type IntoIter = std::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl<N: Into<Text>, V: Into<Value>> FromIterator<(N, V)> for Object {
    /// Takes every pair as a member, equal names included.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let members = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self {
            members: members.collect(),
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
