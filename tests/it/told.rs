//! What titles, menus, notices and footers of the console say: money whole, each thing once, and no more
//! than can be had.

use crate::harness::collect::owing;
use crate::harness::delivery;
use crate::harness::desk::{Desk, work};
use daybook::domain::ids::BillRunId;
use daybook::domain::note::On;
use daybook::engine::command::{Command, Receipt, Refused};
use daybook::engine::perform;
use daybook::store::read;
use daybook::ui::fault::{Fault, FaultKind};
use daybook::ui::keymap::Key;
use daybook::ui::msg::{Effect, Msg, Person, Seat};

/// A picture without frames and blanks, so that what is broken over rows is in one piece.
fn flat(desk: &Desk) -> String {
    desk.picture().chars().filter(|c| !c.is_whitespace() && !"│┌┐└┘─>".contains(*c)).collect()
}

fn count(desk: &Desk, filter: &str) -> i64 {
    let filter = read::Filter::parse(filter).unwrap();
    desk.session.read(|db| Ok(read::invoices::totals(db, &filter).unwrap().count)).unwrap()
}

fn accepted(desk: &Desk) -> i64 {
    count(desk, "review:accepted")
}

fn money(desk: &Desk, filter: &str) -> Vec<String> {
    let filter = read::Filter::parse(filter).unwrap();
    let totals = desk.session.read(|db| Ok(read::invoices::totals(db, &filter).unwrap())).unwrap();
    totals.money.iter().map(|m| m.grouped()).collect()
}

#[test]
fn no_title_and_no_menu_cuts_money() {
    for (width, height) in [(80, 24), (60, 15)] {
        for keys in ["3TD", "3Tv", "3Ta", "3Tvo", "3TDx<C-s>"] {
            let mut desk = Desk::open(width, height);
            desk.press(keys);
            let seen = flat(&desk);
            // The form behind `o` names the count only.
            if keys != "3Tvo" {
                for sum in money(&desk, "status:draft review:none") {
                    assert!(seen.contains(&sum), "{sum} of {keys}\n{}", desk.picture());
                }
            }
        }
        let mut desk = Desk::open(width, height);
        desk.press("5ffffffffffr");
        let row = desk.picture();
        assert!(!row.contains("(34…") && row.contains(")…"), "{row}");
    }
}

#[test]
fn a_question_says_its_title_once() {
    for (keys, title) in [
        ("3ffffffma<Tab><Tab>1<Tab>wrong<C-s>", "Creditmemoof"),
        ("3ffffffmrwrong<C-s>", "ReverseINV"),
        ("3ffffffmwgone<C-s>", "WriteoffINV"),
    ] {
        for (width, height) in [(140, 40), (80, 24), (60, 15)] {
            let mut desk = Desk::open(width, height);
            desk.press(keys);
            assert_eq!(flat(&desk).matches(title).count(), 1, "{}", desk.picture());
        }
    }
}

#[test]
fn a_memo_of_a_line_says_its_whole_command_and_that_it_is_net() {
    let mut desk = Desk::open(80, 24);
    desk.press("3ffffffma<Tab>1<Tab>5<Tab>wrong<C-s>");
    desk.shows("--line 1 --amount 5").shows("net");
    let mut desk = Desk::open(80, 24);
    desk.press("3ffffffma<Tab><Tab>99999999<Tab>wrong<C-s>").shows("more than the whole document");
}

