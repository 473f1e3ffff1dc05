//! `plimsoll sim list`.

use std::io::Write;
use std::path::Path;

use plimsoll_sim::report::Table;
use plimsoll_sim::scenario::library;

use super::SimError;

pub(super) fn run(out: &mut dyn Write) -> Result<u8, SimError> {
    let mut table = Table::new(&["scenario", "proves"]);
    for scenario in library::find(Path::new("."), "all")? {
        table.row(vec![scenario.name.clone(), scenario.proves().to_owned()]);
    }
    write!(out, "{table}")?;
    Ok(0)
}
