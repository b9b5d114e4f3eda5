//! AMF3 to AMF0.

use super::{Depth, Fidelity};
use crate::{
    Text,
    amf0::{Object, Value},
    amf3,
};

/// One message on its way, with the numbering of both reference tables.
pub(super) struct Conversion {
    fidelity: Fidelity,
    depth: Depth,
    /// What each index of the AMF3 table has become.
    targets: Vec<Target>,
    /// What each index of the AMF0 table has become.
    indexes: Vec<u16>,
    /// The next index of the new AMF0 table.
    next: usize,
}

/// What a reference to an AMF3 value is written as.
#[derive(Clone)]
enum Target {
    /// A reference to this index.
    Index(u16),
    /// The value again; small ones only, or references would make a message as large as they like.
    Again(Value),
    /// Nothing is possible.
    Nothing,
}

impl Conversion {
    pub(super) const fn new(fidelity: Fidelity) -> Self {
        Self {
            fidelity,
            depth: Depth(0),
            targets: Vec::new(),
            indexes: Vec::new(),
            next: 0,
        }
    }

    pub(super) fn value(&mut self, value: &Value) -> Option<Value> {
        Some(match value {
            Value::Object(members) => Value::Object(self.known_members(members)?),
            Value::EcmaArray(members) => Value::EcmaArray(self.known_members(members)?),
            Value::TypedObject { class, members } => Value::TypedObject {
                class: class.clone(),
                members: self.known_members(members)?,
            },
            Value::StrictArray(items) => {
                let index = self.take_index()?;
                self.indexes.push(index);
                self.inside(|this| items.iter().map(|item| this.value(item)).collect())
                    .map(Value::StrictArray)?
            }
            Value::Reference(index) => Value::Reference(*self.indexes.get(usize::from(*index))?),
            Value::Avm(value) => self.amf3(value)?,
            plain => plain.clone(),
        })
    }

    fn known_members(&mut self, members: &Object) -> Option<Object> {
        let index = self.take_index()?;
        self.indexes.push(index);
        self.inside(|this| {
            members
                .iter()
                .map(|(name, value)| Some((name.clone(), this.value(value)?)))
                .collect()
        })
    }

    fn amf3(&mut self, value: &amf3::Value) -> Option<Value> {
        use amf3::Value as Avm;
        Some(match value {
            Avm::Undefined => Value::Undefined,
            Avm::Null => Value::Null,
            Avm::Boolean(boolean) => Value::Boolean(*boolean),
            Avm::Integer(number) => Value::Number(f64::from(*number)),
            Avm::Double(number) => Value::Number(*number),
            Avm::String(text) => Value::String(text.clone()),
            Avm::Date(ms) => {
                let date = Value::Date {
                    ms: *ms,
                    timezone: 0,
                };
                self.targets.push(Target::Again(date.clone()));
                date
            }
            Avm::XmlDocument(text) => self.xml(text),
            Avm::Xml(text) => {
                self.close()?;
                self.xml(text)
            }
            Avm::Array(array) => self.array(array)?,
            Avm::Object(object) => self.object(object)?,
            Avm::External { value, .. } => self.external(value)?,
            Avm::VectorInt(vector) => self.numbers(vector.items.iter().map(|&n| f64::from(n)))?,
            Avm::VectorUint(vector) => self.numbers(vector.items.iter().map(|&n| f64::from(n)))?,
            Avm::VectorDouble(vector) => self.numbers(vector.items.iter().copied())?,
            Avm::VectorObject(vector) => {
                self.close()?;
                self.target()?;
                Value::StrictArray(self.items(&vector.items)?)
            }
            Avm::Dictionary(dictionary) => self.dictionary(dictionary)?,
            Avm::ByteArray(_) => return None,
            Avm::Reference(index) => {
                match self.targets.get(usize::try_from(*index).ok()?)?.clone() {
                    Target::Index(index) => Value::Reference(index),
                    Target::Again(value) => value,
                    Target::Nothing => return None,
                }
            }
        })
    }

