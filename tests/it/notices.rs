//! Notices: what one clerk has read is still new to another, and what is asked again is new to all.

use crate::harness::day::posted;
use daybook::domain::actor::{Actor, Verb};
use daybook::engine::Session;
use daybook::engine::command::Command;
use daybook::engine::perform::perform;
use daybook::store::notice::{self, NoticeLevel};

#[test]
fn who_reads_a_notice_puts_it_aside_for_themselves() {
    let book = posted();
    let open =
        |uid, name: &str| Session::open(&book.path, Actor { uid, name: name.to_owned() }).unwrap();
    let mut ann = open(nix::unistd::getuid().as_raw(), "ann");
    let mut ben = open(4711, "ben");
    let texts = |session: &Session| -> Vec<String> {
        let uid = session.actor.uid;
        let rows = session.read(|db| notice::open(db, uid, 50)).unwrap();
        rows.into_iter().map(|row| row.text).collect()
    };
    ann.write(Verb::Housekeeping, |tx| {
        notice::add(tx, NoticeLevel::Info, "", "for all", "one")?;
        notice::add(tx, NoticeLevel::Warning, "", "asked for", "two")?;
        notice::task(tx, "four", "", "to do")?;
        notice::add_for(tx, 4711, "", "for ben", "three")?;
        Ok(())
    })
    .unwrap();
    let before = texts(&ann);
    assert!(before.iter().any(|t| t == "for all") && !before.iter().any(|t| t == "for ben"));
    perform(&mut ann, "a1", Command::DismissNotices).unwrap();
    assert_eq!(texts(&ann), ["to do"], "a task stays until it is done");
    for text in ["for all", "asked for", "for ben"] {
        assert!(texts(&ben).iter().any(|t| t == text), "{text}: {:?}", texts(&ben));
    }
    // Whoever asks whether it stands is told that somebody has put it aside, as before.
    assert!(!ann.read(|db| notice::is_open(db, "two")).unwrap());
    ann.write(Verb::Housekeeping, |tx| Ok(notice::again(tx, "two", "", "asked again")?)).unwrap();
    assert_eq!(texts(&ann), ["to do", "asked again"]);
    perform(&mut ben, "b1", Command::DismissNotices).unwrap();
    assert_eq!(texts(&ben), ["to do"]);
    assert_eq!(texts(&ann), ["to do", "asked again"]);
    ann.write(Verb::Housekeeping, |tx| Ok(notice::done(tx, "two")?)).unwrap();
    assert_eq!(texts(&ann), ["to do"]);
    book.is_sound();
}
