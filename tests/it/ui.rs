//! The console's decisions and pictures, without a terminal: every screen at three sizes, keys in
//! every order, and that marks are never lost.

use crate::harness::desk::{Desk, parse};
use daybook::config::key;
use daybook::engine::command::{Command, Pick};
use daybook::engine::perform;
use daybook::engine::query::{Query, Question};
use daybook::store::Topic;
use daybook::ui::keymap::{Binding, GLOBAL_KEYS, Key, LIST_KEYS};
use daybook::ui::letters::Letters;
use daybook::ui::msg::{Effect, Msg};
use daybook::ui::pen::Pen;
use daybook::ui::screen::{
    accounts, bank, books, delivery, failed, invoices, jobs, log, runs, today, unapplied,
};
use daybook::ui::terminal::Abilities;
use proptest::prelude::*;

const ALL: Abilities = Abilities { colour: true, letters: Letters::All, clipboard: "" };

/// Screens whose rows are the same whenever the book is made.
const SCREENS: &[(&str, &str)] = &[
    ("today", "1"),
    ("runs", "2"),
    ("invoices", "3"),
    ("document", "3<Enter>"),
    ("delivery", "4/status:impossible<Enter>"),
    ("failed", "5"),
    ("accounts", "8"),
    ("books", "9"),
    ("close", "9<Enter>"),
    ("aging", "9j<Enter>"),
    ("aging_rows", "9j<Enter>b"),
    ("rollforward", "9jj<Enter>"),
];

pub fn snapshot(name: &str, picture: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, picture);
    });
}

#[test]
fn every_screen_at_three_sizes() {
    for (width, height) in [(80, 24), (140, 40), (60, 15)] {
        for (name, keys) in SCREENS {
            let mut desk = Desk::open(width, height);
            desk.press(keys);
            snapshot(&format!("{name}_{width}x{height}"), &desk.picture());
        }
    }
}

#[test]
fn overlays_at_80x24() {
    for (name, keys) in [
        ("help", "3?"),
        ("palette", "3:post"),
        ("sort", "3s"),
        ("hold", "3v"),
        ("edit", "3e"),
        ("explain", "3x"),
        ("new", "2c"),
        ("new_bill_run", "2cb"),
        ("post_marked", "3TP"),
        ("payment_run", "2cp<ctrl-s>"),
        ("retry", "5r"),
        ("recovered", "5x"),
        ("unapplied", "5ffffffffff"),
        ("usage", "1x"),
    ] {
        let mut desk = Desk::open(80, 24);
        desk.press(keys);
        snapshot(&format!("overlay_{name}"), &desk.picture());
    }
}

#[test]
fn colours_say_nothing_that_letters_do_not() {
    let mut desk = Desk::open(80, 24);
    desk.press("3");
    let draw = |abilities| {
        let mut pen = Pen::new(80, 24, abilities);
        desk.app.view(pen.canvas());
        let mut parser = vt100::Parser::new(nonzero(24), nonzero(80), 0);
        parser.process(pen.finish());
        (parser.screen().contents(), parser.screen().contents_formatted())
    };
    let (in_colour, coloured) = draw(Abilities { colour: true, ..ALL });
    let (without, plain) = draw(Abilities { colour: false, ..ALL });
    assert_eq!(in_colour, without);
    let says_colour = |text: &str| {
        text.split("\x1b[").any(|s| {
            let codes = s.split('m').next().unwrap_or("");
            codes.split(';').any(|c| matches!(c.parse::<u32>(), Ok(30..=37 | 90..=97)))
        })
    };
    assert!(says_colour(&coloured) && !says_colour(&plain));
    let (ascii, _) = draw(Abilities { letters: Letters::Ascii, ..ALL });
    assert!(ascii.is_ascii());
}

