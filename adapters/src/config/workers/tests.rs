use plimsoll_core::escrow::Workers;

use super::WorkersConfig;
use crate::config::{ConfigError, ServerConfig};

const SAMPLE: &str = include_str!("../../../plimsoll.sample.toml");

fn load(table: &str) -> Result<ServerConfig, ConfigError> {
    ServerConfig::from_toml(&format!("{SAMPLE}\n{table}"), 7)
}

#[test]
fn without_the_table_there_are_no_workers() {
    let config = load("").expect("the sample is sound");
    assert_eq!((config.workers, config.bank.escrow.workers), (None, None));
}

#[test]
fn an_empty_table_has_workers_at_the_database_lane() {
    let config = load("[workers]").expect("sound");
    let default = WorkersConfig::default();
    let told = Workers {
        has_immediate: false,
        takeover: default.takeover,
    };
    assert_eq!(config.workers, Some(default));
    assert_eq!(config.bank.escrow.workers, Some(told));
}

#[test]
fn the_table_of_the_sample_is_sound_and_says_the_defaults() {
    let start = SAMPLE.find("# [workers]").expect("the sample shows the table");
    let table = SAMPLE[start..].lines().take_while(|line| line.starts_with("# "));
    let table: String = table.map(|line| format!("{}\n", &line[2..])).collect();
    let workers = load(&table).expect("sound").workers.expect("workers");
    let redis = workers.redis.clone().expect("the sample shows an address");
    assert_eq!(redis.to_string(), "redis://localhost:6379/0");
    let default = WorkersConfig {
        redis: Some(redis),
        ..WorkersConfig::default()
    };
    assert_eq!(workers, default);
}

#[test]
fn every_fault_is_named_with_its_fix_and_no_secret_is_shown() {
    let table = r#"
[workers]
redis = "rediss://ann:secret@host"
queue = "two words"
takeover = "5s"
task = 2
tasks = 65
jobs_max = 0
visibility = "500ms"
immediate_poll = 200
"#;
    let faults = load(table).expect_err("refused").to_string();
    assert!(!faults.contains("secret"));
    insta::assert_snapshot!("faults", faults);
}
