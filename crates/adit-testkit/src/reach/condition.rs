//! What a condition is made of. The conditions themselves are in [`super::conditions`].

use super::rules::Rules;

/// The name under which the client knows the server.
pub const HOST: &str = "live.example.test";

/// Where something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The machine with the player.
    Client,
    /// The router, firewall and proxy host between the two.
    Gateway,
    /// The machine with the server.
    Server,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Client, Self::Gateway, Self::Server];

    /// One letter for names.
    pub fn letter(self) -> char {
        match self {
            Self::Client => 'c',
            Self::Gateway => 'g',
            Self::Server => 's',
        }
    }
}

/// A program that stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Debian's squid-openssl.
    Squid,
    /// Debian's tinyproxy.
    Tinyproxy,
    /// Debian's dante-server.
    Dante,
    /// Debian's privoxy.
    Privoxy,
    /// Debian's haproxy.
    Haproxy,
    /// Debian's nginx.
    Nginx,
    /// Our own, for what no real one does.
    Fault,
}

/// A program of a condition with its configuration.
///
/// In the configuration `{dir}` stands for the folder of the service and `{certs}` for that of the certificates.
#[derive(Clone, Debug)]
pub struct Service {
    /// What runs.
    pub program: Program,
    /// Where it runs.
    pub place: Place,
    /// The ports on which it must listen before the condition is ready.
    pub ports: Vec<u16>,
    /// Its own lines of configuration; for [`Program::Fault`] its arguments.
    pub config: String,
    /// More files that go into its folder.
    pub files: Vec<(&'static str, String)>,
    /// Files that replace those of `/etc` for it.
    pub etc: Vec<(&'static str, String)>,
}

impl Service {
    /// `program` on the gateway, listening on `port`.
    pub fn new(program: Program, port: u16, config: impl Into<String>) -> Self {
        Self {
            program,
            place: Place::Gateway,
            ports: vec![port],
            config: config.into(),
            files: Vec::new(),
            etc: Vec::new(),
        }
    }

    /// It runs on the server instead.
    #[must_use]
    pub fn at_the_server(mut self) -> Self {
        self.place = Place::Server;
        self
    }

    /// It listens on one more port.
    #[must_use]
    pub fn also_on(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// One more file in its folder.
    #[must_use]
    pub fn file(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.files.push((name, text.into()));
        self
    }

    /// A file that stands in for `/etc/{name}`; `{same}` in it is the real one.
    #[must_use]
    pub fn etc(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.etc.push((name, text.into()));
        self
    }
}

/// How the client learns of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Not at all.
    Nothing,
    /// `http_proxy`, `https_proxy` and `all_proxy` of its environment.
    Environment(&'static str),
    /// A PAC file.
    Pac(&'static str),
}

/// Which way the media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client plays.
    Play,
    /// The client publishes.
    Publish,
}

/// What must come of it for the strategy `reach`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Five seconds of media.
    Media,
    /// Exit code 3 within ten seconds and a verdict that contains one of these.
    Verdict(&'static [&'static str]),
}

/// The language of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// An RTMP handshake.
    Rtmp,
    /// An RTMP handshake inside TLS.
    Rtmps,
    /// The first request of a tunnel.
    Http,
    /// The first request of a tunnel inside TLS.
    Https,
    /// `GET /` answered by a redirect: a portal.
    Redirect,
}

/// A trial from the client's place without our client: does this pass?
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// What is spoken.
    pub speech: Speech,
    /// To which port.
    pub port: u16,
    /// To which host, if not [`HOST`].
    pub host: &'static str,
    /// Through which proxy; `None` is the direct way.
    pub via: Option<&'static str>,
    /// Whether plain HTTP asks the proxy for a tunnel, too.
    pub connect: bool,
}

impl Control {
    /// Directly to the server.
    pub fn new(speech: Speech, port: u16) -> Self {
        Self {
            speech,
            port,
            host: HOST,
            via: None,
            connect: false,
        }
    }

    /// To another host or address.
    #[must_use]
    pub fn at(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    /// Through a proxy.
    #[must_use]
    pub fn via(mut self, proxy: &'static str) -> Self {
        self.via = Some(proxy);
        self
    }

    /// Through a proxy and its CONNECT.
    #[must_use]
    pub fn connect(mut self, proxy: &'static str) -> Self {
        self.connect = true;
        self.via(proxy)
    }
}

/// One row of the table: a network, what stands in it, and how to see that it is as it should be.
#[derive(Clone, Debug)]
pub struct Condition {
    /// A short name, for `--only`.
    pub id: &'static str,
    /// What the table calls it.
    pub title: &'static str,
    /// What the gateway lets through.
    pub rules: Rules,
    /// What stands in the way.
    pub services: Vec<Service>,
    /// The addresses of [`HOST`] in the order of the answer, and other names after a space.
    pub names: Vec<&'static str>,
    /// The ports of the server proper.
    pub server: Vec<u16>,
    /// How the client learns of a proxy.
    pub told: Told,
    /// Which way the media goes.
    pub direction: Direction,
    /// What must pass and what must not.
    pub controls: Vec<(Control, Passes)>,
    /// What must come of it.
    pub expected: Expected,
}

/// Whether a control must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// It must.
    Yes,
    /// It must not.
    No,
}

impl Condition {
    /// An open network with this short name and title.
    pub fn new(id: &'static str, title: &'static str, rules: Rules) -> Self {
        Self {
            id,
            title,
            rules,
            services: Vec::new(),
            names: vec![super::net::SERVER],
            server: vec![1935, 80, 443],
            told: Told::Nothing,
            direction: Direction::Play,
            controls: Vec::new(),
            expected: Expected::Media,
        }
    }

    /// With one more program in the way.
    #[must_use]
    pub fn with(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }

    /// With these addresses of [`HOST`]; `"address name"` is the address of another name.
    #[must_use]
    pub fn names(mut self, names: &[&'static str]) -> Self {
        self.names = names.to_vec();
        self
    }

    /// The server proper listens there instead.
    #[must_use]
    pub fn server(mut self, ports: &[u16]) -> Self {
        self.server = ports.to_vec();
        self
    }

    /// The client is told of a proxy.
    #[must_use]
    pub fn told(mut self, told: Told) -> Self {
        self.told = told;
        self
    }

    /// The client publishes in it.
    #[must_use]
    pub fn publishing(mut self) -> Self {
        self.direction = Direction::Publish;
        self
    }

    /// These controls must pass.
    #[must_use]
    pub fn passes(self, controls: &[Control]) -> Self {
        self.controls(controls, Passes::Yes)
    }

    /// These controls must not pass.
    #[must_use]
    pub fn blocks(self, controls: &[Control]) -> Self {
        self.controls(controls, Passes::No)
    }

    fn controls(mut self, controls: &[Control], passes: Passes) -> Self {
        self.controls
            .extend(controls.iter().map(|control| (*control, passes)));
        self
    }

    /// Nothing can come of it but a verdict with one of these words.
    #[must_use]
    pub fn verdict(mut self, words: &'static [&'static str]) -> Self {
        self.expected = Expected::Verdict(words);
        self
    }
}
