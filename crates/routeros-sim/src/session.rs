//! One connection: reads sentences, runs commands, keeps those that go on, writes what is due.

use crate::command::{self, Next};
use crate::job::Job;
use crate::login;
use crate::router::Router;
use crate::row::{Row, Trap, done, start};
use crate::spec::Policies;
use crate::{Dialect, wire};
use bytes::BytesMut;
use routeros::codec::{Caps, Decoder, Sentence};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep_until};

/// Sentences a stranger may send before the router hangs up.
const SENTENCES_BEFORE_LOGIN_MAX: u32 = 8;
/// Untagged commands that may wait for the one that runs.
const WAITING_MAX: usize = 64;
/// Commands that may run side by side on one connection.
const JOBS_MAX: usize = 4096;

pub(crate) struct Session {
    pub(crate) router: Arc<Router>,
    pub(crate) dialect: Dialect,
    /// What the user may do; `None` before login.
    pub(crate) policies: Option<Policies>,
    pub(crate) challenge: Option<[u8; 16]>,
    number: u64,
    sentences_before_login: u32,
    /// When it began: jobs are stepped in ticks counted from here.
    pub(crate) began: Instant,
    pub(crate) jobs: Vec<Job>,
    /// Untagged commands run one after the other.
    waiting: VecDeque<Sentence>,
    pub(crate) out: BytesMut,
    /// A row to fill, kept for its memory.
    pub(crate) row: Row,
    /// Close once `out` is written.
    closing: bool,
    /// A word was announced that will never be complete: nothing can follow.
    pub(crate) stuck: bool,
}

/// Serves one client until it leaves, the protocol breaks or a fault cuts it off.
pub(crate) async fn serve<S>(router: Arc<Router>, number: u64, stream: &mut S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session::new(router, number);
    let mut decoder = Decoder::new(Caps::default());
    loop {
        let due = session.jobs.iter().map(|job| job.due).min();
        tokio::select! {
            read = stream.read_buf(decoder.buffer_mut()) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    if session.take_all(&mut decoder).is_err() {
                        return;
                    }
                }
            },
            () = sleep_until(due.unwrap_or(session.began)), if due.is_some() => session.step(),
        }
        if wire::flush(&session.router, stream, &mut session.out).await.is_err() || session.closing {
            return;
        }
    }
}

impl Session {
    fn new(router: Arc<Router>, number: u64) -> Self {
        let dialect = router.lock().dialect();
        Self {
            router,
            dialect,
            policies: None,
            challenge: None,
            number,
            sentences_before_login: 0,
            began: Instant::now(),
            jobs: Vec::new(),
            waiting: VecDeque::new(),
            out: BytesMut::new(),
            row: Row::default(),
            closing: false,
            stuck: false,
        }
    }

    fn take_all(&mut self, decoder: &mut Decoder) -> Result<(), routeros::codec::DecodeError> {
        while let Some(sentence) = decoder.next_sentence()? {
            // A hanging router swallows what it is sent.
            let silent = {
                let faults = &self.router.lock().faults;
                faults.hang || faults.black_hole
            };
            if !silent && !self.stuck && !self.closing {
                self.take(sentence);
            }
        }
        Ok(())
    }

    fn take(&mut self, request: Sentence) {
        let tag = request.tag().map(<[u8]>::to_vec);
        let tag = tag.as_deref();
        match request.first() {
            b"/login" => {
                self.sentences_before_login += 1;
                if self.policies.is_none() && self.sentences_before_login > SENTENCES_BEFORE_LOGIN_MAX {
                    return self.fatal(b"too many commands before login");
                }
                login::login(self, &request, tag);
            }
            _ if self.policies.is_none() => self.fatal(b"not logged in"),
            b"/quit" => self.fatal(b"session terminated on request"),
            b"/cancel" => self.cancel(&request, tag),
            _ if tag.is_none() && self.jobs.iter().any(|job| job.tag.is_none()) => {
                if self.waiting.len() == WAITING_MAX {
                    return self.fatal(b"too many commands");
                }
                self.waiting.push_back(request);
            }
            _ => self.run(&request, tag),
        }
    }

    fn run(&mut self, request: &Sentence, tag: Option<&[u8]>) {
        match command::run(self, request, tag) {
            Ok(Next::Done) => done(&mut self.out, tag),
            Ok(Next::Returned(value)) => start(&mut self.out, b"!done", tag).attribute("ret", value).end(),
            Ok(Next::GoesOn(_)) if self.jobs.len() == JOBS_MAX => self.fatal(b"too many commands"),
            Ok(Next::GoesOn(job)) => self.jobs.push(*job),
            Ok(Next::Stuck) => self.stuck = true,
            Err(trap) => {
                trap.write(&mut self.out, tag);
                done(&mut self.out, tag);
            }
        }
    }

    /// Moves every job that is due one step on.
    fn step(&mut self) {
        let now = Instant::now();
        let mut at = 0;
        while at < self.jobs.len() {
            if self.jobs[at].due > now || self.stuck {
                at += 1;
                continue;
            }
            let mut job = self.jobs.swap_remove(at);
            if job.step(self, now) {
                self.jobs.push(job);
                let last = self.jobs.len() - 1;
                self.jobs.swap(at, last);
                at += 1;
            } else {
                done(&mut self.out, job.tag.as_deref());
            }
        }
        self.run_waiting();
    }

    /// `/cancel`: the trap of each cancelled command, the cancel's own `!done`, then theirs (as captured).
    fn cancel(&mut self, request: &Sentence, tag: Option<&[u8]>) {
        const INTERRUPTED: Trap = Trap::in_category("2", "interrupted");
        if command::refuse_unknown_arguments(request, &["tag"]).is_err() {
            Trap::new("unknown parameter").write(&mut self.out, tag);
            return done(&mut self.out, tag);
        }
        let which = request.attribute("tag");
        let jobs = std::mem::take(&mut self.jobs);
        let (cancelled, kept) =
            jobs.into_iter().partition::<Vec<_>, _>(|job| which.is_none() || job.tag.as_deref() == which);
        self.jobs = kept;
        for job in &cancelled {
            job.note(self);
            INTERRUPTED.write(&mut self.out, job.tag.as_deref());
        }
        done(&mut self.out, tag);
        for job in &cancelled {
            done(&mut self.out, job.tag.as_deref());
        }
        self.run_waiting();
    }

    fn run_waiting(&mut self) {
        while self.jobs.iter().all(|job| job.tag.is_some()) {
            let Some(request) = self.waiting.pop_front() else { return };
            self.run(&request, None);
        }
    }

    pub(crate) fn new_challenge(&mut self) -> [u8; 16] {
        let seed = self.router.lock().spec.seed;
        let position = self.number << 8 | u64::from(self.sentences_before_login);
        *self.challenge.insert(login::challenge(seed, position))
    }

    fn fatal(&mut self, reason: &[u8]) {
        start(&mut self.out, b"!fatal", None).word(reason).end();
        self.closing = true;
    }
}
