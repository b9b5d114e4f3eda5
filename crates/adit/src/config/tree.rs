//! Tables within tables: what is laid over what, and where a value comes from.

use toml::{Table, Value};

use super::path::KeyPath;

/// A value and its place.
pub(crate) type Leaf<'a> = (KeyPath, &'a Value);

/// Every value of `table` that is no table itself, in the order of their places.
pub(crate) fn leaves(table: &Table) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    collect(&KeyPath::default(), table, &mut found);
    found
}

fn collect<'a>(at: &KeyPath, table: &'a Table, found: &mut Vec<Leaf<'a>>) {
    for (name, value) in table {
        let here = at.join(name);
        match value {
            Value::Table(inner) => collect(&here, inner, found),
            _ => found.push((here, value)),
        }
    }
}

/// Lays `over` on `under`: tables are joined, everything else is replaced.
pub(crate) fn lay(under: &mut Table, over: Table) {
    for (name, value) in over {
        match (under.get_mut(&name), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay(below, above),
            (_, value) => {
                under.insert(name, value);
            }
        }
    }
}

/// A table with one value.
pub(crate) fn single(path: &KeyPath, value: Value) -> Table {
    let mut names = path.0.iter().rev();
    let mut table = Table::new();
    if let Some(last) = names.next() {
        table.insert(last.clone(), value);
    }
    for name in names {
        let inner = std::mem::take(&mut table);
        table.insert(name.clone(), Value::Table(inner));
    }
    table
}

/// The value at a place.
pub(crate) fn at<'a>(table: &'a Table, path: &KeyPath) -> Option<&'a Value> {
    let (last, tables) = path.0.split_last()?;
    let mut table = table;
    for name in tables {
        table = table.get(name)?.as_table()?;
    }
    table.get(last)
}
