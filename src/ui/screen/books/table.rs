//! A report on the screen: columns as wide as what stands in them, amounts never cut. What is the same
//! in every row stands above the table, what is empty nowhere.

use crate::domain::report::{Cell, Tie};
use crate::domain::text::clean;
use crate::engine::query::Sheet;
use crate::ui::theme;
use crate::ui::widget::{Line, put, put_right};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: u16 = 2;
/// A text is shown so wide at most, and so wide where there is no room for all; `x` shows it whole.
const WIDEST: [u16; 2] = [30, 18];

/// One column that is shown.
struct Column {
    /// Its place in the rows.
    at: usize,
    title: String,
    width: u16,
    /// Amounts and counts stand right.
    right: bool,
}

/// A report that was read.
pub struct Table {
    sheet: Sheet,
    columns: Vec<Column>,
    /// What had no room when it was drawn.
    beyond: std::cell::Cell<usize>,
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Money(money) => money.currency.grouped(money.minor),
        Cell::Text(_) | Cell::Count(_) | Cell::Day(_) | Cell::Nothing => {
            clean(&cell.plain()).into()
        }
    }
}

/// A column or figure in words: `1-30`, `account`, `days past due`.
fn called(name: &str) -> String {
    match name {
        "account_number" => "account".to_owned(),
        "account_name" => "customer".to_owned(),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => name.replace('_', "-"),
        _ => name.replace('_', " "),
    }
}

/// Whether a column only says of which days the report is: the title does.
fn is_said(name: &str) -> bool {
    matches!(name, "as_of" | "from" | "to")
}

impl Table {
    /// Measures it.
    pub fn new(sheet: Sheet) -> Self {
        let names = sheet.of.asked.name.columns(sheet.of.asked.detail);
        let mut columns = Vec::new();
        let mut order: Vec<(usize, &&str)> = names.iter().enumerate().collect();
        // The first column stays when others are moved away: what the row is about, not its currency.
        if let Some(at) = order.iter().position(|(_, name)| **name == "currency") {
            let currency = order.remove(at);
            let behind =
                order.iter().position(|(_, name)| !is_said(name)).map_or(at, |key| key + 1);
            order.insert(behind.max(at), currency);
        }
        for (at, name) in order {
            let cells = || sheet.rows.iter().filter_map(|row| row.get(at));
            let said = is_said(name);
            let alike = *name == "currency" && sheet.rows.len() > 1 && {
                let first = cells().next();
                cells().all(|cell| Some(cell) == first)
            };
            let nothing = |cell: &Cell| match cell {
                Cell::Money(money) => money.minor == 0 && sheet.rows.len() > 1,
                Cell::Text(_) | Cell::Count(_) | Cell::Day(_) | Cell::Nothing => {
                    shown(cell).is_empty()
                }
            };
            let empty = cells().all(nothing);
            if said || (empty && !sheet.rows.is_empty()) || alike {
                continue;
            }
            let title = called(name).to_uppercase();
            let right = cells().any(|cell| matches!(cell, Cell::Money(_) | Cell::Count(_)));
            let widest = cells().map(|cell| shown(cell).width()).max().unwrap_or(0);
            let widest = if right { widest } else { widest.min(usize::from(WIDEST[0])) };
            let width = widest.max(title.width()) as u16;
            columns.push(Column { at, title, width, right });
        }
        Self { sheet, columns, beyond: std::cell::Cell::new(0) }
    }

    /// How many rows are shown.
    pub fn rows(&self) -> usize {
        self.sheet.rows.len()
    }

    /// How many there are.
    pub fn all(&self) -> usize {
        self.sheet.all
    }

    /// A row by its place.
    pub fn row(&self, at: usize) -> Option<&[Cell]> {
        self.sheet.rows.get(at).map(Vec::as_slice)
    }

    /// How many columns had no room to the right, when so many were left out on the left.
    pub fn hidden(&self, shift: usize) -> usize {
        self.beyond.get().min(self.columns.len().saturating_sub(shift + 2))
    }

    /// A row whole, a line a column.
    pub fn whole(&self, at: usize) -> Vec<Line> {
        let names = self.sheet.of.asked.name.columns(self.sheet.of.asked.detail);
        let Some(row) = self.row(at) else { return Vec::new() };
        let line = |(name, cell): (&&str, &Cell)| {
            Line::of(format!("{:<15} ", called(name)), theme::DIM).and(shown(cell), theme::PLAIN)
        };
        names.iter().zip(row).map(line).collect()
    }

