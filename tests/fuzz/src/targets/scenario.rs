//! Scenario files, as people write them and as failing runs are kept.

use plimsoll_sim::scenario::library::EMBEDDED;
use plimsoll_sim::scenario::{Expanded, Scenario};

/// Anything is read or refused with a place and a reason; what was read expands, and what is expanded is written and
/// read back as it was.
pub(super) fn run(data: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(data) else {
        return false;
    };
    if let Ok(expanded) = Expanded::parse("fuzz.toml", text) {
        let written = expanded.to_toml("");
        let again = Expanded::parse("fuzz.toml", &written);
        assert_eq!(again.as_ref().map(|again| again.to_toml("")), Ok(written));
    }
    match Scenario::parse("fuzz", "fuzz.toml", text) {
        Ok(scenario) => {
            let plan = scenario.expand(1);
            assert_eq!(
                plan.check(),
                Ok(()),
                "what was taken expands to a plan that makes sense"
            );
            true
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "a refusal without a reason");
            for error in errors {
                assert!(error.to_string().contains("fuzz.toml"), "{error}");
            }
            false
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let wanted =
        ["every_trap", "operators", "workers", "swarm", "reorg"].map(|name| format!("escrow/{name}"));
    let written = EMBEDDED
        .iter()
        .filter(|(name, _)| wanted.iter().any(|wanted| wanted == name));
    let kept = include_str!("../../../../scenarios/corpus/liveness-everything_settles-a937f733.toml");
    written
        .map(|(_, text)| text.as_bytes())
        .chain([kept.as_bytes()])
        .map(<[u8]>::to_vec)
        .collect()
}
