use clap::Parser as _;

use super::{Name, parse_name};
use crate::cli::Cli;

#[test]
fn a_credit_is_called_by_its_claim_or_its_transaction() {
    let hash = format!("0x{}", "5c".repeat(32));
    assert_eq!(
        parse_name("claim-17"),
        Ok(Name::Claim("claim-17".parse().unwrap()))
    );
    assert_eq!(parse_name(&hash), Ok(Name::Tx(hash.parse().unwrap())));
    for text in ["17", "claim-", "0x5c", "user-1", ""] {
        assert!(parse_name(text).is_err(), "{text}");
    }
}

#[test]
fn a_journal_that_is_not_there_is_no_credit() {
    let cli = Cli::try_parse_from(["plimsoll", "verify-credit", "/nowhere/journal.db", "claim-1"]).unwrap();
    let super::super::Command::VerifyCredit(args) = &cli.command else {
        panic!("another command")
    };
    let code = super::run(args).unwrap();
    assert_eq!(
        format!("{code:?}"),
        format!("{:?}", std::process::ExitCode::from(2))
    );
}