    /// Each tie in words, and whether it holds.
    pub fn ties(&self) -> Vec<(String, bool)> {
        let line = |tie: &Tie| {
            let both = [tie.left, tie.right].map(|minor| tie.currency.grouped(minor));
            let mark = if tie.holds() { "ties" } else { "DOES NOT TIE" };
            let text = format!("{mark}: {} {}, {} {}", tie.name, both[0], both[1], tie.currency);
            (text, tie.holds())
        };
        self.sheet.summary.ties.iter().map(line).collect()
    }

    /// What the whole report comes to, a currency behind the other.
    pub fn sums(&self) -> String {
        let of = |(currency, sums): (&crate::domain::money::Currency, &Vec<(String, i64)>)| {
            let sums: Vec<String> = sums
                .iter()
                .filter(|(_, minor)| *minor != 0)
                .map(|(name, minor)| format!("{} {}", called(name), currency.grouped(*minor)))
                .collect();
            format!("{currency}: {}", sums.join(", "))
        };
        self.sheet.summary.totals.iter().map(of).collect::<Vec<_>>().join(" · ")
    }

    /// How the ties stand, in a line; where rows are left out, that too.
    pub fn told(&self) -> (String, Style) {
        let ties = self.ties();
        if let Some((text, _)) = ties.iter().find(|(_, holds)| !holds) {
            return (text.clone(), theme::BAD);
        }
        let left = self.all() - self.rows();
        let mut said = Vec::new();
        if left > 0 {
            said.push(format!("the first {} rows: w writes all", self.rows()));
        }
        match ties.len() {
            0 => {}
            1 => said.extend(ties.into_iter().map(|(text, _)| text)),
            n => said.push(format!("{n} ties hold; x shows both sides of each")),
        }
        (said.join(" · "), theme::DIM)
    }

    /// Draws it around a row; gives the first row that is drawn, and how many have room.
    pub fn view(&self, canvas: &mut Buffer, area: Rect, at: usize, shift: usize) -> (usize, usize) {
        let room = usize::from(area.height.saturating_sub(1)).max(1);
        let top = (at / room) * room;
        let mut x = area.x + 2;
        let mut drawn = 0;
        let (first, rest) = self.columns.split_at(self.columns.len().min(1));
        let rest = rest.get(shift..).unwrap_or_default();
        let wide = |most: u16| {
            let width = |c: &Column| if c.right { c.width } else { c.width.min(most) };
            self.columns.iter().map(|c| width(c) + GAP).fold(0_u16, u16::saturating_add)
        };
        let most = if wide(WIDEST[0]) < area.width { WIDEST[0] } else { WIDEST[1] };
        for column in first.iter().chain(rest) {
            let left = area.right().saturating_sub(x + 1);
            // Text may be cut; an amount goes whole or not at all.
            let width = if column.right { column.width } else { column.width.min(most) };
            if width > left {
                break;
            }
            self.view_column(canvas, (x, area.y, width), column, (top, room));
            x += width + GAP;
            drawn += 1;
        }
        self.beyond.set((first.len() + rest.len()).saturating_sub(drawn));
        if self.beyond.get() > 0 {
            let more = format!("  o {} more", self.beyond.get());
            put_right(canvas, area.x, area.y, area.width - 1, &more, theme::DIM);
        }
        if self.rows() == 0 {
            put(canvas, area.x + 2, area.y + 1, area.width - 3, "nothing", theme::DIM);
        } else {
            put(canvas, area.x, area.y + 1 + (at - top) as u16, 1, ">", theme::PLAIN);
        }
        (top, room)
    }

    fn view_column(
        &self,
        canvas: &mut Buffer,
        (x, y, width): (u16, u16, u16),
        column: &Column,
        (top, room): (usize, usize),
    ) {
        let mut cell = |y: u16, text: &str, style: Style| {
            if column.right {
                put_right(canvas, x, y, width, text, style);
            } else {
                put(canvas, x, y, width, text, style);
            }
        };
        cell(y, &column.title, theme::DIM);
        for (row, cells) in self.sheet.rows.iter().skip(top).take(room).enumerate() {
            if let Some(value) = cells.get(column.at) {
                cell(y + 1 + row as u16, &shown(value), theme::PLAIN);
            }
        }
    }
}
