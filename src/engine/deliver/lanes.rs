//! Messages on their way over several connections at once, not too many of them to one recipient
//! domain.

use super::letters::{Letter, Ready};
use crate::config::{Config, key};
use crate::engine::job::Ports;
use crate::mail::{Envelope, MailOutcome, Mailer};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// How much goes at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    connections: usize,
    /// Connections that carry mail to one recipient domain.
    per_domain: usize,
}

impl Limits {
    /// By the settings; a folder has no domains.
    pub(super) fn of(config: &Config) -> Self {
        let number = |key| usize::try_from(config.int(key)).unwrap_or(1).max(1);
        let smtp = config.get(key::MAIL_TRANSPORT) == "smtp";
        Self {
            connections: number(key::SMTP_CONNECTIONS),
            per_domain: if smtp { number(key::SMTP_PER_DOMAIN) } else { usize::MAX },
        }
    }
}

/// What came of a message, for each of its copies.
pub(super) struct Answered {
    pub letter: Letter,
    /// In the order of its copies.
    pub outcomes: Vec<MailOutcome>,
}

/// The waiting messages, and what is on its way.
struct Road {
    waiting: VecDeque<Ready>,
    /// By recipient domain: how many connections carry mail to it now.
    busy: BTreeMap<String, usize>,
    answered: Vec<Answered>,
    /// What a connection that was refused was told.
    refused: Option<String>,
}

struct Shared {
    road: Mutex<Road>,
    changed: Condvar,
}

/// What to send over the connections, several at once, with no transaction open. A connection that is
/// refused ends and leaves its message to the others; what no connection is left for was not tried.
pub(super) struct Lanes {
    shared: Arc<Shared>,
    limits: Limits,
}

impl Lanes {
    pub(super) fn new(ready: Vec<Ready>, limits: Limits) -> Self {
        let road = Road {
            waiting: ready.into(),
            busy: BTreeMap::new(),
            answered: Vec::new(),
            refused: None,
        };
        let shared = Arc::new(Shared { road: Mutex::new(road), changed: Condvar::new() });
        Self { shared, limits }
    }

    /// Sends, and does `meanwhile`.
    pub(super) fn run(
        &self,
        ports: &Ports,
        mailer: &Arc<dyn Mailer>,
        meanwhile: &mut dyn FnMut(),
    ) -> Vec<Answered> {
        let count = self.limits.connections.min(self.lock().waiting.len());
        let tasks = (0..count)
            .map(|_| -> Box<dyn FnOnce() + Send> {
                let (shared, mailer, limit) =
                    (self.shared.clone(), mailer.clone(), self.limits.per_domain);
                Box::new(move || lane(&shared, mailer.as_ref(), limit))
            })
            .collect();
        ports.pool.run_beside(self.limits.connections, tasks, meanwhile);
        let mut road = self.lock();
        let reply = road.refused.take().unwrap_or_else(|| "no connection was left".to_owned());
        let mut answered = std::mem::take(&mut road.answered);
        answered.extend(road.waiting.drain(..).map(|one| {
            let refused = MailOutcome::TransportDown { reply: reply.clone() };
            Answered { outcomes: vec![refused; one.letter.rows.len()], letter: one.letter }
        }));
        answered
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Road> {
        self.shared.road.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message that one connection carries; gives its domains free again however that ends.
struct Carried<'a> {
    shared: &'a Shared,
    domains: BTreeSet<String>,
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        let mut road = self.shared.road.lock().unwrap_or_else(PoisonError::into_inner);
        for domain in &self.domains {
            if let Some(n) = road.busy.get_mut(domain) {
                *n -= 1;
            }
        }
        drop(road);
        self.shared.changed.notify_all();
    }
}

/// One connection: message after message.
fn lane(shared: &Shared, mailer: &dyn Mailer, per_domain: usize) {
    while let Some((one, carried)) = next(shared, per_domain) {
        let envelope = Envelope {
            from: one.letter.sender.clone(),
            to: one.letter.rows.iter().map(|row| row.address.clone()).collect(),
            named: one.letter.named.len(),
            message_id: one.letter.name.clone(),
        };
        let outcomes = mailer.send(&envelope, &one.message);
        let refused = outcomes.iter().all(|o| matches!(o, MailOutcome::TransportDown { .. }));
        let mut road = shared.road.lock().unwrap_or_else(PoisonError::into_inner);
        if refused {
            road.refused = outcomes.first().map(|outcome| outcome.reply().to_owned());
            road.waiting.push_front(one);
            drop(road);
            drop(carried);
            return;
        }
        road.answered.push(Answered { letter: one.letter, outcomes });
        drop(road);
        drop(carried);
    }
}

/// The next message to a domain that is not too busy; waits for that where others are on their way.
fn next(shared: &Shared, per_domain: usize) -> Option<(Ready, Carried<'_>)> {
    let mut road = shared.road.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if road.waiting.is_empty() {
            return None;
        }
        let free = |one: &Ready| {
            let taken = |domain: &String| road.busy.get(domain).is_none_or(|n| *n < per_domain);
            domains(&one.letter).iter().all(taken)
        };
        if let Some(at) = road.waiting.iter().position(free) {
            let one = road.waiting.remove(at)?;
            let domains = domains(&one.letter);
            for domain in &domains {
                *road.busy.entry(domain.clone()).or_default() += 1;
            }
            return Some((one, Carried { shared, domains }));
        }
        road = shared.changed.wait(road).unwrap_or_else(PoisonError::into_inner);
    }
}

