//! Review and editing of drafts through the binary: totals follow, the trail tells, undo takes
//! back, and two clerks never overwrite each other.

use crate::harness::book::daybook;
use crate::harness::day::{billed, column, posted};
use serde_json::json;
use std::sync::Barrier;

#[test]
fn totals_and_tax_follow_every_edit_at_once() {
    let book = billed();
    // (what is changed, amounts of the lines after, tax, total)
    let steps: &[(&str, &[&str], &str, &str)] = &[
        (
            "--line 3 --set quantity=3",
            &["100.00", "100.00", "30.00", "50.00", "8.00"],
            "57.60",
            "345.60",
        ),
        (
            "--line 1 --set unit_price=99.995",
            &["100.00", "100.00", "30.00", "50.00", "8.00"],
            "57.60",
            "345.60",
        ),
        (
            "--line 5 --set quantity=200",
            &["100.00", "100.00", "30.00", "50.00", "10.00"],
            "58.00",
            "348.00",
        ),
        (
            "--line 2 --set quantity=2",
            &["100.00", "200.00", "30.00", "50.00", "10.00"],
            "78.00",
            "468.00",
        ),
        (
            "--add-line '{\"description\":\"Setup\",\"quantity\":\"2\",\"unit_price\":\"12.50\"}'",
            &["100.00", "200.00", "30.00", "50.00", "10.00", "25.00"],
            "83.00",
            "498.00",
        ),
        (
            "--remove-line 4 --later",
            &["100.00", "200.00", "30.00", "10.00", "25.00"],
            "73.00",
            "438.00",
        ),
        ("--remove-line 1 --waive", &["200.00", "30.00", "10.00", "25.00"], "53.00", "318.00"),
        (
            "--line 1 --set 'description=Base, two of them'",
            &["200.00", "30.00", "10.00", "25.00"],
            "53.00",
            "318.00",
        ),
        (
            "--set invoice_date=2026-02-10",
            &["200.00", "30.00", "10.00", "25.00"],
            "53.00",
            "318.00",
        ),
    ];
    for (what, amounts, tax, total) in steps {
        let after =
            book.say(&format!("invoice edit D-1 {what} --reason test --json")).ends(0).json();
        assert_eq!(column(&after, "amount"), *amounts, "{what}");
        assert_eq!((&after["tax"], &after["total"]), (&json!(tax), &json!(total)), "{what}");
        book.is_sound();
    }
    let after = book.document("D-1");
    assert_eq!(after["due_date"], "2026-02-24", "the due date follows the term");
    assert_eq!(after["version"], 1 + steps.len());
    // What was put off is billable again, what was waived is not.
    let again = book.say("bill --target 2026-02-01 --account A1 --json").ends(0).json();
    assert_eq!(again["totals"]["EUR"], "60.00", "the seats of February, with tax");
    book.is_sound();
}

#[test]
fn a_discount_follows_the_line_it_discounts() {
    let book = billed();
    let after =
        book.say("invoice edit D-3 --line 1 --set unit_price=40 --reason cheaper --json").json();
    assert_eq!(column(&after, "amount"), ["40.00", "-4.00", "50.00", "-5.00"]);
    let after = book.say("invoice edit D-3 --remove-line 1 --later --reason later --json").json();
    assert_eq!(column(&after, "amount"), ["50.00", "-5.00"], "its discount goes with it");
    book.is_sound();
    assert_eq!(
        book.say("bill --target 2026-02-01 --account A3 --json").json()["totals"]["USD"],
        "45.00"
    );
    book.is_sound();
}

#[test]
fn a_correction_is_not_edited_beyond_the_line_it_corrects() {
    let book = posted();
    let rows =
        "subscription_number,account_number,start_date,end_date\nS2,A2,2026-01-01,2026-01-20\n";
    assert_eq!(book.import("subscriptions.csv", rows, &["--yes"]).0, 0);
    book.say("bill --target 2026-02-01 --account A2").ends(0);
    for price in ["-31.01", "5"] {
        let line = format!("invoice edit D-000004 --line 1 --set unit_price={price} --reason x");
        let ran = book.say(&line).ends(2);
        assert!(ran.err.contains("of the line it corrects 31.00 is left"), "{}", ran.err);
    }
    book.say("invoice edit D-000004 --line 1 --set unit_price=-31 --reason x").ends(0);
    book.is_sound();
}

