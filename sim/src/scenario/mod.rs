//! Scenarios: what a run is made of, as data that people write.
//!
//! A scenario is a TOML file (`schema` has its fields, `scenarios/README.md` documents them). It is read with every
//! fault named by file, line, column and field, and expands with a seed into the [`Plan`] of one run. A swarm scenario
//! draws nearly all of the plan; an [expanded](Expanded) one is such a run, and draws nothing.

mod check;
mod error;
mod expand;
pub mod expanded;
pub mod expect;
mod faults;
pub mod kinds;
pub mod library;
pub mod schema;
mod spread;
mod swarm;
pub mod values;

use plimsoll_core::rng::Rng;

pub use error::{ScenarioError, closest};
pub use expanded::{Expanded, Origin};
use schema::ScenarioTable;

use crate::world::plan::{Plan, PlanError};

/// How often a soak takes a swarm when nothing is said, where it takes another scenario once: its runs differ more.
const SWARM_WEIGHT: u64 = 50;

/// A scenario that was read and found sound.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What people call it: `escrow/lying_endpoint`.
    pub name: String,
    /// What names it on a command line: its name, or its file if it is none of the project's.
    pub handle: String,
    form: Form,
}

/// What a scenario is written as.
#[derive(Debug, Clone)]
enum Form {
    /// What each seed draws from.
    Tables(Box<ScenarioTable>),
    /// One run.
    Expanded(Box<Expanded>),
}

impl Scenario {
    /// Reads the scenario called `name` from the `text` of `file`.
    ///
    /// # Errors
    /// What is wrong: one error when the text is no scenario at all, else everything that makes no sense.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, Vec<ScenarioError>> {
        let form = if expanded::is_marked(text) {
            Form::Expanded(Box::new(Expanded::parse(file, text)?))
        } else {
            Form::Tables(Box::new(parse_tables(name, file, text)?))
        };
        Ok(Self {
            name: name.to_owned(),
            handle: name.to_owned(),
            form,
        })
    }

    /// What the scenario shows, in one sentence.
    #[must_use]
    pub fn proves(&self) -> &str {
        match &self.form {
            Form::Tables(table) => table.proves.get_ref().trim(),
            Form::Expanded(expanded) => expanded.proves.trim(),
        }
    }

    /// Whether each seed draws its own world.
    #[must_use]
    pub const fn is_swarm(&self) -> bool {
        match &self.form {
            Form::Tables(table) => table.swarm.is_some(),
            Form::Expanded(_) => false,
        }
    }

    /// How often a soak takes it, beside others. An expanded scenario is one run, so it has no fresh seeds.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let usual = if self.is_swarm() { SWARM_WEIGHT } else { 1 };
        match &self.form {
            Form::Tables(table) => table.weight.map_or(usual, |weight| weight.0),
            Form::Expanded(_) => 0,
        }
    }

    /// How many seeds it gets when nobody says, if the file does.
    #[must_use]
    pub fn seeds(&self) -> Option<u64> {
        match &self.form {
            Form::Tables(table) => table.seeds.as_ref().map(|seeds| seeds.get_ref().0),
            Form::Expanded(_) => None,
        }
    }

    /// The run that the scenario is, if it is expanded: then it has one seed and draws nothing.
    #[must_use]
    pub const fn expanded(&self) -> Option<&Expanded> {
        match &self.form {
            Form::Tables(_) => None,
            Form::Expanded(expanded) => Some(expanded),
        }
    }

    /// The plan of one run. The same seed gives the same plan on every machine, and every seed the same one if the
    /// scenario is expanded.
    #[must_use]
    pub fn expand(&self, seed: u64) -> Plan {
        match &self.form {
            Form::Tables(table) => draw(&self.name, table, seed),
            Form::Expanded(expanded) => expanded.plan.clone(),
        }
    }
}

fn parse_tables(name: &str, file: &str, text: &str) -> Result<ScenarioTable, Vec<ScenarioError>> {
    let read: Result<ScenarioTable, _> = toml::from_str(text);
    let table = read.map_err(|error| vec![ScenarioError::from_toml(file, text, &error)])?;
    let mut found = check::check(file, text, &table);
    if found.is_empty() {
        found = check_plan(&table, name, file, text);
    }
    if found.is_empty() { Ok(table) } else { Err(found) }
}

/// The plan of `table` for one seed.
fn draw(name: &str, table: &ScenarioTable, seed: u64) -> Plan {
    let rng = Rng::from_seed(seed).fork("plan");
    match &table.swarm {
        Some(swarm) => swarm::draw(name, table, swarm, &rng),
        None => expand::expand(name, table, &rng),
    }
}

/// What only the whole plan shows, such as two liars at once.
fn check_plan(table: &ScenarioTable, name: &str, file: &str, text: &str) -> Vec<ScenarioError> {
    let rng = Rng::from_seed(0).fork("plan");
    let tables: Vec<usize> = expand::faults(table, &rng)
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    let place = |field: &str| {
        let scheduled = field.strip_prefix("faults[")?.split(']').next()?;
        let from = tables.get(scheduled.parse::<usize>().ok()?)?;
        Some(table.faults.get(*from)?.span())
    };
    let found = draw(name, table, 0).check().err().unwrap_or_default();
    let error = |fault: PlanError| match place(&fault.field) {
        Some(place) => ScenarioError::at(file, text, place, format!("must be {}", fault.expected)),
        None => ScenarioError::at(
            file,
            text,
            table.proves.span(),
            format!("its plan is unsound: {fault}"),
        ),
    };
    found.into_iter().map(error).collect()
}

#[cfg(test)]
mod tests;
