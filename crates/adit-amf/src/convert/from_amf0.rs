//! AMF0 to AMF3.

use std::sync::Arc;

use super::Depth;
use crate::{
    Text,
    amf0::{Object, Value},
    amf3::{self, Array, Traits},
};

/// One message on its way, with the numbering of both reference tables.
#[derive(Default)]
pub(super) struct Conversion {
    depth: Depth,
    /// What each index of the AMF0 table has become.
    from_amf0: Vec<u32>,
    /// What each index of the AMF3 table has become; new values stand between the old ones.
    from_amf3: Vec<u32>,
    /// The next index of the new AMF3 table.
    next: u32,
}

/// The integers that AMF3 can say as such [AMF3 3.6].
const INTEGERS: std::ops::RangeInclusive<f64> = -268_435_456.0..=268_435_455.0;

impl Conversion {
    pub(super) fn value(&mut self, value: &Value) -> Option<amf3::Value> {
        Some(match value {
            Value::Number(number) => number_value(*number),
            Value::Boolean(boolean) => amf3::Value::Boolean(*boolean),
            Value::String(text) => amf3::Value::String(text.clone()),
            Value::Null => amf3::Value::Null,
            Value::Undefined => amf3::Value::Undefined,
            Value::Unsupported => return None,
            Value::Date { ms, .. } => {
                self.take_index()?;
                amf3::Value::Date(*ms)
            }
            Value::Xml(text) => {
                self.take_index()?;
                amf3::Value::XmlDocument(text.clone())
            }
            Value::Object(members) => self.object(Text::default(), members)?,
            Value::TypedObject { class, members } => self.object(class.clone(), members)?,
            Value::EcmaArray(members) => self.associative(members)?,
            Value::StrictArray(items) => {
                self.begin()?;
                let dense = self.inside(|this| items.iter().map(|i| this.value(i)).collect())?;
                amf3::Value::Array(Array {
                    dense,
                    associative: Vec::new(),
                })
            }
            Value::Reference(index) => {
                amf3::Value::Reference(*self.from_amf0.get(usize::from(*index))?)
            }
            Value::Avm(value) => {
                let mut value = value.clone();
                self.renumber(&mut value)?;
                value
            }
        })
    }

    fn object(&mut self, class: Text, members: &Object) -> Option<amf3::Value> {
        self.begin()?;
        let traits = Traits {
            class,
            dynamic: true,
            sealed: Vec::new(),
        };
        let dynamic = self.members(members.iter())?;
        Some(amf3::Object::from_parts(Arc::new(traits), Vec::new(), dynamic).into())
    }

    /// Names that count 0, 1, 2 … at the end are positions.
    fn associative(&mut self, members: &Object) -> Option<amf3::Value> {
        self.begin()?;
        let len = members.len();
        let is_position = |first: usize| {
            let names = members.iter().skip(first);
            (0_usize..)
                .zip(names)
                .all(|(position, (name, _))| *name == *position.to_string())
        };
        let zero = members.iter().rposition(|(name, _)| *name == "0");
        let positions = zero.filter(|first| is_position(*first)).unwrap_or(len);
        let associative = self.members(members.iter().take(positions))?;
        let dense = self.members(members.iter().skip(positions))?;
        Some(amf3::Value::Array(Array {
            associative,
            dense: dense.into_iter().map(|(_, value)| value).collect(),
        }))
    }

    fn members<'a>(
        &mut self,
        members: impl Iterator<Item = (&'a Text, &'a Value)>,
    ) -> Option<Vec<(Text, amf3::Value)>> {
        self.inside(|this| {
            members
                .map(|(name, value)| {
                    let name = Some(name).filter(|name| !name.is_empty())?;
                    Some((name.clone(), this.value(value)?))
                })
                .collect()
        })
    }

    /// Gives the references in a value the numbers that their targets have now.
    fn renumber(&mut self, value: &mut amf3::Value) -> Option<()> {
        use amf3::Value as Avm;
        if let Avm::Reference(index) = value {
            *index = *self.from_amf3.get(usize::try_from(*index).ok()?)?;
            return Some(());
        }
        if !value.is_complex() {
            return Some(());
        }
        let index = self.take_index()?;
        self.from_amf3.push(index);
        self.inside(|this| match value {
            Avm::Array(array) => {
                let named = array.associative.iter_mut().map(|(_, value)| value);
                this.renumber_all(named.chain(&mut array.dense))
            }
            Avm::Object(object) => this.renumber_all(object.values_mut()),
            Avm::External { value, .. } => this.renumber(value),
            Avm::VectorObject(vector) => this.renumber_all(&mut vector.items),
            Avm::Dictionary(dictionary) => {
                let entries = dictionary.entries.iter_mut();
                this.renumber_all(entries.flat_map(|(key, value)| [key, value]))
            }
            _ => Some(()),
        })
    }

    fn renumber_all<'a>(
        &mut self,
        values: impl IntoIterator<Item = &'a mut amf3::Value>,
    ) -> Option<()> {
        values
            .into_iter()
            .try_for_each(|value| self.renumber(value))
    }

    fn inside<T>(&mut self, run: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth.enter()?;
        let done = run(self)?;
        self.depth.leave();
        Some(done)
    }

    /// The AMF0 value that begins here takes the next index in both tables.
    fn begin(&mut self) -> Option<()> {
        let index = self.take_index()?;
        self.from_amf0.push(index);
        Some(())
    }

    fn take_index(&mut self) -> Option<u32> {
        let index = self.next;
        self.next = index.checked_add(1)?;
        Some(index)
    }
}

fn number_value(number: f64) -> amf3::Value {
    let is_whole = number.fract() == 0.0 && !(number == 0.0 && number.is_sign_negative());
    if is_whole && INTEGERS.contains(&number) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number of at most 29 bits"
        )]
        let whole = number as i32;
        return amf3::Value::Integer(whole);
    }
    amf3::Value::Double(number)
}
