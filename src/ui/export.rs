//! The view as a CSV file: every row that matches, not only those on the screen.

use super::fault::{Fault, FaultKind};
use super::msg::Cx;
use super::widget::list::Shown;
use crate::domain::text::cell;
use crate::engine::query::{Answer, ListName, Query};
use crate::store::read::accounts::AccountRow;
use crate::store::read::deliveries::DeliveryRow;
use crate::store::read::failed::FailedRow;
use crate::store::read::invoices::InvoiceRow;
use crate::store::read::jobs::JobRow;
use crate::store::read::log::LogRow;
use crate::store::read::runs::RunRow;
use crate::store::read::unapplied::UnappliedRow;
use crate::store::read::{Filter, ListArgs, ListRow, Seek, Sort};
use std::path::{Path, PathBuf};

/// Writes a list; gives the file and how many rows it has. `answer` reads one page.
pub fn write(
    directory: &Path,
    list: ListName,
    (filter, sort): (Filter, Sort),
    cx: &Cx,
    answer: &mut dyn FnMut(Query) -> Result<Answer, Fault>,
) -> Result<(PathBuf, usize), Fault> {
    // The word stands in the name of the file.
    let (name, rows) = match list {
        ListName::Runs => ("runs", all::<RunRow>(filter, sort, cx, answer)?),
        ListName::Invoices => ("invoices", all::<InvoiceRow>(filter, sort, cx, answer)?),
        ListName::Deliveries => ("deliveries", all::<DeliveryRow>(filter, sort, cx, answer)?),
        ListName::Failed => ("failed", all::<FailedRow>(filter, sort, cx, answer)?),
        ListName::Unapplied => ("unapplied", all::<UnappliedRow>(filter, sort, cx, answer)?),
        ListName::Jobs => ("jobs", all::<JobRow>(filter, sort, cx, answer)?),
        ListName::Log => ("log", all::<LogRow>(filter, sort, cx, answer)?),
        ListName::Accounts => ("accounts", all::<AccountRow>(filter, sort, cx, answer)?),
    };
    let stamp = chrono::DateTime::from_timestamp_millis(cx.now.at_ms)
        .map(|m| m.with_timezone(&cx.zone).format("%Y%m%d-%H%M%S").to_string())
        .unwrap_or_default();
    let path = directory.join(format!("daybook-{name}-{stamp}.csv"));
    let io = |e: &dyn std::fmt::Display| Fault {
        code: "io",
        kind: FaultKind::Other,
        text: format!("{}: {e}", path.display()),
        hint: String::new(),
    };
    // A file that is there already is somebody's: it is not written over.
    let file = crate::outside::create_new(&path).map_err(|e| io(&e))?;
    let mut out = csv::Writer::from_writer(file);
    for row in &rows {
        out.write_record(row).map_err(|e| io(&e))?;
    }
    out.flush().map_err(|e| io(&e))?;
    Ok((path, rows.len().saturating_sub(1)))
}

fn all<R: Shown>(
    filter: Filter,
    sort: Sort,
    cx: &Cx,
    answer: &mut dyn FnMut(Query) -> Result<Answer, Fault>,
) -> Result<Vec<Vec<String>>, Fault> {
    let titles = R::columns().iter().map(|c| c.title.replace(" EUR", "")).collect();
    let mut out: Vec<Vec<String>> = vec![titles];
    let mut seek = Seek::First;
    loop {
        let args = ListArgs { filter: filter.clone(), sort, seek, limit: 1000 };
        let Some(page) = R::page(answer(Query::List(R::LIST, args))?) else { return Ok(out) };
        for row in &page.rows {
            out.push(row.cells(true, cx).iter().map(|(text, _)| cell(text).into_owned()).collect());
        }
        match page.rows.last().map(ListRow::key) {
            Some(key) if page.more => seek = Seek::After(key.clone()),
            Some(_) | None => return Ok(out),
        }
    }
}
