//! [`House`]: the bank's process, from its start to its death.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_adapters::chain::{EndpointUrl, EvmClient};
use plimsoll_adapters::clock::Clock;
use plimsoll_adapters::config::{AdminToken, ApiConfig, RateLimit, Shutdown};
use plimsoll_adapters::driver::{Driver, recover};
use plimsoll_adapters::http::{self, Api, Metrics};
use plimsoll_core::bank::BankConfig;
use plimsoll_core::escrow::ChainConfig;
use plimsoll_core::id::EndpointId;
use plimsoll_sim::world::true_date;
use turmoil::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

use crate::journal::Disk;
use crate::jury::Seat;
use crate::net::{Door, Wire};
use crate::run::endpoint_name;
use crate::server::PORT;
use crate::stage::now;

/// What an operator shows.
pub(crate) const ADMIN_TOKEN: &str = "a token of operators";

/// What each life of the process begins with.
#[derive(Clone)]
pub(crate) struct House {
    /// The settings.
    pub(crate) config: BankConfig,
    /// Who watches.
    pub(crate) seat: Seat,
    /// Where the journal is.
    pub(crate) disk: Disk,
    /// Decides what the bank draws, in each life anew.
    pub(crate) seed: u64,
}

impl House {
    /// One life.
    pub(crate) async fn live(self) -> turmoil::Result {
        let clock = Clock::start_at(true_date(now()));
        let mut config = self.config;
        let mut journal = self.disk.open();
        config.seed = self.seed ^ self.disk.head().epoch;
        let client = EvmClient::new(endpoints(&config), Wire, clock);
        let (registry, chains) = (config.registry.clone(), config.escrow.chains.clone());
        let recovered = recover(&mut journal, config, |_| {}).await?;
        self.seat.began(&recovered.bank, &recovered.head);
        let (driver, handle) = Driver::new(journal, recovered, client, clock, self.seat);
        let settings = settings();
        let metrics = Arc::new(Metrics::new(chains.clone()));
        let api = Api::new(Arc::new(handle), registry, chains, metrics, clock, &settings);
        let router = http::router(&api, OpenApiRouter::new());
        let listener = Door(TcpListener::bind(("0.0.0.0", PORT)).await?);
        let serving = http::serve(listener, router, api, settings.shutdown, pending());
        tokio::select! {
            biased;
            ended = driver.run(pending()) => ended?,
            served = serving => served?,
        }
        Ok(())
    }
}

fn endpoints(config: &BankConfig) -> BTreeMap<EndpointId, EndpointUrl> {
    let of_chain = |chain: &ChainConfig| {
        let chain_id = chain.id;
        let each = (0u8..).zip(&chain.endpoints);
        let each = each.map(move |(index, _)| {
            let chain = chain_id;
            (EndpointId { chain, index }, url(index))
        });
        each.collect::<Vec<_>>()
    };
    config.escrow.chains.iter().flat_map(of_chain).collect()
}

fn url(index: u8) -> EndpointUrl {
    let text = format!("http://{}:{PORT}/", endpoint_name(index));
    text.parse()
        .unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

fn settings() -> ApiConfig {
    ApiConfig {
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT),
        admin_token: Some(AdminToken::new(ADMIN_TOKEN.to_owned())),
        body_bytes_max: 4_096,
        request_timeout: Duration::from_secs(10),
        in_flight_max: 256,
        rate: RateLimit {
            per_second: 1_000,
            burst: 1_000,
        },
        shutdown: Shutdown {
            delay: Duration::ZERO,
            timeout: Duration::from_secs(1),
        },
    }
}
