//! Every kind of file read right, and the whole list of what is refused, with line and column.

use super::*;
use crate::domain::account::AccountTerms;

fn refused(csv: &str) -> Vec<(u64, String, String)> {
    refused_bytes(csv.as_bytes())
}

fn refused_bytes(csv: &[u8]) -> Vec<(u64, String, String)> {
    let short = |r: &Refused| {
        assert!(!r.message.is_empty() && !r.hint.is_empty(), "{r:?}");
        assert!(!r.to_string().chars().any(crate::domain::text::is_unsafe), "{r}");
        (r.line, r.column.clone(), r.message.clone())
    };
    match parse(csv) {
        Err(fault) => vec![short(&fault)],
        Ok(rows) => rows.refused().iter().map(short).collect(),
    }
}

fn one_refused(csv: &str) -> (u64, String, String) {
    let all = refused(csv);
    assert_eq!(all.len(), 1, "{csv}\n{all:?}");
    all.into_iter().next().unwrap()
}

const USAGE: &str = "ACCOUNT_ID,UOM,QTY,STARTDATE,UNIQUE_KEY\n";
const ACCOUNTS: &str = "account_number,name,currency,email,bill_cycle_day\n";

#[test]
fn the_kind_is_known_by_the_header() {
    for (header, kind) in [
        ("account_number,name,currency", Kind::Accounts),
        ("Account_Number, NAME ,currency,tax_code", Kind::Accounts),
        ("subscription_number,account_number,start_date", Kind::Subscriptions),
        ("charge_number,subscription_number,name,type,model,price", Kind::Charges),
        ("ACCOUNT_ID,UOM,QTY,STARTDATE", Kind::Usage),
        ("account_number,token,kind,display", Kind::PaymentMethods),
        ("tax_code,rate_percent", Kind::Taxes),
        ("document_number,account_number,kind,date,due_date,total,tax,balance", Kind::OpenItems),
    ] {
        assert_eq!(parse(header.as_bytes()).unwrap().kind(), kind, "{header}");
    }
}

#[test]
fn a_byte_order_mark_blank_lines_and_windows_line_ends_are_fine() {
    let csv = "\u{feff}account_number,name,currency\r\n\r\nA1, Møller ,EUR\r\n\r\nA2,\"B, C\",JPY";
    let Rows::Accounts(table) = parse(csv.as_bytes()).unwrap() else { panic!("accounts") };
    let names: Vec<_> = table.rows.iter().map(|r| (r.line, r.value.terms.name.as_str())).collect();
    assert_eq!(names, [(3, "Møller"), (5, "B, C")]);
    let spans: Vec<_> = table.rows.iter().map(|r| csv[r.span.0..r.span.1].trim_end()).collect();
    assert_eq!(spans, ["A1, Møller ,EUR", "A2,\"B, C\",JPY"]);
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let text = "account_number,name,currency\nA1,\"on two\nlines\",EUR\n\nA2,b,EUR\n,,\nA3,c,EUR\n";
    for end in ["\n", "\r\n"] {
        let Ok(Rows::Accounts(table)) = parse(text.replace('\n', end).as_bytes()) else { panic!() };
        assert_eq!(table.refused.iter().map(|r| r.line).collect::<Vec<_>>(), [2], "{end:?}");
        assert_eq!(table.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [5, 7], "{end:?}");
    }
    let flat = text.replace("on two\nlines", "on one line").replace('\n', "\r");
    let Ok(Rows::Accounts(table)) = parse(flat.as_bytes()) else { panic!() };
    assert_eq!(table.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 4, 6]);
}

#[test]
fn a_bad_header_refuses_the_file() {
    for (csv, column, says) in [
        ("", "", "empty"),
        ("foo,bar\n1,2\n", "", "no known kind"),
        ("account_number;name;currency\n", "", "no known kind"),
        ("account_number,name,currency,colour\n", "colour", "unknown column"),
        ("account_number,token,kind\nA,ok,card\n", "display", "missing column"),
        ("account_number,name,currency,name\n", "name", "twice"),
        ("PK\u{3}\u{4}xlsx", "", "spreadsheet"),
    ] {
        let (line, at, message) = one_refused(csv);
        assert_eq!((line, at.as_str()), (1, column), "{csv}");
        assert!(message.contains(says), "{csv}: {message}");
    }
    let Err(typo) = parse(b"account_number,name,curency\n") else { panic!("typo") };
    assert_eq!(typo.hint, "did you mean currency?");
    assert!(refused_bytes(b"\xff\xfea\0")[0].2.contains("UTF-16"));
}

