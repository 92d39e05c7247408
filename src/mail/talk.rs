//! One message over a connection, to some recipients, each of whom the server answers for itself.

use super::wire::{Broken, Wire, words};
use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};

/// How far a message got to a recipient when it was not accepted.
#[derive(Debug, Clone)]
pub(super) enum Lost {
    /// Not so far: the server refuses us, whatever the message and whoever the recipient.
    Us(Broken),
    /// Before the final dot: certainly not delivered.
    Before(Broken),
    /// After it, with no answer.
    After(String),
}

/// What a recipient was answered in the end.
pub(super) type Heard = Result<String, Lost>;

/// Whether a connection has carried a message before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wear {
    New,
    Used,
}

/// What became of a message.
pub(super) enum Talk {
    /// What each recipient was answered, in their order, and whether another message may follow.
    Heard(Vec<Heard>, After),
    /// A used connection died or is ended by the server. Nothing of the message was taken; a new
    /// connection may take it.
    Worn,
}

/// Whether a connection may carry another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Goes,
    Ends,
}

/// Sends one message to some recipients. What the server says to the message itself holds for all
/// whom it took before.
pub(super) fn message(
    wire: &mut Wire,
    wear: Wear,
    from: &Address,
    to: &[Address],
    message: &[u8],
) -> Talk {
    let (asked, after) = match route(wire, wear, from, to, message) {
        Ok(asked) => asked,
        Err(_) if wear == Wear::Used => return Talk::Worn,
        Err(lost) => return Talk::Heard(vec![Err(lost); to.len()], After::Ends),
    };
    if after == After::Ends || asked.iter().all(Option::is_some) {
        let gone = || Lost::Before(Broken::Line("the server hung up".into()));
        let heard = asked.into_iter().map(|lost| Err(lost.unwrap_or_else(gone))).collect();
        return Talk::Heard(heard, after);
    }
    let (said, after) = body(wire, message);
    let heard = asked.into_iter().map(|lost| lost.map_or_else(|| said.clone(), Err)).collect();
    Talk::Heard(heard, after)
}

/// Names the sender and the recipients: of each recipient why it is not taken, none where it is. An
/// error is about the sender; then nobody was asked for. All at once where the server offers that
/// (RFC 2920).
fn route(
    wire: &mut Wire,
    wear: Wear,
    from: &Address,
    to: &[Address],
    message: &[u8],
) -> Result<(Vec<Option<Lost>>, After), Lost> {
    let plain = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    let wide = wire.offers("SMTPUTF8");
    let strange = || {
        let words = "the address is not ASCII and the server does not take such (SMTPUTF8)";
        Broken::Never(words.into())
    };
    if !(wide || plain(from)) {
        return Err(Lost::Us(strange()));
    }
    let mut options = Vec::new();
    if wide && !(plain(from) && to.iter().all(plain)) {
        options.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() && wire.offers("8BITMIME") {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let mut before = Vec::new();
    if wear == Wear::Used {
        before.push(Rset.to_string());
    }
    before.push(Mail::new(Some(from.clone()), options).to_string());
    let asks = |address: &Address| wide || plain(address);
    let asked: Vec<String> = to
        .iter()
        .filter(|address| asks(address))
        .map(|address| Rcpt::new(address.clone(), Vec::new()).to_string())
        .collect();
    let at_once = wire.offers("PIPELINING");
    if at_once {
        let all: String = before.iter().chain(&asked).map(String::as_str).collect();
        wire.put(all.as_bytes()).map_err(Lost::Before)?;
    }
    for command in &before {
        if !at_once {
            wire.put(command.as_bytes()).map_err(Lost::Before)?;
        }
        wire.answer().map_err(|broken| match broken {
            Broken::Later(_) | Broken::Never(_) => Lost::Us(broken),
            Broken::Line(_) | Broken::Tls(_) => Lost::Before(broken),
        })?;
    }
    let (mut out, mut after) = (Vec::with_capacity(to.len()), After::Goes);
    let mut commands = asked.iter();
    for address in to {
        if !asks(address) {
            out.push(Some(Lost::Before(strange())));
            continue;
        }
        let Some(command) = commands.next().filter(|_| after == After::Goes) else {
            out.push(None);
            continue;
        };
        let put = if at_once { Ok(()) } else { wire.put(command.as_bytes()) };
        let lost = put.and_then(|()| wire.answer()).err();
        if lost.as_ref().is_some_and(ends) {
            after = After::Ends;
        }
        out.push(lost.map(blame));
    }
    Ok((out, after))
}

/// Hands over the message itself.
fn body(wire: &mut Wire, message: &[u8]) -> (Heard, After) {
    let ended = |broken: Broken| {
        let after = if ends(&broken) { After::Ends } else { After::Goes };
        (Err(blame(broken)), after)
    };
    if let Err(broken) = wire.say(Data) {
        return ended(broken);
    }
    if let Err(broken) = wire.put(&stuffed(message)) {
        return (Err(Lost::Before(broken)), After::Ends);
    }
    // A server that hung up or objected while we talked has not taken the message: it has not
    // seen the dot. Looking costs nothing and keeps the message out of the unknown.
    if wire.has_something_to_say() {
        let lost = match wire.answer() {
            Ok(answer) => Broken::Line(format!("spoke before the end: {}", words(&answer))),
            Err(broken) => broken,
        };
        return (Err(Lost::Before(lost)), After::Ends);
    }
    if let Err(broken) = wire.put(b".\r\n") {
        // Three bytes that the kernel refused cannot have arrived; of an encrypted record that is
        // less sure.
        let lost =
            if wire.is_encrypted() { Lost::After(broken.words()) } else { Lost::Before(broken) };
        return (Err(lost), After::Ends);
    }
    match wire.answer() {
        Ok(answer) => (Ok(words(&answer)), After::Goes),
        Err(broken @ (Broken::Later(_) | Broken::Never(_))) => ended(broken),
        Err(Broken::Line(said) | Broken::Tls(said)) => (Err(Lost::After(said)), After::Ends),
    }
}

/// Whether nothing more is to be had on this connection: it is gone, or the server says that it
/// closes it (421; RFC 5321, 3.8).
fn ends(broken: &Broken) -> bool {
    match broken {
        Broken::Line(_) | Broken::Tls(_) => true,
        Broken::Later(said) => said.starts_with("421"),
        Broken::Never(_) => false,
    }
}

/// 530, 534, 535 and 538 in the middle of a message ask for a login (RFC 4954, section 6): we are
/// at fault, not the recipient.
fn blame(broken: Broken) -> Lost {
    let login = ["530", "534", "535", "538"];
    match &broken {
        Broken::Never(said) if login.iter().any(|code| said.starts_with(code)) => Lost::Us(broken),
        Broken::Line(_) | Broken::Later(_) | Broken::Never(_) | Broken::Tls(_) => {
            Lost::Before(broken)
        }
    }
}

/// The message with line ends of CR LF, dots at line starts doubled (RFC 5321, 4.5.2), and a line
/// end at its end, so that the final dot stands alone.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 64);
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
}
