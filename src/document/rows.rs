//! The figures of a line in the table, and what is carried from one page of it to the next.

use super::columns::Columns;
use super::invoice::{PITCH, Setter};
use super::printable::Line;
use super::sheet::{GREY, HAIR, plain};
use super::texts::Key;
use crate::domain::frozen::Layout;

/// Height of a row that carries a sum, points.
const CARRY: f32 = 16.0;

impl Setter<'_> {
    /// Whether the unit of measure goes under the quantity, for want of room beside it.
    pub(super) fn unit_below(&self, line: &Line, columns: &Columns) -> bool {
        let Some(quantity) = line.quantity.filter(|_| !line.uom.is_empty()) else { return false };
        let both = format!("{} {}", self.doc.tongue.quantity(quantity), line.uom);
        self.set.width(&both, plain(8.5)) > columns.quantity_room
    }

    pub(super) fn figures(&mut self, line: &Line, columns: &Columns, y: f32, unit_below: bool) {
        let small = plain(8.5);
        if let Some(quantity) = line.quantity {
            let mut text = self.doc.tongue.quantity(quantity);
            let place = (columns.quantity, columns.quantity_room);
            if unit_below {
                let grey = plain(7.5).in_ink(GREY);
                self.sheet.figure(self.set, place, y + PITCH - 1.0, grey, &line.uom);
            } else if !line.uom.is_empty() {
                text = format!("{text} {}", line.uom);
            }
            self.sheet.figure(self.set, place, y, small, &text);
        }
        if let Some(price) = line.unit_price {
            let text = self.doc.tongue.unit_price(price, self.doc.currency);
            self.sheet.figure(self.set, (columns.price, columns.price_room), y, small, &text);
        }
        let amount = self.money(line.amount_minor);
        self.sheet.figure(self.set, (self.right, columns.amount_room), y, plain(9.0), &amount);
    }

    /// Goes to a new page of the table unless `height` points are left. What the lines before come to
    /// stands at the foot of the one and at the head of the other.
    pub(super) fn turn(&mut self, line: &Line, height: f32) {
        let carries = self.doc.layout > Layout::First;
        let last = self.doc.lines.last().is_some_and(|last| std::ptr::eq(last, line));
        let below = if carries && !last { CARRY } else { 0.0 };
        if self.y + height + below <= self.bottom() {
            return;
        }
        let sum = self.carried.filter(|_| carries && self.begun);
        if let Some(sum) = sum {
            self.carry(Key::CarriedForward, sum);
        }
        let bottom = self.bottom();
        self.need(bottom);
        self.table_head();
        if let Some(sum) = sum {
            self.carry(Key::BroughtForward, sum);
        }
    }

    fn carry(&mut self, label: Key, minor: i64) {
        let style = plain(8.5).in_ink(GREY);
        let (y, room) = (self.y + 11.5, (self.right - self.left) * 0.3);
        self.text(self.left, y, style, &self.doc.tongue.say(label));
        let sum = self.money(minor);
        self.sheet.figure(self.set, (self.right, room), y, style, &sum);
        self.y += CARRY;
        self.sheet.rule(self.left, self.right, self.y, 0.4, HAIR);
    }

    /// Adds a line that was drawn to what is carried.
    pub(super) fn count(&mut self, line: &Line) {
        self.begun = true;
        self.carried = self.carried.and_then(|sum| sum.checked_add(line.amount_minor));
    }
}
