//! Mail over real sockets: every outcome, hang-ups at nine points, the drop folder.

use crate::harness::sink::{HangUp, POINTS, Script, Sink};
use daybook::mail::drop::DropFolder;
use daybook::mail::smtp::{Login, Server, Smtp, Tls};
use daybook::mail::{Envelope, MailOutcome, Mailer};
use std::time::Duration;

fn mailer(port: u16, login: Option<(&str, &str)>) -> Smtp {
    Smtp::new(Server {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::None,
        login: login.map(|(user, password)| Login { user: user.into(), password: password.into() }),
        authorities: Vec::new(),
        patience: Duration::from_secs(10),
    })
    .unwrap()
}

fn envelope(to: &str) -> Envelope {
    Envelope {
        from: "billing@issuer.example".into(),
        to: to.into(),
        message_id: format!("DL-1.{to}"),
    }
}

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.dot first\r\nlast";

#[test]
fn a_message_arrives_whole_and_the_connection_is_kept() {
    let sink = Sink::start(Script::default());
    let mailer = mailer(sink.port, None);
    for i in 0..20 {
        let outcome = mailer.send(&envelope(&format!("c{i}@example.com")), MESSAGE);
        assert!(
            matches!(&outcome, MailOutcome::Sent { reply } if reply == "250 taken"),
            "{outcome:?}"
        );
    }
    let taken = sink.taken();
    assert_eq!((taken.len(), sink.connections()), (20, 1));
    assert_eq!(taken[3].0, "c3@example.com");
    assert_eq!(taken[3].1, b"Subject: x\r\n\r\n.dot first\r\nlast\r\n");
}

#[test]
fn refusals_are_told_apart() {
    let sink = Sink::start(Script::default());
    sink.script(|s| {
        s.rcpt.insert("later@example.com".into(), "451 4.7.1 greylisted".into());
        s.rcpt.insert("never@example.com".into(), "550 5.1.1 unknown".into());
    });
    let mailer = mailer(sink.port, None);
    let later = mailer.send(&envelope("later@example.com"), MESSAGE);
    assert_eq!(later, MailOutcome::Deferred { reply: "451 4.7.1 greylisted".into() });
    let never = mailer.send(&envelope("never@example.com"), MESSAGE);
    assert_eq!(never, MailOutcome::Bounced { reply: "550 5.1.1 unknown".into() });
    let fine = mailer.send(&envelope("fine@example.com"), MESSAGE);
    assert!(
        matches!(fine, MailOutcome::Sent { .. }),
        "one refusal does not stop the next: {fine:?}"
    );
    sink.script(|s| s.dot = Some("554 5.7.1 spam".into()));
    let spam = mailer.send(&envelope("fine@example.com"), MESSAGE);
    assert_eq!(spam, MailOutcome::Bounced { reply: "554 5.7.1 spam".into() });
    sink.script(|s| s.dot = Some("452 full".into()));
    let full = mailer.send(&envelope("fine@example.com"), MESSAGE);
    assert_eq!(full, MailOutcome::Deferred { reply: "452 full".into() });
    assert_eq!(sink.taken().len(), 1);
    let bad = mailer.send(&envelope("no address"), MESSAGE);
    assert!(matches!(bad, MailOutcome::Bounced { .. }), "{bad:?}");
}

#[test]
fn a_refused_login_is_the_transports_fault() {
    let script =
        Script { auth: Some("535 5.7.8 wrong".into()), needs_login: true, ..Script::default() };
    let sink = Sink::start(script);
    let refused = mailer(sink.port, Some(("mia", "wrong"))).send(&envelope("a@b.example"), MESSAGE);
    assert_eq!(refused, MailOutcome::TransportDown { reply: "535 5.7.8 wrong".into() });
    let missing = mailer(sink.port, None).send(&envelope("a@b.example"), MESSAGE);
    assert_eq!(missing, MailOutcome::TransportDown { reply: "530 log in first".into() });
    sink.script(|s| s.auth = Some("235 welcome".into()));
    let fine = mailer(sink.port, Some(("mia", "right"))).send(&envelope("a@b.example"), MESSAGE);
    assert!(matches!(fine, MailOutcome::Sent { .. }), "{fine:?}");
    assert_eq!(sink.logins()[1], "AUTH PLAIN AG1pYQByaWdodA==");
    let mut server = Server {
        host: "127.0.0.1".into(),
        port: sink.port,
        tls: Tls::Starttls,
        login: None,
        authorities: Vec::new(),
        patience: Duration::from_secs(10),
    };
    let bare = Smtp::new(server.clone()).unwrap().send(&envelope("a@b.example"), MESSAGE);
    assert!(
        matches!(&bare, MailOutcome::TransportDown { reply } if reply.contains("STARTTLS")),
        "no mail in the clear when encryption was asked for: {bare:?}"
    );
    server.port = 1;
    let closed = Smtp::new(server).unwrap().send(&envelope("a@b.example"), MESSAGE);
    assert!(matches!(closed, MailOutcome::LostBeforeData { .. }), "{closed:?}");
}