#[test]
fn a_retry_of_what_is_marked_takes_all_of_it_and_says_what_it_leaves_out() {
    let mut desk = Desk::open(80, 24);
    desk.press("5ffffffffffTk");
    let marked = desk.picture();
    let n = marked.split("marked ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    // One row at hand, the others out of sight.
    desk.press("/A-00009<Enter>").shows("1 of ");
    desk.press("r1").shows(&format!("Retry {n} marked rows")).shows("left out: ");
    desk.press("<Esc>i").shows(&format!("Look up {n} marked rows")).shows("whose outcome is known");
}

#[test]
fn what_was_done_again_can_be_undone_and_the_notice_says_which_way() {
    let mut desk = Desk::open(80, 24);
    desk.press("5fffffffffAy").shows("auto-pay off");
    desk.press("3aa").press("uu").shows("^R redo");
    assert_eq!(accepted(&desk), 0);
    let said = desk.press("u").picture();
    assert!(said.contains("cannot be taken back") && !said.contains("dispute"), "{said}");
    desk.press("<Esc><C-r><C-r>");
    assert_eq!(accepted(&desk), 2);
    desk.press("u").shows("undone: D-");
    assert_eq!(accepted(&desk), 1);
}

#[test]
fn what_was_taken_back_last_is_done_again_first_and_nothing_after_another_deed() {
    let mut desk = Desk::open(80, 24);
    let reviewed = |desk: &Desk| (accepted(desk), count(desk, "status:draft review:held"));
    let (_, held) = reviewed(&desk);
    // An acceptance taken back; then another deed, taken back too: that one is done again.
    desk.press("3au").shows("undone: D-");
    desk.press("v1");
    assert_eq!(reviewed(&desk).1, held + 1, "{}", desk.picture());
    desk.press("u").shows("undone");
    assert_eq!(reviewed(&desk), (0, held));
    desk.press("<C-r>").shows("done again");
    assert_eq!(reviewed(&desk), (0, held + 1));
    desk.press("<C-r>").shows("nothing of yours to redo");
    // Two of a kind: the last one taken back comes first.
    let acts = |desk: &mut Desk| {
        desk.press("<Esc>3aa");
        let both = reviewed(desk).0;
        desk.press("uu<C-r>");
        both
    };
    assert_eq!((acts(&mut desk), reviewed(&desk).0), (2, 1));
    desk.press("a<C-r>").shows("nothing of yours to redo");
}

#[test]
fn letters_of_a_word_typed_into_a_menu_do_nothing() {
    let mut desk = Desk::open(80, 24);
    let menu = desk.press("3  v").picture();
    // Its foot says so.
    let foot = |picture: String| picture.replace("no such line: arrows, Enter, Esc", "FOOT");
    let astray = foot(desk.press("hq").shows("no such line").picture());
    let before = menu.replace("Enter chooses · Esc closes", "FOOT");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(&astray), words(&before));
    // Nor does what follows them choose a line, until another kind of key.
    assert_eq!(foot(desk.press("1o").picture()), astray);
    assert_ne!(foot(desk.press("<Down>1").picture()), astray);
}

#[test]
fn undo_and_redo_say_the_amount_that_stands_now() {
    let mut desk = Desk::open(80, 24);
    let total = |desk: &Desk| {
        let row = desk.picture().lines().find(|l| l.starts_with('>')).unwrap().to_owned();
        let is_money = |w: &&str| w.contains('.') && w.ends_with(char::is_numeric);
        row.split_whitespace().find(is_money).unwrap().to_owned()
    };
    desk.press("3");
    let before = total(&desk);
    desk.press("e1q<C-u>7<Tab><Tab><Tab>counted again<C-s>");
    let after = total(&desk);
    assert_ne!(before, after);
    desk.press("u");
    assert!(flat(&desk).contains(&format!(",{before}")), "{}", desk.picture());
    desk.press("<C-r>");
    assert!(flat(&desk).contains(&format!(",{after}")), "{}", desk.picture());
}

#[test]
fn the_footer_offers_what_can_be_had() {
    let mut desk = Desk::open(80, 24);
    let foot = |desk: &Desk| desk.picture().lines().last().unwrap().to_owned();
    assert!(foot(desk.press("3")).contains("a accept"));
    let posted = foot(desk.press("ffffff"));
    assert!(!posted.contains("a accept") && !posted.contains("e edit"), "{posted}");
}

#[test]
fn typing_into_a_filter_that_is_there_replaces_it() {
    let mut desk = Desk::open(80, 24);
    desk.press("8/A-00011<Enter>").press("/").shows("a letter replaces it");
    desk.press("A-00012<Enter>").shows("/A-00012");
    desk.press("/<End><Bksp>3<Enter>").shows("/A-00013");
    desk.press("/x<Esc>").shows("/A-00013");
}

#[test]
fn the_palette_shows_the_twin_of_this_screen() {
    let mut desk = Desk::open(80, 24);
    desk.press("5:unapplied money");
    assert!(!desk.picture().contains("invoice accept"), "{}", desk.picture());
}

