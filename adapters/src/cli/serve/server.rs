//! A server, from its configuration to its orderly end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::bank::{Notice, State};
use plimsoll_core::journal::Head;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use utoipa_axum::router::OpenApiRouter;

use super::error::ServeError;
use crate::chain::{Internet, RpcClient};
use crate::clock::Clock;
use crate::config::ServerConfig;
use crate::driver::spawn::spawn;
use crate::driver::{Driver, DriverError, Handle, Recovered, recover};
use crate::entropy;
use crate::http::{self, Api, Hub, Metrics, Watch};
use crate::queue::TwoLanes;
use crate::recorder::{Recorder, Redactor};
use crate::store::{Mode, SqliteJournal};
use crate::webhook::{Deliveries, Desk, DeskError, Unopened};
use crate::worker::{Runner, Staff};

/// Everything that must be had before anything is done.
pub(super) struct Server {
    config: ServerConfig,
    clock: Clock,
    listener: TcpListener,
    journal: SqliteJournal,
    recovered: Recovered,
    recorder: Option<Recorder>,
}

impl Server {
    /// Opens the journal that `config` names, and recovers the bank from it.
    pub(super) async fn open(config: ServerConfig, mode: Mode, clock: Clock) -> Result<Self, ServeError> {
        let journal = SqliteJournal::open(&config.journal, mode).await?;
        Self::recover(config, journal, clock).await
    }

    /// Recovers the bank from `journal`.
    pub(super) async fn recover(
        config: ServerConfig,
        mut journal: SqliteJournal,
        clock: Clock,
    ) -> Result<Self, ServeError> {
        let listener = bind(config.api.listen).await?;
        let begun = clock.now();
        let bank = config.bank.clone();
        let recovered = recover(&mut journal, bank, |progress| {
            tracing::debug!(?progress, "replayed")
        })
        .await?;
        let (records, took) = (recovered.head.position.count(), clock.now().since(begun));
        tracing::info!(journal = %config.journal.display(), records, ?took, "recovered");
        Ok(Self {
            config,
            clock,
            listener,
            journal,
            recovered,
            recorder: None,
        })
    }