#[test]
fn no_key_of_lists_is_silent_on_any_screen() {
    for (width, height) in [(80, 24), (140, 40)] {
        let mut desk = Desk::open(width, height);
        for screen in ["1", "2", "3", "4", "5", "5ffffffffff", "6", "7", "8", "0"] {
            for key in parse(".o<Tab>bsfFVT*UwyYznN]#") {
                desk.press("<Esc><Esc><Esc><Esc>").press(screen).press("<C-l>");
                let (before, asked) = (desk.picture(), desk.asked.len());
                let effects = desk.app.update(daybook::ui::msg::Msg::Key(key));
                desk.settle(effects);
                let answered = desk.picture() != before || desk.asked.len() > asked;
                assert!(answered, "{} on {screen} at {width}:\n{before}", key.label());
                if key == Key::Char('z') {
                    desk.press("z");
                }
            }
        }
    }
}

#[test]
fn a_dot_does_the_last_thing_of_this_screen_again() {
    let mut desk = Desk::open(80, 24);
    desk.press("7.").shows("no key of this screen can be repeated");
    desk.press("5fffffffff.").shows("nothing to repeat yet");
    desk.press("Ay").shows("auto-pay off");
    desk.press("7.").shows("no key of this screen can be repeated");
    desk.press("5j.y").shows("auto-pay off");
    desk.press(".y").shows("auto-pay on");
}

#[test]
fn details_stand_beside_every_list_or_over_it() {
    for (screen, words) in [
        ("2", "made, 1 failed"),
        ("3", "before it: INV-"),
        ("4", "so far"),
        ("5fffffffff", "still open"),
        ("6", "started by"),
        ("7", "by itself for mia, role "),
        ("8", "cycle day"),
    ] {
        let mut desk = Desk::open(140, 40);
        desk.press(screen).shows(words).shows("│");
        desk.press("o");
        assert!(!desk.picture().contains('│'), "{}", desk.picture());
        desk.press("<Tab>").shows(words);
        let mut desk = Desk::open(80, 24);
        desk.press(screen).press("o").shows("from 120 columns; Tab shows them");
        desk.press("<Tab>");
        let picture = desk.picture();
        // The document opens at its first line; what is looked for stands further down.
        assert!(picture.contains(words) || picture.contains("3 Invoices › "), "{picture}");
    }
}

#[test]
fn marks_taken_off_come_back_on_every_list_until_something_else_was_done() {
    let mut desk = Desk::open(80, 24);
    desk.press("4  ").shows("marked 2");
    desk.press("U").press("u").shows("marks are back");
    desk.press("j").shows("marked 2");
    desk.press("3 Ua").press("u");
    let picture = desk.picture();
    assert!(!picture.contains("marks are back"), "u is for the accept\n{picture}");
    desk.press("2 ").shows("no key of this list acts on marks");
}

#[test]
fn what_a_second_person_must_confirm_is_said_whole_on_80_columns() {
    let mut desk = Desk::open(80, 24);
    desk.session
        .write(daybook::domain::actor::Verb::Settings, |tx| {
            Ok(daybook::store::settings::set(tx, key::FOUR_EYES_ABOVE, "10")?)
        })
        .unwrap();
    desk.press("3ffffffma<Tab><Tab>15<Tab>wrong<C-s>").shows("Credit memo of 15");
    desk.press("y").shows("Esc drops it");
    let picture = desk.picture();
    let said = picture.split("> reason").next().unwrap().split("─┐").nth(1).unwrap();
    assert!(said.contains("a second person") && !said.contains('…'), "{picture}");
}

#[test]
fn a_held_draft_is_not_accepted_and_the_cursor_stays() {
    let mut desk = Desk::open(80, 24);
    desk.press("3fffffv1").press("a").shows("v releases it first");
    assert!(desk.picture().lines().any(|l| l.starts_with('>') && l.contains(" H ")));
}

#[test]
fn a_filter_of_any_list_can_be_saved() {
    let mut desk = Desk::open(80, 24);
    desk.press("7/verb:post<Enter>F").shows("Save the filter");
    desk.press("posts<C-s>");
    desk.press("7:posts").shows("show posts");
}

fn nonzero(n: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(n).unwrap()
}

