//! [`House`]: the bank's process, from its start to its death.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_adapters::chain::{EndpointUrl, RpcClient};
use plimsoll_adapters::clock::Clock;
use plimsoll_adapters::config::{AccessToken, ApiConfig, RateLimit, Role, Shutdown};
use plimsoll_adapters::driver::{Driver, DriverError, RecoverError, recover};
use plimsoll_adapters::http::{self, Api, Metrics};
use plimsoll_core::bank::BankConfig;
use plimsoll_core::escrow::ChainConfig;
use plimsoll_core::id::EndpointId;
use plimsoll_core::journal::BatchError;
use plimsoll_sim::world::true_date;
use tokio::sync::oneshot;
use turmoil::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

use crate::control::Control;
use crate::journal::{Disk, DiskJournal};
use crate::jury::Seat;
use crate::net::{Door, Wire};
use crate::run::endpoint_name;
use crate::server::PORT;
use crate::stage::now;

/// What an operator shows.
pub(crate) const ADMIN_TOKEN: &str = "a token of operators";

/// How long a process waits before it tries again to open a store that it cannot reach.
const OPEN_RETRY: Duration = Duration::from_millis(500);

/// What each life of the process begins with.
#[derive(Clone)]
pub(crate) struct House {
    /// The settings.
    pub(crate) config: BankConfig,
    /// Who watches.
    pub(crate) seat: Seat,
    /// Where the journal is.
    pub(crate) disk: Disk,
    /// How it is told to stop, and held up.
    pub(crate) control: Control,
    /// Decides what the bank draws, in each life anew.
    pub(crate) seed: u64,
}

impl House {
    /// One life.
    pub(crate) async fn live(self) -> turmoil::Result {
        let mut stopped = self.control.begin();
        let journal = tokio::select! {
            biased;
            _ = &mut stopped => return Ok(()),
            journal = self.opened() => journal,
        };
        let (control, disk) = (self.control.clone(), self.disk.clone());
        match control.gated(Box::pin(self.serve(journal, stopped))).await {
            // Whoever was fenced off must go; that is sound only if somebody took over.
            Err(End::Driver(DriverError::Fenced)) if disk.is_usurped() => Ok(()),
            Err(End::Driver(DriverError::Unflushed { .. })) | Ok(()) => Ok(()),
            Err(end) => Err(Box::new(end)),
        }
    }

    /// The journal, as soon as the store can be reached.
    async fn opened(&self) -> DiskJournal {
        loop {
            if let Some(journal) = self.disk.open() {
                return journal;
            }
            tokio::time::sleep(OPEN_RETRY).await;
        }
    }

    /// Recovers and serves until it is `stopped`; then requests under way finish, and everything is flushed.
    async fn serve(self, mut journal: DiskJournal, stopped: oneshot::Receiver<()>) -> Result<(), End> {
        let clock = Clock::start_at(true_date(now()));
        let mut config = self.config;
        config.seed = self.seed ^ journal.epoch();
        let client = RpcClient::new(endpoints(&config), Wire, clock);
        let (registry, chains) = (config.registry.clone(), config.escrow.chains.clone());
        let recovered = recover(&mut journal, config, |_| {}).await?;
        self.seat.began(&recovered.bank, &recovered.head);
        let (driver, handle) = Driver::new(journal, recovered, client, clock, self.seat);
        let settings = settings();
        let metrics = Arc::new(Metrics::new(chains.clone()));
        let api = Api::new(Arc::new(handle), registry, chains, metrics, clock, &settings);
        let router = http::router(&api, OpenApiRouter::new())?;
        let listener = Door(TcpListener::bind(("0.0.0.0", PORT)).await?);
        let (stop_serving, serving_stopped) = oneshot::channel::<()>();
        let (stop_driver, driver_stopped) = oneshot::channel::<()>();
        let drain = async { drop(serving_stopped.await) };
        let serving = http::serve(listener, router, api, settings.shutdown, drain);
        let mut driving = pin!(driver.run(async { drop(driver_stopped.await) }));
        let serving = async {
            let mut serving = pin!(serving);
            tokio::select! {
                biased;
                served = &mut serving => return served,
                _ = stopped => drop(stop_serving),
            }
            serving.await
        };
        tokio::select! {
            biased;
            driven = &mut driving => return Ok(driven?),
            served = serving => served?,
        }
        drop(stop_driver);
        Ok(driving.await?)
    }
}

/// Why a life ended otherwise than it was told to.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    Driver(#[from] DriverError),
    #[error(transparent)]
    Recover(#[from] RecoverError<BatchError>),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Routes(#[from] http::UnlistedRoutes),
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
        tokens: vec![AccessToken::new("operator", Role::Operator, ADMIN_TOKEN)],
        body_bytes_max: 4_096,
        request_timeout: Duration::from_secs(10),
        listeners_max: 64,
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
