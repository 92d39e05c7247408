//! From bytes to a table of rows: header, records, and the rules of a file as a whole.

use super::field::{Cells, Fault, Refused};
use super::header;
use super::kind::Kind;
use super::row::{FromRow, Row, Table};
use super::rows::Rows;
use super::{account, charge, open_item, payment_method, subscription, usage};
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// Parses one file. `Err` is a fault of the file itself (nothing of it can go in); faults of
/// rows are in [`Table::refused`].
pub fn parse(bytes: &[u8]) -> Result<Rows, Refused> {
    let skip = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let file_fault = |message: &str, hint: &str| Fault::new("", "", message, hint).at(1, (0, 0));
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(file_fault("the file is UTF-16, not UTF-8", "save the file as CSV UTF-8"));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(file_fault("this is a spreadsheet or zip, not CSV", "export it as CSV UTF-8"));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes.get(skip..).unwrap_or_default());
    let mut record = csv::ByteRecord::new();
    let more = reader.read_byte_record(&mut record).map_err(|e| csv_fault(&e))?;
    if !more {
        return Err(file_fault("the file is empty", "the first line must name the columns"));
    }
    let mut header = header_names(&record)?;
    let width = header.len();
    // What a spreadsheet leaves to the right of a table.
    while header.len() > 1 && header.last().is_some_and(String::is_empty) {
        header.pop();
    }
    let end = skip + reader.position().byte() as usize;
    let at_header = |fault: Fault| fault.at(1, (skip, end));
    let kind = header::recognise(&header).map_err(at_header)?;
    let named = header.len();
    let mut body = Body { bytes, skip, reader, header_span: (skip, end), width, named };
    Ok(match kind {
        Kind::Taxes => Rows::Taxes(body.table(kind, &header)?),
        Kind::Accounts => Rows::Accounts(body.table::<account::AccountRow>(kind, &header)?),
        Kind::PaymentMethods => {
            Rows::PaymentMethods(body.table::<payment_method::MethodRow>(kind, &header)?)
        }
        Kind::Subscriptions => {
            Rows::Subscriptions(body.table::<subscription::SubscriptionRow>(kind, &header)?)
        }
        Kind::Charges => Rows::Charges(body.table::<charge::ChargeRow>(kind, &header)?),
        Kind::OpenItems => Rows::OpenItems(body.table::<open_item::OpenItemRow>(kind, &header)?),
        Kind::Usage => Rows::Usage(body.table::<usage::UsageRow>(kind, &header)?),
    })
}

fn header_names(record: &csv::ByteRecord) -> Result<Vec<String>, Refused> {
    record
        .iter()
        .enumerate()
        .map(|(i, name)| {
            std::str::from_utf8(name).map(|n| n.trim().to_owned()).map_err(|_| {
                let column = format!("column {}", i + 1);
                let shown = String::from_utf8_lossy(name);
                Fault::new(&column, &shown, "is not UTF-8 text", "save the file as UTF-8")
                    .at(1, (0, 0))
            })
        })
        .collect()
}

fn csv_fault(error: &csv::Error) -> Refused {
    let line = error.position().map_or(1, csv::Position::line);
    let hint = "check that the file is a whole CSV file";
    Fault::new("", "", format!("cannot be read: {error}"), hint).at(line, (0, 0))
}

/// The records after the header.
struct Body<'b> {
    bytes: &'b [u8],
    skip: usize,
    reader: csv::Reader<&'b [u8]>,
    header_span: (usize, usize),
    /// Fields of the header.
    width: usize,
    /// Those of them that have a name; the others, at its end, stay empty.
    named: usize,
}

