//! A group counts exactly the rows that its term shows, and every row is in one.

use crate::harness::book::Book;
use crate::harness::delivery::{posted, smtp};
use crate::harness::sink::{Script, Sink};
use daybook::engine::Session;
use daybook::store::Db;
use daybook::store::read::{
    Field, Filter, Group, ReadError, Totals, deliveries, failed, invoices, unapplied,
};

type Groups = fn(&Db<'_>, &Filter, Field) -> Result<Vec<Group>, ReadError>;
type Sums = fn(&Db<'_>, &Filter) -> Result<Totals, ReadError>;

/// Each group of the list against what its term shows; gives the names.
fn agree(book: &Book, (groups, totals): (Groups, Sums), by: Field) -> Vec<String> {
    let session = Session::open(&book.path, daybook::cli::actor()).unwrap();
    session
        .store
        .read(|db| -> Result<Vec<String>, ReadError> {
            let mut names = Vec::new();
            let mut counted = 0;
            for group in groups(db, &Filter::default(), by)? {
                counted += group.count;
                let shown = totals(db, &Filter::parse(&group.term)?)?;
                assert_eq!(shown.count, group.count, "{by}: {group:?}");
                assert_eq!(shown.money, group.money, "{by}: {}", group.term);
                names.push(group.name);
            }
            // No row is in no group.
            assert!(counted >= totals(db, &Filter::default())?.count, "{by}: {counted} {names:?}");
            Ok(names)
        })
        .unwrap()
}

#[test]
fn every_group_counts_what_its_term_shows() {
    let book = posted(&[]);
    let sink = Sink::start(Script::default());
    smtp(&book, &sink);
    // One answer is the beginning of another; both are longer than a term names.
    let (short, long) = ("550 5.1.1 there is nobody of this name at this place", "451 later");
    sink.script(|s| {
        s.rcpt.insert("ap@mueller.example".into(), short.into());
        s.rcpt.insert("boss@mueller.example".into(), format!("{short} any more"));
        s.rcpt.insert("ap@tokyo.example".into(), long.into());
        s.rcpt.insert("free@rider.example".into(), format!("{long} or never"));
    });
    book.run(&["deliver"]).ends(1);
    // Batches with a blank, in two cases, and none; drafts with several flags.
    book.import(
        "batches.csv",
        "account_number,name,currency,batch\nA1,A,EUR,North West\nA2,B,EUR,north west\nA3,C,EUR,none\n",
        &[],
    );
    book.run(&["bill", "--target", "2026-05-01"]);
    book.run(&["adjust", "D-000001", "--amount", "4", "--reason", "too much"]).ends(0);
    let of_invoices: (Groups, Sums) = (invoices::groups, invoices::totals);
    let mut flagged = 0;
    for by in [Field::Flag, Field::Currency, Field::Batch, Field::Review, Field::Run, Field::Status]
    {
        let names = agree(&book, of_invoices, by);
        assert!(!names.is_empty(), "{by}");
        flagged += usize::from(by == Field::Flag) * names.len();
    }
    assert!(flagged > 2, "drafts have several flags");
    for by in [Field::Error, Field::Channel, Field::Status] {
        assert!(!agree(&book, (deliveries::groups, deliveries::totals), by).is_empty(), "{by}");
    }
    for by in [Field::Group, Field::Error, Field::Currency] {
        agree(&book, (failed::groups, failed::totals), by);
    }
    for by in [Field::Kind, Field::Currency] {
        agree(&book, (unapplied::groups, unapplied::totals), by);
    }
}