#[test]
fn wrong_edits_are_refused_and_change_nothing() {
    let book = billed();
    let before = book.dump();
    for (what, word) in [
        ("--set due_date=2026-01-01 --reason x", "before the invoice date"),
        ("--set colour=red --reason x", "no field"),
        ("--set quantity=3 --reason x", "--line"),
        ("--line 9 --set quantity=3 --reason x", "no line 9"),
        ("--line 1 --set quantity=1e3 --reason x", "not a decimal"),
        ("--line 1 --set unit_price=-900 --reason x", "which no invoice may have"),
        ("--remove-line 1 --reason x", "what becomes"),
        ("--set po_number=7 --reason ' '", "needs a reason"),
        ("--add-line {} --reason x", "description"),
        (
            "--add-line '{\"description\":\"x\",\"unit_price\":\"1\",\"tax_code\":\"NONE\"}' --reason x",
            "tax code",
        ),
        ("--set note=\u{1b}[2J --reason x", "U+001B"),
        ("--set 'note=card 4111 1111 1111 1111' --reason x", "card number"),
        ("--set po_number=7 --reason x --version 7", "was changed"),
    ] {
        let ran = book.say(&format!("invoice edit D-1 {what}")).ends(2);
        assert!(ran.err.contains(word), "{what}: {}", ran.err);
    }
    assert_eq!(book.dump(), before);
    book.say("post BR-1").ends(0);
    let ran = book.say("invoice edit D-1 --set po_number=7 --reason x").ends(2);
    assert!(ran.err.contains("adjust"), "{}", ran.err);
}

#[test]
fn undo_and_redo_walk_the_edits_until_posting() {
    let book = billed();
    let states: Vec<_> =
        ["--set po_number=7781", "--line 1 --set quantity=2", "--remove-line 5 --waive"]
            .map(|what| {
                let before = book.document("D-1");
                book.say(&format!("invoice edit D-1 {what} --reason test")).ends(0);
                before
            })
            .to_vec();
    let last = book.document("D-1");
    let same = |a: &serde_json::Value, b: &serde_json::Value| {
        let plain = |v: &serde_json::Value| {
            let mut v = v.clone();
            v["version"] = json!(0);
            v
        };
        assert_eq!(plain(a), plain(b));
    };
    for state in states.iter().rev() {
        book.say("undo").ends(0);
        same(&book.document("D-1"), state);
        book.is_sound();
    }
    let ran = book.say("undo").ends(2);
    assert!(ran.err.contains("bill") && ran.err.contains("cancel the run"), "{}", ran.err);
    for state in states.iter().skip(1).chain([&last]) {
        book.say("redo").ends(0);
        same(&book.document("D-1"), state);
        book.is_sound();
    }
    assert!(book.say("redo").ends(2).err.contains("nothing of yours"));
    // A new edit ends the redoing.
    book.say("undo").ends(0);
    book.say("invoice edit D-1 --set note=hello --reason test").ends(0);
    book.say("redo").ends(2);
    // After posting there is only the counter-action.
    book.say("post BR-1").ends(0);
    let ran = book.say("undo").ends(2);
    assert!(ran.err.contains("adjust or reverse"), "{}", ran.err);
    book.is_sound();
}