/// The recipient domains of a message.
fn domains(letter: &Letter) -> BTreeSet<String> {
    let of = |address: &str| {
        address.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_ascii_lowercase())
    };
    letter.rows.iter().map(|row| of(&row.address)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::letters::Seen;
    use super::super::letters::tests::copy;
    use super::*;
    use crate::domain::delivery::Imprint;
    use crate::engine::job::Pool;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Threads;

    impl Pool for Threads {
        fn run(&self, _limit: usize, tasks: Vec<Box<dyn FnOnce() + Send>>) {
            std::thread::scope(|scope| tasks.into_iter().for_each(|task| drop(scope.spawn(task))));
        }
    }

    fn ready(id: i64, to: &str) -> Ready {
        let rows = vec![copy(id, to)];
        let letter = Letter {
            named: vec![to.to_owned()],
            name: format!("{id}"),
            sender: "s@x.example".into(),
            date_ms: 0,
            seen: Seen::No,
            rows,
        };
        let imprint = Imprint { layout: 1, pdf_hash: String::new() };
        Ready { letter, message: Vec::new(), hash: String::new(), imprint, invoice: None }
    }

    fn send(to: &[&str], limits: (usize, usize), mailer: Arc<dyn Mailer>) -> Vec<MailOutcome> {
        let ready = (1..).zip(to).map(|(id, to)| ready(id, to)).collect();
        let limits = Limits { connections: limits.0, per_domain: limits.1 };
        let ports = Ports { pool: Arc::new(Threads) };
        let answered = Lanes::new(ready, limits).run(&ports, &mailer, &mut || ());
        answered.into_iter().flat_map(|one| one.outcomes).collect()
    }

    /// Takes two messages to one.example at a time, and never one alone.
    #[derive(Debug)]
    struct Pairs {
        pair: Barrier,
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Mailer for Pairs {
        fn send(&self, envelope: &Envelope, _message: &[u8]) -> Vec<MailOutcome> {
            if envelope.to[0].ends_with("@One.example") {
                let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(now, Ordering::SeqCst);
                self.pair.wait();
                self.now.fetch_sub(1, Ordering::SeqCst);
                self.pair.wait();
            }
            vec![MailOutcome::Sent { reply: String::new() }]
        }
    }

    #[test]
    fn a_domain_gets_no_more_at_once_than_it_is_to() {
        let pairs = Arc::new(Pairs {
            pair: Barrier::new(2),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let one = "a@One.example";
        let to = [one, one, one, one, one, one, "b@two.example", "c@three.example"];
        assert_eq!(send(&to, (6, 2), pairs.clone()).len(), 8);
        assert_eq!(pairs.most.load(Ordering::SeqCst), 2);
    }

    /// Refuses so many calls, and then takes all.
    #[derive(Debug)]
    struct Refuses(AtomicUsize);

    impl Mailer for Refuses {
        fn send(&self, _envelope: &Envelope, _message: &[u8]) -> Vec<MailOutcome> {
            let less = |n: usize| n.checked_sub(1);
            vec![match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
                Ok(_) => MailOutcome::TransportDown { reply: "421 too many".into() },
                Err(_) => MailOutcome::Sent { reply: String::new() },
            }]
        }
    }

    #[test]
    fn a_connection_that_is_refused_leaves_its_message_to_the_others() {
        let to = ["a@x.example"; 9];
        let sent = |outcomes: &[MailOutcome]| {
            outcomes.iter().filter(|o| matches!(o, MailOutcome::Sent { .. })).count()
        };
        let some = send(&to, (4, 9), Arc::new(Refuses(AtomicUsize::new(3))));
        assert_eq!((some.len(), sent(&some)), (9, 9));
        // None is left: what was not tried is as good as refused.
        let refuses = Arc::new(Refuses(AtomicUsize::new(4)));
        let none = send(&to, (4, 9), refuses.clone());
        assert_eq!((none.len(), sent(&none)), (9, 0));
        assert!(none.iter().all(|o| o.reply() == "421 too many"));
        assert_eq!(refuses.0.load(Ordering::SeqCst), 0, "nobody was asked again and again");
    }
}
