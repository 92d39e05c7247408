//! An SMTP server for tests: keeps every message it took, answers as scripted, hangs up where told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Where the server hangs up, without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    Greeting,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    MidData,
    /// The message is taken, the answer is not sent.
    Dot,
    /// The message is taken and confirmed, then the line is cut.
    Confirmed,
    /// While the connection is idle, at the next RSET or QUIT.
    Idle,
}

pub const POINTS: [HangUp; 9] = [
    HangUp::Greeting,
    HangUp::Ehlo,
    HangUp::Mail,
    HangUp::Rcpt,
    HangUp::Data,
    HangUp::MidData,
    HangUp::Dot,
    HangUp::Confirmed,
    HangUp::Idle,
];

/// What a server says at a step instead of yes.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Messages after whose final dot the server is silent until the other side is gone.
    pub stall: usize,
    /// Hang-ups left, by point; each is used once per count.
    pub hang_up: Vec<HangUp>,
    /// Answers by recipient at RCPT: `451 busy`.
    pub rcpt: BTreeMap<String, String>,
    /// Answer after the dot instead of 250.
    pub dot: Option<String>,
    /// Answer to AUTH; none = login is not offered.
    pub auth: Option<String>,
    /// Whether a login is demanded at MAIL.
    pub needs_login: bool,
    /// Answer to MAIL instead of 250.
    pub mail: Option<String>,
    /// Greeting instead of 220; then the server hangs up.
    pub greeting: Option<String>,
    /// Whether commands may come together (PIPELINING).
    pub pipelining: bool,
    /// Messages that a connection takes before the next MAIL is answered 421; 0 = any number.
    pub per_connection: usize,
}

/// A connection, encrypted or not.
trait Line: std::io::Read + Write {}
impl<T: std::io::Read + Write> Line for T {}

#[derive(Default)]
struct Seen {
    script: Mutex<Script>,
    taken: Mutex<Vec<(String, Vec<u8>)>>,
    messages: AtomicUsize,
    /// By recipient domain: how many connections carry mail to it, and the most there were.
    lanes: Mutex<BTreeMap<String, (usize, usize)>>,
    gone: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    more: Condvar,
    connections: AtomicUsize,
    logins: Mutex<Vec<String>>,
}

/// A running server; stops with the test.
pub struct Sink {
    pub port: u16,
    seen: Arc<Seen>,
}

impl Sink {
    pub fn start(script: Script) -> Self {
        Self::listen(script, None)
    }

    /// With a certificate for localhost: from the first byte, or offered as STARTTLS.
    pub fn encrypted(script: Script, wrapper: bool) -> Self {
        Self::listen(script, Some(wrapper))
    }

    fn listen(script: Script, tls: Option<bool>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let seen = Arc::new(Seen { script: Mutex::new(script), ..Seen::default() });
        let port = listener.local_addr().unwrap().port();
        accept(listener, &seen, tls);
        Self { port, seen }
    }

    /// Ends all at once, as a killed process does: every connection is cut, the port is closed.
    pub fn kill(&self) {
        self.seen.gone.store(true, Ordering::SeqCst);
        for stream in self.seen.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        // Wakes the one that listens, which then closes the port.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            std::thread::yield_now();
        }
    }

    /// Begins anew on the same port; what was taken before is still known.
    pub fn restart(&self) {
        let listener = loop {
            match TcpListener::bind(("127.0.0.1", self.port)) {
                Ok(listener) => break listener,
                Err(_) => std::thread::yield_now(),
            }
        };
        self.seen.gone.store(false, Ordering::SeqCst);
        accept(listener, &self.seen, None);
    }

    /// Messages taken so far, to however many recipients.
    pub fn messages(&self) -> usize {
        self.seen.messages.load(Ordering::SeqCst)
    }

    /// The most connections that carried mail to a recipient domain at once.
    pub fn most_at_once(&self, domain: &str) -> usize {
        self.seen.lanes.lock().unwrap().get(domain).map_or(0, |(_, most)| *most)
    }

    /// Waits until so many copies were taken.
    pub fn wait_for(&self, count: usize) {
        let taken = self.seen.taken.lock().unwrap();
        let patience = Duration::from_secs(60);
        let (taken, late) =
            self.seen.more.wait_timeout_while(taken, patience, |t| t.len() < count).unwrap();
        assert!(!late.timed_out(), "only {} of {count} messages came", taken.len());
    }

    /// Every message taken so far, once for each of its recipients: address and bytes.
    pub fn taken(&self) -> Vec<(String, Vec<u8>)> {
        self.seen.taken.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub fn logins(&self) -> Vec<String> {
        self.seen.logins.lock().unwrap().clone()
    }

    /// Changes what the server says from now on.
    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.seen.script.lock().unwrap());
    }
}

