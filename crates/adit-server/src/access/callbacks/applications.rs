//! Who is asked about which application.

use std::collections::HashMap;
use std::sync::Arc;

use super::Hooks;
use crate::access::{AccessConfig, History};

/// Those who are asked about all applications, and those who are asked in their place about some.
#[derive(Debug)]
pub(in crate::access) struct HooksByApplication {
    usual: Option<Arc<Hooks>>,
    /// Nobody, where an application has nobody asked. As many as the configuration has applications.
    own: HashMap<String, Option<Arc<Hooks>>>,
}

impl HooksByApplication {
    /// Begins. To be called inside a tokio runtime where there is anybody to ask.
    pub(in crate::access) fn start(config: &AccessConfig, history: &Arc<History>) -> Self {
        let own = config.own_callbacks.iter();
        Self {
            usual: Hooks::start(&config.callbacks, history),
            own: own
                .map(|(name, callbacks)| (name.clone(), Hooks::start(callbacks, history)))
                .collect(),
        }
    }

    /// Those who are asked about this application, if anybody is.
    pub(in crate::access) fn of(&self, application: &str) -> Option<&Arc<Hooks>> {
        self.own.get(application).unwrap_or(&self.usual).as_ref()
    }
}
