//! An alert does not wait for reports: neither in the queue nor for a connection.

use std::sync::{Arc, Mutex};

use jobs::{Delivered, Delivery, Mailer, Smtp, SmtpSettings, SmtpTls};
use serde_json::json;
use sla::LinkState::Up;
use store::{CompanyEdit, NewMail, NewReport, OutboxFilter, OutboxState, ReportId, Store};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use crate::{
    database::on_both,
    deliver::settings,
    isp::{HOUR, Isp, at},
};

const REPORTS: usize = 20_000;
const CONNECTIONS: usize = 4;

/// Takes mails and answers each only when it is let go.
struct SlowServer {
    port: u16,
    /// To whom, in the order in which mails arrived in whole.
    arrived: Arc<Mutex<Vec<String>>>,
    arrivals: Arc<Semaphore>,
    let_go: Arc<Semaphore>,
    _serving: JoinSet<()>,
}

impl SlowServer {
    /// Greets so many connections; others are told that it has enough.
    async fn start(connections_max: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (arrived, arrivals, let_go) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let mut serving = JoinSet::new();
        let (list, count, gate) = (Arc::clone(&arrived), Arc::clone(&arrivals), Arc::clone(&let_go));
        serving.spawn(async move {
            let (mut open, places) = (JoinSet::new(), Arc::new(Semaphore::new(connections_max)));
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                    stream.write_all(b"421 too many connections\r\n").await.ok();
                    continue;
                };
                let (list, count, gate) = (Arc::clone(&list), Arc::clone(&count), Arc::clone(&gate));
                open.spawn(async move {
                    converse(stream, &list, &count, &gate).await;
                    drop(place);
                });
            }
        });
        Self { port, arrived, arrivals, let_go, _serving: serving }
    }

    /// Waits until so many more mails have arrived.
    async fn arrive(&self, count: u32) {
        self.arrivals.acquire_many(count).await.unwrap().forget();
    }

    fn arrived(&self) -> Vec<String> {
        self.arrived.lock().unwrap().clone()
    }

    fn delivery(&self, store: &Store, connections: usize) -> Delivery {
        let smtp = SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: SmtpTls::Off,
            login: None,
            timeout: settings().limit,
            hello: None,
        };
        let smtp = Smtp::new(smtp).unwrap().with_connections(connections);
        Delivery::new(store.clone(), Mailer::Smtp(Box::new(smtp)), settings())
    }
}

async fn converse(stream: TcpStream, list: &Mutex<Vec<String>>, arrivals: &Semaphore, gate: &Semaphore) {
    let mut stream = BufReader::new(stream);
    let (mut answer, mut to) = ("220 slow.example ready", String::new());
    loop {
        if stream.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        answer = match line.split_whitespace().next().unwrap() {
            "EHLO" => "250 slow.example",
            "RCPT" => {
                to = line[line.find('<').unwrap() + 1..line.find('>').unwrap()].to_owned();
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.unwrap();
                while line.trim_end() != "." {
                    line.clear();
                    stream.read_line(&mut line).await.unwrap();
                }
                list.lock().unwrap().push(std::mem::take(&mut to));
                arrivals.add_permits(1);
                gate.acquire().await.unwrap().forget();
                "250 2.0.0 kept"
            }
            _ => "250 ok",
        };
    }
}

/// A report with so many recipients, whose mails wait.
async fn queue_reports(isp: &Isp, count: usize) -> ReportId {
    let edit = CompanyEdit { attach_pdf: Some(false), ..CompanyEdit::default() };
    isp.store.edit_company(isp.company, &edit, "test", 0).await.unwrap();
    let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
    let link = isp.link("C-1", start).await;
    isp.line(link, &[(start, end, Up)]).await;
    let report = isp.close("2026-10", None, end + HOUR).await[0].outcome.report().unwrap();
    let mail = |kind: &str, recipient: String, payload| NewMail { kind: kind.to_owned(), recipient, payload };
    let mails = (2..count).map(|number| mail("report_ready", format!("r{number}@acme.example"), json!(null)));
    write_again(isp, report, "1", mails.collect()).await
}