#[test]
fn a_key_means_one_thing_on_a_screen_and_every_footer_key_is_known() {
    for table in TABLES {
        let keys: Vec<Key> = table.iter().flat_map(|b| b.keys.iter().copied()).collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[i + 1..].contains(key), "{} twice", key.label());
            assert!(
                !GLOBAL_KEYS.iter().any(|b| b.keys.contains(key)),
                "{} hides what works everywhere",
                key.label()
            );
        }
        assert!(table.iter().all(|b| !b.words.is_empty()));
    }
}

#[test]
fn digits_change_the_screen_and_q_walks_back_only_what_was_entered() {
    let quits = |keys: &str| {
        let mut desk = Desk::open(80, 24);
        desk.press(keys);
        desk.asked.iter().any(|e| matches!(e, daybook::ui::msg::Effect::Quit(_)))
    };
    assert!(quits("23456789q"), "a screen reached by its digit is at the top");
    assert!(!quits("1<Enter>q"), "what was entered is left first");
    assert!(quits("1<Enter>qq"));
}

#[test]
fn every_step_of_the_day_can_be_seen_on_the_smallest_terminal() {
    let mut desk = Desk::open(60, 15);
    desk.press("1G").shows(">  notices").shows("! shows them");
    desk.press("g").shows(">  usage loaded");
}

#[test]
fn below_60x15_one_line_says_so() {
    let desk = Desk::open(59, 15);
    assert_eq!(desk.picture().trim(), "daybook needs 60×15");
    let desk = Desk::open(1, 1);
    assert_eq!(desk.picture().trim(), "…");
}

#[test]
fn accept_moves_on_and_moving_never_accepts() {
    let mut desk = Desk::open(80, 24);
    desk.press("3jjjkk");
    let checked = |desk: &mut Desk| desk.press("3").picture();
    assert!(checked(&mut desk).contains("[to check]"));
    desk.press("/review:accepted<Enter>").shows("nothing here");
    desk.press("<Esc>gaf").press("f").press("f").press("f").shows("[accepted]");
    assert!(desk.picture().contains(" DA "), "{}", desk.picture());
}

#[test]
fn a_jobs_end_does_not_sweep_a_receipt_away() {
    let mut desk = Desk::open(80, 24);
    let ask = Command::Reconcile { payments: Vec::new() };
    perform::perform(&mut desk.session, "look up", ask).unwrap();
    let known = desk.app.update(Msg::Changed(Topic::ALL.to_vec()));
    desk.settle(known);
    crate::harness::desk::work(&mut desk.session);
    // The receipt's own look at the status finds the end.
    desk.press("3a").shows("accepted");
    desk.press("j").shows("reconcile done: ");
    desk.press("k");
    assert!(!desk.picture().contains("reconcile done"), "{}", desk.picture());
}

#[test]
fn a_jobs_end_does_not_sweep_a_refusal_away() {
    let mut desk = Desk::open(80, 24);
    let ask = Command::Reconcile { payments: Vec::new() };
    perform::perform(&mut desk.session, "look up", ask).unwrap();
    let known = desk.app.update(Msg::Changed(Topic::ALL.to_vec()));
    desk.settle(known);
    crate::harness::desk::work(&mut desk.session);
    desk.press("3:release all<Enter>").shows("you have claimed no draft today");
    let ended = desk.app.update(Msg::Changed(Topic::ALL.to_vec()));
    desk.settle(ended);
    desk.shows("you have claimed no draft today");
    desk.press("j").shows("reconcile done: ");
}

