//! Files of banks, read.

use super::*;
use crate::domain::bank::Source;
use crate::domain::bank::statement::{Entry, Head};
use crate::domain::money::Currency;

fn all(text: &str) -> Result<Vec<Seen>, BadFile> {
    let mut seen = Vec::new();
    let done = walk::<()>(text.as_bytes(), &mut |one| {
        seen.push(one);
        Ok(())
    });
    match done {
        Ok(()) => Ok(seen),
        Err(Stopped::File(bad)) => Err(bad),
        Err(Stopped::Taker(())) => unreachable!(),
    }
}

fn entries(text: &str) -> Vec<Entry> {
    let eur = Currency::parse("EUR").unwrap();
    let read = all(text).unwrap().into_iter().filter_map(|seen| match seen {
        Seen::Entry(entry) => Some(entry.read(eur).unwrap()),
        _ => None,
    });
    read.collect()
}

fn head(text: &str) -> Head {
    match all(text).unwrap().remove(0) {
        Seen::Head(head) => *head,
        other => panic!("{other:?}"),
    }
}

const MT940: &str = ":20:STARTUMS\r\n:25:DE02120300000000202051\r\n:28C:5/1\r\n:60F:C261108EUR100,00\r\n\
:61:2611091109CR250,00NTRFNONREF//77/1\r\n:86:166?00GUTSCHRIFT?20EREF+E-1?21SVWZ+INV-2026-0000\r\n\
?2202 danke?31DE02500105170137075030?32Bolt?33 GmbH\r\n:61:261109RD20,00NTRFX\r\n\
:86:plain words\r\nof two lines\r\n:61:261109ED5,00NTRFX\r\n:62F:C261109EUR370,00\r\n-\r\n";

#[test]
fn mt940_is_read_in_both_its_ways() {
    let head = head(MT940);
    assert_eq!((head.source, head.sequence), (Source::Mt940, Some(5)));
    assert_eq!(
        (head.opening.as_deref(), head.closing.as_deref()),
        (Some("100.00"), Some("370.00"))
    );
    let read = entries(MT940);
    assert_eq!(read.iter().map(|e| e.minor).collect::<Vec<_>>(), [25_000, 2_000]);
    let (first, second) = (&read[0].details[0], &read[1].details[0]);
    assert_eq!((first.end_to_end.as_str(), first.payer.as_str()), ("E-1", "Bolt GmbH"));
    assert!(crate::domain::bank::tokens::holds(&first.text, "INV-2026-000002"), "{first:?}");
    assert_eq!(read[0].reference, "77/1");
    assert_eq!(second.text, "plain words\nof two lines");
    // The other sign of what is taken back, where the balances say so.
    let turned = MT940.replace("EUR370,00", "EUR330,00");
    assert_eq!(entries(&turned)[1].minor, -2_000);
    // The entry's day lies in the next year.
    let late = MT940.replace("2611091109CR", "2612310102CR");
    assert_eq!(entries(&late)[0].on.to_string(), "2027-01-02");
}