fn accept(listener: TcpListener, seen: &Arc<Seen>, tls: Option<bool>) {
    let shared = seen.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if shared.gone.load(Ordering::SeqCst) {
                return;
            }
            let seen = shared.clone();
            seen.connections.fetch_add(1, Ordering::SeqCst);
            seen.open.lock().unwrap().extend(stream.try_clone());
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                let _ = stream.set_nodelay(true);
                let _ = serve(&stream, &seen, tls);
                let _ = stream.shutdown(std::net::Shutdown::Both);
            });
        }
    });
}

/// Counts a connection in for the domains of its message, and out again.
struct Lane<'a> {
    seen: &'a Seen,
    domains: BTreeSet<String>,
}

impl<'a> Lane<'a> {
    fn of(seen: &'a Seen, to: &[String]) -> Self {
        let domains: BTreeSet<String> =
            to.iter().filter_map(|a| a.split('@').nth(1)).map(str::to_owned).collect();
        let mut lanes = seen.lanes.lock().unwrap();
        for domain in &domains {
            let (now, most) = lanes.entry(domain.clone()).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        drop(lanes);
        Self { seen, domains }
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let mut lanes = self.seen.lanes.lock().unwrap();
        for domain in &self.domains {
            lanes.get_mut(domain).unwrap().0 -= 1;
        }
    }
}

impl Seen {
    fn stalls(&self) -> bool {
        let mut script = self.script.lock().unwrap();
        let stalls = script.stall > 0;
        script.stall = script.stall.saturating_sub(1);
        stalls
    }

    fn hangs_up(&self, point: HangUp) -> bool {
        let mut script = self.script.lock().unwrap();
        let Some(at) = script.hang_up.iter().position(|p| *p == point) else { return false };
        script.hang_up.remove(at);
        true
    }
}

fn server_tls() -> Arc<rustls::ServerConfig> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let chain = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    Arc::new(config)
}

/// Talks in the clear, encrypted from the start, or in the clear until STARTTLS.
fn serve(stream: &TcpStream, seen: &Seen, tls: Option<bool>) -> std::io::Result<()> {
    let encrypt = || {
        let session = rustls::ServerConnection::new(server_tls()).unwrap();
        rustls::StreamOwned::new(session, stream.try_clone().unwrap())
    };
    match tls {
        None => talk(&mut { stream }, seen, false, true).map(drop),
        Some(true) => talk(&mut encrypt(), seen, false, true).map(drop),
        Some(false) => {
            if talk(&mut { stream }, seen, true, true)? {
                talk(&mut encrypt(), seen, false, false)?;
            }
            Ok(())
        }
    }
}

