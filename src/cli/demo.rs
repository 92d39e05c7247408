//! `daybook demo`: a book with data, then the console.

use super::ctx::Ctx;
use super::ctx::actor;
use super::exit::Exit;
use super::output;
use crate::clock::Now;
use crate::demo;
use crate::engine::{Error, Session, reach};
use crate::outside;
use crate::store::{BookKind, CreateBook, Store, StoreError, rename_new, side_directory};
use crate::worker;
use serde_json::json;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Make a book with data, two cycles billed and a month that waits, then open the console on it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directory to make it in (default: a new one among the temporary files)
    #[arg(long, value_name = "D")]
    dir: Option<PathBuf>,
    /// Customers
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    accounts: u64,
    /// At least this many posted invoices
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=5_000_000))]
    invoices: u64,
}

/// What the book is called.
const NAME: &str = "demo.db";

/// A demo book in the making, in a hidden directory: killed on the way it leaves nothing that looks
/// like a book, and the next one begins there anew.
struct Making {
    directory: PathBuf,
    hidden: PathBuf,
    /// Another process that makes one here is told of this.
    _lock: File,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}

impl Making {
    fn begin(directory: &Path) -> Result<Self, Error> {
        let hidden = directory.join(".demo.part");
        let book = directory.join(NAME);
        if book.symlink_metadata().is_ok() {
            return Err(StoreError::Exists(book).into());
        }
        outside::directory(&hidden).map_err(io(&hidden))?;
        // Somebody else's, or a link to what is precious, is not for us to empty.
        let facts = hidden.symlink_metadata().map_err(io(&hidden))?;
        if !facts.is_dir() || facts.uid() != nix::unistd::geteuid().as_raw() {
            return Err(StoreError::Exists(hidden).into());
        }
        let Some(lock) = reach::take(&hidden.join("lock"), "demo") else {
            let words = format!("another process makes a demo book in {}", directory.display());
            return Err(StoreError::InUse(words).into());
        };
        for entry in std::fs::read_dir(&hidden).map_err(io(&hidden))? {
            let path = entry.map_err(io(&hidden))?.path();
            if path.is_dir() {
                std::fs::remove_dir_all(&path).map_err(io(&path))?;
            } else if !path.ends_with("lock") {
                std::fs::remove_file(&path).map_err(io(&path))?;
            }
        }
        Ok(Self { directory: directory.to_owned(), hidden, _lock: lock })
    }

    /// Gives the whole book its name: last of all, once what lies beside it is there.
    fn put(self) -> Result<(), Error> {
        let (part, book) = (self.hidden.join(NAME), self.directory.join(NAME));
        let (beside, side) = (side_directory(&part), side_directory(&book));
        // What a kill between these two steps left has no book.
        if side.exists() && book.symlink_metadata().is_err() {
            std::fs::rename(&side, self.hidden.join("old")).map_err(io(&side))?;
        }
        std::fs::rename(&beside, &side).map_err(io(&side))?;
        rename_new(&part, &book)?;
        std::fs::remove_dir_all(&self.hidden).map_err(io(&self.hidden))
    }
}

/// Makes the book; gives its path for the console to open.
pub fn run(args: &Args, ctx: &Ctx) -> Result<(PathBuf, Exit), Error> {
    let directory = match &args.dir {
        Some(directory) => directory.clone(),
        None => outside::temporary_directory("daybook-demo-")
            .map_err(|source| Error::Io { path: std::env::temp_dir(), source })?,
    };
    outside::directory(&directory)
        .map_err(|source| Error::Io { path: directory.clone(), source })?;
    let path = directory.join(NAME);
    let begun = Instant::now();
    let making = Making::begin(&directory)?;
    let actor = actor();
    let now = Now::system(crate::zone::Zone::UTC);
    let store = Store::create(
        &making.hidden.join(NAME),
        &CreateBook { kind: BookKind::Demo, actor: &actor, now },
    )?;
    let mut session = Session::on(store, actor);
    let size = demo::Size { accounts: args.accounts, invoices: args.invoices };
    let ports = worker::ports()?;
    let stop = AtomicBool::new(false);
    let mut drive = |session: &mut Session| {
        while worker::work(session, &ports, &stop)? > 0 {}
        Ok(())
    };
    let quiet = ctx.json;
    let mut say = |words: &str| {
        if !quiet {
            output::aside(&format!("  {words}"));
        }
    };
    demo::fill(&mut session, size, &mut drive, &mut say)?;
    // Closed, its log is part of its file.
    drop(session);
    making.put()?;
    if ctx.json {
        output::json(&json!({ "book": path, "seconds": begun.elapsed().as_secs_f64() }))?;
    } else {
        output::line(&path.display().to_string());
        output::aside(&format!(
            "made in {:.1} s; its clock stands at 2026-12-01 08:00",
            begun.elapsed().as_secs_f64()
        ));
        output::aside(&format!("open it again:  daybook --book {}", path.display()));
        output::aside(&format!("throw it away:  rm -r {}", directory.display()));
    }
    Ok((path, Exit::Done))
}