#[test]
fn undo_never_jumps_over_a_deed_and_is_never_blocked_by_one() {
    let book = billed();
    book.say("invoice accept D-1 D-2").ends(0);
    // Last deeds that cannot be taken back: each is named, with its counter-deed.
    for (deed, words) in [
        ("settings set post.require_review all", "set the old value again"),
        ("payment record --account A1 --amount 5 --reference w --yes", "payment unapply"),
        ("bill --target 2026-02-01", "cancel the run"),
        ("post --invoice D-1", "adjust or reverse"),
    ] {
        book.say(deed).ends(0);
        let said = book.say("undo").ends(2).err;
        assert!(said.contains(words), "{deed}: {said}");
        assert_eq!(book.document("D-2")["review"], "accepted", "{deed}");
        assert!(said.contains("undo --deed"), "{said}");
    }
    let said = book.say("undo --json").ends(2).err;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let hint = said["error"]["hint"].as_str().unwrap();
    let seq = hint.split_whitespace().nth(3).unwrap();
    assert!(hint.contains("accept"), "{hint}");
    // What can be of it is taken back: one of the two is posted meanwhile.
    let undone = book.say(&format!("undo --deed {seq} --json")).ends(1).json();
    assert_eq!(undone["done"], 1);
    assert_eq!(book.document("D-2")["review"], "none");
    book.say(&format!("undo --deed {seq}")).ends(2);
    // Nor does it stand in the way of what comes later.
    book.say("invoice hold D-3 --reason x").ends(0);
    book.say("undo").ends(0);
    assert_eq!(book.document("D-3")["review"], "none");
    book.is_sound();
}

#[test]
fn a_bulk_hold_is_one_undo_step_and_reports_what_it_left_alone() {
    let book = billed();
    book.say("post --invoice D-3").ends(0);
    let held = book
        .say("invoice hold D-1 D-2 D-3 --reason 'address missing' --owner mia --until 2026-02-05 --json")
        .ends(1)
        .json();
    assert_eq!((&held["done"], &held["refused"][0]["id"]), (&json!(2), &json!("D-000003")));
    assert!(held["refused"][0]["reason"].as_str().unwrap().contains("INV-2026-000001"));
    assert_eq!(book.document("D-2")["hold_reason"], "address missing");
    let posted = book.say("post BR-1 --json").ends(1).json();
    assert_eq!(posted["posted"], 0);
    assert!(posted["refused"][0]["reason"].as_str().unwrap().contains("mia"));
    // The posting came last, and it did nothing: undo still speaks of it.
    book.say("invoice release D-2").ends(0);
    book.say("undo").ends(0);
    assert_eq!(book.document("D-2")["review"], "held");
    book.say("invoice release D-1 D-2").ends(0);
    book.is_sound();
}

/// Before many drafts are edited alike it is told what is written over, and whose acceptance ends.
#[test]
fn an_edit_of_many_tells_what_it_replaces() {
    let book = billed();
    book.say("invoice edit D-1 --set po_number=ALT-1 --reason asked").ends(0);
    book.say("invoice accept D-1").ends(0);
    book.say("post --invoice D-3").ends(0);
    let edit = "invoice edit D-1 D-2 D-3 --set po_number=NEW --reason more --dry-run";
    let told = book.say(&format!("{edit} --json")).ends(1).json();
    assert_eq!((&told["drafts"], &told["accepted"]), (&json!(2), &json!(1)), "{told}");
    assert_eq!(told["replaced"], json!([{ "what": "PO number ALT-1", "count": 1 }]));
    let left = told["left_alone"][0]["reason"].as_str().unwrap();
    assert_eq!(left, "it is posted: adjust or reverse it instead");
    let words = book.say(edit).ends(1).out;
    assert!(words.contains("replaced on 1: PO number ALT-1"), "{words}");
    assert!(words.contains("1 of them accepted: to be looked at again"), "{words}");
    book.is_sound();
}

#[test]
fn acceptance_is_of_a_version() {
    let book = billed();
    assert_eq!(book.say("invoice accept D-1 --version 4 --json").ends(1).json()["done"], 0);
    book.say("invoice accept D-1 --version 1").ends(0);
    assert_eq!(book.document("D-1")["review"], "accepted");
    book.say("invoice edit D-1 --set po_number=1 --reason x").ends(0);
    assert_eq!(book.document("D-1")["review"], "none", "what was accepted is not what stands");
    book.say("undo").ends(0);
    assert_eq!(book.document("D-1")["review"], "accepted");
    book.is_sound();
}

