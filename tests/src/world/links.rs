//! TCP as the plan has it: relays that delay, hold and lose what the simulator's model of a link says.
//!
//! A relay carries bytes, and asks the link when each piece arrives. A piece that is lost takes its connection with it, as
//! no retransmission comes through a cut: nothing more passes, and nobody is told. Once the link works again, whoever
//! still sends into such a connection has it cut: the other side has forgotten it.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::rng::Rng;
use plimsoll_core::time::Instant;
use plimsoll_sim::fault::{Direction, LinkFault, LinkName};
use plimsoll_sim::world::Wires;
use plimsoll_sim::world::plan::Topology;

use super::clock::Clock;
use crate::proxy::{Door, wire};

/// The links of one world. Clones are the same ones.
#[derive(Debug, Clone)]
pub(super) struct Links {
    wires: Arc<Mutex<Wires>>,
    clock: Clock,
    lost: Arc<AtomicUsize>,
}

/// Which way bytes go, on which link.
#[derive(Debug, Clone, Copy)]
struct Way {
    link: LinkEnd,
    to_bank: bool,
}

/// One link.
#[derive(Debug, Clone, Copy)]
pub(super) enum LinkEnd {
    /// Of the people.
    Users,
    /// Of an endpoint.
    Endpoint(usize),
}

impl Links {
    /// The links of `topology`, which draw from `rng`.
    pub(super) fn new(topology: &Topology, clock: Clock, rng: &Rng) -> Self {
        Self {
            wires: Arc::new(Mutex::new(Wires::new(topology, rng))),
            clock,
            lost: Arc::default(),
        }
    }

    /// How many pieces were lost on any of them.
    pub(super) fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }

    /// Opens a relay to `far` on one of them.
    pub(super) fn open(&self, link: LinkEnd, far: SocketAddr) -> Door {
        let links = self.clone();
        Door::open(move |near| links.relay(link, near, far))
    }

    /// Begins a fault, known as `id`, that ends at `until` at the latest.
    pub(super) fn begin(&self, id: u32, on: (LinkName, Direction), fault: LinkFault, until: Instant) {
        self.lock().begin(id, on, fault, until);
    }

    /// Ends the fault known as `id`.
    pub(super) fn end(&self, id: u32, link: LinkName) {
        self.lock().end(id, link);
    }

    fn relay(&self, link: LinkEnd, near: TcpStream, far: SocketAddr) -> io::Result<()> {
        let far = match TcpStream::connect(far) {
            Ok(far) => far,
            Err(error) => {
                wire::reset(&near)?;
                return Err(error);
            }
        };
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let calls = matches!(link, LinkEnd::Users);
        let there = Way { link, to_bank: calls };
        let back = Way {
            link,
            to_bank: !calls,
        };
        let (asking, answering) = (near.try_clone()?, far.try_clone()?);
        let links = self.clone();
        let carried = std::thread::spawn(move || links.carry(there, asking, &answering));
        self.carry(back, far, &near)?;
        drop(carried.join());
        Ok(())
    }

    /// Carries bytes one way until a side ends it.
    fn carry(&self, way: Way, mut from: TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut is_lost = false;
        let mut bytes = [0; 16 * 1024];
        loop {
            let length = from.read(&mut bytes).unwrap_or_default();
            if length == 0 {
                break;
            }
            match self.arrival(way) {
                None => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    is_lost = true;
                }
                Some(_) if is_lost => {
                    wire::reset(&from)?;
                    from.shutdown(Shutdown::Both).ok();
                    break;
                }
                Some(at) => {
                    self.clock.wait_until(at);
                    if to.write_all(&bytes[..length]).is_err() {
                        break;
                    }
                }
            }
        }
        // Who asked is gone, so nobody waits for an answer; that who answers is gone is lost with everything else.
        if !is_lost || way.is_there() {
            to.shutdown(Shutdown::Both).ok();
        }
        Ok(())
    }

    fn arrival(&self, way: Way) -> Option<Instant> {
        let now = self.clock.now();
        let mut wires = self.lock();
        let wire = match way.link {
            LinkEnd::Users => &mut wires.users,
            LinkEnd::Endpoint(index) => &mut wires.endpoints[index],
        };
        let link = if way.to_bank {
            &mut wire.to_bank
        } else {
            &mut wire.from_bank
        };
        link.send(now).first
    }

    fn lock(&self) -> MutexGuard<'_, Wires> {
        self.wires.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way {
    /// Whether it is the way of questions.
    const fn is_there(self) -> bool {
        matches!(self.link, LinkEnd::Users) == self.to_bank
    }
}
