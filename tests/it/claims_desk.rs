//! Claims at two desks: what each clerk presses and sees of the other.

use crate::harness::desk::Desk;
use daybook::domain::actor::{Actor, Role};
use daybook::domain::ids::DocumentId;
use daybook::engine::Session;
use daybook::engine::command::{BulkChange, DraftChange, Pick};
use daybook::engine::guard::roles;
use daybook::engine::review::edit::many;
use daybook::store::Topic;
use daybook::ui::msg::Msg;
use ratatui::style::Color;

const JON: u32 = 8;

/// Two desks over one book; mia's is the one of who runs the test.
fn desks() -> (tempfile::TempDir, Desk, Desk) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("book.db");
    let demo = crate::harness::desk::demo_book();
    daybook::store::Store::open(demo).unwrap().backup_to(&path).unwrap();
    let me = nix::unistd::getuid().as_raw();
    let mut admin = Session::open(&path, Actor { uid: me, name: "mia".to_owned() }).unwrap();
    roles::grant(&mut admin, me, Role::Biller).unwrap();
    roles::grant(&mut admin, JON, Role::Clerk).unwrap();
    let mia = Desk::at(&path, 80, 24);
    let jon = Desk::of(Actor { uid: JON, name: "jon".to_owned() }, &path, 100, 24);
    (dir, mia, jon)
}

/// The row under the cursor.
fn cursor_row(desk: &Desk) -> String {
    let picture = desk.picture();
    let row = picture.lines().find(|line| line.starts_with('>'));
    row.unwrap_or_else(|| panic!("no cursor in\n{picture}")).to_owned()
}

#[test]
fn the_next_drafts_are_mine_and_marked_and_another_sees_them_dim_with_my_name() {
    let (_dir, mut mia, mut jon) = desks();
    mia.press("3C").shows("the next 50 from here that nobody has");
    mia.press("<Esc>");
    mia.press(":claim 3").shows("claim the next 3 that nobody has");
    mia.press("<Enter>");
    mia.shows("claimed 3 drafts").shows("u undo").shows("mine");
    assert!(cursor_row(&mia).contains(" D "), "{}", cursor_row(&mia));
    jon.press("3").shows("mia");
    let row = cursor_row(&jon);
    assert!(row.contains(" d ") && !row.contains(" D "), "a small letter as well: {row}");
    let buffer = jon.buffer();
    let line = jon.picture().lines().position(|line| line.starts_with('>')).unwrap();
    let first = usize::from(buffer.area.width) * line + 3;
    assert_eq!(buffer.content[first].fg, Color::DarkGray, "{:?}", buffer.content[first]);
    // Opened, it says so in words.
    jon.press("<Enter>").shows("claimed by mia");
    jon.press("<Esc>");
    // One key on hers asks; no leaves it, yes goes on.
    jon.press("a").shows("mia has claimed D-");
    jon.press("<Esc>");
    assert!(cursor_row(&jon).contains(" d "));
    // His next ones are others.
    jon.press(":claim 2<Enter>").shows("claimed 2 drafts");
    mia.press("/claim:jon<Enter>").shows("of 2").shows("jon");
    mia.press("/claim:mine<Enter>").shows("of 3");
    mia.press("<Esc>u").shows("undone: claimed 3 drafts");
    mia.press("/claim:mine<Enter>").shows("nothing here under");
}

#[test]
fn the_rest_is_handed_over_and_enter_on_the_notice_shows_it() {
    let (_dir, mut mia, mut jon) = desks();
    jon.press("3:claim 1<Enter>").shows("claimed D-");
    jon.press(":release all<Enter>");
    jon.shows("released D-");
    mia.press("3:claim 4<Enter>").shows("claimed 4 drafts");
    mia.press("Ch").shows("Hand over all that I have claimed");
    mia.press("nobody-here<Tab>x<C-s>").shows("there is no user");
    mia.press("<Esc>Chjon<Tab>Greta wants a PO<C-s>").shows("handed over to jon 4 drafts");
    let more = jon.app.update(Msg::Changed(Topic::ALL.to_vec()));
    jon.settle(more);
    jon.press("1").shows("! ");
    jon.press("!").shows("handed 4 drafts over to you");
    jon.shows("Greta wants a PO");
    jon.press("<Enter>").shows("3 Invoices › mine").shows("of 4");
}

