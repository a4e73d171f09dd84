//! One life of the application, seen from outside, and the leash that it is on.
//!
//! A life takes steps, parts of lines that it writes. It asks before each and tells when it is done,
//! over its standard input and output. So nobody has to wait for a length of time, and no life gets
//! further than it may, however late its killer comes on a busy machine.

use std::{
    io::{BufReader, Read, Stdin, Stdout, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::application::Task;

/// What a life writes to its standard output, where the test harness writes as well.
const BEGUN: u8 = 1;
const DONE: u8 = 2;

/// A process, which does not outlive this.
pub(crate) struct Life {
    process: Child,
    allowed: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Life {
    pub(crate) fn begin(task: &Task) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args(["--exact", "symphony_forwards", "--nocapture"]);
        command.envs(task.environment());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("a process");
        let allowed = process.stdin.take();
        let told = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, allowed, told }
    }

    /// Lets it take so many steps.
    pub(crate) fn allow(&mut self, steps: usize) {
        // It may have failed, which is seen elsewhere.
        let _ = self.allowed.as_mut().expect("alive").write_all(&vec![DONE; steps]);
    }

    /// Waits until it has begun and done so many steps; false if it ended before.
    pub(crate) fn reach(&mut self, steps: usize) -> bool {
        let mut awaited = steps + 1;
        let mut told = [0];
        while awaited > 0 {
            match self.told.read(&mut told) {
                Ok(1) => awaited -= usize::from([BEGUN, DONE].contains(&told[0])),
                _ => return false,
            }
        }
        true
    }

    /// Ends it as nothing can be ended that wants to tidy up first.
    pub(crate) fn kill(mut self) {
        self.process.kill().expect("it was alive");
        let status = self.process.wait().expect("it has ended");
        assert!(!status.success(), "it was over before it was killed");
    }

    /// Lets it come to its own end; whether that was a good one.
    pub(crate) fn finish(mut self) -> bool {
        let _ = self.told.read_to_end(&mut Vec::new());
        self.process.wait().expect("it has ended").success()
    }
}

/// The other end, in the application.
pub(crate) struct Leash {
    allowed: Stdin,
    told: Stdout,
}

impl Leash {
    pub(crate) fn begin() -> Self {
        let mut leash = Self { allowed: std::io::stdin(), told: std::io::stdout() };
        leash.tell(BEGUN);
        leash
    }

    pub(crate) fn step(&mut self, work: &mut dyn FnMut()) {
        let mut allowed = [0];
        if !matches!(self.allowed.read(&mut allowed), Ok(1)) {
            // Whoever held the leash has gone.
            std::process::exit(1);
        }
        work();
        self.tell(DONE);
    }

    fn tell(&mut self, what: u8) {
        // Should nobody listen any more, the next step is not allowed.
        let _ = self.told.write_all(&[what]).and_then(|()| self.told.flush());
    }
}