#[test]
fn a_stale_draft_waits_until_it_is_rated_again_or_accepted_with_a_reason() {
    let book = billed();
    book.say("invoice edit D-1 --set po_number=7 --set note=hello --reason x").ends(0);
    book.say("invoice edit D-1 --line 1 --set quantity=2 --reason x").ends(0);
    book.say(
        "invoice edit D-1 --add-line '{\"description\":\"Setup\",\"unit_price\":\"5\"}' --reason x",
    )
    .ends(0);
    let (code, _) = book.import(
        "charges.csv",
        "charge_number,subscription_number,name,type,model,price,billing_period\n\
         C1,S1,Base,recurring,flat,120,month\nC4,S2,Base,recurring,flat,62,month\n",
        &["--yes"],
    );
    assert_eq!(code, 0);
    assert!(book.document("D-1")["stale"].as_str().unwrap().contains("C1"));
    let refused = book.say("post --invoice D-1 --json").ends(1).json();
    assert!(refused["refused"][0]["reason"].as_str().unwrap().contains("stale"));
    assert_eq!(book.say("invoice accept D-2 --json").ends(1).json()["done"], 0);
    book.say("invoice accept D-2 --reason 'agreed by phone'").ends(0);
    assert_eq!(book.document("D-2")["stale"], "");

    let preview = book.say("invoice regenerate D-1 --dry-run --json").ends(0).json();
    assert_eq!(preview[0]["kept"], json!(["PO number 7", "the note", "line \"Setup\""]));
    assert_eq!(preview[0]["dropped"], json!(["changes of \"Base\""]));
    let before = book.document("D-1");
    let regenerated = book.say("invoice regenerate D-1 --json").ends(0).json();
    let after = book.document("D-1");
    assert_eq!(column(&after, "amount"), ["120.00", "120.00", "50.00", "50.00", "8.00", "5.00"]);
    assert_eq!(
        (&after["po_number"], &after["note"], &after["stale"]),
        (&json!("7"), &json!("hello"), &json!(""))
    );
    assert_eq!(after["total"], preview[0]["after"]);
    assert_eq!(regenerated["totals"]["EUR"], after["total"], "figures after the commit");
    book.is_sound();
    book.say("undo").ends(0);
    let undone = book.document("D-1");
    assert_eq!((&undone["items"], &undone["stale"]), (&before["items"], &before["stale"]));
    book.say("redo").ends(0);
    book.say("post BR-1").ends(0);
    book.is_sound();
}

#[test]
fn an_edit_is_flagged_as_a_wrong_price_would_be() {
    let book = billed();
    book.say("post BR-1").ends(0);
    book.say("bill --target 2026-03-01").ends(0);
    let id = book.say("invoice list --account A2 --status draft --json").json()[0]["id"].clone();
    let id = id.as_str().unwrap();
    let codes = |document: serde_json::Value| -> Vec<String> {
        let flags = document["flags"].as_array().unwrap().clone();
        flags.iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect()
    };
    let before = codes(book.document(id));
    assert!(!before.contains(&"total_high".to_owned()), "{before:?}");
    let after =
        book.say(&format!("invoice edit {id} --line 1 --set quantity=200 --reason typo --json"));
    let after = codes(after.ends(0).json());
    assert!(after.contains(&"total_high".to_owned()), "{after:?}");
    book.say("undo").ends(0);
    assert_eq!(codes(book.document(id)), before);
}

#[test]
fn canceling_releases_what_was_billed() {
    let book = billed();
    let total = book.document("D-1")["total"].clone();
    book.say("invoice cancel D-1 --reason 'wrong run'").ends(0);
    assert_eq!(book.count("SELECT count(*) FROM claim WHERE document_id = 1"), 0);
    assert_eq!(book.count("SELECT count(*) FROM usage_claim"), 0);
    assert!(book.say("undo").ends(2).err.contains("bill its account again"));
    let again = book.say("bill --target 2026-02-01 --account A1 --json").ends(0).json();
    assert_eq!(again["totals"]["EUR"], total);
    book.is_sound();
}