#[test]
fn undo_waits_for_what_is_being_done_and_takes_back_just_that() {
    let mut desk = Desk::open(100, 30);
    desk.press("3aa");
    let (first, second) = (accepted(&desk), 2);
    assert_eq!(first, second);
    // `u` before the writer has answered: not the deed before.
    desk.press_ahead("au").shows("undone: D-");
    assert_eq!(accepted(&desk), 2);
    // After a refusal a deed that came since is the last one again.
    let posted =
        "UPDATE document_state SET review = 'held', hold_reason = 'x' WHERE review = 'accepted'";
    let path = desk.session.store.path().to_owned();
    rusqlite::Connection::open(&path).unwrap().execute(posted, []).unwrap();
    desk.press("u").shows("u again: what can be taken back before it");
    let mut other = Desk::at(&path, 100, 30);
    other.login("{}").press("3a");
    assert_eq!(accepted(&desk), 1);
    desk.press("<Esc>u").shows("undone: D-");
    assert_eq!(accepted(&desk), 0);
}

#[test]
fn who_edits_a_draft_is_told_who_took_it_over_and_what_they_changed() {
    let mut mine = Desk::open(100, 30);
    let path = mine.session.store.path().to_owned();
    mine.press("3e1q");
    let id = mine.asked.iter().rev().find_map(|e| match e {
        Effect::Editing(id) => *id,
        _ => None,
    });
    let (name, seat) = ("ben".to_owned(), Seat::Theirs);
    let ben = Person { name, seat, editing: id.map(|id| (id, 0)), reading: None };
    mine.app.update(Msg::People(vec![ben]));
    mine.shows("ben edits it too");
    let mut theirs = Desk::at(&path, 100, 30);
    theirs
        .login("{}")
        .press("3e1q<Tab><C-u>13<Tab><Tab>agreed<C-s>")
        .shows("line 1 price: 49 → 13");
    // I typed a quantity only: their price stays, and the words say so.
    mine.press("<C-u>7<Tab><Tab><Tab>counted<C-s>");
    mine.shows("unit price: theirs \"13\", and it stays");
    assert!(!mine.picture().contains("quantity: theirs"), "{}", mine.picture());
    mine.press("<C-s>");
    let total = |desk: &mut Desk| desk.press("<Esc>3").picture();
    assert!(
        total(&mut mine).contains("91.00") || mine.picture().contains("13"),
        "{}",
        mine.picture()
    );
}

#[test]
fn an_edit_of_my_own_that_a_console_left_is_said_to_be_mine_and_taken_up() {
    let mut desk = Desk::open(100, 30);
    desk.press("3e1q<C-u>7");
    let editing = |e: &Effect| match e {
        Effect::Editing(id) => *id,
        _ => None,
    };
    let id = desk.asked.iter().rev().find_map(editing).unwrap();
    let Some(Effect::Commit { command, .. }) = desk.app.session() else { panic!() };
    let Command::SaveSession { state } = *command else { panic!() };
    let console = |desk: &mut Desk, seat| {
        let person = Person { name: "mia".to_owned(), seat, editing: Some((id, 0)), reading: None };
        desk.app.update(Msg::People(vec![person]));
        desk.press("3e");
    };
    desk.login(&state).press("<Esc>");
    console(&mut desk, Seat::Ended);
    desk.shows("Your own edit since").shows("in a console that ended");
    assert!(!desk.picture().contains("mia edits"), "{}", desk.picture());
    assert!(!desk.picture().contains("+1 here"), "{}", desk.picture());
    desk.press("u").shows("what you had typed and not saved").shows("> quantity");
    assert!(desk.picture().contains("quantity     7"), "{}", desk.picture());
    // One that goes on elsewhere is told from it, and from somebody else's.
    let mut desk = Desk::open(100, 30);
    desk.press("3");
    console(&mut desk, Seat::Mine);
    desk.shows("You edit it since");
    desk.press("<Esc>");
    console(&mut desk, Seat::Theirs);
    desk.shows("mia edits it since");
}

