//! An application that plays recordings and nothing else.

use adit_rtmp::command::StatusCode;

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
        let code = StatusCode::PublishDenied;
        Decision::refuse(Refusal::new(description).with_code(code))
    }

    fn play(&self, _: &Instance, _: &Client, _: &Playing<'_>) -> Decision<Sources> {
        Decision::allow(Sources::Recorded)
    }
}
