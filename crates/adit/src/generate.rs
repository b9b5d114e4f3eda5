//! `adit generate`: man pages and shell completions, made from the command line itself.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;

use crate::cli;
use crate::connect::Failure;
use crate::ui;

/// Writes what was asked for.
///
/// # Errors
/// When a directory or file cannot be written, or standard output is not taken.
pub(crate) fn run(what: &cli::Generate) -> Result<(), Failure> {
    match what {
        cli::Generate::Man { directory } => man_pages(directory).map_err(|why| Failure::Output {
            path: directory.clone(),
            why,
        }),
        cli::Generate::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut cli::Arguments::command(), "adit", &mut script);
            ui::print(String::from_utf8_lossy(&script).trim_end()).map_err(Failure::stdout)
        }
    }
}

/// One page for `adit` and one for each command of it.
fn man_pages(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    clap_mangen::generate_to(cli::Arguments::command(), directory)
}
