use super::*;
use nix::sys::stat::Mode;
use std::path::PathBuf;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

fn chmod(path: &Path, bits: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
}

/// A book's directory with everything in it that has a mode.
fn furnished(dir: &Path) -> PathBuf {
    let book = dir.join("book.db");
    let side = side_directory(&book);
    create_new(&book, For::All).unwrap();
    directory(&side.join("locks")).unwrap();
    open(&side.join("locks/job-1.lock")).unwrap();
    make(&side.join("presence.db")).unwrap();
    replace(&side.join("one.eml"), b"mail").unwrap();
    staged(&side).unwrap().keep().unwrap();
    directory(&side.join("backups")).unwrap();
    create_new(&side.join("backups/monday.db"), For::Owner).unwrap();
    book
}

#[test]
fn no_umask_changes_a_mode() {
    // The umask belongs to the process: here it is only ever tightened, and other tests that run
    // meanwhile set their modes themselves.
    for umask in [0o000, 0o022, 0o027, 0o077] {
        let dir = tempfile::tempdir().unwrap();
        let before = nix::sys::stat::umask(Mode::from_bits_truncate(umask));
        let book = furnished(dir.path());
        nix::sys::stat::umask(before);
        let side = side_directory(&book);
        assert_eq!((mode(&book), mode(&side), mode(&side.join("locks"))), (0o660, 0o2770, 0o2770));
        for entry in std::fs::read_dir(&side).unwrap().map(|e| e.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            let right = match name.as_str() {
                "locks" | "backups" => 0o2770,
                _ => 0o660,
            };
            assert_eq!(mode(&entry), right, "{name} under {umask:03o}");
        }
        assert_eq!(mode(&side.join("backups/monday.db")), 0o600);
        assert_eq!(faults(&book), vec![]);
    }
}

#[test]
fn what_we_own_is_mended_and_what_we_do_not_is_named() {
    let dir = tempfile::tempdir().unwrap();
    chmod(dir.path(), 0o2770);
    let book = furnished(dir.path());
    let side = side_directory(&book);
    let lock = side.join("locks/job-1.lock");
    for (path, bits) in [
        (book.clone(), 0o644),
        (side.clone(), 0o755),
        (side.join("locks"), 0o755),
        (lock.clone(), 0o644),
        (side.join("presence.db"), 0o640),
        (side.join("backups/monday.db"), 0o666),
    ] {
        chmod(&path, bits);
        let told = faults(&book);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].path, path);
        assert!(told[0].remedy.contains(&format!("chmod {:o} ", {
            let right = if path.is_dir() { 0o2770 } else { 0o660 };
            if bits == 0o666 { 0o600 } else { right }
        })));
        mend_all(&book);
        assert_eq!(faults(&book), vec![], "{}", path.display());
    }
    // A cheap look mends all but what lies deeper.
    chmod(&lock, 0o644);
    chmod(&side.join("presence.db"), 0o644);
    mend(&book);
    assert_eq!(faults(&book).len(), 1);
    // A second name could be somebody's trap.
    std::fs::hard_link(&lock, dir.path().join("else")).unwrap();
    mend_all(&book);
    assert_eq!(mode(&lock), 0o644);
    assert!(faults(&book)[0].found.contains("2 names"));
}

#[test]
fn tighter_is_fine_where_no_group_works() {
    let dir = tempfile::tempdir().unwrap();
    let book = furnished(dir.path());
    chmod(&book, 0o600);
    assert_eq!(faults(&book), vec![]);
    chmod(&book, 0o604);
    assert_eq!(faults(&book).len(), 1);
    chmod(dir.path(), 0o2770);
    chmod(&book, 0o600);
    assert_eq!(faults(&book).len(), 1);
    // Secrets are their owner's, and so may their directory be.
    let secrets = side_directory(&book).join("secrets");
    directory(&secrets).unwrap();
    chmod(&secrets, 0o700);
    create_new(&secrets.join("key"), For::Owner).unwrap();
    assert_eq!(faults(&book).len(), 1);
    chmod(&secrets.join("key"), 0o640);
    assert_eq!(faults(&book).len(), 2);
}

#[test]
fn no_link_is_followed_and_none_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    chmod(dir.path(), 0o2770);
    let book = furnished(dir.path());
    let theirs = dir.path().join("shadow");
    std::fs::write(&theirs, "secret").unwrap();
    chmod(&theirs, 0o600);
    let planted = side_directory(&book).join("sandbox.jsonl");
    std::os::unix::fs::symlink(&theirs, &planted).unwrap();
    assert!(open(&planted).is_err());
    mend_all(&book);
    assert_eq!(mode(&theirs), 0o600);
}

#[test]
fn names_that_belong_to_a_book_are_no_books() {
    let dir = tempfile::tempdir().unwrap();
    let book = furnished(dir.path());
    std::fs::write(dir.path().join("plain"), "a book without an ending").unwrap();
    std::fs::create_dir(dir.path().join("conf.d")).unwrap();
    std::fs::create_dir(dir.path().join("plain.d")).unwrap();
    std::os::unix::fs::symlink(side_directory(&book), dir.path().join("link")).unwrap();
    let whose = |name: &str| {
        belongs_to(&dir.path().join(name))
            .map(|b| b.file_name().unwrap().to_string_lossy().into_owned())
    };
    for (name, book) in [
        ("book.db.d/locks", Some("book.db")),
        ("book.db.d/sandbox.jsonl", Some("book.db")),
        ("book.db.d/locks/job-1.lock", Some("book.db")),
        ("book.db.d/../book.db.d/mail", Some("book.db")),
        ("link/before-schema-3.db", Some("book.db")),
        ("BOOK.DB-wal", Some("BOOK.DB")),
        ("book.db-wal", Some("book.db")),
        ("book.db-SHM", Some("book.db")),
        ("book.db-journal", Some("book.db")),
        ("book.db.before-restore-17", Some("book.db")),
        ("book.db.restoring", Some("book.db")),
        ("book.db.d", Some("book.db")),
        ("later.db.d", Some("later.db")),
        ("later.db-wal", Some("later.db")),
        ("plain.d/locks", Some("plain")),
        ("plain.before-restore-1", Some("plain")),
        ("book.db", None),
        ("conf.d/book.db", None),
        ("book.2026.db", None),
        ("the.part.db", None),
        ("before.db", None),
        ("journal", None),
        ("nowhere/book.db", None),
    ] {
        assert_eq!(whose(name).as_deref(), book, "{name}");
    }
}