    /// Records to `folder`, if there is one.
    pub(super) fn recording(mut self, folder: Option<&Path>) -> Result<Self, ServeError> {
        let Some(folder) = folder else { return Ok(self) };
        let record = &self.config.record;
        let key = record.key.as_ref().ok_or(ServeError::RecordKey)?;
        self.recorder = Some(Recorder::start(
            folder,
            record.limits,
            Redactor::new(key.expose()),
        )?);
        Ok(self)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What it starts from.
    pub(super) fn state(&self) -> &State {
        self.recovered.bank.state()
    }

    /// Serves, with `extra` routes, until `stop` resolves; then lets requests under way finish, commits everything
    /// and closes the journal.
    pub(super) async fn run(
        self,
        extra: OpenApiRouter<Api>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let Self {
            config,
            clock,
            listener,
            journal,
            recovered,
            recorder,
        } = self;
        let internet = Internet::reaching(
            config
                .endpoints
                .values()
                .chain(config.webhooks.iter().map(|one| &one.url)),
        )?;
        let (deliveries, desk) = deliveries(&config, recovered.head, clock, internet.clone()).await?;
        let chains = config.bank.escrow.chains.clone();
        let recording = recorder.as_ref().map(Recorder::status);
        let watch = Arc::new(Watch::new(config.monitor, clock).telling(desk.clone()));
        let live = Arc::new(Hub::new(config.api.listeners_max));
        let metrics = Metrics::new(chains.clone())
            .with_recording(recording)
            .with_watch(Arc::clone(&watch))
            .with_live(Arc::clone(&live))
            .with_webhooks(desk);
        let metrics = Arc::new(metrics);
        let (counted, watched) = (Arc::clone(&metrics), Arc::clone(&watch));
        let on_notice = move |notice: &Notice| {
            log(notice);
            counted.observe(notice);
            watched.observe(notice);
            live.observe(notice);
        };
        let client = RpcClient::new(config.endpoints.clone(), internet, clock);
        let (driver, handle) = Driver::new(journal, recovered, client.clone(), clock, (on_notice, recorder));
        let (queues, staff) = workers(&config, &handle, &client, clock)?;
        let driver = match queues {
            Some(queues) => driver.with_queues(queues),
            None => driver,
        };
        let pulse = handle.pulses();
        let (stop_driver, driver_stopped) = oneshot::channel::<()>();
        let driving = spawn(driver.run(async { drop(driver_stopped.await) }));

        let api = Api::new(
            Arc::new(handle),
            config.bank.registry,
            chains,
            metrics,
            clock,
            &config.api,
        );
        let (stop_serving, serving_stopped) = oneshot::channel::<()>();
        let router = http::router(&api, extra)?;
        let watching = Box::pin(watch.look_on(api.clone()));
        let delivering = Box::pin(deliveries.deliver(pulse));
        let drain = async { drop(serving_stopped.await) };
        tracing::info!(address = %listener.local_addr()?, "listening");
        let serving = Box::pin(http::serve(listener, router, api, config.api.shutdown, drain));
        let serving = until_stopped(stop, (serving, stop_serving), staff, (driving, stop_driver));
        tokio::select! {
            ended = serving => ended,
            never = watching => match never {},
            never = delivering => match never {},
        }
    }
}

/// What tells the receivers of `config` what is committed behind `head`.
async fn deliveries(
    config: &ServerConfig,
    head: Head,
    clock: Clock,
    internet: Internet,
) -> Result<(Deliveries<Internet>, Desk), DeskError> {
    let from = Unopened {
        receivers: config.webhooks.clone(),
        journal: &config.journal,
        head,
        registry: config.bank.registry.clone(),
        seed: config.bank.seed,
        clock,
    };
    Deliveries::open(from, internet).await
}

/// Serves and drives until `stop` resolves or one of both ends, then ends the other: first the requests and the workers,
/// then the driver.
async fn until_stopped(
    stop: impl Future<Output = ()>,
    (mut serving, stop_serving): (impl Future<Output = io::Result<()>> + Unpin, oneshot::Sender<()>),
    staff: Staff,
    (mut driving, stop_driver): (JoinHandle<Result<(), DriverError>>, oneshot::Sender<()>),
) -> Result<(), ServeError> {
    let (served, driven) = tokio::select! {
        () = stop => {
            staff.drain();
            drop(stop_serving);
            let served = serving.await;
            staff.ended().await;
            drop(stop_driver);
            (served, driving.await)
        }
        served = &mut serving => {
            drop(stop_driver);
            (served, driving.await)
        }
        driven = &mut driving => {
            drop(stop_serving);
            (serving.await, driven)
        }
    };
    driven.map_err(|_| ServeError::Panicked)??;
    tracing::info!("stopped: everything is flushed");
    Ok(served?)
}

/// The queues that the configuration names, if it has workers, and the workers inside this server, started.
fn workers(
    config: &ServerConfig,
    bank: &Handle,
    client: &RpcClient<Internet>,
    clock: Clock,
) -> Result<(Option<Arc<TwoLanes>>, Staff), ServeError> {
    let Some(workers) = &config.workers else {
        return Ok((None, Staff::start(Vec::<Runner<RpcClient<Internet>>>::new())));
    };
    let queues = Arc::new(TwoLanes::open(workers, &config.journal, clock)?);
    let mut runners = Vec::new();
    for _ in 0..workers.tasks {
        let told = config.for_worker(workers, entropy::seed().map_err(ServeError::Seed)?);
        let bank = Arc::new(bank.clone());
        let runner = Runner::new(told, client.clone(), Arc::clone(&queues) as _, bank, clock);
        runners.push(runner.map_err(ServeError::Worker)?);
    }
    let redis = workers.redis.as_ref().map(ToString::to_string);
    tracing::info!(redis, tasks = workers.tasks, "jobs are handed over to workers");
    Ok((Some(queues), Staff::start(runners)))
}

pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Bind { address, source })
}

/// Tells the log what the bank tells. Whose money it is stays out of it.
fn log(notice: &Notice) {
    match notice {
        Notice::Stage { tx, stage } => tracing::info!(chain = %tx.chain, tx = %tx.tx, stage, "deposit"),
        Notice::Credited {
            deposit,
            booked,
            took,
            ..
        } => {
            let (tx, ordinal, asset) = (deposit.tx.tx, deposit.ordinal, booked.deposit.asset);
            tracing::info!(chain = %deposit.tx.chain, %tx, ordinal, %asset, ?took, "credited");
        }
        Notice::Refund {
            deposit,
            refund,
            stage,
        } => {
            let (tx, ordinal) = (deposit.tx.tx, deposit.ordinal);
            tracing::info!(chain = %deposit.tx.chain, %tx, ordinal, %refund, stage, "refund");
        }
        Notice::Lane { from, to } => {
            tracing::warn!(
                from = from.code(),
                to = to.code(),
                "the immediate lane to workers changed"
            );
        }
        Notice::Disagreement { endpoint } => {
            tracing::warn!(%endpoint, "endpoint contradicts two others that agree")
        }
        Notice::DeadLettered { tx, reason } => {
            tracing::warn!(chain = %tx.chain, tx = %tx.tx, %reason, "a person must look at this transaction");
        }
        Notice::Cordoned { endpoint, reason } => {
            tracing::warn!(%endpoint, reason = reason.code(), "endpoint is shut out for a while");
        }
        Notice::Breaker { endpoint, from, to } => {
            tracing::info!(%endpoint, from = from.code(), to = to.code(), "breaker changed");
        }
    }
}
