//! Drafts that clerks take to look at: each goes to one clerk, others leave it to them, and it is given
//! back, taken over or handed over.

use crate::harness::book::{Book, binary};
use crate::harness::day::billed;
use crate::harness::desk::demo_book;
use daybook::clock::Now;
use daybook::domain::actor::{Actor, Role};
use daybook::domain::ids::DocumentId;
use daybook::engine::answer::ask;
use daybook::engine::command::{ClaimDeed, Command, DraftChange, NextDrafts, Pick, Receipt};
use daybook::engine::guard::roles;
use daybook::engine::query::{Answer, ListName, Query};
use daybook::engine::{Error, Session, perform};
use daybook::store::Store;
use daybook::store::operation::fresh_id;
use daybook::store::read::{Filter, ListArgs, Seek, Sort};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const MIA: u32 = 7;
const JON: u32 = 8;
/// Who only looks.
const EVE: u32 = 9;

fn open(path: &Path, uid: u32) -> Session {
    let name = match uid {
        MIA => "mia",
        JON => "jon",
        _ => "eve",
    };
    Session::open(path, Actor { uid, name: name.to_owned() }).unwrap()
}

/// A copy of the demo book in which two may look at drafts.
fn book() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("book.db");
    Store::open(demo_book()).unwrap().backup_to(&path).unwrap();
    staffed(&path);
    (dir, path)
}

/// Both are clerks, and each has done something, so that the book knows their names.
fn staffed(path: &Path) {
    let mut admin = Session::open(path, daybook::cli::actor()).unwrap();
    for (uid, role) in [(MIA, Role::Biller), (JON, Role::Clerk), (EVE, Role::Viewer)] {
        roles::grant(&mut admin, uid, role).unwrap();
    }
    for uid in [MIA, JON] {
        let mut session = open(path, uid);
        claim(&mut session, next(1, "", None)).unwrap();
        claim(&mut session, ClaimDeed::ReleaseAll).unwrap();
    }
}

fn give(session: &mut Session, command: Command) -> Result<Receipt, Error> {
    perform::perform(session, &fresh_id(), command)
}

fn claim(session: &mut Session, deed: ClaimDeed) -> Result<Receipt, Error> {
    give(session, Command::Claim(deed))
}

fn next(count: usize, filter: &str, from: Option<DocumentId>) -> ClaimDeed {
    let filter = vec![filter.to_owned()];
    ClaimDeed::Next(NextDrafts { count, filter, sort: Sort::Risk.into(), from })
}

fn taken(receipt: &Receipt) -> Vec<Pick> {
    receipt.taken.iter().map(|(pick, _)| *pick).collect()
}

/// The documents of a filter, worst first.
fn listed(session: &Session, filter: &str) -> Vec<DocumentId> {
    let filter = Filter::parse(filter).unwrap();
    let args = ListArgs { filter, sort: Sort::Risk.into(), seek: Seek::First, limit: 500 };
    match ask(session, &Query::List(ListName::Invoices, args).into()).unwrap() {
        Answer::Invoices(page) => page.rows.iter().map(|row| row.id).collect(),
        _ => panic!("another answer"),
    }
}

/// What `!` shows somebody of claims.
fn notices(session: &Session) -> Vec<String> {
    match ask(session, &Query::Status.into()).unwrap() {
        Answer::Status(foot) => {
            let texts = foot.notices.into_iter().map(|notice| notice.text);
            texts.filter(|text| text.contains("took over") || text.contains("handed")).collect()
        }
        _ => panic!("another answer"),
    }
}

fn needs_yes(result: Result<Receipt, Error>) -> String {
    match result {
        Err(Error::NeedsYes { message }) => message,
        other => panic!("no question: {other:?}"),
    }
}

fn accept(drafts: Vec<Pick>) -> Command {
    Command::Accept { drafts, reason: "looked at".to_owned() }
}

