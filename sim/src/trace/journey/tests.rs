use crate::trace::testing::told;
use crate::trace::words;

#[test]
fn every_deposit_has_a_journey_with_a_fate() {
    let told = told("escrow/every_trap", 1);
    let lines: Vec<String> = told
        .journeys()
        .iter()
        .map(|one| {
            let wait = one
                .wait()
                .map_or_else(|| "-".to_owned(), |wait| format!("{} ms", wait.as_millis()));
            let events = one.events.len();
            format!(
                "{:>2}  {:<70} {:<28} {wait:>8}  events: {events}",
                one.number, one.title, one.fate
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_journey_goes_from_the_sending_to_the_commit_of_the_posting() {
    let told = told("escrow/crash_and_restart", 3);
    let journeys = told.journeys();
    let journey = &journeys[4];
    let lines: Vec<String> = journey
        .events
        .iter()
        .map(|place| {
            let event = &told.events[*place];
            format!(
                "{:>9}  {:<6} {}",
                words::seconds(event.at),
                event.node,
                words::of(event)
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