#[test]
fn a_draft_can_be_made_by_hand() {
    let book = billed();
    let made = book
        .say("invoice new --account A1 --invoice-date 2026-02-03 --add-line '{\"description\":\"Workshop\",\"quantity\":\"1.5\",\"unit_price\":\"200\"}' --reason agreed --json")
        .ends(0)
        .json();
    assert_eq!((&made["total"], &made["due_date"]), (&json!("360.00"), &json!("2026-02-17")));
    let id = made["id"].as_str().unwrap();
    let refused = book.say(&format!("invoice regenerate {id} --json")).ends(1).json();
    assert!(refused["refused"][0]["reason"].as_str().unwrap().contains("by hand"));
    let memo = book
        .say("invoice new --account A2 --kind credit_memo --add-line '{\"description\":\"Goodwill\",\"unit_price\":\"10\"}' --reason kind --json")
        .ends(0)
        .json();
    assert_eq!(memo["total"], "-12.00");
    book.say(&format!("post --invoice {id} --invoice {}", memo["id"].as_str().unwrap())).ends(0);
    book.is_sound();
}

#[test]
fn many_are_edited_alike_in_one_step_with_their_sums_told_before() {
    let book = billed();
    let list = || book.say("invoice list --status Draft --json").ends(0).json();
    let before = list();
    let ids: Vec<String> =
        before.as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.len() >= 3, "{before}");
    let all = ids.join(" ");
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let sum = |list: &serde_json::Value| -> i64 {
        list.as_array().unwrap().iter().map(|d| cents(d["total"].as_str().unwrap())).sum()
    };
    // A word of the document as a whole.
    book.say(&format!("invoice edit {all} --set po_number=7781 --reason 'one order'")).ends(0);
    assert!(list().as_array().unwrap().iter().all(|d| d["po_number"] == "7781"));
    let again = book
        .say(&format!("invoice edit {all} --set po_number=7781 --reason 'one order' --json"))
        .ends(1)
        .json();
    assert_eq!(
        (&again["done"], &again["refused"][0]["reason"]),
        (&json!(0), &json!("it is so already"))
    );
    book.is_sound();
    // A charge: those without it are refused by name, the sums are those of the dry run.
    let name = column(&book.document("D-1"), "description")[3].clone();
    let change =
        format!("invoice edit {all} --charge '{name}' --set unit_price=77 --reason 'new price'");
    let dry = book.say(&format!("{change} --dry-run --json"));
    let told = dry.json();
    let (was, version) = (list(), book.document("D-1")["version"].clone());
    assert_eq!(book.document("D-1")["version"], version, "a dry run changes nothing");
    let done = book.say(&format!("{change} --json")).json();
    let count = done["done"].as_i64().unwrap();
    assert_eq!(told["drafts"], count);
    assert!(count >= 1 && count < ids.len() as i64, "{done}");
    let left = done["refused"].as_array().unwrap();
    assert_eq!(left.len() as i64, ids.len() as i64 - count);
    assert!(left.iter().all(|r| r["reason"] == format!("it has no line of {name}")), "{done}");
    let money = |v: &serde_json::Value| -> i64 {
        v.as_object().unwrap().values().map(|m| cents(m.as_str().unwrap())).sum()
    };
    let moved = money(&told["after"]) - money(&told["before"]);
    assert_eq!(sum(&list()) - sum(&was), moved, "{told}");
    assert!(column(&book.document("D-1"), "unit_price").contains(&"77".to_owned()));
    book.is_sound();
    // One step takes all of it back.
    book.say("undo").ends(0);
    assert_eq!(sum(&list()), sum(&was));
    book.say("undo").ends(0);
    assert!(list().as_array().unwrap().iter().all(|d| d["po_number"] != "7781"));
    book.is_sound();
    // What would be of one draft alone, or is nothing, is refused whole.
    for (what, said) in [
        ("--line 1 --set quantity=2", "line N is another one in each draft"),
        ("--set invoice_date=2026-13-01", "not a date"),
        ("--version 1 --set note=x", "--version is of one draft"),
    ] {
        let ran = book.say(&format!("invoice edit {all} {what} --reason x"));
        assert!(
            ran.err.contains(said) || ran.out.contains(said),
            "{what}: {} {}",
            ran.out,
            ran.err
        );
    }
    assert_eq!(sum(&list()), sum(&was));
}