#[test]
fn the_next_drafts_of_a_list_go_to_one_clerk_and_the_ones_after_to_another() {
    let (_dir, path) = book();
    let (mut mia, mut jon) = (open(&path, MIA), open(&path, JON));
    let all = listed(&mia, "status:draft");
    assert!(all.len() > 20, "{}", all.len());
    let hers = taken(&claim(&mut mia, next(5, "status:draft", None)).unwrap());
    assert_eq!(hers.iter().map(|p| p.id).collect::<Vec<_>>(), all[..5], "in the order shown");
    // Of the same list from the top on he gets the ones after.
    let his = taken(&claim(&mut jon, next(5, "status:draft", None)).unwrap());
    assert_eq!(his.iter().map(|p| p.id).collect::<Vec<_>>(), all[5..10]);
    // From the cursor on, and none twice for the same clerk.
    let more = taken(&claim(&mut mia, next(3, "", Some(all[4]))).unwrap());
    assert_eq!(more.iter().map(|p| p.id).collect::<Vec<_>>(), all[10..13]);
    assert_eq!(listed(&mia, "claim:mine").len(), 8);
    assert_eq!(listed(&jon, "status:draft claim:mine").len(), 5);
    assert_eq!(listed(&jon, "claim:MIA"), listed(&mia, "claim:mine"));
    assert_eq!(listed(&mia, "claim:any").len(), 13);
    assert_eq!(listed(&mia, "claim:none status:draft").len(), all.len() - 13);
    assert_eq!(listed(&mia, "-claim:any status:draft").len(), all.len() - 13);
    assert_eq!(listed(&mia, "claim:mine OR claim:jon").len(), 13);
    let undone = give(&mut mia, Command::Undo { deed: None }).unwrap();
    assert!(undone.summary.contains("claimed 3 drafts"), "{}", undone.summary);
    assert_eq!(listed(&mia, "claim:mine").len(), 5);
    give(&mut mia, Command::Redo).unwrap();
    assert_eq!(listed(&mia, "claim:mine").len(), 8);
}

#[test]
fn what_cannot_be_claimed_is_told_with_the_remedy() {
    let (_dir, path) = book();
    let (mut mia, mut jon) = (open(&path, MIA), open(&path, JON));
    let code = |result: Result<Receipt, Error>| result.unwrap_err().code();
    for n in [0, 5_001] {
        assert_eq!(code(claim(&mut mia, next(n, "", None))), "bad_count");
    }
    assert_eq!(code(claim(&mut mia, next(1, "no:such", None))), "bad_filter");
    assert_eq!(code(claim(&mut mia, next(1, "status:posted", None))), "nothing_to_claim");
    assert_eq!(code(claim(&mut mia, ClaimDeed::ReleaseAll)), "nothing_claimed");
    let hand = |to: &str| ClaimDeed::HandOver { to: to.to_owned(), note: String::new() };
    assert_eq!(code(claim(&mut mia, hand("jon"))), "nothing_claimed");
    let hers = taken(&claim(&mut mia, next(2, "", None)).unwrap());
    for (to, code) in
        [("nobody-of-this-name", "no_such_user"), ("9", "not_theirs"), ("mia", "yourself")]
    {
        let error = claim(&mut mia, hand(to)).unwrap_err();
        assert_eq!(error.code(), code, "{to}");
        assert!(code == "yourself" || error.hint().contains("mia, jon"), "{}", error.hint());
    }
    let again = claim(&mut mia, ClaimDeed::Drafts(hers.clone())).unwrap();
    assert_eq!((again.done, again.refused.len()), (0, 2));
    assert!(again.refused[0].reason.contains("yours already"));
    let his = claim(&mut jon, ClaimDeed::Release(hers.clone())).unwrap();
    assert!(his.refused.iter().all(|r| r.reason == "mia has it, not you"), "{:?}", his.refused);
    assert!(matches!(
        claim(&mut open(&path, EVE), next(1, "", None)),
        Err(Error::Store(daybook::store::StoreError::Forbidden { .. }))
    ));
    assert_eq!(listed(&mia, "claim:mine").len(), 2);
}

