//! From bytes to rows, so many at a time: header, records, and the shape of each.

use super::field::{Cells, Fault, Refused};
use super::header;
use super::kind::Kind;
use super::once::Settled;
use super::row::{FromRow, Row, Table};
use super::rows::Rows;
use super::window::Window;
use super::{account, charge, open_item, payment_method, subscription, usage};
use crate::domain::document::TaxRate;
use crate::domain::fx::FxRate;
use std::io::{Cursor, Read};

/// Parses one file that is in memory. `Err` is a fault of the file itself (nothing of it can go in);
/// faults of rows are in [`Table::refused`].
pub fn parse(bytes: &[u8]) -> Result<Rows, Refused> {
    let mut rows = Reader::open(bytes)?.next(usize::MAX)?;
    rows.once_each();
    Ok(rows)
}

/// Reads a file row by row.
pub struct Reader<'b> {
    csv: csv::Reader<Window<Box<dyn Read + 'b>>>,
    record: csv::ByteRecord,
    skip: usize,
    kind: Kind,
    header: Vec<String>,
    header_span: (usize, usize),
    /// Fields of the header. Those of them that have a name are `header`; the others, at its end,
    /// stay empty.
    width: usize,
    /// Lines before the record at hand that end without a line feed.
    uncounted: u64,
    /// Whether that record ends with a carriage return, which a line feed may follow.
    half: bool,
    ended: bool,
}

/// Where a record stands.
struct Place {
    line: u64,
    span: (usize, usize),
}

