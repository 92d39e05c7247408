//! A list of any length: a window of rows read by key, a cursor that follows its row by id, marks
//! that outlive filters and reloads.

mod act;
mod any;
mod arrive;
mod columns;
mod marks;
mod view;

pub use any::AnyList;
pub use columns::Placed;
pub use marks::sums;

use crate::engine::query::{Answer, ListName, Query};
use crate::store::read::{
    Filter, FilterError, ListArgs, ListRow, Marked, Page, Seek, Sort, Sorted, Totals,
};
use crate::ui::msg::{Cx, Part, ScreenId};
use ratatui::style::Style;
use std::collections::{BTreeMap, BTreeSet};

/// From how many columns the details stand beside the list.
pub const WIDE: u16 = 120;
/// Rows read at once.
const CHUNK: usize = 200;

/// Marks at most of which it is asked after every change whether the list still shows them.
const ASKED: usize = 50_000;
/// Rows kept at most.
const KEEP: usize = 1200;

/// One column of a list.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Columns it takes; of a right-aligned one the least.
    pub width: u16,
    /// Amounts and counts stand right and are never cut.
    pub right: bool,
    /// Takes what is left over; at least `width`.
    pub flex: bool,
    /// Dropped when it is narrow, highest first; 0 never; [`Self::MORE`]: shown where it is chosen.
    pub rank: u8,
}

impl Column {
    /// The rank of what a clerk can choose to see besides.
    pub const MORE: u8 = u8::MAX;
}

/// A row a screen can show.
pub trait Shown: ListRow {
    /// Which list it is of.
    const LIST: ListName;
    /// Whether a key of its screen acts on marked rows.
    const MARKS: bool = true;
    /// Takes its page out of an answer.
    fn page(answer: Answer) -> Option<Page<Self>>;
    fn columns() -> &'static [Column];
    /// One text for each column; `code` says whether amounts need their currency beside them.
    fn cells(&self, code: bool, cx: &Cx) -> Vec<(String, Style)>;
    /// How a clerk calls it.
    fn label(&self) -> String;
    /// The order that goes by a column, by its title.
    fn order_of(title: &str) -> Option<Sort> {
        Some(match title {
            "ACCOUNT" => Sort::Account,
            "CUSTOMER" => Sort::Customer,
            "OPEN EUR" | "OPEN" | "LEFT" | "TOTAL EUR" => Sort::Largest,
            "DUE" | "AGE" | "SINCE" => Sort::Due,
            "ST" | "STATE" => Sort::State,
            "BATCH" => Sort::Batch,
            "WHEN" | "JOB" | "RUN" => Sort::Newest,
            _ => return None,
        })
    }

    /// A cell as it is read aloud; the letters of a state are words then.
    fn said(&self, _column: &str, cell: String) -> String {
        cell
    }
}

/// A ready filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    pub name: String,
    pub filter: String,
    /// Its order.
    pub sort: Sort,
    /// Saved by a clerk.
    pub saved: bool,
    /// Of a saved one: the ready filter that it narrows, by its name; empty: none.
    pub base: String,
    /// How many rows it shows, and their money; none while that is not counted.
    pub totals: Option<Totals>,
    /// What is said where it shows nothing; empty: only that.
    pub empty: &'static str,
    /// The list it shows, where that is another than its screen's.
    pub of: Option<ListName>,
}

impl Tab {
    /// A tab.
    pub fn new(name: &str, filter: &str, sort: Sort) -> Self {
        Self {
            name: name.to_owned(),
            filter: filter.to_owned(),
            sort,
            saved: false,
            base: String::new(),
            totals: None,
            empty: "",
            of: None,
        }
    }

    /// The same, of another list than its screen's.
    #[must_use]
    pub fn of(self, list: ListName) -> Self {
        Self { of: Some(list), ..self }
    }

    /// The same, with what is said where it shows nothing.
    #[must_use]
    pub fn empty(self, empty: &'static str) -> Self {
        Self { empty, ..self }
    }
}

/// What to put the cursor on when a page arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Land {
    First,
    Last,
    Row(i64),
}