#[test]
fn a_promise_and_a_dispute_begin_and_end_at_the_console() {
    let mut desk = Desk::open(100, 30);
    let today = desk.session.now().unwrap().today;
    let state = |desk: &Desk| {
        let sql = "SELECT count(*) FROM document_state WHERE promised_on IS NOT NULL";
        let disputed = "SELECT count(*) FROM document_state WHERE disputed <> ''";
        let conn = rusqlite::Connection::open(desk.session.store.path()).unwrap();
        let count = |sql| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        (count(sql), count(disputed))
    };
    let before = state(&desk);
    desk.press(&format!("5pp{}<C-s>", today + chrono::Days::new(9))).shows("promised for");
    assert_eq!(state(&desk), (before.0 + 1, before.1));
    // What takes it back is named with its key, and that key does it.
    desk.press("u").shows("p on its row of 5 Failed");
    desk.press("<Esc>:show promised<Enter>").shows("[promised]");
    desk.press("pe").shows("promise withdrawn");
    assert_eq!(state(&desk), before);
    desk.press("5:show failed<Enter>pd1<C-s>").shows("disputed: the amount is wrong");
    assert_eq!(state(&desk), (before.0, before.1 + 1));
    desk.press(":show disputed<Enter>pdw").shows("dispute ended");
    assert_eq!(state(&desk), before);
}

#[test]
fn keys_pressed_while_a_deed_is_written_act_on_the_rows_as_they_are_then() {
    let mut desk = Desk::open(100, 30);
    desk.press("3").press_ahead("aaaaa");
    assert_eq!(accepted(&desk), 5, "{}", desk.picture());
    desk.press_ahead("uuuuu");
    assert_eq!(accepted(&desk), 0, "{}", desk.picture());
    desk.press_ahead("<C-r><C-r>aaauu");
    assert_eq!(accepted(&desk), 3, "{}", desk.picture());
    // On another screen redo asks, as undo does.
    desk.press("u7<C-r>").shows("Do again accept");
    assert_eq!(accepted(&desk), 2);
    desk.press("y");
    assert_eq!(accepted(&desk), 3);
}

#[test]
fn a_posted_run_leaves_a_figure_on_today_and_not_dots() {
    let mut desk = Desk::open(100, 30);
    let post = Command::PostRun { run: BillRunId(4), invoice_on: None };
    perform::perform(&mut desk.session, "post", post).unwrap();
    work(&mut desk.session);
    desk.press("1").shows("bill run                0").shows("BR-000004 Posted");
    assert!(!desk.picture().contains("…  "), "{}", desk.picture());
}

#[test]
fn a_long_write_is_told_and_so_are_keys_that_wait_for_it() {
    let mut desk = Desk::open(100, 30);
    desk.press("3Ta");
    // The answers are kept back, as from a writer that is busy.
    let asked = desk.app.update(Msg::Key(Key::Char('y')));
    desk.shows("being written…");
    let more = desk.app.update(Msg::Key(Key::Char('e')));
    desk.shows("what is typed waits for it");
    desk.settle(asked);
    desk.settle(more);
    assert!(accepted(&desk) > 10);
    // Then it was done: the editor of the row that stands there now.
    desk.shows("Edit ");
}

#[test]
fn a_write_off_offers_no_correction_and_names_where_it_is_taken_back() {
    let book = owing(&["ok"]);
    book.run(&["payment", "auto-pay", "INV-1", "off"]).ends(0);
    book.run(&["write-off", "INV-1", "--reason", "gone"]).ends(0);
    let mut desk = Desk::at(&book.path, 100, 30);
    desk.press(":WO-2026<Enter>").shows("WO-2026-000001 write");
    desk.press("m").shows("taken back on its invoice: m u there");
}

#[test]
fn what_was_refused_is_shown_where_it_was_asked_for_and_not_over_other_work() {
    let refused = |n: usize| Refused { what: format!("D-00000{n}"), reason: "is held".to_owned() };
    let came = |desk: &mut Desk, command: &Command| {
        let receipt = Receipt {
            summary: "accepted 3".to_owned(),
            refused: vec![refused(1), refused(2)],
            ..Receipt::default()
        };
        let (ticket, command) = (0, Box::new(command.clone()));
        let effects = desk.app.update(Msg::Done { ticket, command, result: Ok(receipt) });
        desk.settle(effects);
    };
    for (meanwhile, over) in [(None, true), (Some(Key::Char('1')), false)] {
        let mut desk = Desk::open(80, 24);
        desk.press("3");
        let command = given(&mut desk, &[Key::Char('a')], meanwhile);
        came(&mut desk, &command);
        let seen = desk.picture();
        assert_eq!(seen.contains("Not everything was done"), over, "{seen}");
        assert_eq!(seen.contains("! shows it whole"), !over, "{seen}");
        if !over {
            desk.press("!");
            assert!(desk.picture().contains("D-000002: is held"), "{}", desk.picture());
        }
    }
}