#[test]
fn undo_takes_back_the_last_deed_here_and_asks_for_any_other() {
    let mut desk = Desk::open(80, 24);
    let accepted = |desk: &Desk| {
        let all = desk.session.read(|db| {
            let filter = daybook::store::read::Filter::parse("review:accepted").unwrap();
            Ok(daybook::store::read::invoices::totals(db, &filter).unwrap().count)
        });
        all.unwrap()
    };
    desk.press("3a").press("u").shows("undone: D-");
    assert_eq!(accepted(&desk), 0);
    // Another screen's deed is named and asked for.
    desk.press("3a").press("4u").shows("Take back accept").shows("3 Invoices");
    desk.press("<Esc>");
    assert_eq!(accepted(&desk), 1, "nothing was asked for");
    desk.press("uy").shows("undone: D-");
    assert_eq!(accepted(&desk), 0);
    // A deed that cannot be taken back is told with its counter-deed, and not jumped over ...
    desk.press("3aa").press("5fffffffffAy").shows("auto-pay off");
    desk.press("3u").shows("cannot be taken back");
    assert_eq!(accepted(&desk), 2);
    // ... but stands in the way only once: what was before it is asked for, one by one.
    desk.press("<Esc>").press("u").shows("Take back accept").shows("after it stays: follow up ");
    desk.press("y");
    assert_eq!(accepted(&desk), 1);
    desk.press("u").shows("Take back accept");
    desk.press("y");
    assert_eq!(accepted(&desk), 0);
    // The next deed is the last one again.
    desk.press("a").press("u").shows("undone: D-");
    assert_eq!(accepted(&desk), 0);
}

#[test]
fn a_question_about_many_needs_the_count_and_enter_alone_cancels() {
    let mut desk = Desk::open(80, 24);
    desk.press("3T").shows("marked all");
    desk.press("P").shows("Enter alone cancels");
    desk.press("<Enter>");
    assert!(!desk.picture().contains("Enter alone cancels"));
    desk.press("P7<Enter>").shows("that is not the count");
    desk.press("<Esc>").shows("marked ");
    assert!(desk.asked.contains(&Effect::DropTypeAhead));
}

#[test]
fn marks_survive_filters_and_screens() {
    let mut desk = Desk::open(80, 24);
    desk.press("3   ").shows("marked 3");
    desk.press("/zzzzzz<Enter>").shows("nothing here").shows("marked 3");
    desk.press("<Esc>2").press("3").shows("marked 3");
    desk.press("U");
    assert!(!desk.picture().contains("marked 3"));
    desk.press("u").press("j").shows("marked 3");
}

#[test]
fn pasted_text_runs_no_keys() {
    use daybook::ui::msg::Msg;
    let mut desk = Desk::open(80, 24);
    desk.press("3");
    let before = desk.picture();
    let effects = desk.app.update(Msg::Paste("TP\r3\ra\r".to_owned()));
    desk.settle(effects);
    desk.shows("pasted text runs no keys");
    desk.press("k");
    assert_eq!(before, desk.picture());
}

#[test]
fn a_filter_that_makes_no_sense_says_what_there_is() {
    let mut desk = Desk::open(80, 24);
    desk.press("3/size:3").shows("is not a field");
    desk.press("<Esc>7/flag:any").shows("this list has no flag");
}

#[test]
fn a_filter_that_is_not_understood_shows_and_marks_nothing() {
    for bad in
        ["total>1k", "size:3", "due<soon", "total>", "flag:nosuch", "currency:EURO", "model:nosuch"]
    {
        let mut desk = Desk::open(80, 24);
        desk.press("3/").press(bad).press("<Enter>").shows("0 of 0");
        desk.press("T").shows("the filter is not understood");
        desk.press("*").shows("the filter is not understood");
        desk.press("w").shows("the filter is not understood");
        desk.press("F").shows("the filter is not understood");
        assert!(!desk.picture().contains("marked"), "{}", desk.picture());
        assert!(!desk.asked.iter().any(|e| matches!(e, Effect::Export { .. })));
        desk.press("U").press("/<C-u><Enter>").press("T").shows("marked all");
    }
}

#[test]
fn what_names_nothing_in_the_book_is_said_with_what_reads_like_it() {
    for (keys, said) in [
        ("8/account:A-99999", "no account A-99999"),
        ("8/account:a11", "no account a11; did you mean A-00011?"),
        ("3fffffff/account!A-99999", "no account A-99999"),
        ("4/account:A-11", "did you mean A-00011?"),
        ("8/batch:Batch9", "no batch Batch9"),
        ("8/batch:batch-1", "did you mean Batch1?"),
        ("3fffffff/run:BR-000999", "no run BR-000999"),
        ("3fffffff/sample:BR-000999", "no run BR-000999"),
    ] {
        let mut desk = Desk::open(80, 24);
        desk.press(keys).press("<Enter>").shows(said).shows("0 of 0");
        assert!(!desk.press("*").picture().contains("marked"), "{}", desk.picture());
    }
    for keys in ["8/account:a-00011", "8/batch:BATCH1", "3fffffff/run:BR-000002", "3/run:none"] {
        let mut desk = Desk::open(80, 24);
        desk.press(keys).press("<Enter>");
        assert!(!desk.picture().contains(" no "), "{}", desk.picture());
    }
}