/// Reads a line byte by byte: nothing behind it is taken from the connection.
fn read_line(from: &mut dyn Line, line: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut byte = [0];
    while from.read(&mut byte)? == 1 {
        line.push(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
    }
    Ok(line.len())
}

/// One conversation; true when the other side asked for encryption.
fn talk(
    stream: &mut dyn Line,
    seen: &Seen,
    offers_tls: bool,
    greets: bool,
) -> std::io::Result<bool> {
    if greets {
        if seen.hangs_up(HangUp::Greeting) {
            return Ok(false);
        }
        if let Some(greeting) = seen.script.lock().unwrap().greeting.clone() {
            stream.write_all(format!("{greeting}\r\n").as_bytes())?;
            return Ok(false);
        }
        stream.write_all(b"220 sink\r\n")?;
    }
    let (mut to, mut logged_in, mut carried) = (Vec::<String>::new(), false, 0);
    loop {
        let mut line = Vec::new();
        if read_line(stream, &mut line)? == 0 {
            return Ok(false);
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let verb = line.split([' ', ':']).next().unwrap_or("").trim().to_ascii_uppercase();
        let script = seen.script.lock().unwrap().clone();
        let answer = match verb.as_str() {
            "EHLO" if seen.hangs_up(HangUp::Ehlo) => return Ok(false),
            "EHLO" if script.auth.is_some() => {
                "250-sink\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned()
            }
            "EHLO" if offers_tls => "250-sink\r\n250-STARTTLS\r\n250 8BITMIME".to_owned(),
            "EHLO" if script.pipelining => "250-sink\r\n250-PIPELINING\r\n250 8BITMIME".to_owned(),
            "EHLO" => "250-sink\r\n250 8BITMIME".to_owned(),
            "STARTTLS" if offers_tls => {
                stream.write_all(b"220 go\r\n")?;
                return Ok(true);
            }
            "AUTH" => {
                seen.logins.lock().unwrap().push(line.trim().to_owned());
                let answer = script.auth.unwrap_or_else(|| "503 no".into());
                logged_in = answer.starts_with('2');
                answer
            }
            "MAIL" if seen.hangs_up(HangUp::Mail) => return Ok(false),
            "MAIL" if script.needs_login && !logged_in => "530 log in first".to_owned(),
            "MAIL" if script.per_connection > 0 && carried >= script.per_connection => {
                stream.write_all(b"421 4.7.0 enough on this connection\r\n")?;
                return Ok(false);
            }
            "MAIL" => {
                to.clear();
                script.mail.unwrap_or_else(|| "250 ok".into())
            }
            "RCPT" if seen.hangs_up(HangUp::Rcpt) => return Ok(false),
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or("").to_owned();
                let answer = script.rcpt.get(&address).cloned().unwrap_or_else(|| "250 ok".into());
                if answer.starts_with('2') {
                    to.push(address);
                }
                answer
            }
            "DATA" if seen.hangs_up(HangUp::Data) => return Ok(false),
            "DATA" => {
                if seen.hangs_up(HangUp::MidData) {
                    stream.write_all(b"354 go on\r\n")?;
                    read_line(stream, &mut Vec::new())?;
                    return Ok(false);
                }
                let _lane = Lane::of(seen, &to);
                stream.write_all(b"354 go on\r\n")?;
                let Some(message) = message(stream)? else { return Ok(false) };
                if let Some(answer) = script.dot {
                    answer
                } else {
                    // A killed server has taken nothing more, whatever was on its way.
                    if seen.gone.load(Ordering::SeqCst) {
                        return Ok(false);
                    }
                    let copies = to.iter().map(|to| (to.clone(), message.clone()));
                    seen.taken.lock().unwrap().extend(copies);
                    seen.messages.fetch_add(1, Ordering::SeqCst);
                    carried += 1;
                    seen.more.notify_all();
                    if seen.stalls() {
                        read_line(stream, &mut Vec::new())?;
                        return Ok(false);
                    }
                    if seen.hangs_up(HangUp::Dot) {
                        return Ok(false);
                    }
                    if seen.hangs_up(HangUp::Confirmed) {
                        stream.write_all(b"250 taken\r\n")?;
                        return Ok(false);
                    }
                    "250 taken".to_owned()
                }
            }
            "RSET" | "QUIT" if seen.hangs_up(HangUp::Idle) => return Ok(false),
            "RSET" => {
                to.clear();
                "250 ok".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n")?;
                return Ok(false);
            }
            _ => "500 what?".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

/// Reads up to the final dot; `None` when the line breaks before it.
fn message(stream: &mut dyn Line) -> std::io::Result<Option<Vec<u8>>> {
    let mut lines = BufReader::new(stream);
    let mut out = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(out));
        }
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