#[test]
fn a_correction_says_what_it_brings_and_whether_it_can_be_taken_back() {
    for (width, height) in [(80, 24), (60, 15)] {
        for (keys, words) in [
            ("3ffffffmrwrong<C-s>", "Areversalcannotbeundone."),
            ("3ffffffmwgone<C-s>", "mutakesthewrite-offbackwhole."),
            ("3ffffffma<Tab><Tab>1<Tab>wrong<C-s>", "numberedatonceandcannotbeundone."),
        ] {
            let mut desk = Desk::open(width, height);
            desk.press(keys);
            assert!(flat(&desk).contains(words), "{keys}\n{}", desk.picture());
        }
    }
}

#[test]
fn a_refusal_that_comes_late_takes_no_key_that_was_meant_for_something_else() {
    let came = |desk: &mut Desk, command: &Command, kind: FaultKind| {
        let fault = Fault {
            code: "billed",
            kind,
            text: "a payment is on its way".to_owned(),
            hint: String::new(),
        };
        let (ticket, command) = (0, Box::new(command.clone()));
        let effects = desk.app.update(Msg::Done { ticket, command, result: Err(fault) });
        desk.settle(effects);
    };
    for (meanwhile, over) in [(None, true), (Some(Key::Char('1')), false)] {
        // A question: "y" on another screen copies, and answers nothing.
        let mut desk = Desk::open(80, 24);
        desk.press("3");
        let command = given(&mut desk, &[Key::Char('a')], meanwhile);
        came(&mut desk, &command, FaultKind::NeedsYes);
        let seen = desk.picture();
        assert_eq!(seen.contains("Go on all the same?"), over, "{seen}");
        assert_eq!(seen.contains("it asks: do it again"), !over, "{seen}");
        // A form: what was typed is kept aside.
        let mut desk = Desk::open(80, 24);
        desk.press("8mcalled");
        let command = given(&mut desk, &[Key::Ctrl('s')], meanwhile);
        came(&mut desk, &command, FaultKind::Other);
        let seen = desk.picture();
        assert_eq!(seen.contains("called"), over, "{seen}");
        if !over {
            assert!(seen.contains("not done, : unsaved has what you typed"), "{seen}");
            desk.press(":unsaved<Enter>");
            assert!(desk.picture().contains("called"), "{}", desk.picture());
        }
    }
}

#[test]
fn undo_says_that_nothing_before_can_be_taken_back_and_names_the_last_deed_again() {
    for (width, height) in [(80, 24), (60, 15)] {
        let mut desk = Desk::open(width, height);
        desk.press("8e<C-u>new@kunde.example<C-s>");
        for _ in 0..2 {
            desk.press("u");
            let seen = flat(&desk);
            assert!(seen.contains("cannotbetakenback") && seen.contains("uagain"), "{seen}");
            // The key of a counter-deed typed over the box (m u takes a write-off back) is no "u again".
            if desk.picture().contains("This was not done") {
                desk.press("mu").shows("This was not done");
                desk.press("<Esc>");
            }
            // The words say "u again": the key acts over the box that shows them.
            desk.press("u");
            let seen = desk.picture();
            assert!(seen.contains("nothing of yours before it can be taken back"), "{seen}");
            assert!(!seen.contains("This was not done"), "{seen}");
            assert!(seen.contains("taken back: import"), "{seen}");
        }
    }
}

#[test]
fn what_an_older_deed_is_taken_back_from_under_is_named() {
    let mut desk = Desk::open(140, 40);
    desk.press("3a").press("5fffffffffAy").shows("auto-pay off");
    desk.press("8mcalled<C-s>").press("u").shows("a note stays").shows("note: called");
    desk.press("u").shows("Take back accept");
    let seen = flat(&desk);
    assert!(seen.contains("whatyoudidafteritstays:A-00001:note:called"), "{seen}");
    assert!(seen.contains(",followup"), "{seen}");
}