impl<'b> Reader<'b> {
    /// Reads the header. `Err` is a fault of the file: nothing of it can go in.
    pub fn open(mut input: impl Read + 'b) -> Result<Self, Refused> {
        let file_fault =
            |message: &str, hint: &str| Fault::new("", "", message, hint).at(1, (0, 0));
        let mut head = Vec::new();
        input.by_ref().take(4).read_to_end(&mut head).map_err(|e| csv_fault(&e.into()))?;
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return Err(file_fault("the file is UTF-16, not UTF-8", "save the file as CSV UTF-8"));
        }
        if head.starts_with(b"PK\x03\x04") {
            return Err(file_fault(
                "this is a spreadsheet or zip, not CSV",
                "export it as CSV UTF-8",
            ));
        }
        let skip = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        head.drain(..skip);
        let input: Box<dyn Read + 'b> = Box::new(Cursor::new(head).chain(input));
        let mut csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(Window::new(input, skip));
        let mut record = csv::ByteRecord::new();
        if !csv.read_byte_record(&mut record).map_err(|e| csv_fault(&e))? {
            return Err(file_fault("the file is empty", "the first line must name the columns"));
        }
        let mut header = header_names(&record)?;
        let width = header.len();
        // What a spreadsheet leaves to the right of a table.
        while header.len() > 1 && header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        let header_span = (skip, skip + csv.position().byte() as usize);
        let at_header = |fault: Fault| fault.at(1, header_span);
        let kind = header::recognise(&header).map_err(at_header)?;
        let half = csv.get_ref().bytes(header_span.1.saturating_sub(1), header_span.1) == b"\r";
        let (uncounted, ended) = (0, false);
        let reader =
            Self { csv, record, skip, kind, header, header_span, width, uncounted, half, ended };
        reader.fits().map_err(at_header)?;
        Ok(reader)
    }

    /// What the file holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes of the header line.
    pub fn header_span(&self) -> (usize, usize) {
        self.header_span
    }

    /// Whether every row was read.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the header has the columns of its kind.
    fn fits(&self) -> Result<(), Fault> {
        match self.kind {
            Kind::Taxes => self.columns::<TaxRate>().map(drop),
            Kind::FxRates => self.columns::<FxRate>().map(drop),
            Kind::Accounts => self.columns::<account::AccountRow>().map(drop),
            Kind::PaymentMethods => self.columns::<payment_method::MethodRow>().map(drop),
            Kind::Subscriptions => self.columns::<subscription::SubscriptionRow>().map(drop),
            Kind::Charges => self.columns::<charge::ChargeRow>().map(drop),
            Kind::OpenItems => self.columns::<open_item::OpenItemRow>().map(drop),
            Kind::Usage => self.columns::<usage::UsageRow>().map(drop),
        }
    }

    /// The next rows, at most so many, of which those that do not say what their columns need are
    /// in [`Table::refused`]. A key may stand in several of them: see [`super::Repeats`].
    pub fn next(&mut self, most: usize) -> Result<Rows, Refused> {
        Ok(match self.kind {
            Kind::Taxes => Rows::Taxes(self.table(most)?),
            Kind::FxRates => Rows::FxRates(self.table(most)?),
            Kind::Accounts => Rows::Accounts(self.table(most)?),
            Kind::PaymentMethods => Rows::PaymentMethods(self.table(most)?),
            Kind::Subscriptions => Rows::Subscriptions(self.table(most)?),
            Kind::Charges => Rows::Charges(self.table(most)?),
            Kind::OpenItems => Rows::OpenItems(self.table(most)?),
            Kind::Usage => Rows::Usage(self.table(most)?),
        })
    }

    /// Hands over the key of every row that has one, until `take` has enough. Gives how many rows
    /// were looked at.
    pub(super) fn keys(&mut self, take: &mut dyn FnMut(&str) -> bool) -> Result<usize, Refused> {
        match self.kind {
            Kind::Taxes => self.keys_of::<TaxRate>(take),
            Kind::FxRates => self.keys_of::<FxRate>(take),
            Kind::Accounts => self.keys_of::<account::AccountRow>(take),
            Kind::PaymentMethods => self.keys_of::<payment_method::MethodRow>(take),
            Kind::Subscriptions => self.keys_of::<subscription::SubscriptionRow>(take),
            Kind::Charges => self.keys_of::<charge::ChargeRow>(take),
            Kind::OpenItems => self.keys_of::<open_item::OpenItemRow>(take),
            Kind::Usage => self.keys_of::<usage::UsageRow>(take),
        }
    }

    /// What comes of the rows whose key `among` takes, when one row is left for each key.
    pub(super) fn settle(&mut self, among: impl Fn(&str) -> bool) -> Result<Settled, Refused> {
        match self.kind {
            Kind::Taxes => self.settle_of::<TaxRate>(among),
            Kind::FxRates => self.settle_of::<FxRate>(among),
            Kind::Accounts => self.settle_of::<account::AccountRow>(among),
            Kind::PaymentMethods => self.settle_of::<payment_method::MethodRow>(among),
            Kind::Subscriptions => self.settle_of::<subscription::SubscriptionRow>(among),
            Kind::Charges => self.settle_of::<charge::ChargeRow>(among),
            Kind::OpenItems => self.settle_of::<open_item::OpenItemRow>(among),
            Kind::Usage => self.settle_of::<usage::UsageRow>(among),
        }
    }

    fn columns<T: FromRow>(&self) -> Result<T::Columns, Fault> {
        header::resolve(self.kind, &self.header)
    }

    fn columns_at<T: FromRow>(&self) -> Result<T::Columns, Refused> {
        self.columns::<T>().map_err(|fault| fault.at(1, self.header_span))
    }

    /// Reads the next record that is no blank line.
    fn record(&mut self) -> Result<Option<Place>, Refused> {
        loop {
            let before = self.csv.position().clone();
            let from = self.skip + before.byte() as usize;
            self.csv.get_mut().forget(from);
            if !self.csv.read_byte_record(&mut self.record).map_err(|e| csv_fault(&e))? {
                self.ended = true;
                return Ok(None);
            }
            let to = self.skip + self.csv.position().byte() as usize;
            let rest = self.csv.get_ref().rest(from);
            // Past blank lines and the second half of a line end.
            let blank = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            let blank = rest.get(..blank).unwrap_or_default();
            // The reader counts no line that an old Macintosh ended.
            self.uncounted += lone(self.half, blank);
            let fed = blank.iter().map(|b| u64::from(*b == b'\n')).sum::<u64>();
            self.half = self.csv.get_ref().bytes(to.saturating_sub(1), to) == b"\r";
            if self.record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                // A row of nothing but commas, as a spreadsheet leaves below a table.
                continue;
            }
            let line = before.line() + fed + self.uncounted;
            return Ok(Some(Place { line, span: (from + blank.len(), to) }));
        }
    }

    fn table<T: FromRow>(&mut self, most: usize) -> Result<Table<T::Columns, T>, Refused> {
        let columns = self.columns_at::<T>()?;
        let (mut rows, mut refused) = (Vec::new(), Vec::new());
        while rows.len() + refused.len() < most
            && let Some(Place { line, span }) = self.record()?
        {
            let cells = Cells::new(&self.record);
            let read = self.shape(span).and_then(|()| T::read(&columns, &cells));
            match read {
                Ok(value) => rows.push(Row { line, span, value }),
                Err(fault) => refused.push(fault.at(line, span)),
            }
        }
        Ok(Table { columns, rows, refused, repeated: 0, header: self.header_span })
    }

    fn keys_of<T: FromRow>(
        &mut self,
        take: &mut dyn FnMut(&str) -> bool,
    ) -> Result<usize, Refused> {
        let columns = self.columns_at::<T>()?;
        let (mut rows, mut key) = (0, String::new());
        while self.record()?.is_some() {
            rows += 1;
            if T::key_in(&columns, &Cells::new(&self.record), &mut key) && !take(&key) {
                break;
            }
        }
        Ok(rows)
    }

    fn settle_of<T: FromRow>(&mut self, among: impl Fn(&str) -> bool) -> Result<Settled, Refused> {
        let columns = self.columns_at::<T>()?;
        let (mut rows, mut key) = (Vec::new(), String::new());
        while let Some(Place { line, span }) = self.record()? {
            let cells = Cells::new(&self.record);
            if !T::key_in(&columns, &cells, &mut key) || !among(&key) || self.shape(span).is_err() {
                continue;
            }
            if let Ok(value) = T::read(&columns, &cells) {
                rows.push(Row { line, span, value });
            }
        }
        Ok(Settled::of(rows))
    }

    /// Whether a record has the header's number of fields and closed quotes: a cut-off file or an
    /// unquoted comma shows here.
    fn shape(&self, span: (usize, usize)) -> Result<(), Fault> {
        let (record, named) = (&self.record, self.header.len());
        let raw = self.csv.get_ref().bytes(span.0, span.1);
        let first = || String::from_utf8_lossy(record.get(0).unwrap_or_default()).into_owned();
        if raw.contains(&b'"') && raw.split(|b| *b == b'"').count().is_multiple_of(2) {
            let hint = "close it; a quote inside a quoted value is written twice; \
                        or the file is cut off here";
            return Err(Fault::new("", &first(), "a quote opens and is not closed", hint));
        }
        let (has, needs) = (record.len(), self.width);
        if let Some(stray) = record.iter().skip(named).find(|c| !c.trim_ascii().is_empty())
            && has <= needs
        {
            let message = "stands in a column that has no name";
            let hint = "name the column in the header, or empty it";
            return Err(Fault::new("", &String::from_utf8_lossy(stray), message, hint));
        }
        if has == needs || (has >= named && has < needs) {
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

/// How many lines end in these blanks, or before them where `half` of an end was read, by a carriage
/// return alone.
fn lone(half: bool, blank: &[u8]) -> u64 {
    let ends = half.then_some(b'\r').into_iter().chain(blank.iter().copied());
    let followed = ends.clone().skip(1).map(Some).chain([None]);
    ends.zip(followed).filter(|(end, next)| *end == b'\r' && *next != Some(b'\n')).count() as u64
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
