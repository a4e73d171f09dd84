//! Serving a handler, and what all fakes and their builders have in common.

mod methods;
mod mock;
mod wire;

use std::{
    fmt,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    panic::Location,
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

pub(super) use self::methods::{builder_methods, fake_methods, operation, reply_fault};
use self::{mock::Wiremock, wire::WireListener};
use super::{
    Call, Fault, Faults, InProcess, Journal, Operation, Request,
    core::{Core, Script, Scripted},
    journal::KEPT,
    rules::Rules,
};
pub(super) use super::{
    core::lock,
    state::{State, TokenEnd, Visit},
};
use crate::time::{Clock, SystemClock};

/// How a fake is served; part of every builder.
pub(super) struct Setup<O> {
    pub(super) clock: Arc<dyn Clock>,
    listener: Option<TcpListener>,
    wire_listener: bool,
    kept: usize,
    script: Script<O>,
    /// Instead of the vendor's own.
    #[cfg(feature = "fake-checks")]
    rules: Option<Rules>,
}

impl<O: Operation> Default for Setup<O> {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            listener: None,
            wire_listener: false,
            kept: KEPT,
            script: Script::default(),
            #[cfg(feature = "fake-checks")]
            rules: None,
        }
    }
}

impl<O> fmt::Debug for Setup<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl<O: Operation> Setup<O> {
    #[track_caller]
    pub(super) fn bind(&mut self, port: u16) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match TcpListener::bind(address) {
            Ok(listener) => self.listener = Some(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                panic!("the fake cannot listen on port {port}, which is taken: {error}")
            }
            Err(error) => panic!("the fake cannot listen on port {port}: {error}"),
        }
    }

    pub(super) fn wire_listener(&mut self, wanted: bool) {
        self.wire_listener = wanted;
    }

    pub(super) fn keep_requests(&mut self, kept: usize) {
        self.kept = kept;
    }

    #[cfg(feature = "fake-checks")]
    #[track_caller]
    pub(super) fn check_against(&mut self, document: Option<&serde_json::Value>) {
        self.rules = Some(document.map_or_else(Rules::default, Rules::of_document));
    }

    #[track_caller]
    pub(super) fn faults(&mut self, operation: O, faults: Faults) {
        let scripted = Scripted { faults, written: Location::caller() };
        if let Some(earlier) = self.script.by_operation.insert(operation, scripted) {
            panic!("{operation} has faults already, written at {}; join them with `then`", earlier.written);
        }
    }
}

/// A served state.
pub(super) struct Served<S: State> {
    core: Arc<Core<S>>,
    uri: String,
    server: Mutex<Server>,
}

enum Server {
    Wiremock(Wiremock),
    Wire { _listener: WireListener },
    Nothing,
}

type OperationOf<S> = <<S as State>::Call as Call>::Operation;

impl<S: State> fmt::Debug for Served<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl<S: State> Served<S> {
    pub(super) async fn start(state: S, mut setup: Setup<OperationOf<S>>) -> Self {
        if setup.listener.is_none() {
            setup.bind(0);
        }
        let listener = setup.listener.take().expect("just bound");
        let address = listener.local_addr().expect("a bound listener has an address");
        let needs_wire =
            setup.wire_listener || setup.script.by_operation.values().any(|each| each.faults.need_wire());
        let core = core(state, setup);
        core.measure_concurrency(needs_wire);
        let server = if needs_wire {
            Server::Wire { _listener: WireListener::start(listener, core.clone()) }
        } else {
            Server::Wiremock(Wiremock::start(listener, core.clone()).await)
        };
        Self { core, uri: format!("http://{address}"), server: Mutex::new(server) }
    }

    /// Without a socket: only clients within the process reach it.
    #[track_caller]
    pub(super) fn in_process(state: S, setup: Setup<OperationOf<S>>, host: &str) -> Self {
        let wants_socket = setup.listener.is_some() || setup.wire_listener;
        assert!(
            !wants_socket,
            "a fake in process has no port and no listener; leave them out, or `start()` it"
        );
        let uri = format!("http://{host}");
        let core = core(state, setup);
        core.measure_concurrency(true);
        Self { core, uri, server: Mutex::new(Server::Nothing) }
    }

    pub(super) fn uri(&self) -> String {
        self.uri.clone()
    }

    /// For a client of a fake without a socket.
    pub(super) fn in_process_end(&self) -> Option<InProcess> {
        let has_socket = !matches!(*lock(&self.server), Server::Nothing);
        (!has_socket).then(|| self.join(InProcess::default()))
    }

    pub(super) fn join(&self, end: InProcess) -> InProcess {
        end.with(self.uri.clone(), self.core.clone())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, S> {
        self.core.state()
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.core.clock()
    }

    pub(super) fn journal(&self) -> Journal<S::Call> {
        self.core.journal()
    }

    pub(super) fn received(&self) -> Vec<Request> {
        self.core.journal().entries().map(|entry| entry.request.clone()).collect()
    }

    pub(super) fn queue(&self, fault: Fault) {
        self.core.script().queued.push_back(fault);
    }

    #[track_caller]
    pub(super) fn faults(&self, operation: OperationOf<S>, faults: Faults) {
        if faults.need_wire() {
            self.serve_by_wire();
        }
        let scripted = Scripted { faults, written: Location::caller() };
        self.core.script().by_operation.insert(operation, scripted);
    }

    #[track_caller]
    pub(super) fn assert_faults_used(&self) {
        let script = self.core.script();
        let left = script.by_operation.iter().filter(|(_, scripted)| scripted.faults.are_left());
        let left: Vec<_> = left
            .map(|(operation, scripted)| format!("{operation}, written at {}", scripted.written))
            .collect();
        let queued = script.queued.len();
        drop(script);
        assert!(left.is_empty(), "some faults never came:\n{}\n{}", left.join("\n"), self.journal());
        assert!(queued == 0, "{queued} queued replies were never sent:\n{}", self.journal());
    }

    pub(super) fn clear_faults(&self) {
        *self.core.script() = Script::default();
    }

    /// Takes the port over from wiremock.
    fn serve_by_wire(&self) {
        let mut server = lock(&self.server);
        match std::mem::replace(&mut *server, Server::Nothing) {
            Server::Wiremock(wiremock) => {
                let listener = wiremock.into_listener();
                *server = Server::Wire { _listener: WireListener::start(listener, self.core.clone()) };
            }
            other => *server = other,
        }
    }
}

/// Says what the author of the test has to hear of, where the test would otherwise go on by chance.
impl<S: State> Drop for Served<S> {
    fn drop(&mut self) {
        let complaints = self.core.complaints();
        if thread::panicking() {
            // The test failed for another reason, or for this one without knowing it.
            for complaint in complaints {
                eprintln!("{complaint}");
            }
        } else {
            assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        }
    }
}

fn core<S: State>(state: S, setup: Setup<OperationOf<S>>) -> Arc<Core<S>> {
    #[cfg(feature = "fake-checks")]
    let rules = setup.rules.unwrap_or_else(|| Rules::of(S::checker()));
    #[cfg(not(feature = "fake-checks"))]
    let rules = Rules::default();
    Arc::new(Core::new(state, setup.clock, rules, setup.script, setup.kept))
}