#[test]
fn a_document_is_read_to_its_end_in_a_small_terminal() {
    let mut desk = Desk::open(60, 15);
    desk.press("3<Enter>G").shows("before it: INV-");
    let end = desk.picture();
    desk.press("jjj<PgDn>");
    assert_eq!(desk.picture(), end, "the end is the end");
    desk.press("k");
    assert_ne!(desk.picture(), end);
}

#[test]
fn the_palette_finds_a_document_by_its_payment() {
    let mut desk = Desk::open(80, 24);
    let sql = "SELECT p.gateway_ref, p.idempotency_key, d.number, printf('P-%06d', p.id)
        FROM payment p JOIN allocation l ON l.payment_id = p.id
        JOIN document d ON d.id = l.document_id WHERE p.gateway_ref <> '' ORDER BY p.id LIMIT 1";
    let raw = rusqlite::Connection::open(desk.session.store.path()).unwrap();
    let (reference, key, number, id): (String, String, String, String) =
        raw.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap();
    for named in [&id, &reference, &key] {
        desk.press(&format!(":{named}")).shows(&format!("{number} ({id})"));
        desk.press("<Esc>");
    }
    desk.press(":P-999999");
    assert!(!desk.picture().contains("(P-"), "{}", desk.picture());
}

#[test]
fn what_was_said_can_be_read_again() {
    let mut desk = Desk::open(80, 24);
    desk.press("3a").shows("accepted in version 1");
    desk.press("z").press("z").press("Y").press("!");
    desk.shows("said last:").shows("said before:").shows("accepted in version 1");
    assert!(!desk.picture().contains("being written"), "{}", desk.picture());
}

#[test]
fn who_accepted_a_draft_is_told_that_somebody_else_changed_it() {
    let mut desk = Desk::open(80, 24);
    desk.press("3a").shows("accepted in version 1");
    desk.session.actor.name = "jon".to_owned();
    desk.press("3ffff").shows("[accepted]");
    desk.press("T");
    desk.press("ed<Tab><Tab>PO 9<Tab><Tab>their wish<Enter>y");
    desk.press("!").shows("mia: jon changed what you had accepted, D-000");
    // One deed, one notice; what he had changed himself tells him nothing.
    assert_eq!(desk.picture().matches("what you had accepted").count(), 1, "{}", desk.picture());
}

#[test]
fn the_history_of_a_document_shows_every_deed_and_puts_a_draft_back() {
    let mut desk = Desk::open(140, 40);
    desk.press("3H").shows("D-000142: its history").shows("made: by BR-000004");
    desk.press("<Esc>ed<Tab><Tab>PO 9<Tab><Tab>their wish<Enter>").shows("PO number");
    desk.press("H").shows("PO number: nothing → PO 9").shows("Enter on a deed puts");
    desk.press("<Enter>").shows("Put D-000142 back to 259.42 EUR (now 259.42 EUR)");
    desk.press("y").shows("as it was before #");
    desk.press("H").shows("PO number: PO 9 → nothing");
    desk.press("<Esc>u").shows("undone");
    desk.press("3ffffff").press("H").shows("posted: as INV-");
}

