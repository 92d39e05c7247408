//! What the console asks before many rows are acted on, and that a key from elsewhere shows what was
//! asked for.

use crate::harness::desk::Desk;
use daybook::domain::ids::DocumentId;
use daybook::engine::command::{Command, DraftChange, Pick};
use daybook::engine::perform;
use daybook::store::read;

fn count(desk: &Desk, filter: &str) -> i64 {
    let filter = read::Filter::parse(filter).unwrap();
    desk.session.read(|db| Ok(read::invoices::totals(db, &filter).unwrap().count)).unwrap()
}

/// Drafts of the last run, in the order of their ids.
fn drafts(desk: &Desk) -> Vec<Pick> {
    let filter = read::Filter::parse("status:draft run:BR-000004").unwrap();
    let mut all: Vec<Pick> = desk
        .session
        .read(|db| Ok(read::invoices::marks(db, &filter).unwrap()))
        .unwrap()
        .into_iter()
        .map(|m| Pick { id: DocumentId(m.id), version: m.version })
        .collect();
    all.sort_by_key(|p| p.id);
    all
}

/// One edited, one edited and undone, one held, one accepted, one only rated again.
fn worked_on() -> Desk {
    let mut desk = Desk::open(80, 24);
    let all = drafts(&desk);
    let note = |draft, text: &str| Command::Edit {
        draft,
        changes: vec![DraftChange::Note(text.to_owned())],
        reason: "asked for".to_owned(),
    };
    let hold = Command::Hold {
        drafts: vec![all[2]],
        reason: "looks wrong".to_owned(),
        owner: String::new(),
        until: None,
    };
    let accept = Command::Accept { drafts: vec![all[3]], reason: String::new() };
    let again = Command::Regenerate { drafts: vec![all[4]] };
    let steps = [
        note(all[1], "for a moment"),
        Command::Undo { deed: None },
        note(all[0], "thank you"),
        hold,
        accept,
        again,
    ];
    for (n, command) in steps.into_iter().enumerate() {
        let done = perform::perform(&mut desk.session, &format!("step {n}"), command).unwrap();
        assert!(done.refused.is_empty(), "{:?}", done.refused);
    }
    desk
}

#[test]
fn canceling_drafts_and_canceling_their_run_ask_the_same() {
    let mut desk = worked_on();
    let n = count(&desk, "status:draft");
    assert!(n >= 10);
    let told = ["1 of them edited by hand", "1 of them held", "1 of them accepted"];
    desk.press("3fffff").shows("[all drafts]");
    desk.press("TDx<C-s>");
    for words in told {
        desk.shows(words);
    }
    desk.shows(&format!("Type {n} and Enter to throw them away"));
    // Neither y nor Enter nor another number is the count.
    desk.press("y").press("<Enter>");
    assert_eq!(count(&desk, "status:draft"), n);
    desk.shows("what was typed is still here");
    desk.press("<C-s>").press("7<Enter>").shows("that is not the count");
    desk.press("<Esc><Esc>");
    assert_eq!(count(&desk, "status:draft"), n);
    let of_run = count(&desk, "status:draft run:BR-000004");
    desk.press("2g").press("C");
    for words in told {
        desk.shows(words);
    }
    desk.shows(&format!("Type {of_run} and Enter to throw its drafts away"));
    desk.press("<Esc>");
    desk.press("3fffff").press(&format!("Dx<C-s>{n}<Enter>"));
    assert_eq!(count(&desk, "status:draft"), 0);
}

#[test]
fn one_draft_is_canceled_after_a_yes() {
    let mut desk = Desk::open(80, 24);
    let n = count(&desk, "status:draft");
    desk.press("3Dx<C-s>").shows("1 draft thrown away");
    desk.press("<Enter>");
    assert_eq!(count(&desk, "status:draft"), n, "Enter alone does nothing");
    desk.press("<C-s>y");
    assert_eq!(count(&desk, "status:draft"), n - 1);
}

#[test]
fn what_changed_since_it_was_marked_is_said_and_stays() {
    let mut desk = Desk::open(80, 24);
    let all = drafts(&desk);
    desk.press("3fffffT");
    let change = Command::Edit {
        draft: all[0],
        changes: vec![DraftChange::Note("meanwhile".to_owned())],
        reason: "asked for".to_owned(),
    };
    perform::perform(&mut desk.session, "meanwhile", change).unwrap();
    let n = count(&desk, "status:draft") - 1;
    desk.press("Dx<C-s>").shows("1 changed since they were marked");
    desk.press(&format!("{n}<Enter>"));
    assert_eq!(count(&desk, "status:draft"), 1);
}

