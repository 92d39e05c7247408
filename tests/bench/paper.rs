//! How fast documents are printed and mailed: one-page invoices a second on one core, and messages
//! through a local SMTP sink. `cargo bench --bench paper`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panic")]

use daybook::document::{Customer, Fit, Issuer, Layout, Line, Paper, Press, Printable, email};
use daybook::domain::document::{DocumentKind, DocumentTax, TaxKind};
use daybook::domain::money::Currency;
use daybook::mail::smtp::{Server, Smtp, Tls};
use daybook::mail::{Envelope, MailOutcome, Mailer};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn invoice(n: usize) -> Printable {
    let day = |text: &str| text.parse().unwrap_or_default();
    Printable {
        kind: DocumentKind::Invoice,
        number: format!("INV-2026-{n:06}"),
        account_number: format!("A-{n:05}"),
        currency: Currency::parse("EUR").expect("a currency"),
        invoice_date: day("2026-11-30"),
        due_date: Some(day("2026-12-30")),
        term: "Net 30".into(),
        po_number: String::new(),
        issuer: Issuer {
            name: "Northwind Telemetry GmbH".into(),
            address: vec!["Lindenallee 12".into(), "10785 Berlin".into()],
            tax_id: "DE 811 234 567".into(),
            bank: vec!["IBAN DE02 1203 0000 0000 2020 51".into()],
            footer: vec!["Registered in Berlin, HRB 123456".into()],
        },
        customer: Customer {
            name: format!("Müller & Søn {n} GmbH"),
            address1: "Weg 1".into(),
            postcode: "20095".into(),
            city: "Hamburg".into(),
            country: "Germany".into(),
            ..Customer::default()
        },
        corrects: None,
        lines: (1..=3)
            .map(|i| Line {
                description: format!("Sensor licences, plan {i}"),
                detail: String::new(),
                service: Some((day("2026-11-01"), day("2026-11-30"))),
                quantity: Some(i.into()),
                uom: String::new(),
                unit_price: Some(10.into()),
                amount_minor: i * 1000,
            })
            .collect(),
        taxes: vec![DocumentTax {
            tax_code: "VAT".into(),
            rate_percent: 19.into(),
            name: "VAT".into(),
            kind: TaxKind::Standard,
            inclusive: false,
            reason: String::new(),
            base_minor: 6000,
            tax_minor: 1140,
            rounding: None,
        }],
        subtotal_minor: 6000,
        total_minor: 7140,
        credits: Vec::new(),
        collected_from: String::new(),
        pay: None,
        reference: String::new(),
        home: None,
        note: String::new(),
        paper: Paper::A4,
        fit: Fit::Whole,
        layout: Layout::NEWEST,
        logo: None,
        tongue: daybook::document::Tongue::default(),
    }
}

/// Processor time of this process: a busy neighbour does not change it much.
fn cpu_seconds() -> f64 {
    let used = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel counts");
    let seconds = |t: TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    seconds(used.user_time()) + seconds(used.system_time())
}

fn rate<T>(what: &str, count: usize, mut work: impl FnMut(usize) -> T) {
    let begun = cpu_seconds();
    for n in 0..count {
        std::hint::black_box(work(n));
    }
    println!("{what:<34}{:>10.0} a core second", count as f64 / (cpu_seconds() - begun));
}

fn main() {
    let begun = Instant::now();
    let press = Press::open().expect("the bundled fonts");
    println!("{:<34}{:>10.0} ms once", "fonts opened and cut", begun.elapsed().as_secs_f64() * 1e3);
    let count = 2_000;
    rate("invoices set", count, |n| press.set(&invoice(n)).expect("set").pages());
    let mut size = 0;
    rate("invoices set and written as PDF", count, |n| {
        size = press.set(&invoice(n)).expect("set").pdf(press).len();
    });
    println!("{:<34}{:>10} KB each", "", size / 1024);
    // Names are hardly ever the same: each has a letter more of many.
    let mut script = |what: &str, name: &str, more: &[char]| {
        let named = |n: usize| {
            let mut document = invoice(n);
            document.customer.name = format!("{name}{}", more[n % more.len()]);
            document
        };
        press.set(&named(0)).expect("the font opens");
        rate(what, count, |n| {
            size = press.set(&named(n)).expect("set").pdf(press).len();
        });
        println!("{:<34}{:>10} KB each", "", size / 1024);
    };
    let range = |from: char, to: char| (from..=to).collect::<Vec<char>>();
    script("the same with a Japanese name", "東京商事株式会社", &range('一', '三'));
    script("with an Arabic name", "شركة الأمل للتجارة", &range('ب', 'غ'));
    script("with a Thai name", "บริษัท น้ำใส จำกัด", &range('ก', 'ฮ'));
    script("with a Hindi name", "हिन्दी कंपनी", &range('क', 'ह'));
    script("with a Korean name", "한국 주식회사", &range('가', '깋'));
    let pdf = press.set(&invoice(1)).expect("set").pdf(press);
    let head = email::Heading {
        from: "billing@northwind.example".into(),
        to: "ap@mueller.example".into(),
        cc: Vec::new(),
        reply_to: String::new(),
        message_id: "DL-000001.x@northwind.example".into(),
        date_ms: 1_796_000_000_000,
    };
    rate("e-mails built", count, |n| {
        email::message(&invoice(n), pdf.clone(), &head).expect("mail")
    });
    let message = email::message(&invoice(1), pdf, &head).expect("mail");
    send(&message);
}

/// Eight threads, each on a connection of its own, to a sink that answers at once.
fn send(message: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                let mut out = &stream;
                let _ = out.write_all(b"220 sink\r\n");
                let mut data = false;
                for line in BufReader::new(&stream).split(b'\n').map_while(Result::ok) {
                    let answer: &[u8] = match (data, line.as_slice()) {
                        (true, b".\r") => b"250 ok\r\n",
                        (true, _) => continue,
                        (false, l) if l.starts_with(b"DATA") => b"354 go\r\n",
                        (false, _) => b"250 ok\r\n",
                    };
                    data = answer.starts_with(b"354");
                    if out.write_all(answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let server = Server {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::None,
        login: None,
        authorities: Vec::new(),
        patience: Duration::from_secs(10),
    };
    let mailer = Arc::new(Smtp::new(server).expect("a mailer"));
    let (threads, each) = (8, 500);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for n in 0..each {
                    let envelope = Envelope::one(
                        "billing@northwind.example".into(),
                        format!("c{n}@example.com"),
                        format!("{n}@northwind.example"),
                    );
                    let outcome = mailer.send_one(envelope, message);
                    assert!(matches!(outcome, MailOutcome::Sent { .. }), "{outcome:?}");
                }
            });
        }
    });
    let sent = f64::from(threads * each) / begun.elapsed().as_secs_f64();
    println!("{:<34}{sent:>10.0} a second", "e-mails to a local sink, 8 threads");
}
