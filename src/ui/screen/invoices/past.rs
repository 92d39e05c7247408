//! The history of a document: every deed with before and after; Enter puts a draft back.

use crate::engine::command::Command;
use crate::engine::query::History;
use crate::ui::modal::ask::Ask;
use crate::ui::modal::text::TextBox;
use crate::ui::modal::{Intent, Modal};
use crate::ui::msg::Cx;
use crate::ui::theme;
use crate::ui::widget::{Line, wrap};

/// Opens it.
pub(super) fn show_history(history: &History, cx: &mut Cx) {
    let width = usize::from(cx.size.0).saturating_sub(12).clamp(30, 96);
    let (mut lines, mut runs) = (Vec::new(), Vec::new());
    let can = history.deeds.iter().any(|deed| deed.restores.is_some());
    if can {
        let text = "Enter on a deed puts the draft back to how it was before it.";
        lines.extend(wrap(text, width).into_iter().map(|l| Line::of(l, theme::DIM)));
    }
    for deed in &history.deeds {
        let by = if deed.user.is_empty() { String::new() } else { format!("{} ", deed.user) };
        let undone = if deed.undone { " (undone since)" } else { "" };
        let seq = if deed.seq == 0 { String::new() } else { format!("#{} ", deed.seq) };
        let at = cx.when(deed.at_ms);
        let head = format!("{at} {seq}{by}{}: {}{undone}", deed.verb, deed.summary);
        if let Some(total) = deed.restores {
            let command = Command::Restore { draft: history.pick, seq: deed.seq };
            let title = format!(
                "Put {} back to {total} (now {}), as it was before {head}? A hold stays.",
                history.label, history.total
            );
            let ask = Ask::light(title, cx.operation(), command);
            runs.push((lines.len(), Intent::Open(Box::new(Modal::Ask(Box::new(ask))))));
        }
        let style = if deed.undone { theme::DIM } else { theme::BOLD };
        lines.extend(wrap(&head, width).into_iter().map(|l| Line::of(l, style)));
        for turned in &deed.turned {
            let none = |text: &str| if text.is_empty() { "nothing" } else { text }.to_owned();
            let text =
                format!("{}: {} → {}", turned.field, none(&turned.before), none(&turned.after));
            let rows = wrap(&text, width.saturating_sub(4)).into_iter();
            lines.extend(rows.map(|l| Line::plain(format!("    {l}"))));
        }
    }
    if history.more {
        let text = format!("older ones stand in 7 Log: /subject:{}", history.pick.id);
        lines.push(Line::of(text, theme::DIM));
    }
    let title = format!("{}: its history", history.label);
    let text = if can { TextBox::runnable(title, lines, runs) } else { TextBox::new(title, lines) };
    cx.open.push(Modal::Text(text));
}