#[test]
fn marked_drafts_are_edited_alike_with_their_sums_before_and_after() {
    let mut desk = Desk::open(80, 24);
    desk.press("3  e").shows("Edit 2 drafts (").shows("quantity or price of a charge");
    desk.press("c").press("Team, monthly<Tab><Tab>50<Tab>new price<Enter>");
    desk.shows("before: 259.42 EUR").shows("after:  261.80 EUR").shows("u takes all of it");
    desk.shows("left alone: 1, it has no line of Team, monthly").shows("[Cancel]");
    desk.press("y").shows("D-000172: it has no").shows("12,100.09 EUR");
    desk.press("u").shows("undone: D-000142").shows("12,097.71 EUR");
    let mut desk = Desk::open(80, 24);
    desk.press("3  ed").press("<C-s>").shows("nothing is changed yet");
    desk.press("<Tab><Tab>PO 7<Tab><Tab>their wish<Enter>").shows("2 drafts");
    desk.press("y").shows("edited (PO number PO 7; their wish): 2");
    desk.press("/po:\"PO 7\"<Enter>").shows("of 3");
}

#[test]
fn a_filter_turns_round_joins_and_knows_days_amounts_and_flags_by_name() {
    let shows = |typed: &str| {
        let mut desk = Desk::open(80, 24);
        desk.press(&format!("3fffff/{typed}<Enter>"));
        let picture = desk.picture();
        let line = picture.lines().nth(1).unwrap_or_default().to_owned();
        let of = line.split(" of ").nth(1).unwrap_or_else(|| panic!("{picture}"));
        of.split_whitespace().next().unwrap().replace(',', "").parse::<i64>().unwrap()
    };
    let all = shows("-total:7..7");
    for (one, other) in [
        ("flag:new_charge", "-flag:new_charge"),
        ("gmbh", "-gmbh"),
        ("total>100", "-total>100"),
        ("currency:EUR", "-currency:EUR"),
        ("due:2026-12", "-due:2026-12"),
        ("total>100EUR", "-total>100EUR"),
        ("flag:any OR total:..50", "-flag:any total:50.01.."),
    ] {
        let (some, others) = (shows(one), shows(other));
        assert!(some > 0 && others > 0, "{one}: {some}, {other}: {others}");
        assert_eq!(some + others, all, "{one}");
    }
    assert_eq!(shows("flag:new_charge,no_e-mail"), { shows("flag:new_charge | flag:no_email") });
    assert_eq!(shows("invoiced:2026-12-01"), shows("invoiced:2026-12..2026-12-01"));
    assert_eq!(shows("due:-400..+400"), all);
    assert_eq!(shows("posted:2026-01.."), 0, "drafts");
    assert_eq!(shows("total:50..100"), shows("total>=50 total:..100"));
    let mut desk = Desk::open(80, 24);
    desk.press("3/OR status:posted<Enter>").shows("OR joins what stands on both sides");
}

#[test]
fn what_no_row_can_ever_be_is_refused_with_what_there_is() {
    for (keys, said) in [
        ("8/status:actve", "active, suspended, canceled"),
        ("7/verb:pots", "post"),
        ("5/group:soon", "retry_later"),
        ("3/flag:total_hihg", "new_charge"),
    ] {
        let mut desk = Desk::open(80, 24);
        desk.press(keys).press("<Enter>").shows("is not one of").shows(said).shows("0 of 0");
    }
}

#[test]
fn words_find_numbers_and_names_without_accents() {
    let mut desk = Desk::open(80, 24);
    for (keys, found) in [
        ("8/kohler pflege", "Köhler Pflegedienst"),
        ("8/KÖHLER optik", "Köhler Optik"),
        ("3/backerei", "Hübner Bäckerei"),
        ("3/Hübner logistik", "Hübner Logistik"),
        ("8/koehler pflege", "Köhler Pflegedienst"),
        ("3/baeckerei", "Hübner Bäckerei"),
        ("3/huebner logistik", "Hübner Logistik"),
    ] {
        desk.press(keys).press("<Enter>").shows(found).shows("1 of 1");
        desk.press("<Esc>");
    }
    desk.press("2/BR-000003<Enter>").shows("1 of 1").shows("BR-000003");
    desk.press("3fffffff/D-000012<Enter>").shows("1 of 1");
}

