//! `waxseal completions` and `waxseal man`: what the argument parser knows, for shells and for man(1).

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::Cli;
use crate::exit::{Exit, Failure};
use crate::files::FileSet;
use crate::report::Report;

/// Print the script that completes commands and options in a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    waxseal completions bash > ~/.local/share/bash-completion/completions/waxseal\n  \
    waxseal completions zsh > ~/.zfunc/_waxseal")]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// Write the manual pages, one for each command.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal man ~/.local/share/man/man1")]
pub struct Pages {
    /// The folder to write to.
    folder: PathBuf,
}

impl Completions {
    /// Does it.
    ///
    /// # Errors
    /// Exit code 4 if the script is no text, which does not happen.
    pub fn run(&self) -> Result<Report, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "waxseal", &mut script);
        String::from_utf8(script)
            .map(Report::done)
            .map_err(|error| Failure::new(Exit::Failed, format!("the script is no text: {error}")))
    }
}

impl Pages {
    /// Does it.
    ///
    /// # Errors
    /// Exit code 4 if the files cannot be written; then none is.
    pub fn run(&self) -> Result<Report, Failure> {
        let mut command = Cli::command().disable_help_subcommand(true);
        // Gives each command its full name: waxseal-key-new.
        command.build();
        let mut files = FileSet::new();
        add(&mut files, &self.folder, &command)?;
        files.commit()?;
        Ok(Report::done(String::new()))
    }
}

fn add(files: &mut FileSet, folder: &Path, command: &clap::Command) -> Result<(), Failure> {
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    files.add(&folder.join(page.get_filename()), &text)?;
    command.get_subcommands().try_for_each(|command| add(files, folder, command))
}
