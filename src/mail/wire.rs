//! One SMTP connection (RFC 5321), step by step, so that it is always known how far a message got.
//!
//! lettre gives the commands, the login mechanisms and the reader of answers. The socket is ours,
//! because lettre's keeps Nagle's delay on and does not tell a message lost before the final dot
//! from one lost after it.

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// Longest line and answer that are read; a server that says more is cut off.
const MAX_LINE: u64 = 4096;
const MAX_LINES: usize = 200;

/// How a step went wrong.
#[derive(Debug)]
pub(super) enum Broken {
    /// The line is gone or silent.
    Line(String),
    /// The server said 4xx.
    Later(String),
    /// The server said 5xx.
    Never(String),
    /// Encryption or its certificate failed.
    Tls(String),
}

impl Broken {
    pub(super) fn words(self) -> String {
        match self {
            Self::Line(w) | Self::Later(w) | Self::Never(w) | Self::Tls(w) => w,
        }
    }
}

impl From<io::Error> for Broken {
    fn from(e: io::Error) -> Self {
        let words = match e.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
            io::ErrorKind::UnexpectedEof => "the server hung up".to_owned(),
            _ => e.to_string(),
        };
        // rustls wraps its own alerts and certificate errors in io::Error.
        if e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some() {
            return Self::Tls(words);
        }
        Self::Line(words)
    }
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Closed,
}

impl Socket {
    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(tcp) => Some(tcp),
            Self::Tls(tls) => Some(&tls.sock),
            Self::Closed => None,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buf),
            Self::Tls(tls) => tls.read(buf),
            Self::Closed => Ok(0),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(buf),
            Self::Tls(tls) => tls.write(buf),
            Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
            Self::Closed => Ok(()),
        }
    }
}

/// A connection that has said hello.
pub(super) struct Wire {
    stream: BufReader<Socket>,
    /// What the server offered, upper case.
    offers: Vec<String>,
}

/// How far a message got when it was not accepted.
#[derive(Debug)]
pub(super) enum Lost {
    /// Before the final dot: certainly not delivered.
    Before(Broken),
    /// After it, with no answer.
    After(String),
}

