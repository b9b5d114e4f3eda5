//! `adit doctor`: whether a server of this machine is as it should be, and what to do where it is not.

mod access;
mod api;
mod certificate;
mod clock;
mod descriptors;
mod directories;
mod findings;
mod ports;
mod public;

use adit_server::ServerConfig;

use self::findings::Findings;
use crate::cli::{self, LogFormat};
use crate::config::{self, Config, Sources};
use crate::connect::{Failure, Way};
use crate::{log, ui};

/// Looks at everything, and prints what it finds.
///
/// # Errors
/// Something has to be put right.
pub(crate) fn run(arguments: &cli::Doctor) -> Result<(), Failure> {
    log::start_quiet(LogFormat::Pretty);
    let public = arguments.public.as_ref().map(Way::address).transpose()?;
    let source = clock::Source::read(arguments.clock.as_deref())?;
    let mut findings = Findings::default();
    if let Some(config) = configuration(arguments, &mut findings) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let server = api::look(&config, &mut findings).await;
            ports::look(&config, &server, &mut findings).await;
        });
        descriptors::look(&config, &mut findings);
        directories::look(&config, &mut findings);
        access::look(&config, &mut findings);
        certificate::look(&config, public.as_ref(), &mut findings);
        clock::look(&source, &mut findings);
        if let Some(target) = &public {
            public::look(&config, target, &mut findings)?;
        }
    }
    let text = if arguments.json {
        findings.for_programs().to_string()
    } else {
        findings.for_people()
    };
    ui::print(&text).map_err(Failure::stdout)?;
    match findings.wrong_count() {
        0 => Ok(()),
        wrong => Err(Failure::Unwell { wrong }),
    }
}

/// What a server with these limits goes by.
fn settings_of(config: &Config) -> ServerConfig {
    let mut settings = ServerConfig::default();
    config.limits.apply(&mut settings);
    settings
}

/// The configuration, without which there is nothing else to look at.
fn configuration(arguments: &cli::Doctor, findings: &mut Findings) -> Option<Config> {
    let check = "configuration";
    let mut sources = Sources::of_installation(&arguments.installation);
    sources.flags.extend(config::api_flag(arguments.api));
    match (config::load(&sources), &sources.file) {
        (Ok(effective), file) => {
            findings.good(
                check,
                match file {
                    Some(file) => format!("{} has no mistakes", file.display()),
                    None => {
                        "there is no file: everything is as the environment and the defaults say"
                            .to_owned()
                    }
                },
            );
            Some(effective.config)
        }
        (Err(mistakes), file) => {
            let remedy = match file {
                Some(file) => format!(
                    "adit config check {} shows them; nothing else was looked at",
                    file.display()
                ),
                None => "adit config check shows them; nothing else was looked at".to_owned(),
            };
            findings.wrong(check, mistakes.to_string(), remedy);
            None
        }
    }
}