#[test]
fn words_find_amounts_and_addresses() {
    let mut desk = Desk::open(80, 24);
    desk.press("3");
    let amount = desk
        .picture()
        .lines()
        .find(|l| l.starts_with('>'))
        .and_then(|l| {
            l.split_whitespace().find(|w| w.contains('.') && w.ends_with(char::is_numeric))
        })
        .unwrap()
        .to_owned();
    desk.press("/").press(&amount).press("<Enter>").shows("1 of ");
    assert!(desk.picture().lines().any(|l| l.starts_with('>') && l.contains(&amount)));
    desk.press("/<C-u>@<Enter>").shows("1 of ");
}

#[test]
fn an_amount_is_typed_as_it_is_printed_and_a_doubtful_one_is_refused() {
    let mut desk = Desk::open(80, 24);
    let mut count = |filter: &str| {
        desk.press("<Esc>3/<C-u>").press(filter).press("<Enter>");
        let picture = desk.picture();
        let line = picture.lines().nth(1).unwrap().to_owned();
        (line.rsplit(" of ").next().unwrap().trim().to_owned(), picture)
    };
    let (all, _) = count("total>0");
    let (some, _) = count("total>1000");
    assert!(all != some && some != "0", "{all} {some}");
    assert_eq!(count("total>1,000").0, some);
    assert_eq!(count("total>1,000.00").0, some);
    for doubtful in ["total>1.000", "total>1,00", "total>79228162514264337593543950335"] {
        let (none, picture) = count(doubtful);
        assert!(none == "0" && picture.contains("is not"), "{doubtful}: {picture}");
    }
    assert!(count("total>1.000").1.contains("write 1000 or 1.0000"));
}

#[test]
fn figures_of_another_filter_are_not_shown_beside_a_new_one() {
    let mut desk = Desk::open(80, 24);
    desk.press("3");
    let line = |desk: &Desk| desk.picture().lines().nth(1).unwrap().to_owned();
    let before = line(&desk);
    for keys in ["f", "/x<Enter>", "f"] {
        let mut effects = Vec::new();
        for key in parse(keys) {
            effects.extend(desk.app.update(Msg::Key(key)));
        }
        assert!(line(&desk).ends_with("… of …"), "{}", line(&desk));
        // The count alone says nothing while the rows are those of before.
        effects.sort_by_key(|e| {
            !matches!(e, Effect::Load { query: Question::View(Query::Totals(..)), .. })
        });
        let rest = effects.split_off(1);
        desk.settle(effects);
        assert!(line(&desk).ends_with("… of …"), "{}", line(&desk));
        desk.settle(rest);
        assert!(!line(&desk).contains('…') && line(&desk) != before, "{}", line(&desk));
    }
}

#[test]
fn the_session_comes_back() {
    let mut desk = Desk::open(80, 24);
    desk.press("3  ");
    let Some(Effect::Commit { command, .. }) = desk.app.session() else { panic!("no session") };
    let daybook::engine::command::Command::SaveSession { state } = *command else { panic!() };
    let value: serde_json::Value = serde_json::from_str(&state).unwrap();
    assert_eq!(value["screens"]["Invoices"]["marks"].as_array().unwrap().len(), 2);
    assert!(desk.app.session().is_none(), "nothing changed, nothing to keep");
}

/// The key tables of all screens.
const TABLES: &[&[Binding]] = &[
    today::KEYS,
    runs::KEYS,
    invoices::KEYS,
    delivery::KEYS,
    failed::KEYS,
    unapplied::KEYS,
    jobs::KEYS,
    log::KEYS,
    accounts::KEYS,
    books::KEYS,
    bank::KEYS,
];

fn any_key() -> impl Strategy<Value = Key> {
    let named =
        parse("<Enter><Esc><Tab><BTab><Bksp><Up><Down><Left><Right><PgUp><PgDn><Home><End><C-s>");
    let all: Vec<Key> = [LIST_KEYS, GLOBAL_KEYS]
        .into_iter()
        .chain(TABLES.iter().copied())
        .flatten()
        .flat_map(|b| b.keys.iter().copied())
        .chain(named)
        .chain((' '..='~').map(Key::Char))
        .filter(|k| !matches!(k, Key::Ctrl('c' | 'z')))
        .collect();
    proptest::sample::select(all)
}