#[test]
fn a_draft_goes_back_to_how_it_was_before_any_of_its_deeds() {
    let book = billed();
    let content = || {
        let d = book.document("D-1");
        let lines = column(&d, "amount");
        (d["total"].clone(), d["po_number"].clone(), d["due_date"].clone(), lines)
    };
    let mut seen = vec![content()];
    for what in [
        "--line 3 --set quantity=3",
        "--set po_number=7781 --set invoice_date=2026-02-10",
        "--remove-line 4 --later",
        "--add-line '{\"description\":\"Setup\",\"unit_price\":\"12.50\"}'",
    ] {
        book.say(&format!("invoice edit D-1 {what} --reason test")).ends(0);
        seen.push(content());
    }
    book.say("invoice hold D-1 --reason 'a look'").ends(0);
    let history = || book.say("invoice history D-1 --json").ends(0).json();
    let deeds = history();
    let deeds = deeds.as_array().unwrap();
    assert_eq!(
        deeds[0]["changes"][0]["after"].as_str().unwrap().split(':').next_back(),
        Some(" a look")
    );
    assert_eq!(deeds.last().unwrap()["verb"], "made");
    let edits: Vec<&serde_json::Value> = deeds.iter().filter(|d| d["restores"] == true).collect();
    assert_eq!(edits.len(), 4, "{deeds:?}");
    assert_eq!(
        edits[2]["changes"].as_array().unwrap().iter().find(|c| c["field"] == "PO number"),
        Some(&json!({ "field": "PO number", "before": "", "after": "7781" }))
    );
    // Newest first: before the n-th deed from the end it was as seen then.
    for (edit, was) in edits.iter().rev().zip(&seen) {
        let version = book.document("D-1")["version"].clone();
        let back = format!("invoice restore D-1 --before {} --version {version}", edit["seq"]);
        book.say(&back).ends(0);
        assert_eq!(content(), *was, "before {edit}");
        assert_eq!(book.document("D-1")["review"], "held", "a hold stays");
        book.is_sound();
        assert!(
            book.say(&format!("invoice restore D-1 --before {}", edit["seq"]))
                .ends(2)
                .err
                .contains("so already")
        );
        book.say("undo").ends(0);
        assert_eq!(content(), seen[4], "undo takes it back");
        book.is_sound();
    }
    assert!(book.say("invoice restore D-1 --before 1").ends(2).err.contains("no earlier version"));
    let stale = book.say(&format!("invoice restore D-1 --before {} --version 1", edits[0]["seq"]));
    assert!(stale.ends(2).err.contains("changed"), "another version was looked at");
    book.say("invoice release D-1").ends(0);
    let text = book.say("invoice history D-1").ends(0).out;
    assert!(
        text.contains("(undone since)") && text.contains("PO number: \"\" to \"7781\""),
        "{text}"
    );
    book.say("post --invoice D-1").ends(0);
    let posted = history();
    assert_eq!(posted[0]["verb"], "post");
    assert!(posted.as_array().unwrap().iter().all(|d| d["restores"] == false));
}

#[test]
fn a_draft_is_compared_with_what_was_billed_before_it_also_when_later_ones_are_there() {
    let book = billed();
    let flags = |id: &str| {
        let flags = book.document(id)["flags"].as_array().unwrap().clone();
        flags.iter().map(|f| (f["code"].clone(), f["reason"].clone())).collect::<Vec<_>>()
    };
    let first = flags("D-1");
    assert!(first.iter().any(|(code, _)| code == "first_invoice"), "{first:?}");
    let more = book.say("bill --target 2026-03-01 --account A1 --json").ends(0).json();
    assert_eq!(more["documents"]["invoices"], 1, "{more}");
    book.say("invoice edit D-1 --set note=x --reason test").ends(0);
    assert_eq!(flags("D-1"), first, "nothing was billed before it");
    book.say("invoice edit D-1 --line 5 --set 'description=Traffic, seen' --reason test").ends(0);
    assert_eq!(flags("D-1"), first);
    book.say("invoice regenerate D-1").ends(0);
    assert_eq!(flags("D-1"), first);
    book.is_sound();
}

