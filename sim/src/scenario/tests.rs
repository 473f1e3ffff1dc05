use std::collections::BTreeSet;

use super::Scenario;
use super::expect::ExpectTable;
use super::kinds::{
    Claiming, CueKind, DepositKind, DriftKind, Family, FaultKind, LieKind, LossKind, ShapeKind,
    TransactionKind,
};
use super::schema::{DepositsTable, FaultTable, ScenarioTable, SwarmTable, TransactionsTable};
use super::schema::{WorkloadTable, WorldTable};
use crate::fault::{Fault, LinkName};
use crate::world::plan::{Deed, Plan};

const README: &str = include_str!("../../../scenarios/README.md");

/// The plan of seed 1 of a scenario whose file goes on with `rest` after its first two fields.
#[track_caller]
fn plan(rest: &str) -> Plan {
    let text = format!("proves = \"x\"\nduration_ms = 60_000\n{rest}");
    match Scenario::parse("test", "test.toml", &text) {
        Ok(scenario) => scenario.expand(1),
        Err(errors) => panic!(
            "{}",
            errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        ),
    }
}

#[test]
fn the_smallest_scenario_is_a_calm_world() {
    let plan = plan("");
    assert_eq!(plan.topology.endpoints.len(), 3);
    assert_eq!((plan.workload.len(), plan.faults.len()), (0, 0));
}

#[test]
fn a_seed_always_expands_to_the_same_plan_and_another_to_another() {
    for (name, text) in super::library::EMBEDDED {
        let scenario = Scenario::parse(name, name, text).unwrap();
        assert_eq!(scenario.expand(7), scenario.expand(7), "{name}");
        let is_another = scenario.expand(7) != scenario.expand(8);
        assert_eq!(is_another, scenario.expanded().is_none(), "{name}");
    }
}

#[test]
fn every_plan_of_a_swarm_is_sound_and_much_is_left_out() {
    let swarms = super::library::EMBEDDED
        .iter()
        .filter(|(name, _)| name.ends_with("swarm"));
    for (name, text) in swarms {
        let scenario = Scenario::parse(name, name, text).unwrap();
        let plans: Vec<Plan> = (0..300).map(|seed| scenario.expand(seed)).collect();
        for (seed, plan) in plans.iter().enumerate() {
            assert_eq!(plan.check(), Ok(()), "{name}, seed {seed}");
        }
        assert!(
            plans.iter().any(|plan| plan.faults.is_empty()),
            "{name}: no run without faults"
        );
        assert!(
            plans.iter().any(|plan| plan.faults.len() > 10),
            "{name}: no storm"
        );
    }
}

#[test]
fn adding_an_entry_moves_no_other() {
    let deposits = "[[workload.deposits]]\nkind = \"plain\"\ncount = 3\nat_ms = [0, 50_000]\n";
    let few = plan(deposits);
    let more = plan(&deposits.replace("count = 3", "count = 4"));
    assert_eq!(few.workload[..], more.workload[..3]);
}

#[test]
fn targets_name_endpoints_and_links() {
    let text =
        "[[faults]]\nkind = \"loss\"\npercent = 5\ntarget = [\"rpc-2\", \"users\"]\nat_ms = 5\nfor_ms = 10\n";
    let plan = plan(text);
    let links: Vec<_> = plan.faults.iter().map(|one| &one.fault).collect();
    let is_link =
        |fault: &Fault, wanted: LinkName| matches!(fault, Fault::Network { link, .. } if *link == wanted);
    assert!(is_link(links[0], LinkName::Endpoint { endpoint: 1 }), "{links:?}");
    assert!(is_link(links[1], LinkName::Users), "{links:?}");
    assert_eq!((plan.faults[0].from_ms, plan.faults[0].until_ms), (5, Some(15)));
}

#[test]
fn a_claim_is_repeated_under_one_key_and_concurrent_ones_have_their_own() {
    let of = |claim: &str| {
        let table = format!(
            "[[workload.deposits]]\nkind = \"plain\"\ncount = 1\nat_ms = 9_000\nclaim = \"{claim}\"\n"
        );
        let Some(Deed::Deposit { claims, .. }) = plan(&table).workload.pop() else {
            panic!("no deposit")
        };
        claims
    };
    let twice = of("twice");
    assert!(
        twice.len() == 2 && twice[0].key.is_some() && twice[0].key == twice[1].key,
        "{twice:?}"
    );
    let concurrent = of("concurrent");
    assert!(
        concurrent
            .iter()
            .all(|claim| claim.key.is_none() && claim.at_ms == concurrent[0].at_ms)
    );
    let stolen = of("stolen");
    assert!(
        stolen[0].user != stolen[1].user && stolen[0].at_ms <= stolen[1].at_ms,
        "{stolen:?}"
    );
    assert!(of("early")[0].at_ms < 9_000);
    assert_eq!(of("never"), []);
}

