//! Listings of collections that stay as they are, and of collections that change, with failures,
//! callers who go away, and resumes; each case from a seed of its own.
//!
//! `PAGING_CASES` sets how many cases, `PAGING_SEED` the first of them, which is the only one unless
//! their number is set.

use std::{
    collections::HashSet,
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use super::{
    drive::{Ran, expected, read},
    server::{Budget, Hidden, Kind, Server, Shared, Style, Told, lock},
    tape::{Tape, shrink},
};

/// As many as take about a second where nothing is optimised. They are the same in every run, so that
/// a failure is one of the change at hand.
const CASES: u64 = 2_000;
const FIRST: u64 = 1;

#[test]
fn a_stable_listing_by_cursor_is_delivered_once_and_in_order() {
    go("stable, by cursor", |tape| stable(tape, by_cursor));
}

#[test]
fn a_stable_listing_by_number_is_delivered_once_and_in_order() {
    go("stable, by number", |tape| stable(tape, by_number));
}

#[test]
fn a_changing_listing_by_cursor_loses_and_repeats_nothing() {
    go("changing, by cursor", |tape| changing(tape, by_cursor, false));
}

#[test]
fn a_changing_listing_by_number_loses_and_repeats_nothing() {
    go("changing, by number", |tape| changing(tape, by_number, false));
}

#[test]
fn insertions_and_removals_at_once_cost_only_what_the_total_hides() {
    go("changing at once, by number", |tape| changing(tape, by_number, true));
}

#[test]
fn a_changing_listing_by_number_is_resumed_exactly() {
    go("changing and resumed, by number", changing_and_resumed);
}

type Verdict = Result<(), String>;

/// What a case does with its choices, and the server it was about.
struct Case {
    server: Shared,
    verdict: Verdict,
}

fn by_cursor(tape: &mut Tape) -> Style {
    Style::Cursor { backwards: tape.chance(8), sizes: u64::from(tape.draw(1_000)) }
}

fn by_number(tape: &mut Tape) -> Style {
    let size = 1 + u64::from(tape.draw(12));
    let concurrency = 1 + tape.draw(4) as usize;
    let told = if tape.chance(4) { Told::Nothing } else { Told::Exactly };
    // Without a total a page that is cut short is the last one.
    let is_capped = matches!(told, Told::Exactly) && tape.chance(4);
    let cap = if is_capped { 1 + u64::from(tape.draw(12)) } else { u64::MAX };
    Style::Number { size, cap, told, concurrency }
}

fn kinds(tape: &mut Tape, most: u32, odd: &[Kind]) -> Vec<Kind> {
    let len = tape.draw(most + 1);
    let is_odd = !odd.is_empty() && tape.chance(4);
    let choices = u32::try_from(odd.len()).expect("few");
    let mut kinds = Vec::new();
    for _ in 0..len {
        let kind = if is_odd && tape.chance(3) { odd[tape.draw(choices) as usize] } else { Kind::Good };
        // Three pages of empty objects are the end.
        let is_third = kinds.ends_with(&[Kind::Blank, Kind::Blank]);
        kinds.push(if is_third && kind == Kind::Blank { Kind::Null } else { kind });
    }
    kinds
}

fn faults(tape: &mut Tape) -> Budget {
    Budget { failures: tape.draw(6), fatal: tape.draw(2), resumes: tape.draw(8), ..Budget::default() }
}

fn stable(mut tape: Tape, style: fn(&mut Tape) -> Style) -> Case {
    let mut style = style(&mut tape);
    let odd = [Kind::Nameless, Kind::Bad, Kind::Null, Kind::Blank];
    let most = match style {
        Style::Cursor { .. } => 2,
        // Without a total a page of nothing but empty objects is the end.
        Style::Number { told: Told::Nothing, .. } => 3,
        Style::Number { .. } => 4,
    };
    let kinds = kinds(&mut tape, 60, &odd[..most]);
    if let Style::Number { size, cap, told, .. } = &mut style {
        let len = kinds.len() as u64;
        if matches!(told, Told::Exactly) && tape.chance(4) {
            let by = 1 + u64::from(tape.draw(30));
            // A total that is too small counts where it ends with a full page.
            let has_blank = kinds.contains(&Kind::Blank);
            let is_seen = !has_blank && *cap == u64::MAX && by < len && !(len - by).is_multiple_of(*size);
            *told = if is_seen && tape.chance(8) { Told::TooFew(by) } else { Told::TooMany(by) };
        }
    }
    let budget = faults(&mut tape);
    let server = Server::new(tape, style, budget, kinds);
    let verdict = run(&server).and_then(|ran| check_stable(&server, &ran));
    Case { server, verdict }
}

fn check_stable(server: &Shared, ran: &Ran) -> Verdict {
    if ran.is_broken {
        return Err("it ended with an error".to_owned());
    }
    let (items, bad, pages) = expected(server);
    same("items", &ran.items, &items)?;
    same("items that cannot be decoded", &ran.bad, &bad)?;
    if ran.changed {
        return Err("it is said to have changed".to_owned());
    }
    let server = lock(server);
    let beyond = match server.style {
        // A page that is too short is read on from where it ended, in steps that grow again.
        Style::Number { size, concurrency, told: Told::TooMany(_), .. } => {
            concurrency as u64 * (2 + 2 * size)
        }
        Style::Number { concurrency, .. } => concurrency as u64,
        Style::Cursor { .. } => 0,
    };
    let most = pages + server.failures + ran.wasted + beyond;
    if server.requests > most {
        return Err(format!("{} requests, and {most} would do", server.requests));
    }
    bounded(&server, ran)
}

fn bounded(server: &Server, ran: &Ran) -> Verdict {
    let concurrency = if let Style::Number { concurrency, .. } = server.style { concurrency } else { 1 };
    if server.most_live > concurrency {
        return Err(format!("{} requests at once, and {concurrency} are allowed", server.most_live));
    }
    let most = concurrency + ran.most_ahead;
    if server.most_pages > most {
        return Err(format!("{} pages at once, and {most} are allowed", server.most_pages));
    }
    Ok(())
}

fn same(what: &str, got: &[u32], wanted: &[u32]) -> Verdict {
    if got == wanted { Ok(()) } else { Err(format!("{what}: {got:?}\nwanted: {wanted:?}")) }
}

fn changing(mut tape: Tape, style: fn(&mut Tape) -> Style, paired: bool) -> Case {
    let mut style = style(&mut tape);
    let kinds = kinds(&mut tape, 60, &[]);
    let mut budget = Budget { failures: tape.draw(4), ..Budget::default() };
    (budget.inserted, budget.removed, budget.paired) = (tape.draw(40), tape.draw(40), paired);
    if let Style::Cursor { backwards, sizes } = &mut style {
        // The cursor knows eight ids.
        (budget.resumes, budget.removed, budget.paired) = (tape.draw(6), budget.removed.min(7), true);
        if !*backwards && budget.resumes > 0 {
            budget.inserted = budget.inserted.min(3);
        } else if budget.inserted + budget.removed > 0 {
            // Such a page begins elsewhere when it is fetched again.
            (budget.resumes, *sizes) = (budget.resumes.min(1), *sizes / 12 * 12 + *sizes % 8);
        }
    }
    let server = Server::new(tape, style, budget, kinds);
    let verdict = run(&server).and_then(|ran| check_changing(&server, &ran));
    Case { server, verdict }
}

fn changing_and_resumed(mut tape: Tape) -> Case {
    let style = by_number(&mut tape);
    let kinds = kinds(&mut tape, 60, &[]);
    let mut budget = faults(&mut tape);
    budget.paired = tape.chance(4);
    budget.removed = tape.draw(8);
    let Style::Number { size, cap, told, .. } = style else { unreachable!("it is by number") };
    // Where the total does not show how far it moved, the place is looked for on the next pages.
    let is_shown = matches!(told, Told::Exactly) && budget.removed == 0;
    let most = if is_shown { 8 } else { u32::try_from(size.min(cap).min(8)).expect("small") };
    budget.inserted = tape.draw(most + 1);
    if budget.inserted > 0 {
        // A second cursor can no longer know what an insertion pushed behind it before the first one.
        (budget.resumes, budget.fatal) = (budget.resumes.min(1), 0);
    }
    let server = Server::new(tape, style, budget, kinds);
    let verdict = run(&server).and_then(|ran| check_changing(&server, &ran));
    Case { server, verdict }
}

fn check_changing(server: &Shared, ran: &Ran) -> Verdict {
    let server = lock(server);
    let mut delivered = HashSet::new();
    if let Some(twice) = ran.items.iter().find(|name| !delivered.insert(**name)) {
        return Err(format!("{twice} came twice"));
    }
    let hidden = match server.style {
        Style::Cursor { .. } => Hidden::default(),
        Style::Number { .. } => server.hidden(),
    };
    if let Style::Number { size, cap, .. } = server.style
        && ran.is_broken
        && hidden.inserted >= 3 * size.min(cap)
    {
        // Three pages of known items that no rise of the total explains are an error.
        return Ok(());
    }
    if ran.is_broken {
        return Err(format!("it ended with an error, and {hidden:?}"));
    }
    let lost: Vec<u32> =
        server.lasting().iter().map(|entry| entry.name).filter(|name| !delivered.contains(name)).collect();
    // After eight steps back that brought nothing a listing goes on.
    if lost.len() as u64 > hidden.removed && hidden.falls <= 8 {
        return Err(format!("lost {lost:?}, and {hidden:?}"));
    }
    if server.saw_totals_differ() && !ran.changed {
        return Err("totals differed, and it is not said to have changed".to_owned());
    }
    if ran.changed && !server.has_changed() {
        return Err("it is said to have changed".to_owned());
    }
    bounded(&server, ran)
}

/// Time stands still while anything can go on, and an hour passes at once where nothing can.
fn run(server: &Shared) -> Result<Ran, String> {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
    }
    let reading = RUNTIME.with(|runtime| {
        catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async { tokio::time::timeout(Duration::from_secs(3_600), read(server)).await })
        }))
    });
    match reading {
        Ok(Ok(ran)) => ran,
        Ok(Err(_)) => Err("it waits for ever".to_owned()),
        Err(_) => Err("it panicked".to_owned()),
    }
}

fn go(name: &str, case: impl Fn(Tape) -> Case) {
    let (first, cases) = match (number("PAGING_SEED"), number("PAGING_CASES")) {
        (Some(seed), cases) => (seed, cases.unwrap_or(1)),
        (None, cases) => (FIRST, cases.unwrap_or(CASES)),
    };
    println!("{name}: {cases} cases; PAGING_SEED={first} PAGING_CASES={cases} repeats them");
    let fails = |tape| {
        let Case { server, verdict } = case(tape);
        let mut server = lock(&server);
        let tape = std::mem::replace(&mut server.tape, Tape::of_seed(0));
        let message = verdict.err().map(|why| {
            let (style, trace) = (server.style, server.trace.join("\n  "));
            format!("{why}\n{style:?}\n  {trace}")
        });
        (tape.into_choices(), message)
    };
    for seed in first..first + cases {
        let (choices, failed) = fails(Tape::of_seed(seed));
        if let Some(message) = failed {
            let message = shrink(choices, message, fails);
            panic!("{name}, PAGING_SEED={seed}, the smallest case that fails:\n{message}");
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}
