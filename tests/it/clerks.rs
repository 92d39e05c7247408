//! Two clerks in one book, as OS users of their own at consoles of their own, in every way to install:
//! who has claimed what, who edits what, a take-over and the conflict after it, a hand-over.

use crate::harness::pty::Pty;
use crate::install::{FIRST, Install, SECOND, Site, possible};

const BOOK: &str = "book.db";

/// Both at 3 Invoices, the cursor on the draft of this account.
fn at_draft(console: &mut Pty, account: &str) {
    console.send("3");
    console.shows("3 Invoices");
    console.send(&format!("/account:{account}\r"));
    let rows = [format!(">  {account} "), format!(">* {account} ")];
    console.until("its draft", |text| {
        let here = |line: &str| rows.iter().any(|row| line.starts_with(row.as_str()));
        text.lines().any(here) && text.contains("1 of 1")
    });
}

/// Opens the form of the draft's dates, number and note by a key that leads to it.
fn edits(console: &mut Pty, key: &str) {
    console.send(key);
    console.shows("dates, PO number, note…");
    console.send("d");
    console.shows("Edit D-000002");
}

/// What one does the other sees; in an install for one person the other is another console of theirs.
fn together(site: &Site) {
    let second = if site.install == Install::Single { FIRST } else { SECOND };
    let alone = second == FIRST;
    site.billed(BOOK, second);
    let (me, other) = (format!("uid {FIRST}"), format!("uid {second}"));
    // Claimed at one console it is seen at the other.
    let mut mia = site.console(FIRST, "022", BOOK);
    mia.shows("Today");
    let mut jon = site.console(second, "077", BOOK);
    jon.shows("+1 here");
    mia.shows("+1 here");
    at_draft(&mut mia, "A1");
    at_draft(&mut jon, "A1");
    mia.send(":claim 1\r");
    mia.shows("claimed D-000001");
    jon.shows(if alone { "mine" } else { me.as_str() });
    jon.send("\r");
    jon.shows(if alone { "claimed by you" } else { "claimed by uid" });
    jon.send("\x1b");
    // A claim marks; what is marked would be edited. Neither has the draft of A2: one edits it, the
    // other is told, and takes it over.
    mia.send("U");
    for console in [&mut mia, &mut jon] {
        at_draft(console, "A2");
    }
    edits(&mut mia, "e");
    jon.shows(if alone { "you edit" } else { "edits" });
    jon.send("\r");
    // The clock of the book stands at nine; she began a moment before.
    jon.shows("since 08:59");
    jon.send("\x1be");
    let words = if alone { "You edit it since".to_owned() } else { format!("{me} edits it since") };
    jon.shows(&words);
    edits(&mut jon, "t");
    mia.shows("edits it too: who saves second sees");
    // He saves first; what she has typed is kept and shown against his.
    jon.send("\t\tPO-JON\t\tasked\x13");
    jon.shows("D-000002: PO number: PO-JON");
    mia.send("\t\tPO-MIA\t\tasked\x13");
    mia.shows("yours is still below");
    mia.shows("PO number: theirs \"PO-JON\", mine \"PO-MIA\"");
    // Saved again with his in sight, hers stands; he reads so.
    mia.send("\x13");
    mia.shows("PO number: PO-JON → PO-MIA");
    let shown = site.run(second, "077", BOOK, &["invoice", "show", "D-2", "--json"]).ends(0).json();
    assert_eq!((&shown["po_number"], &shown["version"]), (&"PO-MIA".into(), &3.into()), "{shown}");
    drop((mia, jon));
    // The rest is handed over.
    if !alone {
        let note = "back at two";
        let hand = ["invoice", "hand-over", "--to", &second.to_string(), "--note", note];
        site.run(FIRST, "027", BOOK, &hand).ends(0);
        let mut jon = site.console(second, "077", BOOK);
        // The notice of the run and this one.
        jon.shows("! 2");
        jon.send("!");
        jon.shows("Notices");
        jon.shows("back at two");
        jon.send("\r");
        jon.shows("3 Invoices › mine");
        jon.shows("1 of 1");
        drop(jon);
        let list = ["invoice", "list", "--filter", "claim:any", "--json"];
        let listed = site.run(FIRST, "000", BOOK, &list).ends(0).json();
        assert_eq!(listed[0]["claimed_by"], other.as_str(), "{listed}");
        // Its clerk is asked about, and left alone where many are accepted.
        let accept = ["invoice", "accept", "D-1", "D-2", "--json"];
        let said = site.run(FIRST, "022", BOOK, &accept).ends(1).json();
        let refused = said["refused"][0]["reason"].as_str().unwrap();
        assert!(said["done"] == 1 && refused.contains(&other), "{said}");
        let asked = site.run(FIRST, "022", BOOK, &["invoice", "accept", "D-1"]).ends(2);
        assert!(asked.err.contains(&format!("{other} has claimed D-000001")), "{}", asked.err);
    }
    site.run(second, "022", BOOK, &["check"]).ends(0);
}

#[test]
fn two_clerks_see_each_other_in_every_install() {
    if !possible("two clerks in every install") {
        return;
    }
    std::thread::scope(|scope| {
        for install in [Install::Setgid, Install::Trusted, Install::Forgotten, Install::Single] {
            scope.spawn(move || together(&Site::made(install)));
        }
    });
}