/// The fields that serde knows of a table: it lists them when it meets an unknown one.
fn fields_of<T: serde::de::DeserializeOwned + std::fmt::Debug>() -> BTreeSet<String> {
    let message = toml::from_str::<T>("zzz = 1").unwrap_err().message().to_owned();
    message.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

/// The first column of the first table below a heading of the README that starts with `column`.
fn documented(heading: &str, column: &str) -> BTreeSet<String> {
    let (_, section) = README
        .split_once(&format!("## {heading}\n"))
        .unwrap_or_else(|| panic!("no heading {heading}"));
    let section = section.split("\n## ").next().unwrap_or("");
    let header = format!("| {column} |");
    let rows = section
        .lines()
        .skip_while(|line| !line.starts_with(&header))
        .skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('`').nth(1))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_readme_documents_exactly_the_fields_there_are() {
    assert_eq!(documented("The file", "field"), fields_of::<ScenarioTable>());
    assert_eq!(documented("`[world]`", "field"), fields_of::<WorldTable>());
    assert_eq!(documented("`[workload]`", "field"), fields_of::<WorkloadTable>());
    assert_eq!(
        documented("`[[workload.deposits]]`", "field"),
        fields_of::<DepositsTable>()
    );
    assert_eq!(
        documented("`[[workload.transactions]]`", "field"),
        fields_of::<TransactionsTable>()
    );
    assert_eq!(documented("`[[faults]]`", "field"), fields_of::<FaultTable>());
    assert_eq!(documented("`[expect]`", "field"), fields_of::<ExpectTable>());
    assert_eq!(documented("`[swarm]`", "field"), fields_of::<SwarmTable>());
}

#[test]
fn the_readme_documents_exactly_the_words_there_are() {
    fn words(all: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
        all.into_iter().map(str::to_owned).collect()
    }
    let deposits = words(DepositKind::ALL.iter().map(|kind| kind.word()));
    assert_eq!(documented("`[[workload.deposits]]`", "kind"), deposits);
    let claims = words(Claiming::ALL.iter().map(|kind| kind.word()));
    assert_eq!(documented("`[[workload.deposits]]`", "claim"), claims);
    let transactions = words(TransactionKind::ALL.iter().map(|kind| kind.word()));
    assert_eq!(documented("`[[workload.transactions]]`", "kind"), transactions);
    assert_eq!(
        documented("`[[faults]]`", "kind"),
        words(FaultKind::ALL.iter().map(|kind| kind.word()))
    );
    assert_eq!(
        documented("`[[faults]]`", "lie"),
        words(LieKind::ALL.iter().map(|kind| kind.word()))
    );
    let shapes = words(ShapeKind::ALL.iter().map(|kind| kind.word()));
    assert_eq!(documented("`[world]`", "shape"), shapes);
    let events = words(CueKind::ALL.iter().map(|kind| kind.word()));
    assert_eq!(documented("`[[faults]]`", "event"), events);
    for word in LossKind::ALL
        .iter()
        .map(|kind| kind.word())
        .chain(Family::ALL.iter().map(|kind| kind.word()))
        .chain(DriftKind::ALL.iter().map(|kind| kind.word()))
    {
        assert!(README.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn the_readme_says_which_fields_a_fault_takes() {
    for kind in FaultKind::ALL {
        let start = format!("| `{}` |", kind.word());
        let (_, table) = README.split_once("| kind | meaning | takes |").unwrap();
        let row = table.lines().find(|line| line.starts_with(&start)).unwrap();
        let takes: Vec<String> = row
            .split('|')
            .nth(3)
            .unwrap()
            .split(',')
            .map(|field| field.trim().to_owned())
            .collect();
        let fields = kind.fields();
        let required = fields.required.iter().map(|field| format!("**{field}**"));
        let expected: Vec<String> = required
            .chain(fields.optional.iter().map(|&field| field.to_owned()))
            .collect();
        assert_eq!(takes.join(","), expected.join(","), "{row}");
    }
}
