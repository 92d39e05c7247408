//! Parses the arguments, runs the console or one verb, and maps the answer to an exit code.

use clap::Parser;
use daybook::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let _ = color_eyre::install();
    cli::main(cli::Cli::parse(), daybook::ui::run)
}