impl Body<'_> {
    fn table<T: FromRow>(
        &mut self,
        kind: Kind,
        header: &[String],
    ) -> Result<Table<T::Columns, T>, Refused> {
        let columns: T::Columns =
            header::resolve(kind, header).map_err(|f| f.at(1, self.header_span))?;
        let (mut rows, mut refused) = (Vec::new(), Vec::new());
        let mut record = csv::ByteRecord::new();
        loop {
            let before = self.reader.position().clone();
            if !self.reader.read_byte_record(&mut record).map_err(|e| csv_fault(&e))? {
                break;
            }
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                // A row of nothing but commas, as a spreadsheet leaves below a table.
                continue;
            }
            let (from, line) = self.start_of_row(&before);
            let span = (from, self.skip + self.reader.position().byte() as usize);
            let read =
                self.shape(&record, span).and_then(|()| T::read(&columns, &Cells::new(&record)));
            match read {
                Ok(value) => rows.push(Row { line, span, value }),
                Err(fault) => refused.push(fault.at(line, span)),
            }
        }
        let repeated = one_row_per_key(&mut rows, &mut refused);
        Ok(Table { columns, rows, refused, repeated, header: self.header_span })
    }

    /// Where a record begins, past blank lines and the second half of a line end.
    fn start_of_row(&self, before: &csv::Position) -> (usize, u64) {
        let from = self.skip + before.byte() as usize;
        let rest = self.bytes.get(from..).unwrap_or_default();
        let blank = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        let (skipped, lines) = blank.fold((0, 0), |(n, l), b| (n + 1, l + u64::from(*b == b'\n')));
        (from + skipped, before.line() + lines)
    }

    /// Whether a record has the header's number of fields and closed quotes: a cut-off file or an
    /// unquoted comma shows here.
    fn shape(&self, record: &csv::ByteRecord, span: (usize, usize)) -> Result<(), Fault> {
        let raw = self.bytes.get(span.0..span.1).unwrap_or_default();
        let first = || String::from_utf8_lossy(record.get(0).unwrap_or_default()).into_owned();
        if raw.split(|b| *b == b'"').count().is_multiple_of(2) {
            let hint = "close it; a quote inside a quoted value is written twice; \
                        or the file is cut off here";
            return Err(Fault::new("", &first(), "a quote opens and is not closed", hint));
        }
        let (has, needs) = (record.len(), self.width);
        if let Some(stray) = record.iter().skip(self.named).find(|c| !c.trim_ascii().is_empty())
            && has <= needs
        {
            let message = "stands in a column that has no name";
            let hint = "name the column in the header, or empty it";
            return Err(Fault::new("", &String::from_utf8_lossy(stray), message, hint));
        }
        if has == needs || (has >= self.named && has < needs) {
            return Ok(());
        }
        let hint = if has > needs {
            "write decimals with a point, and quote a value that contains a comma"
        } else {
            "fill in the missing fields, or the file is cut off here"
        };
        let message = format!("has {has} fields where the header has {needs}");
        Err(Fault::new("", &first(), message, hint))
    }
}

/// Leaves one row per natural key. Equal rows count once; rows that differ are all refused, since
/// nobody can say which of them is meant.
fn one_row_per_key<T: FromRow>(rows: &mut Vec<Row<T>>, refused: &mut Vec<Refused>) -> usize {
    let mut first: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(rows.len());
    let mut again: HashSet<usize> = HashSet::new();
    let mut against: HashMap<usize, u64> = HashMap::new();
    for (i, row) in rows.iter().enumerate() {
        let Some(key) = row.value.key() else { continue };
        let before = match first.entry(key) {
            Entry::Vacant(place) => {
                place.insert(i);
                continue;
            }
            Entry::Occupied(held) => *held.get(),
        };
        if rows.get(before).is_some_and(|b| b.value == row.value) {
            again.insert(i);
        } else {
            let other = rows.get(before).map_or(0, |b| b.line);
            against.insert(i, other);
            against.entry(before).or_insert(row.line);
        }
    }
    drop(first);
    if again.is_empty() && against.is_empty() {
        return 0;
    }
    let mut i = 0;
    rows.retain(|row| {
        let (clash, twice) = (against.get(&i), again.contains(&i));
        i += 1;
        if let Some(other) = clash {
            let key = row.value.key().unwrap_or_default().replace('\u{1f}', " ");
            let message = format!("the same key stands in line {other} with other content");
            let fault = Fault::new(T::KEY_COLUMN, &key, message, "keep the row that is right");
            refused.push(row.refuse(fault));
        }
        clash.is_none() && !twice
    });
    refused.sort_by_key(|r| r.line);
    again.len()
}