#[test]
fn latin_1_is_read_where_nobody_says_what_it_is() {
    let mut bytes = MT940.replace("Bolt", "B@lt").into_bytes();
    let at = bytes.iter().position(|b| *b == b'@').unwrap();
    bytes[at] = 0xf6;
    let mut payer = String::new();
    walk::<()>(bytes.as_slice(), &mut |seen| {
        if let Seen::Entry(entry) = seen {
            payer.push_str(&entry.details[0].payer);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(payer, "Bölt GmbH");
}

fn camt(version: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{version}\">\
         <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-10T00:00:00</CreDtTm></GrpHdr>\
         <Stmt><Id>S-1</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2026-11-10T00:00:00</CreDtTm>\
         <Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>\
         <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-09</Dt></Dt></Bal>\
         <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">3.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-11-10</Dt></Dt></Bal>\
         {body}</Stmt></BkToCstmrStmt></Document>"
    )
}

const BATCH: &str = "<Ntry><NtryRef>1</NtryRef><Amt Ccy=\"EUR\">1500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-10</Dt></BookgDt><AcctSvcrRef>R&amp;1</AcctSvcrRef><NtryDtls>\
<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy=\"EUR\">1500.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
<Chrgs><Rcrd><Amt Ccy=\"EUR\">26.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>\
<RltdPties><Dbtr><Pty><Nm>Acme</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE02 5001 0517 0137 0750 30</IBAN></Id></DbtrAcct></RltdPties>\
<RmtInf><Ustrd>INV-2026-</Ustrd><Ustrd>000001</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>\
<TxDtls><Amt Ccy=\"EUR\">26.00</Amt></TxDtls></NtryDtls></Ntry>\
<Ntry><Amt Ccy=\"EUR\">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>";

#[test]
fn camt_gives_each_part_its_own_amount_and_reason() {
    for version in ["camt.053.001.02", "camt.053.001.08", "camt.053.001.14"] {
        let text = camt(version, BATCH);
        let head = head(&text);
        assert_eq!((head.name.as_str(), head.sequence), ("S-1", Some(7)));
        assert_eq!(
            (head.opening.as_deref(), head.closing.as_deref()),
            (Some("10.00"), Some("-3.50"))
        );
        let read = entries(&text);
        assert_eq!((read.len(), read[0].minor, read[0].reference.as_str()), (1, 150_000, "R&1"));
        let parts: Vec<(i64, i64)> = read[0].details.iter().map(|d| (d.minor, d.charges)).collect();
        assert_eq!(parts, [(150_000, 2_600), (2_600, 0)]);
        let first = &read[0].details[0];
        assert_eq!((first.payer.as_str(), first.iban.as_str()), ("Acme", "DE02500105170137075030"));
        assert_eq!((first.reference.as_str(), first.end_to_end.as_str()), ("RF18539007547034", ""));
        assert!(crate::domain::bank::tokens::holds(&first.text, "INV-2026-000001"));
        assert!(all(&text).unwrap().contains(&Seen::Preview));
    }
}

#[test]
fn charges_that_are_told_only_are_none() {
    let told = BATCH.replace("<TxDtls><Amt Ccy=\"EUR\">26.00</Amt></TxDtls>", "");
    let read = entries(&camt("camt.053.001.08", &told));
    assert_eq!((read[0].details[0].minor, read[0].details[0].charges), (150_000, 0));
}

#[test]
fn what_is_no_sound_file_is_named() {
    let whole = camt("camt.053.001.08", BATCH);
    for (text, words) in [
        (whole[..whole.len() - 200].to_owned(), "too early"),
        (whole.replace("<Document", "<!DOCTYPE x [<!ENTITY e \"y\">]><Document"), "document type"),
        (whole.replace("Acme", "&e;"), "entity e"),
        (camt("camt.053.001.15", ""), "not read"),
        (camt("pain.008.001.08", ""), "no camt message"),
        (String::new(), "empty"),
        ("amount\n1\n".to_owned(), "booked_on"),
        ("booked_on,amount,x\n".to_owned(), "no column"),
        ("booked_on,amount\n2026-11-10\n".to_owned(), "1 fields"),
        (":20:x\n:60F:nothing\n".to_owned(), "no balance"),
    ] {
        let bad = all(&text).unwrap_err();
        let said = format!("{} {}", bad.field, bad.message);
        assert!(said.contains(words), "{words}: {bad:?}");
        assert!(!bad.hint.is_empty(), "{bad:?}");
    }
}

#[test]
fn rows_of_a_batch_are_one_entry() {
    let text = "bank_account,booked_on,amount,currency,charges,batch,text\n\
        main,2026-11-20,1500.00,EUR,26.00,B,INV-1\nmain,2026-11-20,26.00,EUR,,B,INV-2\n\
        main,2026-11-20,5.00,EUR,,,x\nyen,2026-11-20,500,JPY,,,x\n";
    let seen = all(text).unwrap();
    let heads = seen.iter().filter(|s| matches!(s, Seen::Head(_))).count();
    assert_eq!(heads, 2);
    let entry = |n: usize| match seen.iter().filter(|s| matches!(s, Seen::Entry(_))).nth(n) {
        Some(Seen::Entry(entry)) => *entry.clone(),
        _ => panic!("no entry"),
    };
    let batch = entry(0).read(Currency::parse("EUR").unwrap()).unwrap();
    assert_eq!((batch.minor, batch.details.len()), (150_000, 2));
    let other = entry(2).read(Currency::parse("EUR").unwrap()).unwrap_err();
    assert_eq!(other.code, "other_currency");
    let fine =
        RawEntry { amount: Amount { value: "1.005".into(), ..Amount::default() }, ..entry(1) };
    assert_eq!(fine.read(Currency::parse("EUR").unwrap()).unwrap_err().code, "bad_input");
}