/// The state of one list.
pub struct Listing<R> {
    screen: ScreenId,
    /// Ready filters.
    pub tabs: Vec<Tab>,
    /// Which of them is chosen.
    pub tab: usize,
    /// What is typed behind `/`.
    pub typed: String,
    /// The order.
    pub sort: Sorted,
    /// The orders to choose from.
    pub sorts: &'static [Sort],
    /// The columns as the clerk wants them, in their order; empty: as they are made.
    placed: Vec<Placed>,
    /// The rows read.
    pub rows: Vec<R>,
    /// Rank of the first of them in the whole list.
    first: usize,
    before: bool,
    after: bool,
    cursor: usize,
    top: usize,
    land: Land,
    /// Count and money of what matches; none until it is counted under this filter.
    pub totals: Option<Totals>,
    /// Whether the rows are still those of the filter before.
    of_before: bool,
    /// Marked rows, also those outside the filter.
    pub marks: BTreeMap<i64, Marked>,
    /// Under which filter each was marked, by place in `places`.
    made: BTreeMap<i64, usize>,
    places: Vec<String>,
    /// The marks that this filter shows; none while that is not known.
    within: Option<BTreeSet<i64>>,
    lost_marks: Vec<BTreeMap<i64, Marked>>,
    range: Option<usize>,
    /// Whether the marks on their way shall be turned over.
    inverting: bool,
    /// A row to stand on when the list is first read.
    wanted: Option<i64>,
    /// The page that is read begins at the row under the cursor, which was not in the one before.
    sought: bool,
    /// Rows that came meanwhile.
    pub fresh: i64,
    /// No updates.
    pub frozen: bool,
    /// Whether the details stand beside it when there is room.
    pane: bool,
    /// Why nothing is shown.
    pub error: Option<String>,
    last_typed: String,
    widths: Vec<u16>,
    /// Whether something changed while the ready filters were counted.
    recount: bool,
    /// Whether anything was ever read.
    pub ready: bool,
}

impl<R: Shown> Listing<R> {
    /// An empty list of a screen; [`Self::reload`] fills it.
    pub fn new(screen: ScreenId, tabs: Vec<Tab>, sorts: &'static [Sort]) -> Self {
        let sort = tabs.first().map_or(Sort::Newest, |t| t.sort);
        Self {
            screen,
            tabs,
            tab: 0,
            typed: String::new(),
            sort: sort.into(),
            sorts,
            placed: Vec::new(),
            rows: Vec::new(),
            first: 0,
            before: false,
            after: false,
            cursor: 0,
            top: 0,
            land: Land::First,
            totals: None,
            of_before: false,
            marks: BTreeMap::new(),
            made: BTreeMap::new(),
            places: Vec::new(),
            within: None,
            lost_marks: Vec::new(),
            range: None,
            wanted: None,
            sought: false,
            inverting: false,
            fresh: 0,
            frozen: false,
            pane: true,
            error: None,
            last_typed: String::new(),
            widths: Vec::new(),
            recount: false,
            ready: false,
        }
    }

