#![allow(missing_docs, clippy::all)]
use plimsoll_sim::fault::*;
use plimsoll_sim::world::plan::*;
use plimsoll_sim::world::*;
fn main() {
    let seeds: u64 = std::env::args().nth(1).map_or(300, |s| s.parse().unwrap());
    let mut plan = Plan::calm("perf", 60_000);
    for i in 0..12u64 {
        let user = (i % 6) as u32;
        let mut deed = Deed::payment(2_000 + i * 4_000, user, Token::Usdt, 5_000 + i);
        if let Deed::Deposit { claims, at_ms, .. } = &mut deed {
            if i % 2 == 0 {
                claims.push(ClaimPlan {
                    at_ms: *at_ms + 500,
                    user,
                    key: None,
                })
            }
        }
        plan.workload.push(deed);
    }
    plan.faults.push(ScheduledFault {
        from_ms: 20_000,
        until_ms: Some(40_000),
        fault: Fault::Endpoint {
            endpoint: 1,
            fault: EndpointFault::Dead,
            percent: 100,
        },
    });
    let start = std::time::Instant::now();
    let (mut steps, mut events, mut questions) = (0, 0, 0);
    let mut sim = std::time::Duration::ZERO;
    let mut last = None;
    for seed in 0..seeds {
        let out = World::new(&plan, seed).unwrap().run();
        if !out.verdict.is_passed() {
            println!("{seed}: {:?}", out.verdict);
        }
        steps += out.stats.steps;
        events += out.stats.events;
        questions += out.stats.questions;
        sim += out.stats.simulated;
        last = Some(out);
    }
    let t = start.elapsed();
    println!(
        "{seeds} seeds in {t:?}: {:.0} seeds/s, {:.0} steps/s, {:.0} events/s, {:.0}x, {} steps/seed {} q/seed",
        seeds as f64 / t.as_secs_f64(),
        steps as f64 / t.as_secs_f64(),
        events as f64 / t.as_secs_f64(),
        sim.as_secs_f64() / t.as_secs_f64(),
        steps / seeds,
        questions / seeds
    );
    let out = last.unwrap();
    println!("{:?} {:?}", out.verdict, out.stats);
}