#[test]
fn a_bad_number_or_date_refuses_its_row() {
    for (row, column, says) in [
        ("A,u,\"1,5\",2026-01-01,", "QTY", "decimal"),
        ("A,u,1,5,2026-01-01,", "", "6 fields"),
        ("A,u,NaN,2026-01-01,", "QTY", "decimal"),
        ("A,u,inf,2026-01-01,", "QTY", "decimal"),
        ("A,u,1e400,2026-01-01,", "QTY", "decimal"),
        ("A,u,0x10,2026-01-01,", "QTY", "decimal"),
        ("A,u,0.12345678901234567890123456789,2026-01-01,", "QTY", "exactly"),
        ("A,u,1,2026-02-30,", "STARTDATE", "calendar"),
        ("A,u,1,02/30,", "STARTDATE", "calendar"),
        ("A,u,1,2026-1-1,", "STARTDATE", "calendar"),
        ("A,u,1,0206-01-01,", "STARTDATE", "calendar"),
        ("A,u,,2026-01-01,", "QTY", "empty"),
        (",u,1,2026-01-01,", "ACCOUNT_ID", "empty"),
        ("A,u,1", "", "3 fields"),
        ("A,\"u,1,2026-01-01,\nB,u,1,2026-01-01,", "", "not closed"),
        ("A\u{1b}[2J,u,1,2026-01-01,", "ACCOUNT_ID", "U+001B"),
        ("A,u\u{202e},1,2026-01-01,", "UOM", "U+202E"),
        ("A,u,1,2026-01-01,k\u{200b}", "UNIQUE_KEY", "U+200B"),
        ("A,\"u\nv\",1,2026-01-01,", "UOM", "line break"),
    ] {
        let (line, at, message) = one_refused(&format!("{USAGE}A,u,1,2026-01-01,\n{row}\n"));
        assert_eq!((line, at.as_str()), (3, column), "{row}: {message}");
        assert!(message.contains(says), "{row}: {message}");
    }
    for good in [format!("0.{:0<60}", "5"), "+5".into(), "5.".into(), ".5".into(), "-0.000".into()]
    {
        assert!(refused(&format!("{USAGE}A,u,{good},2026-01-01,")).is_empty(), "{good}");
    }
    let latin = refused_bytes(b"account_number,name,currency\nA1,M\xfcller,EUR\n");
    assert_eq!((latin[0].0, latin[0].1.as_str()), (2, "name"));
}

#[test]
fn a_bad_word_address_or_card_number_refuses_its_row() {
    let long = "x".repeat(201);
    for (row, column) in [
        ("A,N,XXX,,", "currency"),
        ("A,N,eur,,", "currency"),
        ("A,N,EUR,nobody,", "email"),
        ("A,N,EUR,a@b;c d@e,", "email"),
        ("A,N,EUR,,32", "bill_cycle_day"),
        ("A,N,EUR,,+5", "bill_cycle_day"),
        ("A,Card 4242 4242 4242 4242,EUR,,", "name"),
        (format!("A,{long},EUR,,").as_str(), "name"),
        (format!("{long},N,EUR,,").as_str(), "account_number"),
    ] {
        assert_eq!(one_refused(&format!("{ACCOUNTS}{row}\n")).1, column, "{row}");
    }
    let methods = "account_number,token,kind,display,status\n";
    for (row, column) in [
        ("A,tok_4242424242424242,card,visa,", "token"),
        ("A,ok,card,4242424242424242,", "display"),
        ("A,ok,cheque,x,", "kind"),
        ("A,ok,card,x,lost", "status"),
    ] {
        assert_eq!(one_refused(&format!("{methods}{row}\n")).1, column, "{row}");
    }
}

#[test]
fn the_same_key_with_other_content_refuses_both_rows_and_equal_rows_count_once() {
    let csv = format!("{ACCOUNTS}A1,One,EUR,,\nA2,Two,EUR,,\nA1,Uno,EUR,,\nA2,Two,EUR,,\n");
    let Rows::Accounts(table) = parse(csv.as_bytes()).unwrap() else { panic!("accounts") };
    assert_eq!(table.rows.len(), 1);
    assert_eq!(table.repeated, 1);
    let lines: Vec<_> = table.refused.iter().map(|r| (r.line, r.column.as_str())).collect();
    assert_eq!(lines, [(2, "account_number"), (4, "account_number")]);
    assert!(table.refused[1].message.contains("line 2"));
    let keyless = format!("{USAGE}A,u,1,2026-01-01,\nA,u,1,2026-01-01,\n");
    assert_eq!(parse(keyless.as_bytes()).unwrap().len(), 2);
}

#[test]
fn a_column_left_out_keeps_its_value_and_an_empty_cell_clears_it() {
    let full = "account_number,name,currency,email,bill_cycle_day,auto_pay,country\n\
                A1,One,EUR,a@b.example;c@d.example,31,TRUE,DE\n";
    let Rows::Accounts(full) = parse(full.as_bytes()).unwrap() else { panic!("accounts") };
    let old: AccountTerms = full.rows[0].value.terms.clone();
    assert_eq!((old.emails.len(), old.bill_cycle_day, old.auto_pay), (2, 31, true));
    let part = "account_number,name,currency,email\nA1,Uno,EUR,\n";
    let Rows::Accounts(part) = parse(part.as_bytes()).unwrap() else { panic!("accounts") };
    let new = account::overlay(&part.columns, &old, &part.rows[0].value);
    let expected = AccountTerms { name: "Uno".into(), emails: vec![], ..old };
    assert_eq!(new, expected);
}

