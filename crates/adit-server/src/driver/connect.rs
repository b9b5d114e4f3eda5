//! `connect`: who is let in.

use std::time::Instant;

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{BandwidthDialect, StatusCode};
use adit_rtmp::session::server::{ConnectRequest, Rejection};

use super::SessionDriver;
use super::requests::About;
use crate::application::{Bandwidth, Client, Leave, Refusal, Welcome};
use crate::relays::Via;

impl SessionDriver {
    pub(super) fn connect(&mut self, now: Instant, request: ConnectRequest) {
        let address = &request.address;
        self.summary
            .connected(address.application(), address.instance());
        if let Err(refused) = self.log_in(now, &request) {
            return self.ask_for_login(request, refused);
        }
        let asked = self.asked_to_connect(&request.address);
        let decision = self.shared.access().authorize(&asked);
        let about = About::Connection;
        self.when_decided(now, about, decision, |driver, now, answer| match answer {
            Ok(granted) => {
                let connection = MessageStreamId::CONNECTION;
                driver.guest.tickets.put(connection, granted.ticket);
                driver.enter(now, request);
            }
            Err(refusal) => driver.refuse_connect(request, refusal),
        });
    }

    /// Access is granted; the application decides.
    fn enter(&mut self, now: Instant, request: ConnectRequest) {
        self.guest.via = Via::of(&request.connect);
        let (address, info) = (&request.address, self.carrier.info());
        let user = self.guest.user.as_deref().map(Into::into);
        let client = Client::new(self.summary.id(), info, address, &request.connect, user);
        self.summary.presence().introduced(&client);
        if self.shared.phase.refuses_strangers() {
            let refusal = Refusal::new("this server is being taken down; connect again in a while");
            return self.refuse_connect(request, refusal);
        }
        if let Some(refusal) = self.shared.phase.memory().refuses_newcomer() {
            return self.refuse_connect(request, refusal);
        }
        let seat = match self.shared.instances.enter(address, client) {
            Ok(seat) => seat,
            Err(refusal) => return self.refuse_connect(request, refusal),
        };
        let arguments = &request.connect.arguments;
        let decision = seat
            .application()
            .connect(seat.instance(), seat.client(), arguments);
        self.guest.sit(seat);
        self.when_decided(
            now,
            About::Connection,
            decision,
            |driver, now, answer| match answer {
                Ok(welcome) => driver.let_in(now, request, welcome),
                Err(refusal) => driver.refuse_connect(request, refusal),
            },
        );
    }

    fn let_in(&mut self, now: Instant, mut request: ConnectRequest, welcome: Welcome) {
        self.guest.admit();
        let settings = self.shared.live.now();
        let rules = settings.codecs(request.address.application());
        let offer = rules.map(|rules| rules.offer(&settings.session.enhanced));
        request.enhanced = offer.map(Box::new);
        let address = &request.address;
        self.carrier
            .set_pace(settings.tunnel_pace(address.application()));
        let presence = self.summary.presence();
        presence.let_in(address.application(), address.instance());
        self.guest.bandwidth.when = welcome.bandwidth;
        match welcome.bandwidth {
            Bandwidth::AtOnce => {
                self.session.accept_connect_to_measure(request);
                self.measure(now, BandwidthDialect::Native);
            }
            Bandwidth::WhenAsked => self.session.accept_connect(request),
        }
        self.carrier.authenticated();
        // Whoever was on the way when somebody else took the ports over.
        if self.shared.phase.is_draining() {
            self.part(Leave::Asked);
        }
    }

    fn refuse_connect(&mut self, request: ConnectRequest, refusal: Refusal) {
        self.summary
            .ended(&format!("connect was refused: {}", refusal.logged()));
        let code = refusal.code.unwrap_or(StatusCode::ConnectRejected);
        let mut rejection = Rejection::new(code, refusal.description);
        rejection.redirect = refusal.redirect;
        rejection.information = refusal.information.map(|information| *information);
        self.session.reject_connect(request, rejection);
    }
}
