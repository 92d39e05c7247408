//! The view as a CSV file: every row that matches, not only those on the screen.

use super::fault::{Fault, FaultKind};
use super::msg::Cx;
use super::widget::list::Shown;
use crate::domain::text::cell;
use crate::engine::query::{Answer, ListName};
use crate::outside::{self, Standing};
use crate::store::read::accounts::AccountRow;
use crate::store::read::bank_lines::BankLineRow;
use crate::store::read::deliveries::DeliveryRow;
use crate::store::read::failed::FailedRow;
use crate::store::read::invoices::InvoiceRow;
use crate::store::read::jobs::JobRow;
use crate::store::read::log::LogRow;
use crate::store::read::runs::RunRow;
use crate::store::read::unapplied::UnappliedRow;
use crate::store::read::{Filter, ListArgs, ListRow, Page, Seek, Sorted};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Files of one name in a directory, at most.
const SAME: u32 = 99;

/// Rows read at a time.
const PAGE: usize = 1000;

/// Reads a list page by page, until what it hands them to has no place to go on from.
pub type Pages<'p> = &'p mut dyn FnMut(
    ListName,
    ListArgs,
    &mut dyn FnMut(Answer) -> Option<Seek>,
) -> Result<(), Fault>;

/// Writes a list as it is read; gives the file and how many rows it has.
pub fn write(
    directory: &Path,
    list: ListName,
    (filter, sort): (Filter, Sorted),
    cx: &Cx,
    pages: Pages<'_>,
) -> Result<(PathBuf, usize), Fault> {
    // The word stands in the name of the file.
    let name = match list {
        ListName::Runs => "runs",
        ListName::Invoices => "invoices",
        ListName::Deliveries => "deliveries",
        ListName::Failed => "failed",
        ListName::Unapplied => "unapplied",
        ListName::Jobs => "jobs",
        ListName::Log => "log",
        ListName::Accounts => "accounts",
        ListName::BankLines => "bank-lines",
    };
    let stamp = chrono::DateTime::from_timestamp_millis(cx.now.at_ms)
        .map(|m| m.with_timezone(&cx.zone).format("%Y%m%d-%H%M%S").to_string())
        .unwrap_or_default();
    let path = directory.join(format!("daybook-{name}-{stamp}.csv"));
    // A file that is there already is somebody's: it is not written over.
    let file = outside::create_new(&path).map_err(|e| io(&path, &e))?;
    let args = ListArgs { filter, sort, seek: Seek::First, limit: PAGE };
    let out = Out { csv: csv::Writer::from_writer(file), path: &path, cx };
    let written = match list {
        ListName::Runs => out.all::<RunRow>(args, pages),
        ListName::Invoices => out.all::<InvoiceRow>(args, pages),
        ListName::Deliveries => out.all::<DeliveryRow>(args, pages),
        ListName::Failed => out.all::<FailedRow>(args, pages),
        ListName::Unapplied => out.all::<UnappliedRow>(args, pages),
        ListName::Jobs => out.all::<JobRow>(args, pages),
        ListName::Log => out.all::<LogRow>(args, pages),
        ListName::Accounts => out.all::<AccountRow>(args, pages),
        ListName::BankLines => out.all::<BankLineRow>(args, pages),
    };
    if written.is_err() {
        // Half a list would pass for a whole one.
        let _ = outside::as_caller(|| std::fs::remove_file(&path));
    }
    Ok((path.clone(), written?))
}

/// Writes a file under its name; what is there already stays, and the file gets a number.
pub fn page(directory: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Fault> {
    let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    for n in 1..=SAME {
        let name = if n == 1 { name.to_owned() } else { format!("{stem}-{n}.{kind}") };
        let path = directory.join(name);
        match outside::write(&path, bytes, Standing::Keep) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && n < SAME => {}
            Err(error) => return Err(io(&path, &error)),
        }
    }
    Err(io(&directory.join(name), &"is there, and so are those with a number"))
}

fn io(path: &Path, error: &dyn std::fmt::Display) -> Fault {
    Fault {
        code: "io",
        kind: FaultKind::Other,
        text: format!("{}: {error}", path.display()),
        hint: String::new(),
    }
}

/// The file on its way.
struct Out<'w> {
    csv: csv::Writer<File>,
    path: &'w Path,
    cx: &'w Cx,
}

impl Out<'_> {
    /// Writes a list whole; gives how many rows it has.
    fn all<R: Shown>(mut self, args: ListArgs, pages: Pages<'_>) -> Result<usize, Fault> {
        let titles = R::columns().iter().map(|c| c.title.replace(" EUR", ""));
        self.csv.write_record(titles).map_err(|e| io(self.path, &e))?;
        let (mut rows, mut broken) = (0, None);
        pages(R::LIST, args, &mut |answer| {
            let page = R::page(answer)?;
            rows += page.rows.len();
            broken = self.page(&page).err();
            let key = page.rows.last().map(ListRow::key)?;
            (page.more && broken.is_none()).then(|| Seek::After(key.clone()))
        })?;
        if let Some(fault) = broken {
            return Err(fault);
        }
        self.csv.flush().map_err(|e| io(self.path, &e))?;
        Ok(rows)
    }

    fn page<R: Shown>(&mut self, page: &Page<R>) -> Result<(), Fault> {
        for row in &page.rows {
            let cells = row.cells(true, self.cx);
            let cells = cells.iter().map(|(text, _)| cell(text).into_owned());
            self.csv.write_record(cells).map_err(|e| io(self.path, &e))?;
        }
        Ok(())
    }
}