#[test]
fn a_hang_up_at_each_point_is_judged_and_nothing_is_lost_or_doubled() {
    for point in POINTS {
        let sink = Sink::start(Script { hang_up: vec![point], ..Script::default() });
        let mailer = mailer(sink.port, None);
        let first = mailer.send(&envelope("a@b.example"), MESSAGE);
        let copies = sink.taken().len();
        match point {
            HangUp::Greeting | HangUp::Ehlo | HangUp::Mail | HangUp::Rcpt | HangUp::Data => {
                assert!(
                    matches!(first, MailOutcome::LostBeforeData { .. }),
                    "{point:?}: {first:?}"
                );
                assert_eq!(copies, 0, "{point:?}");
            }
            // The server may have gone after the dot was on its way: then it is not known.
            HangUp::MidData => {
                assert!(
                    matches!(
                        first,
                        MailOutcome::LostBeforeData { .. } | MailOutcome::Unconfirmed { .. }
                    ),
                    "{first:?}"
                );
                assert_eq!(copies, 0);
            }
            HangUp::Dot => {
                assert!(matches!(first, MailOutcome::Unconfirmed { .. }), "{first:?}");
                assert_eq!(copies, 1);
            }
            HangUp::Confirmed | HangUp::Idle => {
                assert!(matches!(first, MailOutcome::Sent { .. }), "{point:?}: {first:?}");
                assert_eq!(copies, 1);
            }
        }
        // Whatever happened, the next message goes out once.
        let next = mailer.send(&envelope("next@b.example"), MESSAGE);
        assert!(matches!(next, MailOutcome::Sent { .. }), "{point:?}: {next:?}");
        let again = sink.taken().iter().filter(|(to, _)| to == "next@b.example").count();
        assert_eq!(again, 1, "{point:?}");
    }
}

#[test]
fn a_silent_server_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        tls: Tls::None,
        login: None,
        authorities: Vec::new(),
        patience: Duration::from_millis(50),
    };
    let outcome = Smtp::new(server).unwrap().send(&envelope("a@b.example"), MESSAGE);
    assert_eq!(outcome, MailOutcome::LostBeforeData { reply: "no answer in time".into() });
}

#[test]
fn a_server_that_talks_nonsense_does_no_harm() {
    for greeting in
        [&b"HTTP/1.1 400 Bad\r\n\r\n"[..], &[0xff; 9000][..], b"\r\n", b"250-\r\n\t\r\n"]
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let greeting = greeting.to_vec();
        let server = std::thread::spawn(move || {
            use std::io::Write;
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(&greeting);
        });
        let outcome = mailer(port, None).send(&envelope("a@b.example"), MESSAGE);
        assert!(matches!(outcome, MailOutcome::LostBeforeData { .. }), "{outcome:?}");
        server.join().unwrap();
    }
}

#[test]
fn the_drop_folder_keeps_one_file_for_each_message() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = DropFolder::new(folder.path().join("mail"));
    let mut name = envelope("a@b.example");
    for id in ["DL-000001.1@book", "DL-000001.1@book", "../../x@book", "DL-000001.1@other"] {
        name.message_id = id.into();
        let outcome = mailer.send(&name, MESSAGE);
        assert!(matches!(outcome, MailOutcome::Sent { .. }), "{outcome:?}");
    }
    let files: Vec<String> = std::fs::read_dir(folder.path().join("mail"))
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.iter().all(|f| f.contains(".eml") && !f.starts_with('.')), "{files:?}");
    assert_eq!(std::fs::read(mailer.file_of("DL-000001.1@book")).unwrap(), MESSAGE);
    let nowhere = DropFolder::new("/proc/no/such".into()).send(&name, MESSAGE);
    assert!(matches!(nowhere, MailOutcome::TransportDown { .. }), "{nowhere:?}");
}

/// The certificate authority of the test server, as a site would name it.
const AUTHORITY: &[u8] = include_bytes!("harness/tls/ca.pem");

#[test]
fn encryption_is_checked_against_the_authorities_that_are_trusted() {
    for tls in [Tls::Starttls, Tls::Wrapper] {
        let sink = Sink::encrypted(Script::default(), tls == Tls::Wrapper);
        let server = |host: &str, authorities: &[u8]| Server {
            host: host.into(),
            port: sink.port,
            tls,
            login: None,
            authorities: authorities.into(),
            patience: Duration::from_secs(10),
        };
        let stranger = Smtp::new(server("localhost", b"")).unwrap();
        let refused = stranger.send(&envelope("a@b.example"), MESSAGE);
        assert!(matches!(refused, MailOutcome::TransportDown { .. }), "{tls:?}: {refused:?}");
        assert!(sink.taken().is_empty());
        let known = Smtp::new(server("localhost", AUTHORITY)).unwrap();
        for n in 1..=3 {
            let sent = known.send(&envelope("a@b.example"), MESSAGE);
            assert!(matches!(sent, MailOutcome::Sent { .. }), "{tls:?}: {sent:?}");
            assert_eq!(sink.taken().len(), n);
        }
        assert!(Smtp::new(server("localhost", b"no PEM")).is_err());
    }
}