#[test]
fn the_command_line_filters_as_the_console_does() {
    let book = billed();
    let listed = |filter: &str| {
        let all = book.say(&format!("invoice list --filter '{filter}' --json")).ends(0).json();
        all.as_array().unwrap().len()
    };
    let all = book.say("invoice list --json").ends(0).json().as_array().unwrap().len();
    assert_eq!(listed("total>100") + listed("-total>100"), all);
    assert_eq!(listed("account:A1 OR -account:A1"), all);
    assert_eq!(listed("due:today..+365"), all);
    assert_eq!(listed("posted:today"), 0);
    book.say("post --invoice D-1").ends(0);
    assert_eq!(listed("posted:today"), 1);
    for (filter, said) in
        [("total>lots", "an amount"), ("size:3", "not a field"), ("OR x", "both sides")]
    {
        let ran = book.say(&format!("invoice list --filter '{filter}'")).ends(2);
        assert!(ran.err.contains(said), "{filter}: {}", ran.err);
    }
}

#[test]
fn explain_tells_every_line_in_words() {
    let book = billed();
    let told = book.say("invoice explain D-1 --json").ends(0).json();
    assert_eq!(told.as_array().unwrap().len(), 5);
    let words = told[4]["words"].to_string();
    assert!(words.contains("160") && words.contains("8.00"), "{words}");
    assert!(book.say("invoice explain D-1 --line 7").ends(2).err.contains("lines 1 to 5"));
}

#[test]
fn the_trail_keeps_who_what_and_why() {
    let book = billed();
    book.say("invoice edit D-1 --line 1 --set quantity=2 --reason 'counted again'").ends(0);
    let trail = book.say("audit --subject D-000001 --json").ends(0).json();
    let detail: serde_json::Value =
        serde_json::from_str(trail[0]["detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["reason"], "counted again");
    assert_eq!(
        detail["changes"][0],
        json!({ "field": "line 1 quantity", "before": "1", "after": "2" })
    );
    assert_eq!(detail["total"], json!({ "before": "369.60", "after": "489.60" }));
}

#[test]
fn of_clerks_racing_on_one_draft_one_wins_and_the_others_are_told_who() {
    let book = billed();
    for round in 1..=3_i64 {
        let barrier = Barrier::new(4);
        let codes: Vec<(i32, String)> = std::thread::scope(|scope| {
            let clerks: Vec<_> = (0..4)
                .map(|clerk| {
                    let (barrier, path) = (&barrier, &book.path);
                    scope.spawn(move || {
                        barrier.wait();
                        let set = format!("po_number={round}-{clerk}");
                        let version = round.to_string();
                        let ran = daybook(
                            path,
                            &[
                                "invoice",
                                "edit",
                                "D-1",
                                "--set",
                                &set,
                                "--reason",
                                "race",
                                "--version",
                                &version,
                            ],
                        );
                        (ran.code, ran.err)
                    })
                })
                .collect();
            clerks.into_iter().map(|c| c.join().unwrap()).collect()
        });
        let winners = codes.iter().filter(|(code, _)| *code == 0).count();
        assert_eq!(winners, 1, "{codes:?}");
        for (_, told) in codes.iter().filter(|(code, _)| *code != 0) {
            let who = std::env::var("USER").unwrap_or_default();
            assert!(told.contains("was changed by") && told.contains(&who), "{told}");
            assert!(told.contains("PO number") && told.contains("2026-02-01"), "{told}");
        }
        assert_eq!(book.document("D-1")["version"], round + 1);
    }
    book.is_sound();
}

#[test]
fn a_hold_looks_again_on_no_day_that_is_over() {
    let book = billed();
    let hold = "invoice hold D-1 --reason late --until";
    book.say(&format!("{hold} 2020-01-31")).ends(2);
    assert_eq!(book.document("D-1")["review"], "none");
    book.say(&format!("{hold} 2030-01-31")).ends(0);
}