#[test]
fn what_is_said_to_be_on_paper_is_asked_for_since_nothing_takes_it_back() {
    let mut desk = Desk::open(80, 24);
    let printed = |desk: &Desk| {
        let totals = |db: &daybook::store::Db<'_>| {
            let filter = daybook::store::read::Filter::parse("status:printed").unwrap();
            Ok(daybook::store::read::deliveries::totals(db, &filter).unwrap().count)
        };
        desk.session.read(totals).unwrap()
    };
    let before = printed(&desk);
    desk.press("4/status:written<Enter>D").shows("said to be on paper stays so");
    assert_eq!(printed(&desk), before);
    desk.press("y");
    assert_eq!(printed(&desk), before + 1);
    desk.press("u").shows("makes one more copy");
}

#[test]
fn a_print_batch_is_countered_as_paper_not_as_mail() {
    let book = delivery::posted(&[]);
    book.run(&["deliver", "--detach"]);
    let mut desk = Desk::at(&book.path, 80, 24);
    desk.press("4p<C-s>y").press("u").shows("what is written stays");
}

#[test]
fn e_on_an_empty_list_says_so_and_runs_no_later_key() {
    let mut desk = Desk::open(80, 24);
    desk.press("4/status:bounced account:none<Enter>").press("e").shows("no copy here");
    assert!(desk.asked.contains(&Effect::DropTypeAhead));
}

#[test]
fn what_a_key_did_to_a_job_is_my_last_deed() {
    let mut desk = Desk::open(140, 40);
    let job = |tx: &daybook::store::Tx<'_>| {
        let spec = daybook::domain::job::JobSpec::Deliver;
        Ok::<_, daybook::engine::Error>(daybook::store::job::insert(tx, &spec, "mail", 0)?)
    };
    desk.session.write(daybook::domain::actor::Verb::Deliver, job).unwrap();
    desk.press("6p").shows("paused");
    desk.press("u").shows("let it go on: p on 6 Jobs");
    desk.press("<Esc>C").shows("with what is queued, until S on 4 Delivery starts it");
    desk.press("y").shows("canceled");
    desk.press("u").shows("mail stands still until S on 4 Delivery starts it");
}

#[test]
fn copies_that_nobody_sends_are_told_on_today() {
    let mut desk = Desk::open(140, 40);
    desk.press("4/status:sent<Enter>r").shows("does not come back");
    desk.press("y");
    desk.press("1").shows("1 copy queued");
    assert!(!desk.picture().contains("stands still"), "{}", desk.picture());
    desk.press("6/status:waiting<Enter>C").shows("until S on 4 Delivery starts it");
    desk.press("y").shows("canceled");
    desk.press("1").shows("mail stands still: S on 4, 1 copy queued");
}

#[test]
fn a_refused_filter_is_said_by_its_list_while_it_stands_and_nowhere_else() {
    let refused = "this list has no ";
    let mut desk = Desk::open(100, 30);
    desk.press("6/total>5<Enter>").shows(refused);
    assert_eq!(desk.picture().matches(refused).count(), 1, "{}", desk.picture());
    desk.press("<Esc>");
    assert!(!desk.picture().contains(refused), "{}", desk.picture());
    // Its answer comes when the clerk has gone on.
    desk.press_ahead("6/total>5<Enter>1").shows("usage loaded");
    assert!(!desk.picture().contains(refused), "{}", desk.picture());
    desk.press("6").shows(refused);
    // The list of unapplied money is another one than the list of what failed.
    desk.press("5fffffffffff/group:x<Enter>").shows("[unapplied] /group:x").shows(refused);
    desk.press("/status:posted<Esc><Esc>");
    assert!(!desk.picture().contains(refused), "{}", desk.picture());
    // No row, no words about the row that stood there.
    desk.press("3");
    let about = desk.picture().lines().rev().nth(3).unwrap().to_owned();
    assert!(!about.trim().is_empty());
    desk.press("/total>1k<Enter>");
    assert!(!desk.picture().contains(&about), "{about}");
}

