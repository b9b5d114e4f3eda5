//! The containers of AMF3.

use std::sync::Arc;

use super::Value;
use crate::Text;

/// What the objects of one class have in common: its name, its fixed member names in order, and
/// whether objects may have more members [AMF3 3.12].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Traits {
    /// The class alias; empty for anonymous objects. It is data and selects nothing here.
    pub class: Text,
    /// Whether members beyond the sealed ones may follow.
    pub dynamic: bool,
    /// The names of the sealed members.
    pub sealed: Vec<Text>,
}

/// An object: a value for each sealed name of its traits, and dynamic members.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    traits: Arc<Traits>,
    sealed: Vec<Value>,
    dynamic: Vec<(Text, Value)>,
}

impl Object {
    /// An anonymous dynamic object without members.
    pub fn new() -> Self {
        let traits = Traits {
            dynamic: true,
            ..Traits::default()
        };
        Self {
            traits: Arc::new(traits),
            sealed: Vec::new(),
            dynamic: Vec::new(),
        }
    }

    /// An object of these traits. Missing sealed values become undefined, surplus ones are dropped.
    pub fn of(traits: Arc<Traits>, mut sealed: Vec<Value>) -> Self {
        sealed.resize(traits.sealed.len(), Value::Undefined);
        Self {
            traits,
            sealed,
            dynamic: Vec::new(),
        }
    }

    /// Sets a member, for building.
    #[must_use]
    pub fn with(mut self, name: impl Into<Text>, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// Sets a sealed or dynamic member and returns its old value. A dynamic member of a sealed
    /// class or with an empty name can be set but not encoded.
    pub fn insert(&mut self, name: impl Into<Text>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        let mut known = self.traits.sealed.iter().zip(&mut self.sealed);
        if let Some((_, old)) = known.find(|(known, _)| **known == name) {
            return Some(std::mem::replace(old, value));
        }
        if let Some((_, old)) = self
            .dynamic
            .iter_mut()
            .rev()
            .find(|(known, _)| *known == name)
        {
            return Some(std::mem::replace(old, value));
        }
        self.dynamic.push((name, value));
        None
    }

    /// The value of the member of this name; of equal ones the last.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The sealed members in order of the traits, then the dynamic ones.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Text, &Value)> {
        let dynamic = self.dynamic.iter().map(|(name, value)| (name, value));
        self.traits.sealed.iter().zip(&self.sealed).chain(dynamic)
    }

    /// The values in the order of [`Object::iter`], to be changed in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.sealed
            .iter_mut()
            .chain(self.dynamic.iter_mut().map(|(_, value)| value))
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.sealed.len().saturating_add(self.dynamic.len())
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The traits, shared with the other objects of the class.
    pub const fn traits(&self) -> &Arc<Traits> {
        &self.traits
    }

    /// The values of the sealed members, as many as the traits have names.
    pub fn sealed(&self) -> &[Value] {
        &self.sealed
    }

    /// The dynamic members in order.
    pub fn dynamic(&self) -> &[(Text, Value)] {
        &self.dynamic
    }

    pub(crate) const fn from_parts(
        traits: Arc<Traits>,
        sealed: Vec<Value>,
        dynamic: Vec<(Text, Value)>,
    ) -> Self {
        Self {
            traits,
            sealed,
            dynamic,
        }
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

/// An array: values by position and values by name [AMF3 3.11].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    /// The values by position, without gaps.
    pub dense: Vec<Value>,
    /// The values by name in their order. An empty name cannot be encoded.
    pub associative: Vec<(Text, Value)>,
}

impl Array {
    /// The value of this name in the associative part; of equal ones the last.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.associative
            .iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

impl From<Vec<Value>> for Array {
    fn from(dense: Vec<Value>) -> Self {
        Self {
            dense,
            associative: Vec::new(),
        }
    }
}

/// A vector of numbers [AMF3 3.15].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vector<T> {
    /// Whether its length is fixed for the program that holds it.
    pub fixed: bool,
    /// The items.
    pub items: Vec<T>,
}

/// A vector of values that are not plain numbers [AMF3 3.15].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectVector {
    /// The class of the items: `*` or empty for any. It is data and selects nothing here.
    pub class: Text,
    /// Whether its length is fixed for the program that holds it.
    pub fixed: bool,
    /// The items.
    pub items: Vec<Value>,
}

/// A map whose keys can be of any type [AMF3 3.16].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary {
    /// Whether its keys are weak references for the program that holds it.
    pub weak_keys: bool,
    /// Keys and values in order. Integer keys come as decimal strings.
    pub entries: Vec<(Value, Value)>,
}

/// The externalizable classes that can be read: each writes one AMF3 value and nothing else. Any
/// other class has a private layout and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ExternalClass {
    /// `flex.messaging.io.ArrayCollection`, around an array.
    ArrayCollection,
    /// `flex.messaging.io.ArrayList`, around an array.
    ArrayList,
    /// `flex.messaging.io.ObjectProxy`, around an object.
    ObjectProxy,
}

impl ExternalClass {
    const ALL: [Self; 3] = [Self::ArrayCollection, Self::ArrayList, Self::ObjectProxy];

    /// The class alias on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArrayCollection => "flex.messaging.io.ArrayCollection",
            Self::ArrayList => "flex.messaging.io.ArrayList",
            Self::ObjectProxy => "flex.messaging.io.ObjectProxy",
        }
    }

    /// The class with this alias.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}
