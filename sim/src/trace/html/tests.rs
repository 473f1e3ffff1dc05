use serde_json::Value;

use super::bands::Band;
use super::{Data, EVENTS_MAX, bands, nodes};
use crate::trace::testing::{note, told, transcript};
use crate::trace::{Body, Event, Transcript};

fn page(told: &Transcript) -> String {
    let mut page = Vec::new();
    told.write_html(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// What the page was given.
#[track_caller]
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

fn count(data: &Value, field: &str) -> usize {
    data[field].as_array().unwrap().len()
}

#[test]
fn a_page_has_every_event_lane_and_journey_and_is_small() {
    let told = told("escrow/every_trap", 1);
    let page = page(&told);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    let data = data(&page);
    let samples = told
        .events
        .iter()
        .filter(|event| event.body.kind() == "sample")
        .count();
    for column in ["t", "lane", "kind", "text", "ids", "more", "line"] {
        assert_eq!(
            count(&data["events"], column),
            told.events.len() - samples,
            "{column}"
        );
    }
    assert_eq!(count(&data, "nodes"), told.header.nodes.len());
    assert_eq!(count(&data, "journeys"), told.journeys().len());
    assert_eq!(data["left_out"], "");
}

#[test]
fn a_page_reaches_for_nothing() {
    let page = page(&told("escrow/reorg", 7));
    let (html, rest) = page.split_once("id=\"data\">").unwrap();
    let html = format!("{html}{}", rest.split_once("</script>").unwrap().1);
    let html = html.replace("http://www.w3.org/2000/svg", "");
    for wish in [
        "http:", "https:", "//cdn", " src=", "@import", "url(", "fetch(", "XMLHttp",
    ] {
        assert!(!html.contains(wish), "the page has {wish}");
    }
}

#[test]
fn no_text_of_a_trace_ends_its_element() {
    let hostile = "</script><script>alert(1)</script><!--<script>";
    let mut told = transcript(vec![note(1, 1, hostile)]);
    told.header.scenario = hostile.to_owned();
    let page = page(&told);
    assert_eq!(page.matches("</script>").count(), 2, "those of the page itself");
    let data = data(&page);
    assert_eq!(data["run"]["scenario"], hostile);
    assert!(
        data["texts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|text| text == hostile)
    );
}

#[test]
fn of_more_events_than_fit_polls_and_then_the_last_are_left_out() {
    let told = told("escrow/reorg", 7);
    let whole = Data::of(&told, EVENTS_MAX);
    let shown = |most| {
        let data = Data::of(&told, most);
        assert!(data.events.t.len() <= most);
        (data.events.t.len(), data.left_out)
    };
    let all = whole.events.t.len();
    assert_eq!(
        (whole.left_out, shown(all)),
        (String::new(), (all, String::new()))
    );
    let (without_polls, left_out) = shown(all - 1);
    assert!(without_polls < all - 1);
    assert!(
        left_out.contains("questions for heads and blocks") && !left_out.contains("from"),
        "{left_out}"
    );
    let (few, left_out) = shown(100);
    assert_eq!(few, 100);
    assert!(
        left_out.contains(&format!("and {} events from ", without_polls - 100)),
        "{left_out}"
    );
}

#[test]
fn workers_and_queues_have_lanes_and_bands() {
    let told = told("escrow/workers", 1);
    let nodes = nodes(&told);
    let names: Vec<&str> = nodes.iter().map(|(name, _)| *name).collect();
    for name in ["immediate", "database", "worker-1", "worker-2", "worker-3"] {
        assert!(names.contains(&name), "{name}");
    }
    let bands = bands::of(&told, &nodes);
    let down = |name: &str| {
        let node = names.iter().position(|known| *known == name);
        bands
            .iter()
            .filter(|band| Some(band.node) == node && band.kind == "down")
            .count()
    };
    let deaths = |name: &str| {
        let died = |event: &&Event| event.node == name && matches!(event.body, Body::Died(_));
        told.events.iter().filter(died).count()
    };
    for name in ["worker-1", "worker-2", "worker-3"] {
        assert!(deaths(name) > 0, "{name}");
        assert_eq!(down(name), deaths(name), "{name}");
    }
    let immediate = names.iter().position(|name| *name == "immediate");
    let faults = |band: &&Band| Some(band.node) == immediate && band.kind == "fault";
    assert_eq!(bands.iter().filter(faults).count(), 7);
}

#[test]
fn bands_last_as_long_as_what_they_show() {
    let told = told("escrow/crash_and_restart", 3);
    let bands = bands::of(&told, &nodes(&told));
    let down: Vec<&Band> = bands.iter().filter(|band| band.kind == "down").collect();
    let crashes = told
        .events
        .iter()
        .filter(|event| event.body.kind() == "crashed")
        .count();
    assert!(crashes > 0);
    assert_eq!(down.len(), crashes);
    assert!(down.iter().all(|band| band.is_over && band.from < band.to));
}
