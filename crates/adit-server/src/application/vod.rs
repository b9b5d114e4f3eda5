//! An application that plays recordings and nothing else.

use super::{
    Application, Client, Decision, Instance, Playing, Publishing, Recorded, Refusal, Sources,
};

/// Recordings may be played; nothing may be published, and live streams are not shown. There are no methods to call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vod;

impl Application for Vod {
    fn publish(&self, _: &Instance, _: &Client, publish: &Publishing<'_>) -> Decision<Recorded> {
        let description = format!(
            "{} is not published: this application only plays recordings",
            publish.location.name
        );
        Decision::refuse(Refusal::new(description))
    }

    fn play(&self, _: &Instance, _: &Client, _: &Playing<'_>) -> Decision<Sources> {
        Decision::allow(Sources::Recorded)
    }
}
