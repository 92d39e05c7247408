//! What the console may cost on a slow line: bytes a key, a page, a burst, and while nothing
//! happens. Measured on the pictures themselves, so a busy machine changes nothing.

use crate::harness::desk::Desk;
use daybook::ui::letters::Letters;
use daybook::ui::pen::Pen;
use daybook::ui::terminal::Abilities;

const ALL: Abilities = Abilities { colour: true, letters: Letters::All, clipboard: "" };

struct Line {
    desk: Desk,
    pen: Pen,
}

impl Line {
    fn open(keys: &str) -> Self {
        let mut line = Self { desk: Desk::open(80, 24), pen: Pen::new(80, 24, ALL) };
        line.desk.press(keys);
        line.frame();
        line
    }

    /// Bytes of the next frame.
    fn frame(&mut self) -> usize {
        let cursor = self.desk.app.view(self.pen.canvas());
        self.pen.set_cursor(cursor);
        self.pen.finish().len()
    }

    fn press(&mut self, key: &str) -> usize {
        self.desk.press(key);
        self.frame()
    }
}

fn median(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn a_step_in_the_page_is_at_most_120_bytes() {
    let mut line = Line::open("3f");
    let steps: Vec<usize> = (0..12).map(|_| line.press("j")).collect();
    assert!(median(steps.clone()) <= 120, "{steps:?}");
    let mut line = Line::open("8");
    let steps: Vec<usize> = (0..12).map(|_| line.press("j")).collect();
    assert!(median(steps.clone()) <= 150, "{steps:?}");
}

#[test]
fn a_page_is_at_most_2600_bytes() {
    for keys in ["3", "4", "8"] {
        let mut line = Line::open(keys);
        for key in ["<PgDn>", "<PgDn>", "<PgUp>", "G", "g"] {
            let bytes = line.press(key);
            assert!(bytes <= 2_600, "screen {keys}, {key}: {bytes}");
        }
    }
}

#[test]
fn two_hundred_queued_keys_are_one_frame() {
    let mut line = Line::open("8");
    for _ in 0..200 {
        line.desk.press("j");
    }
    let bytes = line.frame();
    assert!(bytes < 5_000, "{bytes}");
}

#[test]
fn while_nothing_happens_only_the_minute_is_written() {
    use daybook::clock::Now;
    use daybook::ui::msg::Msg;
    let mut line = Line::open("3");
    assert_eq!(line.frame(), 0);
    let now = line.desk.session.now().unwrap();
    let later = Now { at_ms: now.at_ms + 60_000, ..now };
    let effects = line.desk.app.update(Msg::Tick(later));
    line.desk.settle(effects);
    let bytes = line.frame();
    assert!(bytes > 0 && bytes <= 40, "{bytes}");
}
