//! Scenarios: what a run is made of, as data that people write.
//!
//! A scenario is a TOML file (`schema` has its fields, `scenarios/README.md` documents them). It is read with every
//! fault named by file, line, column and field, and expands with a seed into the [`Plan`] of one run. A swarm scenario
//! draws nearly all of the plan.

mod check;
mod error;
mod expand;
mod faults;
pub mod kinds;
pub mod library;
pub mod schema;
mod spread;
mod swarm;
pub mod values;

use plimsoll_core::rng::Rng;

pub use error::{ScenarioError, closest};
use schema::ScenarioTable;

use crate::world::plan::{Plan, PlanError};

/// A scenario that was read and found sound.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What people call it: `escrow/lying_endpoint`.
    pub name: String,
    /// What names it on a command line: its name, or its file if it is none of the project's.
    pub handle: String,
    table: ScenarioTable,
}

impl Scenario {
    /// Reads the scenario called `name` from the `text` of `file`.
    ///
    /// # Errors
    /// What is wrong: one error when the text is no scenario at all, else everything that makes no sense.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, Vec<ScenarioError>> {
        let read: Result<ScenarioTable, _> = toml::from_str(text);
        let table = read.map_err(|error| vec![ScenarioError::from_toml(file, text, &error)])?;
        let found = check::check(file, text, &table);
        if !found.is_empty() {
            return Err(found);
        }
        let scenario = Self {
            name: name.to_owned(),
            handle: name.to_owned(),
            table,
        };
        let found = scenario.check_plan(file, text);
        if found.is_empty() {
            Ok(scenario)
        } else {
            Err(found)
        }
    }

    /// What only the whole plan shows, such as two liars at once.
    fn check_plan(&self, file: &str, text: &str) -> Vec<ScenarioError> {
        let rng = Rng::from_seed(0).fork("plan");
        let tables: Vec<usize> = expand::faults(&self.table, &rng)
            .into_iter()
            .map(|(table, _)| table)
            .collect();
        let place = |field: &str| {
            let scheduled = field
                .strip_prefix("faults[")?
                .split(']')
                .next()?
                .parse::<usize>()
                .ok()?;
            let table = tables.get(scheduled)?;
            Some(self.table.faults.get(*table)?.span())
        };
        let found = self.expand(0).check().err().unwrap_or_default();
        let error = |fault: PlanError| match place(&fault.field) {
            Some(place) => ScenarioError::at(file, text, place, format!("must be {}", fault.expected)),
            None => ScenarioError::at(
                file,
                text,
                self.table.proves.span(),
                format!("its plan is unsound: {fault}"),
            ),
        };
        found.into_iter().map(error).collect()
    }

    /// What the scenario shows, in one sentence.
    #[must_use]
    pub fn proves(&self) -> &str {
        self.table.proves.get_ref().trim()
    }

    /// Whether each seed draws its own world.
    #[must_use]
    pub fn is_swarm(&self) -> bool {
        self.table.swarm.is_some()
    }

    /// The plan of one run. The same seed gives the same plan on every machine.
    #[must_use]
    pub fn expand(&self, seed: u64) -> Plan {
        let rng = Rng::from_seed(seed).fork("plan");
        match &self.table.swarm {
            Some(swarm) => swarm::draw(&self.name, &self.table, swarm, &rng),
            None => expand::expand(&self.name, &self.table, &rng),
        }
    }
}

#[cfg(test)]
mod tests;