/// The next revision of a report, with these mails.
async fn write_again(isp: &Isp, report: ReportId, digest: &str, mails: Vec<NewMail>) -> ReportId {
    let frozen = isp.store.report(report).await.unwrap();
    let new = NewReport {
        link_id: frozen.link_id,
        client_id: frozen.client_id,
        reason: "test",
        statement: &frozen.statement,
        inputs: isp.store.report_inputs(report).await.unwrap().to_bytes(),
        digest: digest.repeat(64),
        facts: frozen.facts.clone(),
        created_by: "test",
        mails,
        news: &[],
    };
    isp.store.write_reports(&[new], at(2026, 11, 1, 2, 0)).await.unwrap()[0].id()
}

async fn queue_alert(isp: &Isp, report: ReportId) {
    let payload = json!({ "event": "link_down", "about": "C-1", "since_ms": 0, "told_ms": 60_000 });
    let alert = NewMail { kind: "link_down".to_owned(), recipient: "noc@isp.example".to_owned(), payload };
    write_again(isp, report, "2", vec![alert]).await;
}

async fn queued(store: &Store) -> usize {
    let filter = OutboxFilter { state: Some(OutboxState::Queued), ..OutboxFilter::default() };
    store.outbox_list(&filter, 100_000).await.unwrap().len()
}

on_both! {
    async fn an_alert_is_the_first_to_reach_a_slow_server_before_20_000_reports(db) {
        let isp = Isp::new(&db.store).await;
        let report = queue_reports(&isp, REPORTS).await;
        assert_eq!(queued(&db.store).await, REPORTS);
        let now = at(2026, 11, 1, 3, 0);
        let server = SlowServer::start(CONNECTIONS).await;
        let delivery = server.delivery(&db.store, CONNECTIONS);
        assert_eq!(delivery.connections(), CONNECTIONS);
        let sending = futures_util::future::join_all((0..CONNECTIONS - 1).map(|connection| delivery.deliver_over(connection, now)));
        let alert = async {
            // All connections that may have a report have one, and the server is in no hurry.
            server.arrive(CONNECTIONS as u32 - 1).await;
            let reserved = CONNECTIONS - 1;
            assert_eq!(delivery.deliver_over(reserved, now).await.unwrap(), Delivered::Nothing, "no report may hold the reserved one");
            queue_alert(&isp, report).await;
            let sending = delivery.deliver_over(reserved, now);
            let arrival = async {
                server.arrive(1).await;
                assert_eq!(server.arrived().last().unwrap(), "noc@isp.example");
                server.let_go.add_permits(CONNECTIONS);
            };
            assert_eq!(tokio::join!(sending, arrival).0.unwrap(), Delivered::Sent);
        };
        let (sent, ()) = tokio::join!(Box::pin(sending), Box::pin(alert));
        assert!(sent.into_iter().all(|sent| sent.unwrap() == Delivered::Sent));
        assert_eq!(server.arrived().len(), CONNECTIONS);
        assert_eq!(queued(&db.store).await, REPORTS - (CONNECTIONS - 1));
    }

    async fn with_one_connection_an_alert_is_the_next_after_the_mail_that_is_being_sent(db) {
        let isp = Isp::new(&db.store).await;
        let report = queue_reports(&isp, 10).await;
        let now = at(2026, 11, 1, 3, 0);
        let server = SlowServer::start(1).await;
        let delivery = server.delivery(&db.store, 1);
        let first = delivery.deliver_once(now);
        let alert = async {
            server.arrive(1).await;
            queue_alert(&isp, report).await;
            server.let_go.add_permits(2);
        };
        assert_eq!(tokio::join!(first, alert).0.unwrap(), Delivered::Sent);
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Sent);
        assert_eq!(server.arrived()[1], "noc@isp.example");
    }

    async fn a_server_that_takes_fewer_connections_delays_no_mail(db) {
        let isp = Isp::new(&db.store).await;
        queue_reports(&isp, 10).await;
        let now = at(2026, 11, 1, 3, 0);
        let server = SlowServer::start(1).await;
        server.let_go.add_permits(100);
        let delivery = server.delivery(&db.store, CONNECTIONS);
        assert_eq!(delivery.deliver_over(0, now).await.unwrap(), Delivered::Sent);
        let before = isp.mails().await;
        assert_eq!(delivery.deliver_over(1, now).await.unwrap(), Delivered::Crowded);
        assert_eq!(isp.mails().await, before, "as if it had not been tried");
        while delivery.deliver_over(0, now).await.unwrap() == Delivered::Sent {}
        assert_eq!(server.arrived().len(), 10);
    }
}