/// Whatever is done to everything that is marked, a question stands before it: no key, and no form
/// that is handed in, acts on many rows by itself.
#[test]
fn no_key_acts_on_many_rows_unasked() {
    for keys in [
        "3Ta",
        "3Tv1",
        "3TvoX<C-s>",
        "3TR",
        "3TDX<C-s>",
        "3TPr",
        "3TPa",
        "4TS",
        "4TR",
        "4Tr",
        "4TD",
        "4TCe",
        "4TCp",
        "4p<C-s>",
        "5ffffffffffTr1",
        "5ffffffffffTi",
        "2gC",
    ] {
        let mut desk = Desk::open(80, 24);
        let screen = &keys[..1];
        desk.press(screen);
        let before = desk.session.read(|db| Ok(document_states(db))).unwrap();
        desk.press(&keys[1..]);
        let after = desk.session.read(|db| Ok(document_states(db))).unwrap();
        assert_eq!(before, after, "{keys}\n{}", desk.picture());
    }
}

fn document_states(db: &daybook::store::Db<'_>) -> String {
    let all = read::Filter::default();
    let documents = read::invoices::totals(db, &all).unwrap();
    let copies = read::deliveries::totals(db, &all).unwrap();
    let args = read::ListArgs {
        filter: all,
        sort: read::Sort::Newest.into(),
        seek: read::Seek::First,
        limit: 1,
    };
    let log = read::log::page(db, &args).unwrap();
    format!("{documents:?} {copies:?} {:?}", log.rows.first().map(|r| r.key.id))
}

#[test]
fn a_list_asked_for_from_elsewhere_is_shown_and_no_document_that_was_open() {
    for (keys, crumb) in [
        ("8/A-00011<Enter><Enter>", "3 Invoices › all"),
        ("2gj<Enter>", "3 Invoices › all"),
        ("1gjj<Enter>", "3 Invoices › "),
        ("3:show posted<Enter>", "3 Invoices › posted"),
    ] {
        let mut desk = Desk::open(80, 24);
        desk.press("3<Enter>").shows("3 Invoices › D-");
        desk.press(keys).shows(crumb);
        let title = desk.picture().lines().next().unwrap().to_owned();
        assert!(!title.contains("› D-") && !title.contains("› INV-"), "{keys}: {title}");
    }
}

#[test]
fn a_saved_filter_narrows_the_list_it_was_saved_on() {
    let mut desk = Desk::open(80, 24);
    desk.press("3fffff/gmbh<Enter>").shows("[all drafts] /gmbh");
    let rows = |desk: &Desk| {
        let line = desk.picture().lines().nth(1).unwrap().to_owned();
        line.rsplit(" of ").next().unwrap().trim().to_owned()
    };
    let n = rows(&desk);
    assert_ne!(n, count(&desk, "gmbh").to_string(), "posted ones match too");
    desk.press("Fours<C-s>").press("3g").press(":show ours<Enter>").shows("[ours]");
    assert_eq!(rows(&desk), n);
    // Narrowed once more, and saved from there.
    desk.press("/a<Enter>");
    let fewer = rows(&desk);
    desk.press("Fless<C-s>").press(":show less<Enter>").shows("[less]");
    assert_eq!(rows(&desk), fewer);
    // A list whose filter moves with the day keeps moving.
    desk.press("5fffffff/a<Enter>").shows("[overdue] /a");
    desk.press("Flate<C-s>");
    let kept = desk.session.read(daybook::store::desk::filters).unwrap();
    let late = kept.iter().find(|f| f.name == "late").unwrap();
    assert_eq!((late.tab.as_str(), late.text.as_str()), ("overdue", "a"));
}

/// A bill run ahead of the month says that usage is not over; a bulk correction says what it sets.
#[test]
fn a_question_says_what_is_billed_too_early_and_what_is_set() {
    let mut desk = Desk::open(80, 24);
    desk.press("2cb<C-u>2027-02-28<C-s>").shows("usage that is not over yet is billed:");
    desk.press("<Esc><Esc><Esc>3fffff  ed").shows("PO number");
    desk.press("<Tab><Tab>PO 7781<Tab><Tab>asked for<C-s>").shows("PO number PO 7781");
}