#[test]
fn a_run_that_is_being_posted_counts_its_documents_as_the_header_does() {
    let mut desk = Desk::open(100, 30);
    let row = |desk: &mut Desk| {
        desk.press("2g");
        desk.picture().lines().find(|l| l.starts_with(">  BR-000004")).unwrap().to_owned()
    };
    let seen = row(&mut desk);
    assert!(seen.contains("Completed") && seen.contains("100 %"), "{seen}");
    let path = desk.session.store.path().to_owned();
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.execute("UPDATE bill_run SET status = 'Posting' WHERE id = 4", []).unwrap();
    let seen = row(&mut desk);
    assert!(seen.contains("Posting") && seen.contains(" 0 %"), "{seen}");
    let made = count(&desk, "run:BR-000004 status:draft");
    desk.shows(&format!("0/{made}"));
}

#[test]
fn a_slash_on_today_finds_an_invoice_and_runs_no_keys() {
    let mut desk = Desk::open(80, 24);
    desk.press("1/A-29860<Enter>").shows("3 Invoices").shows("/A-29860");
}

#[test]
fn what_comes_before_it_does_not_take_the_form_that_is_on_its_way() {
    let mut desk = Desk::open(80, 24);
    desk.press("8mcalled");
    let command = given(&mut desk, &[Key::Ctrl('s')], None);
    let state = "{}".to_owned();
    let done = |desk: &mut Desk, command: Command, result| {
        let (ticket, command) = (0, Box::new(command));
        let effects = desk.app.update(Msg::Done { ticket, command, result });
        desk.settle(effects);
    };
    done(&mut desk, Command::SaveSession { state }, Ok(Receipt::default()));
    let (code, kind) = ("bad_text", FaultKind::Other);
    let fault = Fault { code, kind, text: "too long".to_owned(), hint: String::new() };
    done(&mut desk, command, Err(fault));
    assert!(desk.picture().contains("called"), "{}", desk.picture());
}

/// The command that keys give, held back, and a key that is pressed before its answer comes.
fn given(desk: &mut Desk, keys: &[Key], meanwhile: Option<Key>) -> Command {
    let effects: Vec<Effect> =
        keys.iter().flat_map(|key| desk.app.update(Msg::Key(*key))).collect();
    let command = effects.iter().find_map(|effect| match effect {
        Effect::Commit { command, .. } => Some((**command).clone()),
        _ => None,
    });
    if let Some(key) = meanwhile {
        let effects = desk.app.update(Msg::Key(key));
        desk.settle(effects);
    }
    command.unwrap()
}

#[test]
fn a_look_up_is_my_last_deed_and_its_slices_are_the_books_own() {
    let mut desk = Desk::open(140, 40);
    desk.press("8mcalled<C-s>");
    daybook::engine::collect::reconcile::start(&mut desk.session, &[]).unwrap();
    work(&mut desk.session);
    desk.press("u").shows("looked up").shows("what the gateway or a person found out stays");
    desk.press("<Esc>7/verb:bill<Enter>").shows("bill by itself for mia");
}

