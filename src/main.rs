//! Parses the arguments, runs the console or one verb, and maps the answer to an exit code.

use daybook::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let _ = color_eyre::install();
    match cli::arguments(std::env::args_os()) {
        Ok(cli) => cli::main(cli, daybook::ui::run),
        Err(exit) => exit,
    }
}