    fn xml(&mut self, text: &Text) -> Value {
        self.targets.push(Target::Nothing);
        Value::Xml(text.clone())
    }

    /// A dense array stays an array; one with names becomes an associative one.
    fn array(&mut self, array: &amf3::Array) -> Option<Value> {
        self.target()?;
        if array.associative.is_empty() {
            return Some(Value::StrictArray(self.items(&array.dense)?));
        }
        let named = array
            .associative
            .iter()
            .map(|(name, value)| (name.clone(), value));
        let positions = (0_usize..).map(|position| Text::from(position.to_string()));
        let all = named.chain(positions.zip(&array.dense));
        Some(Value::EcmaArray(self.members(all)?))
    }

    fn object(&mut self, object: &amf3::Object) -> Option<Value> {
        self.target()?;
        // AMF0 ends an object with an empty name, and dynamic members of AMF3, which these would be on the way back, have none.
        if self.fidelity == Fidelity::Exact && object.iter().any(|(name, _)| name.is_empty()) {
            return None;
        }
        let pairs = object.iter().map(|(name, value)| (name.clone(), value));
        let members = self.members(pairs)?;
        let class = &object.traits().class;
        Some(if class.is_empty() || self.fidelity == Fidelity::Close {
            Value::Object(members)
        } else {
            Value::TypedObject {
                class: class.clone(),
                members,
            }
        })
    }

    /// What is in the wrapper; a reference to the wrapper is one to that.
    fn external(&mut self, inner: &amf3::Value) -> Option<Value> {
        self.close()?;
        let target = match inner {
            amf3::Value::Reference(index) => {
                self.targets.get(usize::try_from(*index).ok()?)?.clone()
            }
            amf3::Value::Array(_) | amf3::Value::Object(_) => Target::Index(self.upcoming()?),
            _ => Target::Nothing,
        };
        self.targets.push(target);
        self.inside(|this| this.amf3(inner))
    }

    fn dictionary(&mut self, dictionary: &amf3::Dictionary) -> Option<Value> {
        self.close()?;
        self.target()?;
        let named: Option<Vec<_>> = dictionary
            .entries
            .iter()
            .map(|(key, value)| Some((key.as_text()?.clone(), value)))
            .collect();
        Some(Value::EcmaArray(self.members(named?.into_iter())?))
    }

    fn numbers(&mut self, numbers: impl Iterator<Item = f64>) -> Option<Value> {
        self.close()?;
        self.target()?;
        Some(Value::StrictArray(numbers.map(Value::Number).collect()))
    }

    fn items(&mut self, items: &[amf3::Value]) -> Option<Vec<Value>> {
        self.inside(|this| items.iter().map(|item| this.amf3(item)).collect())
    }

    /// Appended without a look for equal names, which for thousands of them would be a long one.
    fn members<'a>(
        &mut self,
        pairs: impl Iterator<Item = (Text, &'a amf3::Value)>,
    ) -> Option<Object> {
        self.inside(|this| {
            pairs
                .map(|(name, value)| {
                    let name = Some(name).filter(|name| u16::try_from(name.len()).is_ok())?;
                    Some((name, this.amf3(value)?))
                })
                .collect()
        })
    }

    fn inside<T>(&mut self, run: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth.enter()?;
        let done = run(self)?;
        self.depth.leave();
        Some(done)
    }

    /// Only where types may be lost.
    fn close(&self) -> Option<()> {
        (self.fidelity == Fidelity::Close).then_some(())
    }

    /// The AMF3 value that begins here takes the next index in both tables.
    fn target(&mut self) -> Option<()> {
        let index = self.take_index()?;
        self.targets.push(Target::Index(index));
        Some(())
    }

    fn take_index(&mut self) -> Option<u16> {
        let index = self.upcoming()?;
        self.next = self.next.saturating_add(1);
        Some(index)
    }

    fn upcoming(&self) -> Option<u16> {
        u16::try_from(self.next).ok()
    }
}