#[test]
fn one_draft_of_another_is_asked_about_and_of_many_it_is_left_out() {
    let (_dir, path) = book();
    let (mut mia, mut jon) = (open(&path, MIA), open(&path, JON));
    let fresh = "status:draft review:none -flag:stale";
    let hers = taken(&claim(&mut mia, next(2, fresh, None)).unwrap());
    let his = taken(&claim(&mut jon, next(2, fresh, None)).unwrap());
    // Many: hers are left out and named, his are done.
    let all: Vec<Pick> = hers.iter().chain(&his).copied().collect();
    let receipt = give(&mut jon, accept(all)).unwrap();
    assert_eq!((receipt.done, receipt.refused.len()), (2, 2));
    for refused in &receipt.refused {
        assert!(refused.reason.starts_with("claimed by mia"), "{}", refused.reason);
    }
    // One: every deed asks, and nothing is done by the question.
    let before = rows(&path);
    let edit = Command::Edit {
        draft: hers[0],
        changes: vec![DraftChange::Note("hello".to_owned())],
        reason: "asked".to_owned(),
    };
    let hold = Command::Hold {
        drafts: vec![hers[0]],
        reason: "wait".to_owned(),
        owner: String::new(),
        until: None,
    };
    let cancel = Command::CancelDrafts { drafts: vec![hers[0]], reason: "no".to_owned() };
    let rate = Command::Regenerate { drafts: vec![hers[0]] };
    for command in [accept(vec![hers[0]]), edit.clone(), hold, cancel, rate] {
        let said = needs_yes(give(&mut jon, command));
        assert!(said.contains("mia has claimed D-"), "{said}");
    }
    assert_eq!(rows(&path), before);
    give(&mut jon, Command::Anyway(Box::new(edit))).unwrap();
    // The yes was for that one deed.
    let now = Pick::whichever(hers[0].id);
    needs_yes(give(&mut jon, accept(vec![now])));
    // Who has it is not asked; a claim says nothing of who changed it last.
    let stale = Command::Edit {
        draft: hers[0],
        changes: vec![DraftChange::Note("mine".to_owned())],
        reason: "x".to_owned(),
    };
    claim(&mut mia, ClaimDeed::Release(vec![now])).unwrap();
    let error = give(&mut mia, stale).unwrap_err().to_string();
    assert!(error.contains("jon on "), "{error}");
    give(&mut mia, accept(vec![hers[1]])).unwrap();
}

/// Operations and claims.
fn rows(path: &Path) -> (i64, i64) {
    let conn = rusqlite::Connection::open(path).unwrap();
    let one = |sql: &str| conn.query_row(sql, [], |r| r.get(0)).unwrap();
    (one("SELECT count(*) FROM operation"), one("SELECT count(*) FROM clerk_claim"))
}

#[test]
fn a_draft_is_taken_over_after_a_question_and_its_clerk_is_told_alone() {
    let (_dir, path) = book();
    let (mut mia, mut jon) = (open(&path, MIA), open(&path, JON));
    let hers = taken(&claim(&mut mia, next(3, "", None)).unwrap());
    let many = claim(&mut jon, ClaimDeed::Drafts(hers.clone())).unwrap();
    assert_eq!((many.done, many.refused.len()), (0, 3));
    let take = Command::Claim(ClaimDeed::Drafts(vec![hers[0]]));
    assert!(needs_yes(give(&mut jon, take.clone())).contains("take it over?"));
    assert!(notices(&mia).is_empty());
    give(&mut jon, Command::Anyway(Box::new(take))).unwrap();
    let told = notices(&mia);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with(&format!("mia: jon took over {}", hers[0].id)), "{told:?}");
    assert!(notices(&jon).is_empty() && notices(&open(&path, EVE)).is_empty());
    // What he dismisses are his own.
    give(&mut jon, Command::DismissNotices).unwrap();
    assert_eq!(notices(&mia).len(), 1);
    // Taken back, it is hers again.
    give(&mut jon, Command::Undo { deed: None }).unwrap();
    assert_eq!(listed(&mia, "claim:mine").len(), 3);
    assert!(listed(&jon, "claim:mine").is_empty());
}