/// Where a clerk may begin: each screen, and the tabs that have keys or words of their own.
fn any_place() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "1",
        "2",
        "3",
        "3ff",
        "3<Enter>",
        "3ffffff",
        "4",
        "5",
        "5ffffffffff",
        "6",
        "7",
        "8",
        "9",
        "9<Enter>",
        "9j<Enter>",
        "9j<Enter><Enter>",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever is pressed, the console neither falls over nor leaves a question unanswered.
    #[test]
    fn any_keys_in_any_order(
        place in any_place(),
        keys in proptest::collection::vec(any_key(), 1..60),
        wide in any::<bool>(),
    ) {
        let mut desk = if wide { Desk::open(140, 40) } else { Desk::open(80, 24) };
        desk.press(place);
        for key in keys {
            let effects = desk.app.update(daybook::ui::msg::Msg::Key(key));
            if effects.iter().any(|e| matches!(e, Effect::Quit(_))) {
                return Ok(());
            }
            desk.settle(effects);
            let picture = desk.picture();
            let raw = picture.contains(char::from(27));
            prop_assert!(!raw);
        }
        prop_assert!(desk.app.is_idle());
    }

    /// Moving, filtering, sorting and changing screens never lose a mark.
    #[test]
    fn marks_are_never_lost(keys in proptest::collection::vec(
        proptest::sample::select(parse("jkgG<C-d><C-u><PgDn><PgUp>nNfs1[]o23468<Esc><Tab>")), 1..40)) {
        let mut desk = Desk::open(80, 24);
        desk.press("3  j  ");
        let count = || 4;
        for key in keys {
            let effects = desk.app.update(daybook::ui::msg::Msg::Key(key));
            if effects.iter().any(|e| matches!(e, Effect::Quit(_))) {
                return Ok(());
            }
            desk.settle(effects);
        }
        let Some(Effect::Commit { command, .. }) = desk.app.session() else { return Ok(()) };
        let daybook::engine::command::Command::SaveSession { state } = *command else { return Ok(()) };
        let value: serde_json::Value = serde_json::from_str(&state).unwrap();
        let marks = value["screens"]["Invoices"]["marks"].as_array().unwrap().len();
        prop_assert_eq!(marks, count());
    }
}

#[test]
fn the_question_before_posting_counts_what_posting_takes() {
    use daybook::domain::ids::{BillRunId, DocumentId};
    use daybook::store::read;
    let mut desk = Desk::open(80, 24);
    desk.press("3v1jv2");
    for review in ["none", "flagged", "all"] {
        desk.session
            .write(daybook::domain::actor::Verb::Settings, |tx| {
                Ok(daybook::store::settings::set(tx, key::POST_REQUIRE_REVIEW, review)?)
            })
            .unwrap();
        let config = desk.session.config().unwrap();
        desk.session
            .store
            .read(|db| -> Result<(), read::ReadError> {
                let run = BillRunId(4);
                let today = chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
                let dates = read::post_preview::Dates { today, invoice_on: None, by: None };
                let args = read::ListArgs {
                    filter: read::Filter::parse(&format!("run:{run} status:draft")).unwrap(),
                    sort: read::Sort::Newest.into(),
                    seek: read::Seek::First,
                    limit: 1000,
                };
                let drafts = read::invoices::page(db, &args)?.rows;
                let free = |id: DocumentId| {
                    let pick = Pick::whichever(id);
                    daybook::engine::post::judged::judge(db, &pick, None, &config).unwrap().is_ok()
                };
                let count = drafts.iter().filter(|d| free(d.id)).count();
                let preview = read::post_preview::of_run(db, run.0, dates)?;
                assert_eq!(preview.count, count as i64, "{review}");
                let left: i64 = preview.left_out.iter().map(|(_, n)| n).sum();
                assert_eq!(left as usize, drafts.len() - count, "{review}");
                Ok(())
            })
            .unwrap();
    }
}
