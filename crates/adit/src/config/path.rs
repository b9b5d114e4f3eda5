//! The place of a value in the configuration: `limits.conn.total`, `apps."a b".latency`.

use std::fmt;

/// The names of the tables and of the key, from the outermost.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyPath(pub(crate) Vec<String>);

impl KeyPath {
    /// The path of what is called `name` in this table.
    pub(crate) fn join(&self, name: &str) -> Self {
        let mut names = self.0.clone();
        names.push(name.to_owned());
        Self(names)
    }

    /// The table, and the name in it.
    pub(crate) fn split(&self) -> Option<(Self, &str)> {
        let (name, table) = self.0.split_last()?;
        Some((Self(table.to_vec()), name))
    }

    /// `a.b.c` as a person types it. Quotes keep dots in a name.
    pub(crate) fn read(text: &str) -> Self {
        let mut names = vec![String::new()];
        let mut is_quoted = false;
        for letter in text.trim().chars() {
            match letter {
                '"' => is_quoted = !is_quoted,
                '.' if !is_quoted => names.push(String::new()),
                _ => names
                    .iter_mut()
                    .last()
                    .into_iter()
                    .for_each(|name| name.push(letter)),
            }
        }
        Self(names)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            f.write_str(&quoted(name))?;
        }
        Ok(())
    }
}

/// A name as it is written in TOML.
pub(crate) fn quoted(name: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        toml::Value::String(name.to_owned()).to_string()
    }
}