#[test]
fn the_rest_of_a_day_is_handed_over_with_a_note_and_taken_back_as_far_as_it_stands() {
    let (_dir, path) = book();
    let (mut mia, mut jon) = (open(&path, MIA), open(&path, JON));
    let hers = taken(&claim(&mut mia, next(4, "-flag:stale review:none", None)).unwrap());
    let note = "dentist at ten, the Greta ones want a PO".to_owned();
    let given = claim(&mut mia, ClaimDeed::HandOver { to: "jon".to_owned(), note }).unwrap();
    assert!(given.done == 4 && given.undoable && given.taken.is_empty());
    let said = notices(&jon);
    assert_eq!(said.len(), 1);
    let money = given.totals.to_string();
    let words = format!("mia handed 4 drafts over to you ({money}): dentist at ten");
    assert!(said[0].starts_with(&words), "{said:?}");
    assert!(notices(&mia).is_empty());
    assert_eq!(listed(&jon, "claim:mine").len(), 4);
    // He gives one back; the undo of the hand-over leaves that alone, and ends the notice.
    claim(&mut jon, ClaimDeed::Release(vec![hers[0]])).unwrap();
    let undone = give(&mut mia, Command::Undo { deed: None }).unwrap();
    assert_eq!((undone.done, undone.refused.len()), (3, 1));
    assert!(undone.refused[0].reason.contains("nobody has it"), "{:?}", undone.refused);
    assert!(notices(&jon).is_empty());
    assert_eq!(listed(&mia, "claim:mine").len(), 3);
}

#[test]
fn handed_over_by_a_number_they_are_called_by_their_name() {
    let (_dir, path) = book();
    let (mut mia, jon) = (open(&path, MIA), open(&path, JON));
    claim(&mut mia, next(2, "", None)).unwrap();
    let hand = |to: u32| ClaimDeed::HandOver { to: to.to_string(), note: String::new() };
    let given = claim(&mut mia, hand(JON)).unwrap();
    assert!(given.summary.contains("to jon"), "{}", given.summary);
    assert_eq!(listed(&jon, "claim:jon").len(), 2);
    // Who never did anything is called as their own console will call them.
    let nobody = 54_777;
    roles::grant(&mut Session::open(&path, daybook::cli::actor()).unwrap(), nobody, Role::Clerk)
        .unwrap();
    claim(&mut mia, next(1, "", None)).unwrap();
    let given = claim(&mut mia, hand(nobody)).unwrap();
    assert!(given.summary.contains("to uid 54777"), "{}", given.summary);
}

#[test]
fn a_claim_binds_on_its_day_and_ends_with_the_draft() {
    let (_dir, path) = book();
    let (mut mia, mut jon) = (open(&path, MIA), open(&path, JON));
    let hers = taken(&claim(&mut mia, next(2, "-flag:stale review:none", None)).unwrap());
    let now = jon.now().unwrap();
    let tomorrow = Now { today: now.today.succ_opt().unwrap(), ..now };
    jon.fixed_now = Some(tomorrow);
    assert!(listed(&jon, "claim:any").is_empty(), "yesterday's bind nobody");
    let his = taken(&claim(&mut jon, ClaimDeed::Drafts(hers.clone())).unwrap());
    assert_eq!(his, hers, "and are taken without a question");
    assert!(notices(&mia).is_empty());
    let cancel = Command::CancelDrafts { drafts: vec![hers[0]], reason: "no".to_owned() };
    give(&mut jon, cancel).unwrap();
    assert_eq!(rows(&path).1, 1, "what is no draft is nobody's");
    // What is no draft any more cannot be given back.
    assert_eq!(give(&mut jon, Command::Undo { deed: None }).unwrap_err().code(), "not_undoable");
}

#[test]
fn clerks_who_claim_at_once_get_different_drafts() {
    let (_dir, path) = book();
    let all = listed(&open(&path, MIA), "status:draft").len();
    let together = std::sync::Barrier::new(6);
    let got: Vec<Vec<Pick>> = std::thread::scope(|scope| {
        let clerks: Vec<_> = (0..6)
            .map(|n| {
                let (path, together) = (&path, &together);
                scope.spawn(move || {
                    let mut session = open(path, if n % 2 == 0 { MIA } else { JON });
                    let mut mine = Vec::new();
                    together.wait();
                    for _ in 0..4 {
                        match claim(&mut session, next(3, "status:draft", None)) {
                            Ok(receipt) => mine.extend(taken(&receipt)),
                            Err(error) => assert_eq!(error.code(), "nothing_to_claim"),
                        }
                    }
                    mine
                })
            })
            .collect();
        clerks.into_iter().map(|clerk| clerk.join().unwrap()).collect()
    });
    let got: Vec<Pick> = got.into_iter().flatten().collect();
    assert_eq!(got.iter().collect::<BTreeSet<_>>().len(), got.len(), "a draft was claimed twice");
    assert_eq!(got.len(), all.min(72));
    assert_eq!(rows(&path).1 as usize, got.len());
}