#[test]
fn marked_drafts_of_another_are_left_out_and_listed_with_the_name() {
    let (_dir, mut mia, mut jon) = desks();
    mia.press("3/-flag:stale<Enter>:claim 2<Enter>").shows("claimed 2 drafts");
    jon.press("3/-flag:stale<Enter>    a").shows("Accept 4 documents");
    jon.press("y");
    jon.shows("Not everything was done: 2 left").shows("claimed by mia");
}

#[test]
fn marks_go_with_the_claim_and_no_number_of_drafts_claims_nothing() {
    let (_dir, mut mia, _jon) = desks();
    mia.press("3:claim 0").shows("0 is no number of drafts");
    mia.press("<Enter>").shows("Find");
    let marks =
        |desk: &Desk| desk.picture().lines().filter(|l| l.chars().nth(1) == Some('*')).count();
    mia.press("<Esc>:claim 3<Enter>").shows("claimed 3 drafts");
    assert_eq!(marks(&mia), 3);
    mia.press("Cr").shows("released 3 drafts");
    assert_eq!(marks(&mia), 0);
    // What was marked for something else stays.
    mia.press("G gg:claim 3<Enter>");
    assert_eq!(
        mia.press("CR").picture().matches("marked 1").count(),
        0,
        "the receipt stands there"
    );
    mia.press("j").shows("marked 1");
}

/// Posting takes what others have claimed; it says so before, and tells them.
#[test]
fn posting_says_whose_claims_it_takes_and_tells_them() {
    let (_dir, mut mia, mut jon) = desks();
    jon.press("3/-flag:stale<Enter>:claim 3<Enter>").shows("claimed 3 drafts");
    mia.press("3/-flag:stale<Enter>Pr");
    if !mia.picture().contains("claimed by jon: 3") {
        mia.shows("claimed by jon: 3; they are posted all the same");
    }
    let count = mia.picture().lines().find_map(|line| {
        let (_, behind) = line.split_once("Post ")?;
        behind.split(' ').next().map(|n| n.replace(',', ""))
    });
    mia.press(&format!("{}<Enter>", count.unwrap()));
    let more = jon.app.update(Msg::Changed(Topic::ALL.to_vec()));
    jon.settle(more);
    jon.press("!").shows("mia posts what you had claimed");
}

/// A job tells of each draft that it left behind why.
#[test]
fn a_job_tells_what_it_left_behind_and_why() {
    let (_dir, mut mia, _) = desks();
    mia.press("3/-flag:stale<Enter>v1").shows("held");
    mia.press("Pr");
    let count = mia.picture().lines().find_map(|line| {
        let (_, behind) = line.split_once("Post ")?;
        behind.split(' ').next().map(|n| n.replace(',', ""))
    });
    mia.press(&format!("{}<Enter>", count.unwrap()));
    mia.press("6x").shows("left behind").shows("the amount looks wrong");
}

/// Before many are edited alike it is told which of them are left to another, as the edit leaves them.
#[test]
fn the_question_before_an_edit_of_many_leaves_out_what_another_has_claimed() {
    let (_dir, mut mia, mut jon) = desks();
    jon.press("3/-flag:stale<Enter>:claim 2<Enter>").shows("claimed 2 drafts");
    let conn = rusqlite::Connection::open(mia.session.store.path()).unwrap();
    let sql = "SELECT d.id, d.version FROM document d JOIN document_state s ON s.document_id = d.id
        WHERE s.status = 'Draft' AND s.stale = '' ORDER BY d.id";
    let mut drafts = conn.prepare(sql).unwrap();
    let pick = |r: &rusqlite::Row<'_>| Ok(Pick { id: DocumentId(r.get(0)?), version: r.get(1)? });
    let picks: Vec<Pick> = drafts.query_map([], pick).unwrap().map(Result::unwrap).collect();
    let changes = [BulkChange::Same(DraftChange::PoNumber("PO-ALL".to_owned()))];
    let told = many::ahead(&mia.session, &picks, &changes).unwrap();
    assert_eq!(told.count, picks.len() as i64 - 2);
    let (why, n) = &told.left_out[0];
    assert!(why.starts_with("claimed by jon") && *n == 2, "{:?}", told.left_out);
    let done = many::edit(&mut mia.session, &picks, &changes, "asked").unwrap();
    assert_eq!((done.done as i64, done.refused.len()), (told.count, 2));
}
