//! What becomes of keys that come before answers, of marks that are out of sight, and of typing that
//! was not saved.

use crate::harness::book::Book;
use crate::harness::desk::Desk;
use daybook::engine::command::{Command, Pick};
use daybook::engine::perform;
use daybook::store::Topic;
use daybook::store::read::{Filter, ListArgs, Seek, Sort, invoices};
use daybook::ui::keymap::Key;
use daybook::ui::msg::{Effect, Msg};

/// The state that a console keeps for the next login.
fn kept(desk: &mut Desk) -> Option<String> {
    match desk.app.session()? {
        Effect::Commit { command, .. } => match *command {
            Command::SaveSession { state } => Some(state),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_pressed_during_a_read_wait_behind_it() {
    let mut desk = Desk::open(80, 24);
    desk.press("3").press_ahead("jed<Down><Down>4711").shows("Edit D-").shows("4711");
    // The rows of before are not those that are marked.
    let mut desk = Desk::open(80, 24);
    desk.press("3").press_ahead("/hubner logistik<Enter> ").shows("marked 1");
    let marked = desk.picture().lines().find(|l| l.starts_with(">*")).map(str::to_owned);
    assert!(marked.is_some_and(|l| l.contains("Hübner Logistik")), "{}", desk.picture());
    // In the palette Enter waits for what is looked up.
    let mut desk = Desk::open(80, 24);
    desk.press_ahead(":A-00011<Enter>").shows("account:A-00011");
}

#[test]
fn a_question_is_not_answered_by_what_was_pressed_before_it() {
    let mut desk = Desk::open(80, 24);
    desk.press("3").press_ahead("TP1y<Enter>").shows("Enter alone cancels");
    assert!(desk.picture().contains("Type "), "{}", desk.picture());
}

#[test]
fn keys_that_wait_for_what_does_not_come_do_nothing() {
    let mut desk = Desk::open(80, 24);
    desk.press("3");
    let mut effects = desk.app.update(Msg::Key(Key::Char('j')));
    effects.extend(desk.app.update(Msg::Key(Key::Char('e'))));
    effects.extend(desk.app.update(Msg::Key(Key::Char('d'))));
    let lost = effects.iter().find_map(|e| match e {
        Effect::Load { slot, ticket, .. } => Some((*slot, *ticket)),
        _ => None,
    });
    let (slot, ticket) = lost.unwrap();
    let result = Err(daybook::ui::fault::Fault::too_much());
    let effects = desk.app.update(Msg::Loaded { slot, ticket, result });
    desk.settle(effects);
    desk.shows("2 keys pressed meanwhile do nothing");
}

#[test]
fn a_list_that_could_not_be_read_does_not_say_that_it_is_being_read() {
    let mut desk = Desk::open(80, 24);
    desk.press("3/zephyrus<Enter>").shows("nothing here");
    desk.press("/");
    let effects = desk.app.update(Msg::Key(Key::Char('q')));
    desk.shows("reading…");
    for effect in effects {
        if let Effect::Load { slot, ticket, .. } = effect {
            let result = Err(daybook::ui::fault::Fault::too_much());
            desk.app.update(Msg::Loaded { slot, ticket, result });
        }
    }
    desk.shows("could not be read; leave the screen and come back");
    desk.press("<Enter>43").shows("nothing here");
}

#[test]
fn nothing_of_another_row_is_shown_under_the_cursor_of_one() {
    for (width, height) in [(80, 24), (140, 40)] {
        let mut desk = Desk::open(width, height);
        desk.press("3");
        assert!(!desk.picture().contains("reading…"));
        let effects = desk.app.update(Msg::Key(Key::Char('j')));
        desk.shows("reading…");
        assert!(!desk.picture().contains("no invoice before"), "{}", desk.picture());
        desk.settle(effects);
        assert!(!desk.picture().contains("reading…"));
    }
}

#[test]
fn marks_out_of_sight_never_decide_what_is_posted() {
    let mut desk = Desk::open(80, 24);
    desk.press("3 ").press("/hubner logistik<Enter>").shows("1 outside this filter");
    desk.press("P").shows("all 1 (").shows("1 of them outside this filter");
    assert!(!desk.picture().contains("numbers "), "{}", desk.picture());
    desk.press("<Esc> P").shows("the 1 (").shows("all 2 (").shows("1 of them outside");
    desk.press("v").shows("Post 1 document");
    desk.press("<Esc>a").shows("y/n").shows("1 of them outside this filter");
    // One mark out of sight is not as good as the row under the cursor.
    desk.press("nU").press("<Esc> ").press("/zzzzzz<Enter>").press("a").shows("y/n");
}

/// `Esc` takes the filter away and leaves the cursor on its row, however far down that is.
#[test]
fn a_filter_that_is_taken_away_leaves_the_cursor_on_its_row() {
    let mut desk = Desk::open(80, 24);
    desk.press("8/A-00055<Enter>").shows(">");
    let row = |desk: &Desk| {
        let picture = desk.picture();
        picture.lines().find(|l| l.starts_with('>')).map(|l| l[..20].to_owned())
    };
    let before = row(&desk);
    assert!(before.as_ref().is_some_and(|r| r.contains("A-00055")), "{before:?}");
    desk.press("<Esc>");
    assert_eq!(row(&desk), before);
    // The rows above it are there.
    desk.press("kkk");
    assert_ne!(row(&desk), before);
    desk.press("jjj");
    assert_eq!(row(&desk), before);
}

/// Which marks a filter shows is asked of the book, however few of its rows are at hand.
#[test]
fn marks_are_told_by_what_the_filter_shows_in_a_long_list_too() {
    let book = Book::new("2026-02-01");
    let mut files = [
        "account_number,name,currency\n".to_owned(),
        "subscription_number,account_number,start_date\n".to_owned(),
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned(),
    ];
    for n in 1..=450 {
        files[0] += &format!("A{n},Acme {n},EUR\n");
        files[1] += &format!("S{n},A{n},2026-02-01\n");
        files[2] += &format!("C{n},S{n},Base,recurring,flat,10,month\n");
    }
    for (name, text) in ["accounts.csv", "subscriptions.csv", "charges.csv"].iter().zip(files) {
        book.import(name, text, &[]);
    }
    book.run(&["bill", "--target", "2026-02-01"]).ends(0);
    let mut desk = Desk::at(&book.path, 100, 24);
    desk.press("3 ").shows("marked 1 ·");
    desk.press("/total>1<Enter>G").shows("marked 1 ·");
    desk.press("/A2<Enter>").shows("marked 1 (1 outside this filter)");
    desk.press("a").shows("1 of them outside this filter");
    // Of all that were marked under a wider filter P offers just those that this one shows.
    desk.press("<Esc>/<C-u><Enter>T").shows("marked all 450");
    desk.press("/A2<Enter>");
    desk.shows(" outside this filter)");
    desk.press("P").shows("marked that this filter shows");
}

#[test]
fn a_bill_run_asks_with_count_and_sum() {
    let mut desk = Desk::open(80, 24);
    desk.press("2cb<C-s>").shows("Nothing is due that is not billed already");
    desk.press("<Esc>").shows("New bill run");
    let later = desk.session.now().unwrap().today + chrono::Months::new(2);
    desk.press("<BTab><Tab><C-u>").press(&later.to_string()).press("<C-s>");
    desk.shows("invoices").shows(" EUR").shows("Drafts are made").shows("[Cancel]");
    desk.press("<Enter>").shows("what was typed is still here");
    desk.press("<C-s>y").shows("2 Runs").shows("BR-000004");
}

#[test]
fn rating_again_asks_before_it_drops_what_was_done_by_hand() {
    let mut desk = Desk::open(80, 24);
    desk.press("3R").shows("regenerated");
    desk.press("e1q<C-u>7<Tab><Tab><Tab>counted again<C-s>").shows("undo");
    let edited = desk.picture();
    desk.press("R").shows("thrown away").shows("changes of").shows("[Cancel]");
    desk.press("<Enter>");
    assert_eq!(desk.picture().lines().nth(3), edited.lines().nth(3));
    desk.press("Dwrong<C-s>").shows("edited by hand");
    desk.press("<Esc><Esc>");
    desk.press("Ry").shows("regenerated");
    // It has nothing to throw away any more, and asks nothing.
    desk.press("R");
    assert!(!desk.picture().contains("thrown away"), "{}", desk.picture());
    // What is gone is not lost a second time; what rating again keeps is.
    desk.press("Dwrong<C-s>").shows("Cancel");
    assert!(!desk.picture().contains("edited by hand"), "{}", desk.picture());
    desk.press("<Esc><Esc>").press("ed<Tab><Tab>PO 4711<Tab><Tab>ordered<C-s>");
    desk.press("Ry").press("Dwrong<C-s>").shows("edited by hand");
}

#[test]
fn an_unsaved_edit_comes_back_into_its_editor_and_survives_esc() {
    let mut desk = Desk::open(80, 24);
    desk.press("3ed<Tab><Tab>PO 4711");
    let state = kept(&mut desk).unwrap();
    // A question that is not answered loses nothing.
    desk.login(&state);
    desk.shows("1 unsaved edit");
    desk.press("<Esc>");
    assert_eq!(kept(&mut desk), None);
    desk.press(":continue<Enter>").shows("Edit D-").shows("PO 4711").shows("Esc keeps it");
    desk.press("<Esc>").shows("not saved, and kept");
    assert!(kept(&mut desk).is_some_and(|state| state.contains("PO 4711")));
    desk.press("j:unsaved<Enter>").shows("PO 4711");
    desk.press("<Tab><Tab>as ordered<C-s>").shows("PO number: PO 4711");
    assert!(!kept(&mut desk).unwrap_or_default().contains("4711\""));
    desk.login(&state);
    desk.press("y").shows("PO 4711");
    desk.press("<C-x>");
    assert!(!kept(&mut desk).unwrap().contains("4711"));
    desk.login(&state);
    desk.press("n");
    assert!(!kept(&mut desk).unwrap().contains("4711"));
}

#[test]
fn an_edit_that_comes_back_names_its_draft() {
    let mut desk = Desk::open(80, 24);
    desk.press("3e1q<C-u>7");
    let title = desk.picture().lines().find(|l| l.contains("─ Edit")).unwrap().to_owned();
    assert!(!title.contains("D-"), "the row in view names it: {title}");
    let state = kept(&mut desk).unwrap();
    desk.login(&state);
    desk.press("y").shows(" of D-0");
}

#[test]
fn an_unsaved_edit_is_not_written_over_by_a_form_that_is_opened_before_it_is_answered() {
    let mut desk = Desk::open(80, 24);
    desk.press("3ed<Tab><Tab>PO 4711");
    let state = kept(&mut desk).unwrap();
    desk.login(&state);
    desk.press("<Esc>").press("3ed").shows("Edit D-");
    assert_eq!(kept(&mut desk), None, "an empty form is no edit");
    // What is typed into it is another edit: both come back.
    desk.press("<Tab><Tab>PO 4712");
    let both = kept(&mut desk).unwrap();
    assert!(both.contains("PO 4711") && both.contains("PO 4712"), "{both}");
    desk.login(&both);
    desk.shows("2 unsaved edits");
    desk.press("y").shows("PO 4712");
    assert!(kept(&mut desk).is_none_or(|state| state.contains("PO 4711")));
    // Put aside as well it writes nothing over: each is there to be taken up.
    desk.press("<Esc>").shows("not saved, and kept");
    let state = kept(&mut desk).unwrap_or(both);
    assert!(state.contains("PO 4711") && state.contains("PO 4712"), "{state}");
    desk.press(":unsaved<Enter>").shows("PO 4712");
    desk.press("<Esc>").press(":unsaved<Down><Enter>").shows("PO 4711");
    desk.press("<Esc>").login(&state).shows("2 unsaved edits");
}

#[test]
fn what_is_typed_over_something_to_read_never_runs_the_keys_of_the_list() {
    let mut desk = Desk::open(80, 24);
    // Words that hold q, which closes a box, and e, which edits a draft of the list.
    for word in ["/queued", ":unsaved"] {
        desk.press("3").press("?").shows("Esc");
        desk.press(word).shows(word.get(1..).unwrap());
        assert!(!desk.picture().contains("Edit D-"), "{}", desk.picture());
        desk.press("<Esc><Esc>");
    }
    // A word that begins with a letter that means nothing there is not meant for the list either.
    desk.press("3").press("?");
    let read = desk.picture();
    assert_eq!(desk.press("bqex").picture(), read);
    desk.press("<Esc>");
    assert_ne!(desk.picture(), read);
    desk.press("?").press("4").shows("4 Delivery");
}

#[test]
fn why_a_form_refuses_is_told_whole() {
    let mut desk = Desk::open(80, 24);
    desk.press("3e1q<Tab><C-u>100.00 of the invoice of the month before<Tab><Tab>typed<C-s>");
    desk.shows("is not a decimal such").shows("as 12.50").shows("Ctrl-S does it");
}

#[test]
fn what_a_field_takes_is_told_whole() {
    let mut desk = Desk::open(60, 15);
    desk.press("4e").shows("copies that have not left").shows("follow").shows("Ctrl-S does it");
}

#[test]
fn a_refused_input_is_no_conflict() {
    let mut desk = Desk::open(80, 24);
    desk.press("3ed<Tab><C-u>1999-01-01<Tab><Tab><Tab>early<C-s>").shows("Edit D-");
    let picture = desk.picture();
    assert!(!picture.contains("theirs"), "{picture}");
}

/// A colleague accepts what is marked here: it leaves the list, and acting on the marks says so first.
#[test]
fn a_mark_on_what_left_the_list_since_is_told_before_it_is_acted_on() {
    let mut desk = Desk::open(80, 24);
    // The second draft, the cursor on the third.
    desk.press("3j j").shows("marked 1");
    let id = desk.session.read(|db| {
        let filter = Filter::parse("status:draft review:none").unwrap();
        let sort = Sort::Risk.into();
        let args = ListArgs { filter, sort, seek: Seek::First, limit: 2 };
        Ok(invoices::page(db, &args).unwrap().rows[1].id)
    });
    let id = id.unwrap();
    let draft = Pick { id, version: Pick::WHICHEVER };
    let accept = Command::Accept { drafts: vec![draft], reason: String::new() };
    perform::perform(&mut desk.session, "a colleague", accept).unwrap();
    let known = desk.app.update(Msg::Changed(Topic::ALL.to_vec()));
    desk.settle(known);
    desk.shows("marked 1 (1 outside this filter)");
    desk.press("e").shows("1 of them outside this filter");
}
