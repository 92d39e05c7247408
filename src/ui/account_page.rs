//! One month of an account on one page, in a box: `[` and `]` go from month to month, `w` writes it as
//! a PDF.

use super::keymap::Key;
use super::modal::text::TextBox;
use super::modal::{Intent, Modal};
use super::msg::{Cx, Effect, Part, ScreenId};
use super::theme;
use super::widget::{Line, pad, wrap};
use crate::domain::ids::AccountId;
use crate::domain::leaf::{Leaf, Part as Piece, Row, Side, Weight};
use crate::domain::month::Month;
use crate::engine::query::Query;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Shows this month of an account.
pub fn show(screen: ScreenId, account: AccountId, number: &str, cx: &mut Cx) {
    let month = Month::of(cx.now.today);
    cx.open.push(Modal::Text(TextBox::waiting(format!("Account {number}, {}", month.name()))));
    load(screen, account, month, cx);
}

/// Asks for a month, for the box that is open.
pub fn load(screen: ScreenId, account: AccountId, month: Month, cx: &mut Cx) {
    cx.load(screen, Part::Dialog, Query::AccountPage(account, month));
}

/// Has a month written to a file.
pub fn write(account: AccountId, month: Month, cx: &mut Cx) {
    cx.effects.push(Effect::WritePage { account, month });
}

/// The keys of the box; after this month there is none.
pub fn keys(account: AccountId, month: Month, cx: &Cx) -> Vec<(Key, Intent)> {
    let mut keys = Vec::new();
    if let Some(before) = month.later(-1) {
        keys.push((Key::Char('['), Intent::Page(account, before)));
    }
    let after = month.later(1).filter(|m| *m <= Month::of(cx.now.today));
    keys.push((Key::Char(']'), Intent::Page(account, after.unwrap_or(month))));
    keys
}

/// What the keys do, for the foot of the box.
pub const FOOT: &str = "[ ] month · w writes a PDF · ";

/// The page in lines of a width.
pub fn lines(leaf: &Leaf, width: usize) -> Vec<Line> {
    let mut out = Vec::new();
    for (at, text) in leaf.under.iter().enumerate() {
        let style = if at == 0 { theme::BOLD } else { theme::PLAIN };
        out.extend(wrap(text, width).into_iter().map(|l| Line::of(l, style)));
    }
    for part in &leaf.parts {
        match part {
            Piece::Heading(text) => {
                out.push(Line::default());
                out.push(Line::of(text.clone(), theme::KEY));
            }
            Piece::Text(text) => {
                out.extend(wrap(text, width).into_iter().map(|l| Line::of(l, theme::DIM)));
            }
            Piece::Table(columns, rows) => table(columns, rows, width, &mut out),
        }
    }
    out
}

/// Columns as wide as what stands in them; words share what is left, amounts are never cut. Where even
/// that has no room the cells of a row follow each other.
fn table(columns: &[(String, Side)], rows: &[Row], width: usize, out: &mut Vec<Line>) {
    let natural: Vec<usize> = (0..columns.len())
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.cells.get(at));
            cells.map(|cell| cell.width()).fold(columns[at].0.width(), usize::max)
        })
        .collect();
    let gaps = 2 * columns.len().saturating_sub(1);
    let flows: Vec<usize> = (0..columns.len()).filter(|at| columns[*at].1 == Side::Flows).collect();
    let wanted: usize = flows.iter().map(|at| natural[*at]).sum();
    let fixed: usize = natural.iter().sum::<usize>() - wanted + gaps;
    let mut widths = natural.clone();
    let room = width.saturating_sub(fixed);
    if wanted > room {
        if room < 14 * flows.len() {
            return stacked(columns, rows, width, out);
        }
        for at in &flows {
            widths[*at] = (natural[*at] * room / wanted.max(1)).max(10);
        }
        let over = flows.iter().map(|at| widths[*at]).sum::<usize>().saturating_sub(room);
        if let Some(widest) = flows.iter().max_by_key(|at| widths[**at]) {
            widths[*widest] = widths[*widest].saturating_sub(over).max(4);
        }
    }
    let titles: Vec<Vec<String>> = columns.iter().map(|(t, _)| vec![t.clone()]).collect();
    if columns.iter().any(|(title, _)| !title.is_empty()) {
        row(&titles, columns, &widths, theme::DIM, out);
    }
    for one in rows {
        let cells: Vec<Vec<String>> =
            one.cells.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
        row(&cells, columns, &widths, style(one), out);
    }
}

fn row(
    cells: &[Vec<String>],
    columns: &[(String, Side)],
    widths: &[usize],
    style: Style,
    out: &mut Vec<Line>,
) {
    for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
        let mut text = String::new();
        for ((cell, (_, side)), width) in cells.iter().zip(columns).zip(widths) {
            let cell = cell.get(line).map_or("", String::as_str);
            match side {
                Side::Right => {
                    text.push_str(&" ".repeat(width.saturating_sub(cell.width())));
                    text.push_str(cell);
                }
                Side::Left | Side::Flows => text.push_str(&pad(cell, *width)),
            }
            text.push_str("  ");
        }
        out.push(Line::of(text.trim_end(), style));
    }
}

fn stacked(columns: &[(String, Side)], rows: &[Row], width: usize, out: &mut Vec<Line>) {
    for one in rows {
        let cells = one.cells.iter().zip(columns).filter(|(cell, _)| !cell.is_empty());
        let words: Vec<String> = cells
            .map(|(cell, (title, side))| match side {
                Side::Right if !title.is_empty() => format!("{} {cell}", title.to_lowercase()),
                Side::Right | Side::Left | Side::Flows => cell.clone(),
            })
            .collect();
        let text = words.join(" · ");
        for (at, part) in wrap(&text, width.saturating_sub(2)).into_iter().enumerate() {
            let before = if at == 0 { "" } else { "  " };
            out.push(Line::of(format!("{before}{part}"), style(one)));
        }
    }
}

fn style(row: &Row) -> Style {
    match row.weight {
        Weight::Strong => theme::BOLD,
        Weight::Plain => theme::PLAIN,
        Weight::Small => theme::DIM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Leaf {
        let columns = vec![
            ("Date".to_owned(), Side::Left),
            ("What".to_owned(), Side::Flows),
            ("Amount EUR".to_owned(), Side::Right),
        ];
        let words = "payment declined (insufficient_funds), next try 2026-12-02: no money moved";
        let cells = ["2026-11-02".to_owned(), words.to_owned(), "1,234,567.89".to_owned()];
        let table = Piece::Table(columns, vec![Row::plain(cells)]);
        Leaf { title: "A".into(), under: vec!["Ä GmbH".into()], parts: vec![table] }
    }

    #[test]
    fn an_amount_is_whole_in_any_width_and_no_line_is_longer_than_it() {
        for width in 30..110 {
            let lines = lines(&leaf(), width);
            let all: Vec<String> = lines.iter().map(Line::text).collect();
            assert!(all.iter().any(|l| l.contains("1,234,567.89")), "{width}: {all:#?}");
            assert!(all.iter().all(|l| l.width() <= width), "{width}: {all:#?}");
            let words: String = all.concat().split_whitespace().collect();
            assert!(words.contains("insufficient_funds"), "{width}: {all:#?}");
        }
    }
}
