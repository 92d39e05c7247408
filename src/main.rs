//! Parses the arguments, runs the console or one verb, and maps the answer to an exit code.

use daybook::{cli, outside};
use mimalloc::MiMalloc;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    if let Err(error) = outside::start() {
        eprintln!("daybook: cannot start safely: {error}");
        return ExitCode::from(70);
    }
    let _ = color_eyre::install();
    match cli::arguments(std::env::args_os()) {
        Ok(cli) => cli::main(cli, daybook::ui::run),
        Err(exit) => exit,
    }
}