#[test]
fn charges_say_what_their_model_and_period_need() {
    let header = "charge_number,subscription_number,name,type,model,price,billing_period,uom,\
                  tiers,package_size,overage_price,billing_day,end_date\n";
    let start = field::parse_date("2026-01-15").unwrap();
    let check = |row: &str| {
        let Rows::Charges(table) = parse(format!("{header}{row}\n").as_bytes()).unwrap() else {
            panic!("charges")
        };
        assert!(table.refused.is_empty(), "{row}: {:?}", table.refused);
        charge::check(&table.rows[0].value.terms, start).map_err(|fault| fault.column)
    };
    assert_eq!(check("C,S,N,one_time,flat,10,,,,,,,"), Ok(()));
    assert_eq!(check("C,S,N,usage,tiered,,month,GB,0-10@1;11-@2,,,,"), Ok(()));
    for (row, column) in [
        ("C,S,N,recurring,flat,10,,,,,,,", "billing_period"),
        ("C,S,N,usage,per_unit,1,month,,,,,,", "uom"),
        ("C,S,N,usage,volume,1,month,GB,,,,,", "tiers"),
        ("C,S,N,usage,package,1,month,GB,,,,,", "package_size"),
        ("C,S,N,usage,package,1,month,GB,,0,,,", "package_size"),
        ("C,S,N,usage,overage,1,month,GB,,,,,", "overage_price"),
        ("C,S,N,recurring,discount_percent,101,month,,,,,,", "price"),
        ("C,S,N,recurring,discount_fixed,-1,month,,,,,,", "price"),
        ("C,S,N,recurring,flat,1,month,,,,,monday,", "billing_day"),
        ("C,S,N,recurring,flat,1,2 weeks,,,,,15,", "billing_day"),
        ("C,S,N,recurring,flat,1,month,,,,,,2026-01-14", "end_date"),
    ] {
        assert_eq!(check(row), Err(column.to_owned()), "{row}");
    }
    for (row, column) in [
        ("C,S,N,monthly,flat,1,month,,,,,,", "type"),
        ("C,S,N,recurring,flat,1,fortnight,,,,,,", "billing_period"),
        ("C,S,N,recurring,flat,,month,,,,,,", "price"),
        ("C,S,N,usage,tiered,1,month,GB,5-1@2,,,,", "tiers"),
    ] {
        assert_eq!(one_refused(&format!("{header}{row}\n")).1, column, "{row}");
    }
}

#[test]
fn subscriptions_end_after_they_start() {
    let header =
        "subscription_number,account_number,start_date,end_date,suspended_from,resumed_from\n";
    for (row, column) in [
        ("S,A,2026-02-01,2026-01-31,,", Some("end_date")),
        ("S,A,2026-02-01,,2026-01-31,", Some("suspended_from")),
        ("S,A,2026-02-01,,,2026-03-01", Some("resumed_from")),
        ("S,A,2026-02-01,,2026-03-01,2026-03-01", Some("resumed_from")),
        ("S,A,2026-02-01,2026-02-01,,", None),
    ] {
        let Rows::Subscriptions(table) = parse(format!("{header}{row}\n").as_bytes()).unwrap()
        else {
            panic!("subscriptions")
        };
        let found = subscription::check(&table.rows[0].value.terms, false).err().map(|f| f.column);
        assert_eq!(found.as_deref(), column, "{row}");
    }
}

#[test]
fn open_items_are_whole_and_credits_are_negative() {
    let header = "document_number,account_number,kind,date,due_date,total,tax,balance\n";
    let row = "OLD-1,A,credit_memo,2026-01-01,2026-01-01,119.00,19.00,50.00\n";
    let Rows::OpenItems(table) = parse(format!("{header}{row}").as_bytes()).unwrap() else {
        panic!("open items")
    };
    assert_eq!(table.rows[0].value.balance.to_string(), "-50.00");
    for (row, column) in [
        ("X,A,invoice,2026-01-02,2026-01-01,1,0,1", "due_date"),
        ("X,A,invoice,2026-01-01,2026-01-01,1,0,2", "balance"),
        ("X,A,invoice,2026-01-01,2026-01-01,1,2,1", "tax"),
        ("X,A,invoice,2026-01-01,2026-01-01,-1,0,-1", "total"),
        ("X,A,write_off,2026-01-01,2026-01-01,1,0,1", "kind"),
    ] {
        assert_eq!(one_refused(&format!("{header}{row}\n")).1, column, "{row}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        for header in [USAGE, ACCOUNTS, "tax_code,rate_percent\n", ""] {
            let mut bytes = header.as_bytes().to_vec();
            bytes.extend(&tail);
            if let Ok(rows) = parse(&bytes) {
                for refused in rows.refused() {
                    proptest::prop_assert!(refused.span.0 <= refused.span.1 && refused.span.1 <= bytes.len());
                    proptest::prop_assert!(!refused.to_string().chars().any(crate::domain::text::is_unsafe));
                }
            }
        }
    }
}