impl Wire {
    /// Connects and reads the greeting.
    pub(super) fn connect(host: &str, port: u16, patience: Duration) -> Result<Self, Broken> {
        let mut last = Broken::Line(format!("{host} has no address"));
        let addresses = (host, port)
            .to_socket_addrs()
            .map_err(|e| Broken::Line(format!("{host} cannot be found: {e}")))?;
        for address in addresses {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(tcp) => {
                    // Small commands must not wait for the acknowledgement of the one before.
                    tcp.set_nodelay(true)?;
                    tcp.set_read_timeout(Some(patience))?;
                    tcp.set_write_timeout(Some(patience))?;
                    let stream = BufReader::new(Socket::Plain(tcp));
                    return Ok(Self { stream, offers: Vec::new() });
                }
                Err(e) => last = Broken::Line(format!("no connection to {address}: {e}")),
            }
        }
        Err(last)
    }

    /// Reads the greeting and says hello.
    pub(super) fn greet(&mut self) -> Result<(), Broken> {
        self.answer()?;
        self.hello()
    }

    fn hello(&mut self) -> Result<(), Broken> {
        let answer = self.say(Ehlo::new(ClientId::default()))?;
        self.offers =
            answer.message().skip(1).map(|line| line.trim().to_ascii_uppercase()).collect();
        Ok(())
    }

    fn offers(&self, word: &str) -> bool {
        self.offers.iter().any(|o| o.split_ascii_whitespace().next() == Some(word))
    }

    /// Turns the connection into an encrypted one, from the first byte on.
    pub(super) fn encrypt(&mut self, config: Arc<ClientConfig>, host: &str) -> Result<(), Broken> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|e| Broken::Tls(format!("{host:?} is no server name: {e}")))?;
        let socket = std::mem::replace(self.stream.get_mut(), Socket::Closed);
        let Socket::Plain(mut tcp) = socket else {
            return Err(Broken::Tls("the connection is not open".into()));
        };
        let mut session =
            ClientConnection::new(config, name).map_err(|e| Broken::Tls(e.to_string()))?;
        while session.is_handshaking() {
            session.complete_io(&mut tcp).map_err(|e| match Broken::from(e) {
                Broken::Tls(w) => Broken::Tls(format!("encryption failed: {w}")),
                other @ (Broken::Line(_) | Broken::Later(_) | Broken::Never(_)) => other,
            })?;
        }
        // A new reader: what came before encryption is forgotten (RFC 3207, section 4.2).
        self.stream = BufReader::new(Socket::Tls(Box::new(StreamOwned::new(session, tcp))));
        Ok(())
    }

    /// Asks for encryption in the middle of the talk, then says hello anew.
    pub(super) fn starttls(&mut self, config: Arc<ClientConfig>, host: &str) -> Result<(), Broken> {
        if !self.offers("STARTTLS") {
            return Err(Broken::Tls("the server does not offer STARTTLS".into()));
        }
        self.say(Starttls)?;
        self.encrypt(config, host)?;
        self.hello()
    }

    /// Logs in with the first mechanism both sides know.
    pub(super) fn login(&mut self, user: &str, password: &str) -> Result<(), Broken> {
        let offered = self
            .offers
            .iter()
            .find_map(|o| o.strip_prefix("AUTH "))
            .map(|list| list.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .unwrap_or_default();
        let mechanism = [Mechanism::Plain, Mechanism::Login]
            .into_iter()
            .find(|m| offered.iter().any(|o| *o == m.to_string()))
            .ok_or_else(|| Broken::Never("the server offers no login daybook knows".into()))?;
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        let bad = |e: lettre::transport::smtp::Error| Broken::Never(e.to_string());
        let mut answer = self.say(Auth::new(mechanism, credentials.clone(), None).map_err(bad)?)?;
        for _ in 0..4 {
            if !answer.has_code(334) {
                break;
            }
            let next = Auth::new_from_response(mechanism, credentials.clone(), &answer);
            answer = self.say(next.map_err(bad)?)?;
        }
        if answer.has_code(334) { Err(Broken::Never("login did not end".into())) } else { Ok(()) }
    }

    /// Puts an idle connection back to the start; an error means it is dead.
    pub(super) fn reset(&mut self) -> Result<(), Broken> {
        self.say(Rset).map(|_| ())
    }

    /// Says goodbye; nobody minds if it fails.
    pub(super) fn quit(mut self) {
        let _ = self.say(Quit);
    }

    /// Sends one message. `Ok` is the server's acceptance.
    pub(super) fn message(
        &mut self,
        from: &Address,
        to: &Address,
        message: &[u8],
    ) -> Result<String, Lost> {
        self.route(from, to, message).map_err(Lost::Before)?;
        self.say(Data).map_err(Lost::Before)?;
        let body = stuffed(message);
        self.put(&body).map_err(Lost::Before)?;
        // A server that hung up or objected while we talked has not taken the message: it has not
        // seen the dot. Looking costs nothing and keeps the message out of the unknown.
        if self.has_something_to_say() {
            return Err(Lost::Before(match self.answer() {
                Ok(answer) => Broken::Line(format!("spoke before the end: {}", words(&answer))),
                Err(broken) => broken,
            }));
        }
        if let Err(broken) = self.put(b".\r\n") {
            // Three bytes that the kernel refused cannot have arrived; of an encrypted record that
            // is less sure.
            return Err(match self.stream.get_ref() {
                Socket::Plain(_) | Socket::Closed => Lost::Before(broken),
                Socket::Tls(_) => Lost::After(broken.words()),
            });
        }
        match self.answer() {
            Ok(answer) => Ok(words(&answer)),
            Err(Broken::Later(said)) => Err(Lost::Before(Broken::Later(said))),
            Err(Broken::Never(said)) => Err(Lost::Before(Broken::Never(said))),
            Err(Broken::Line(said) | Broken::Tls(said)) => Err(Lost::After(said)),
        }
    }

    fn route(&mut self, from: &Address, to: &Address, message: &[u8]) -> Result<(), Broken> {
        let mut options = Vec::new();
        if [from, to].iter().any(|a| !AsRef::<str>::as_ref(a).is_ascii()) {
            if !self.offers("SMTPUTF8") {
                let words = "the address is not ASCII and the server does not take such (SMTPUTF8)";
                return Err(Broken::Never(words.into()));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        self.say(Mail::new(Some(from.clone()), options))?;
        self.say(Rcpt::new(to.clone(), Vec::new())).map(|_| ())
    }

    /// Whether bytes or a hang-up wait to be read, without waiting for them.
    fn has_something_to_say(&mut self) -> bool {
        if !self.stream.buffer().is_empty() {
            return true;
        }
        let Some(tcp) = self.stream.get_ref().tcp() else { return true };
        if tcp.set_nonblocking(true).is_err() {
            return false;
        }
        let seen = tcp.peek(&mut [0; 1]);
        let _ = tcp.set_nonblocking(false);
        match seen {
            // Under encryption a few bytes may be no answer (session tickets); an end always is one.
            Ok(0) => true,
            Ok(_) => matches!(self.stream.get_ref(), Socket::Plain(_)),
            Err(e) => e.kind() != io::ErrorKind::WouldBlock,
        }
    }

    fn say(&mut self, command: impl Display) -> Result<Response, Broken> {
        self.put(command.to_string().as_bytes())?;
        self.answer()
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()?;
        Ok(())
    }

    /// Reads one answer, of one or many lines.
    fn answer(&mut self) -> Result<Response, Broken> {
        let mut text = String::new();
        for _ in 0..MAX_LINES {
            let mut line = Vec::new();
            (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                return Err(Broken::Line("the server hung up".into()));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            text.push_str(line);
            text.push_str("\r\n");
            if line.as_bytes().get(3) != Some(&b'-') {
                return judge(&text);
            }
        }
        Err(Broken::Line("the server's answer has no end".into()))
    }
}

fn judge(text: &str) -> Result<Response, Broken> {
    let Ok(response) = text.parse::<Response>() else {
        return Err(Broken::Line(format!("not SMTP: {}", said(text))));
    };
    match response.code().severity {
        Severity::PositiveCompletion | Severity::PositiveIntermediate => Ok(response),
        Severity::TransientNegativeCompletion => Err(Broken::Later(words(&response))),
        Severity::PermanentNegativeCompletion => Err(Broken::Never(words(&response))),
    }
}

/// Code and text of an answer on one line, fit for a screen.
fn words(response: &Response) -> String {
    let text = response.message().collect::<Vec<_>>().join(" ");
    said(&format!("{} {text}", response.code()))
}

fn said(text: &str) -> String {
    crate::domain::text::said(text, 300)
}

/// The message with line ends of CR LF, dots at line starts doubled (RFC 5321, 4.5.2), and a line
/// end at its end, so that the final dot stands alone.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        out.extend_from_slice(bare);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_the_end_stands_alone() {
        assert_eq!(stuffed(b"a\r\n.b\n..\r\nc"), b"a\r\n..b\r\n...\r\nc\r\n");
        assert_eq!(stuffed(b""), b"");
    }

    #[test]
    fn answers_are_judged_by_their_first_digit_and_cleaned() {
        assert!(judge("250-one\r\n250 two\r\n").is_ok());
        assert!(matches!(judge("451 busy\r\n"), Err(Broken::Later(w)) if w == "451 busy"));
        assert!(
            matches!(judge("550 \u{1b}[2Jgone\r\n"), Err(Broken::Never(w)) if w == "550 [2Jgone")
        );
        assert!(matches!(judge("HTTP/1.1 400\r\n"), Err(Broken::Line(_))));
    }
}