/// The same by the binary, each in a process of its own.
#[test]
fn processes_that_claim_at_once_get_different_drafts() {
    let (_dir, path) = book();
    let mut admin = Session::open(&path, daybook::cli::actor()).unwrap();
    let me = admin.actor.uid;
    roles::grant(&mut admin, me, Role::Clerk).unwrap();
    drop(admin);
    let started: Vec<_> = (0..5)
        .map(|_| {
            let mut command = std::process::Command::new(binary());
            command.arg("--book").arg(&path).args(["invoice", "claim", "--next", "4", "--json"]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut all = Vec::new();
    for child in started {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["done"], 4);
        all.extend(said["taken"].as_array().unwrap().iter().map(ToString::to_string));
    }
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 20, "{all:?}");
    let book = Book { path: path.clone(), dir: tempfile::tempdir().unwrap() };
    book.run(&["check"]).ends(0);
}

#[test]
fn the_command_line_claims_and_shows_who_has_what() {
    let book = billed();
    let said = book.say("invoice claim --next 2 --sort largest --json").ends(0).json();
    assert_eq!((&said["done"], &said["undoable"]), (&2.into(), &true.into()));
    assert_eq!(said["taken"].as_array().unwrap().len(), 2);
    let me = daybook::cli::actor().name;
    let mine = book.say("invoice list --filter 'claim:mine' --json").ends(0).json();
    assert_eq!(mine.as_array().unwrap().len(), 2);
    assert!(mine.as_array().unwrap().iter().all(|d| d["claimed_by"] == me.as_str()), "{mine}");
    let free = book.say("invoice list --filter 'claim:none' --json").ends(0).json();
    assert_eq!(free.as_array().unwrap().len(), 1);
    assert!(free[0]["claimed_by"].is_null());
    let id = mine[0]["id"].as_str().unwrap();
    assert!(book.say(&format!("invoice show {id}")).ends(0).out.contains("claimed by "));
    let history = book.say(&format!("invoice history {id}")).ends(0);
    assert!(history.out.contains("claimed by: \"nobody\" to"), "{}", history.out);
    book.say(&format!("invoice unclaim {id}")).ends(0);
    book.say(&format!("invoice unclaim {id}")).ends(1);
    assert!(book.say("undo").ends(0).out.contains("undone: released D-"));
    book.say("invoice unclaim --all").ends(0);
    let none = book.say("invoice unclaim --all").ends(2);
    assert!(none.err.contains("you have claimed no draft today"), "{}", none.err);
    // Another clerk's is asked about, and --yes answers.
    staffed(&book.path);
    book.run(&["role", "grant", &daybook::cli::actor().uid.to_string(), "biller"]).ends(0);
    claim(&mut open(&book.path, JON), next(1, "", None)).unwrap();
    let his = book.say("invoice list --filter 'claim:jon' --json").ends(0).json();
    let id = his[0]["id"].as_str().unwrap().to_owned();
    let asked = book.say(&format!("invoice hold {id} --reason wait")).ends(2);
    assert!(asked.err.contains("jon has claimed") && asked.err.contains("--yes"), "{}", asked.err);
    book.say(&format!("invoice hold {id} --reason wait --yes")).ends(0);
    book.say(&format!("invoice claim {id}")).ends(2);
    book.say(&format!("invoice claim {id} --yes")).ends(0);
    book.say("invoice hand-over --to jon --note 'two left'").ends(0);
    assert_eq!(notices(&open(&book.path, JON)).len(), 2);
    book.say("post BR-000001").ends(1);
    assert_eq!(book.count("SELECT count(*) FROM clerk_claim"), 1, "the held one is a draft yet");
    book.is_sound();
}
