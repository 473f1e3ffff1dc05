//! A server's configuration.

use plimsoll_adapters::config::ServerConfig;

/// Anything is read or refused, and a refusal says what is wrong.
pub(super) fn run(data: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(data) else {
        return false;
    };
    match ServerConfig::from_toml(text, 7) {
        Ok(config) => {
            let chains = &config.bank.escrow.chains;
            let endpoints: usize = chains.iter().map(|chain| chain.endpoints.len()).sum();
            assert_eq!(config.endpoints.len(), endpoints, "each endpoint has its address");
            true
        }
        Err(error) => {
            assert!(!error.to_string().trim().is_empty());
            false
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let sample = include_str!("../../../../adapters/plimsoll.sample.toml");
    vec![super::http::CONFIG.into(), sample.into()]
}