    /// Rows of the list on a screen of this size: title, filter and headings above; two rows of
    /// preview, status and keys below.
    pub fn height(size: (u16, u16)) -> usize {
        usize::from(size.1.saturating_sub(7)).max(1)
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&R> {
        self.rows.get(self.cursor)
    }

    /// Where the cursor is in the whole list, from 1.
    pub fn rank(&self) -> usize {
        self.first + self.cursor + 1
    }

    /// The whole filter: tab and typed.
    pub fn filter(&self) -> Filter {
        self.understood().unwrap_or_default()
    }

    /// What the tab alone asks for.
    pub fn under(&self) -> Filter {
        let [base, tab, _] = self.parts();
        joined([base, tab]).unwrap_or_default()
    }

    /// Each part is a filter of its own: what is typed cannot join a term of the tab.
    fn understood(&self) -> Result<Filter, FilterError> {
        joined(self.parts())
    }

    /// Tab and typed filter, as text.
    fn here(&self) -> String {
        self.parts().join(" ").trim().to_owned()
    }

    /// What a saved tab narrows, the tab and what is typed. Where what it narrows is no more, the filter is
    /// not understood: without it the list would be longer than was saved.
    fn parts(&self) -> [&str; 3] {
        let Some(tab) = self.tabs.get(self.tab) else { return ["", "", &self.typed] };
        [self.base(tab), &tab.filter, &self.typed]
    }

    /// What a saved tab narrows.
    fn base(&self, tab: &Tab) -> &str {
        match tab.base.as_str() {
            "" => "",
            name => {
                let base = self.tabs.iter().find(|t| !t.saved && t.name == name);
                base.map_or("tab:gone", |t| t.filter.as_str())
            }
        }
    }

    /// The filter as typed, in the parts that hold together.
    pub fn typed_parts(&self) -> Vec<String> {
        self.parts()
            .iter()
            .filter(|part| !part.trim().is_empty())
            .map(|p| (*p).to_owned())
            .collect()
    }

    fn args(&self, seek: Seek, limit: usize) -> ListArgs {
        ListArgs { filter: self.filter(), sort: self.sort, seek, limit }
    }

    fn ask(&self, cx: &mut Cx, part: Part, seek: Seek, limit: usize) {
        if self.error.is_some() {
            return;
        }
        if part == Part::Page {
            // What was asked for the list as it was does not fit the new one.
            cx.forget(self.screen, Part::After);
            cx.forget(self.screen, Part::Before);
        }
        cx.load(self.screen, part, Query::List(R::LIST, self.args(seek, limit)));
    }

    /// Reads the list anew from the top.
    pub fn restart(&mut self, cx: &mut Cx) {
        self.land = Land::First;
        self.fresh = 0;
        self.ask(cx, Part::Page, Seek::First, CHUNK);
        self.count(cx);
    }

    fn count(&self, cx: &mut Cx) {
        if self.error.is_some() {
            return;
        }
        cx.load(self.screen, Part::Totals, Query::Totals(R::LIST, self.filter()));
        // What was marked here may have left the list since.
        if self.made_elsewhere() || (1..=ASKED).contains(&self.marks.len()) {
            let marked = self.marks.keys().copied().collect();
            cx.load(self.screen, Part::Within, Query::Within(R::LIST, self.filter(), marked));
        }
    }

    /// Reads again what is shown; the cursor stays on its row.
    pub fn reload(&mut self, cx: &mut Cx) {
        self.count_tabs(cx);
        if self.land == Land::First && cx.awaits(self.screen, Part::Page) {
            return self.restart(cx);
        }
        let Some(id) = self.wanted.take().or_else(|| self.current().map(ListRow::id)) else {
            return self.restart(cx);
        };
        self.land = Land::Row(id);
        self.sought = false;
        if self.rows.is_empty() {
            self.ask(cx, Part::Page, Seek::First, CHUNK);
            return self.count(cx);
        }
        let shown = self.first + self.top;
        if shown < 400 {
            self.ask(cx, Part::Page, Seek::First, CHUNK.max(shown + CHUNK));
        } else {
            let key = self.rows[self.top].key().clone();
            self.ask(cx, Part::Page, Seek::From(key), CHUNK);
        }
        self.count(cx);
    }

    /// Counts what each ready filter shows. While that goes on it is asked once more at most.
    fn count_tabs(&mut self, cx: &mut Cx) {
        if self.tabs.len() < 2 {
            return;
        }
        self.recount = cx.awaits(self.screen, Part::Tabs);
        if !self.recount {
            // One that is not understood shows nothing, and nothing is counted of it.
            let of = |tab: &Tab| {
                let filter = joined([self.base(tab), &tab.filter, ""]).unwrap_or_default();
                (tab.of.unwrap_or(R::LIST), filter)
            };
            let filters = self.tabs.iter().map(of).collect();
            cx.load(self.screen, Part::Tabs, Query::Tabs(filters));
        }
    }

    /// Goes to a row by id when the next page arrives.
    pub fn land_on(&mut self, id: i64) {
        self.land = Land::Row(id);
    }

    /// Sets what is typed, and reads anew.
    pub fn set_typed(&mut self, text: &str, cx: &mut Cx) {
        text.clone_into(&mut self.typed);
        self.reread(cx);
        if self.error.is_none() && !text.trim().is_empty() {
            text.clone_into(&mut self.last_typed);
        }
    }

    /// Takes away what is typed; the cursor stays on its row.
    pub fn widen(&mut self, cx: &mut Cx) {
        let here = self.current().map(|row| (row.id(), row.key().clone()));
        self.set_typed("", cx);
        if let (Some((id, key)), None) = (here, &self.error) {
            (self.land, self.sought) = (Land::Row(id), true);
            self.ask(cx, Part::Page, Seek::From(key), CHUNK);
        }
    }

    /// Reads anew what the filter asks for, if that is understood.
    fn reread(&mut self, cx: &mut Cx) {
        match self.understood() {
            Ok(_) => {
                self.error = None;
                (self.totals, self.within) = (None, None);
                self.of_before = true;
                self.restart(cx);
            }
            Err(error) => self.refuse(error.to_string(), cx),
        }
    }

    /// A filter that is not understood shows nothing and acts on nothing, until it is mended:
    /// without it the list would be everything.
    pub fn refuse(&mut self, error: String, cx: &mut Cx) {
        for part in [
            Part::Page,
            Part::After,
            Part::Before,
            Part::Totals,
            Part::Marks,
            Part::Within,
            Part::Hit,
        ] {
            cx.forget(self.screen, part);
        }
        self.error = Some(error);
        self.of_before = false;
        self.rows.clear();
        (self.first, self.cursor, self.top) = (0, 0, 0);
        (self.before, self.after) = (false, false);
        self.range = None;
        self.land = Land::First;
        self.totals = Some(Totals::default());
    }

    /// Chooses a tab.
    pub fn set_tab(&mut self, tab: usize, cx: &mut Cx) {
        self.tab = tab.min(self.tabs.len().saturating_sub(1));
        if let Some(tab) = self.tabs.get(self.tab) {
            self.sort = tab.sort.into();
        }
        self.typed.clear();
        self.reread(cx);
    }

    /// Whether the page that is read will stand on another row than the one under the cursor.
    pub(super) fn moves(&self) -> bool {
        match self.land {
            Land::First | Land::Last => true,
            Land::Row(id) => self.current().map(ListRow::id) != Some(id),
        }
    }

    /// Whether details stand beside the list on a screen of this width.
    pub fn is_beside(&self, width: u16) -> bool {
        self.pane && width >= WIDE
    }

    /// Whose list it is.
    pub fn screen(&self) -> ScreenId {
        self.screen
    }
}

/// Filters that all must hold, each understood for itself.
fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Filter, FilterError> {
    let both = |all: Filter, part| Ok(all.and(&Filter::parse(part)?));
    parts.into_iter().try_fold(Filter::default(), both)
}
