//! `plimsoll config`: looks at a configuration.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{CliError, EXIT_CANNOT_BEGIN};
use crate::config::{ConfigError, ServerConfig};

/// What to do with a configuration.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check a configuration file, with the environment over it, and report every fault at once.
    #[command(
        after_help = "Exit codes: 0 sound, 1 faults (each on standard output), 2 not readable.\n\n\
                            Examples:\n  plimsoll config check /etc/plimsoll.toml\n  \
                            PLIMSOLL_API__LISTEN=0.0.0.0:80 plimsoll config check plimsoll.toml"
    )]
    Check {
        /// The TOML file. `adapters/plimsoll.sample.toml` shows every field.
        file: PathBuf,
    },
}

pub(super) fn run(args: &ConfigArgs) -> Result<ExitCode, CliError> {
    let ConfigCommand::Check { file } = &args.command;
    let mut stdout = io::stdout().lock();
    match ServerConfig::load(file, 0) {
        Ok(config) => {
            let (assets, chains) = (config.bank.registry.assets().count(), &config.bank.escrow.chains);
            let endpoints: usize = chains.iter().map(|chain| chain.endpoints.len()).sum();
            writeln!(
                stdout,
                "{} is sound: {assets} assets, {} chains, {endpoints} endpoints, listening on {}",
                file.display(),
                chains.len(),
                config.api.listen
            )?;
            Ok(ExitCode::SUCCESS)
        }
        Err(ConfigError::Invalid(faults)) => {
            for fault in faults {
                writeln!(stdout, "{fault}")?;
            }
            Ok(ExitCode::FAILURE)
        }
        Err(error @ (ConfigError::Read { .. } | ConfigError::Parse(_))) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the configuration cannot be read"
            );
            Ok(ExitCode::from(EXIT_CANNOT_BEGIN))
        }
    }
}
