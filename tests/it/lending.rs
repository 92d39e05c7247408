//! The group is lent for the books of a directory, not for the directory: what somebody without a
//! right names there is no book, and nothing is made there in the group's name.

use crate::shared::{GROUP, MIA, Server, TOM, mode};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};

/// Has no role in the book.
const EVE: u32 = 54_403;
/// Its admin.
const ADA: u32 = 54_404;

/// Everything below a directory: mode, owner, group and length. What SQLite keeps while a book is
/// open comes and goes.
fn listing(of: &Path) -> BTreeMap<PathBuf, (u32, u32, u32, u64)> {
    let mut found = BTreeMap::new();
    let mut next = vec![of.to_owned()];
    while let Some(directory) = next.pop() {
        for path in std::fs::read_dir(&directory).unwrap().map(|e| e.unwrap().path()) {
            let facts = path.symlink_metadata().unwrap();
            if facts.is_dir() {
                next.push(path.clone());
            }
            let name = path.to_string_lossy().into_owned();
            // Locks of those who open the book are made by whoever comes first.
            let passing =
                name.ends_with("-wal") || name.ends_with("-shm") || name.contains(".lock");
            if !passing && !name.ends_with("/locks") {
                let length = if facts.is_dir() { 0 } else { facts.len() };
                found.insert(path, (facts.mode(), facts.uid(), facts.gid(), length));
            }
        }
    }
    found
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A book in use, its admin, and a directory for somebody who has no role.
fn server() -> Option<Server> {
    let server = Server::install()?;
    for (name, uid) in [("eve", EVE), ("ada", ADA)] {
        std::fs::create_dir(server.at(name)).unwrap();
        chown(server.at(name), Some(uid), Some(uid)).unwrap();
        mode(&server.at(name), 0o755);
    }
    server.run(0, &["role", "grant", &ADA.to_string(), "admin"]).ends(0);
    server.run(MIA, &["import", &text(&server.at("mia"))]).ends(0);
    server.run(MIA, &["bill", "--target", "2026-03-01"]).ends(0);
    server.run(TOM, &["post", "BR-000001"]).ends(0);
    Some(server)
}

#[test]
fn no_name_of_a_book_and_no_new_name_is_made_with_the_lent_group() {
    let Some(server) = server() else { return };
    let own = server.at("eve/own.db");
    server.ran(EVE, "daybook", &own, &["init", "--test"]).ends(0);
    symlink(server.at("lib"), server.at("eve/lib")).unwrap();
    let before = listing(&server.at("lib"));
    let own = text(&own);
    for book in [
        "lib/book.db.d/locks",
        "lib/book.db.d/locks/job-9.lock",
        "lib/book.db.d/mail",
        "lib/book.db.d/sandbox.jsonl",
        "lib/book.db.d/presence.db",
        "lib/book.db.d/before-schema-9.db",
        "lib/book.db.d/../book.db.d/print",
        "lib/book.db.d/x.db",
        "lib/book.db-wal",
        "lib/book.db-journal",
        "lib/book.db.before-restore-1",
        "lib/book.db.part",
        "lib/new.db",
        "lib/new.db.d",
        "lib/Book.db",
        "lib/BOOK.DB.D/locks",
        "eve/lib/new.db",
        "mia/../lib/new.db",
    ] {
        let at = server.at(book);
        for verb in [
            &["init", "--test"][..],
            &["init"],
            &["restore", &own],
            &["status"],
            &["clock", "set", "2027-01-01"],
            &["demo", "--accounts", "1", "--dir", &text(&at)],
        ] {
            let ran = server.ran(EVE, "daybook", &at, verb);
            assert!(
                ran.code == 2 && !ran.err.is_empty(),
                "{book} {verb:?}: {} {}",
                ran.out,
                ran.err
            );
        }
        // A right in the book is none over its directory.
        server.ran(MIA, "daybook", &at, &["init", "--test"]).ends(2);
    }
    assert_eq!(listing(&server.at("lib")), before);
    server.run(MIA, &["check"]).ends(0);
    server.run(TOM, &["collect", "--target", "2026-03-31"]).ends(0);
}

#[test]
fn what_a_user_has_written_is_written_with_their_rights_alone() {
    let Some(server) = server() else { return };
    let bad = server.at("mia/bad.csv");
    std::fs::write(&bad, "account_number,name,currency\nA9,Nine,EUR\nA8,Eight,NONE\n").unwrap();
    let before = listing(&server.at("lib"));
    for target in [
        "lib/out",
        "lib/book.db-journal",
        "lib/book.db",
        "lib/book.db.d/out",
        "lib/book.db.d/locks/out",
        "lib/book.db.d/../out",
    ] {
        let out = text(&server.at(target));
        for args in [
            &["export", "journal", "--output", &out][..],
            &["import", &text(&bad), "--reject-file", &out],
            &["invoice", "pdf", "INV-2026-000001", &out],
            &["deliver", "--print", &out],
            &["backup", &out],
            &["demo", "--accounts", "1", "--dir", &out],
        ] {
            for uid in [EVE, MIA] {
                let ran = server.run(uid, args);
                // A batch with nothing to print writes nothing, and an import may take what is good.
                assert!(ran.code != 70, "{args:?}: {}", ran.err);
            }
        }
    }
    let after = listing(&server.at("lib"));
    let names = |l: &BTreeMap<PathBuf, (u32, u32, u32, u64)>| l.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    server.run(MIA, &["check"]).ends(0);
}

#[test]
fn an_admin_of_a_book_there_makes_keeps_and_restores_books() {
    let Some(server) = server() else { return };
    let (second, kept) = (server.at("lib/second.db"), server.at("lib/kept.db"));
    server.ran(ADA, "daybook", &second, &["init", "--test"]).ends(0);
    let facts = second.metadata().unwrap();
    assert_eq!((facts.mode() & 0o777, facts.gid()), (0o660, GROUP));
    let refused = server.run(MIA, &["backup", &text(&kept)]).ends(2);
    assert!(refused.err.contains("not allowed") && !kept.exists(), "{}", refused.err);
    server.run(ADA, &["backup", &text(&kept)]).ends(0);
    let facts = kept.metadata().unwrap();
    assert_eq!((facts.mode() & 0o777, facts.uid()), (0o600, ADA));
    let refused = server.run(TOM, &["restore", &text(&kept)]).ends(2);
    assert!(refused.err.contains("not allowed"), "{}", refused.err);
    server.run(ADA, &["restore", &text(&kept)]).ends(0);
    let third = server.at("lib/third.db");
    server.ran(ADA, "daybook", &third, &["restore", &text(&kept)]).ends(0);
    assert_eq!(third.metadata().unwrap().gid(), GROUP);
    server.run(MIA, &["check"]).ends(0);
}

#[test]
fn the_first_book_of_a_directory_is_made_by_root_or_by_a_user_of_the_group() {
    let Some(server) = server() else { return };
    let empty = server.at("empty");
    std::fs::create_dir(&empty).unwrap();
    chown(&empty, Some(0), Some(GROUP)).unwrap();
    mode(&empty, 0o2770);
    let book = empty.join("book.db");
    for uid in [EVE, MIA, ADA] {
        let ran = server.ran(uid, "daybook", &book, &["init", "--test"]).ends(2);
        assert!(ran.err.contains("made by root"), "{}", ran.err);
        assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    }
    server.ran(0, "daybook", &book, &["init", "--test"]).ends(0);
    server.ran(MIA, "daybook", &book, &["status"]).ends(0);
}

#[test]
fn a_link_leads_to_the_book_and_to_its_one_directory() {
    let Some(server) = server() else { return };
    let link = server.at("mia/link.db");
    symlink(server.at("lib/book.db"), &link).unwrap();
    server.ran(MIA, "daybook", &link, &["check"]).ends(0);
    server.ran(TOM, "daybook", &link, &["collect", "--target", "2026-03-31"]).ends(0);
    assert!(!server.at("mia/link.db.d").exists(), "a second place for locks");
    let mut named = server.command(MIA, "daybook", &link, &["check"]);
    named.env("DAYBOOK_BOOK", &link);
    assert!(named.status().unwrap().success());
}

#[test]
fn what_keeps_others_out_is_named_with_the_remedy_and_mended_by_its_owner() {
    let Some(server) = server() else { return };
    let ledger = server.at("lib/book.db.d/sandbox.jsonl");
    std::fs::write(&ledger, "").unwrap();
    chown(&ledger, Some(TOM), Some(GROUP)).unwrap();
    mode(&ledger, 0o660);
    for (uid, file) in [(TOM, &ledger), (0, &server.at("lib/book.db.d/locks"))] {
        let right = file.metadata().unwrap().mode() & 0o7777;
        chown(file, Some(uid), None).unwrap();
        mode(file, right & !0o022);
        let told = server.run(MIA, &["doctor"]).ends(4);
        let remedy = format!("chmod {right:o} {}", file.display());
        assert!(told.out.contains(&remedy), "{}", told.out);
        server.run(uid, &["status"]).ends(0);
        assert_eq!(file.metadata().unwrap().mode() & 0o7777, right);
        let told = server.run(MIA, &["doctor"]);
        assert!(!told.out.contains(&text(file)), "{}", told.out);
    }
    // Not ours, and in the way: the error says whose it is and what to do.
    chown(&ledger, Some(TOM), None).unwrap();
    mode(&ledger, 0o640);
    let locks = server.at("lib/book.db.d/locks");
    chown(&locks, Some(TOM), None).unwrap();
    mode(&locks, 0o2750);
    let refused = server.run(MIA, &["bill", "--target", "2026-04-01"]);
    assert!(refused.err.contains("chmod 2770"), "{}", refused.err);
}