#[test]
fn a_filter_with_blanks_around_its_sign_is_understood() {
    for (screen, plain, blanks) in [
        ("3", "total>100", "total > 100"),
        ("4", "status:sent", "status : sent"),
        ("5", "total>100", "total >100"),
        ("7", "verb:import", "verb: import"),
    ] {
        let place = |typed: &str| {
            let mut desk = Desk::open(80, 24);
            desk.press(&format!("{screen}/{typed}<Enter>"));
            desk.picture().lines().skip(2).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(place(plain), place(blanks), "{plain}");
    }
    let mut desk = Desk::open(140, 40);
    desk.press("3/A > B<Enter>").shows("is not a field");
}

#[test]
fn the_cursor_stays_on_its_row_however_much_comes_before_it() {
    let mut desk = Desk::open(80, 24);
    let under = |desk: &Desk| {
        desk.picture().lines().find(|l| l.starts_with('>')).map(str::to_owned).unwrap()
    };
    desk.press("7jj");
    let row = under(&desk);
    let account = daybook::domain::ids::AccountId(1);
    for n in 0..450 {
        let text = format!("call {n}");
        perform::perform(
            &mut desk.session,
            &format!("call-{n}"),
            Command::AddNote { on: On::Account(account), strikes: None, text },
        )
        .unwrap();
    }
    let effects = desk.app.update(Msg::Changed(daybook::store::Topic::ALL.to_vec()));
    desk.settle(effects);
    assert_eq!(under(&desk), row, "{}", desk.picture());
    // What came is above it.
    desk.press("gg").shows("call 449");
}

#[test]
fn keys_typed_behind_a_screen_act_on_the_row_they_mean() {
    for again in [false, true] {
        let mut desk = Desk::open(80, 24);
        if again {
            desk.press("81");
        }
        desk.press_ahead("8jje").shows("E-mail of A-00003");
        desk.press("<Esc>1");
        desk.press_ahead("8je").shows("E-mail of A-00004");
    }
}

#[test]
fn what_is_stale_is_found_as_it_is_shown() {
    let mut desk = Desk::open(100, 30);
    let path = desk.session.store.path().to_owned();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let one = "UPDATE document_state SET stale = 'a price' WHERE document_id IN
               (SELECT document_id FROM document_state WHERE status = 'Draft' LIMIT 3)";
    assert_eq!(conn.execute(one, []).unwrap(), 3);
    let stale = "SELECT count(*) FROM document_state WHERE stale <> ''";
    let stale: i64 = conn.query_row(stale, [], |r| r.get(0)).unwrap();
    assert_eq!(count(&desk, "flag:stale"), stale);
    let all = count(&desk, "status:draft");
    assert_eq!(count(&desk, "status:draft flag!stale"), all - stale);
    // Out of date alone is flagged too: in the filter, in the groups and on Today.
    let alone = "DELETE FROM flag WHERE document_id IN
                 (SELECT document_id FROM document_state WHERE stale <> '')";
    conn.execute(alone, []).unwrap();
    let flagged =
        "SELECT count(*) FROM document_state s WHERE s.status = 'Draft' AND (s.stale <> ''
                   OR EXISTS (SELECT 1 FROM flag f WHERE f.document_id = s.document_id))";
    let flagged: i64 = conn.query_row(flagged, [], |r| r.get(0)).unwrap();
    assert_eq!(count(&desk, "status:draft flag:any"), flagged);
    assert_eq!(count(&desk, "status:draft flag:none"), all - flagged);
    assert_eq!(count(&desk, "status:draft flag!any"), all - flagged);
    assert_eq!(count(&desk, "status:draft flag!none"), flagged);
    let kept = "SELECT sum(flagged) FROM tally WHERE name = 'draft'";
    assert_eq!(conn.query_row(kept, [], |r| r.get::<_, i64>(0)).unwrap(), flagged);
    let some = "UPDATE document_state SET stale = '' WHERE document_id IN
                (SELECT document_id FROM document_state WHERE stale <> '' LIMIT 1)";
    conn.execute(some, []).unwrap();
    assert_eq!(conn.query_row(kept, [], |r| r.get::<_, i64>(0)).unwrap(), flagged - 1);
    conn.execute(&some.replace("SET stale = ''", "SET status = 'Canceled', stale = ''"), [])
        .unwrap();
    assert_eq!(conn.query_row(kept, [], |r| r.get::<_, i64>(0)).unwrap(), flagged - 2);
    let stale = stale - 2;
    desk.press("3/flag:stale<Enter>").shows(&format!("1 of {stale}"));
}

#[test]
fn documents_are_found_by_each_address_that_their_customer_has_had_since() {
    let mut desk = Desk::open(100, 30);
    let path = desk.session.store.path().to_owned();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let of = "SELECT a.number, count(*), (SELECT v.emails FROM account_version v WHERE v.account_id = a.id
        ORDER BY v.seq DESC LIMIT 1) AS emails FROM document d JOIN account a ON a.id = d.account_id
        GROUP BY a.id HAVING emails LIKE '%@%' AND emails NOT LIKE '%;%' ORDER BY 2 DESC LIMIT 1";
    let row = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?));
    let (number, documents, before): (String, i64, String) = conn.query_row(of, [], row).unwrap();
    assert!(documents > 1 && count(&desk, &before) == documents);
    desk.press(&format!("8/account:{number}<Enter>e<C-u>now@fresh.example<C-s>"));
    assert_eq!(count(&desk, "now@fresh.example"), documents);
    desk.press("e<C-u>later@fresh.example<C-s>");
    // Which of several counts today is not asked: each finds them, that on the documents too.
    for address in ["later@fresh.example", "now@fresh.example", &before] {
        assert_eq!(count(&desk, address), documents, "{address}");
    }
}
