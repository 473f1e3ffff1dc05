//! What a development server says at its start: the lines that show a deposit being credited.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use plimsoll_core::bank::State;
use plimsoll_core::escrow::{DepositAddresses, deposit_address};
use plimsoll_core::id::{Address, ClaimId, UserId};

use super::chain::CHAIN;

/// The lines, made for the next user and the next claim of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    listen: SocketAddr,
    folder: PathBuf,
    user: UserId,
    address: Address,
    claim: ClaimId,
}

impl Greeting {
    /// The lines for a server that listens on `listen`, keeps its data in `folder` and starts from `state`.
    #[must_use]
    pub fn new(listen: SocketAddr, folder: PathBuf, state: &State, addresses: &DepositAddresses) -> Self {
        let user = state.next_user();
        let address = deposit_address(addresses, user);
        Self {
            listen,
            folder,
            user,
            address,
            claim: state.escrow().next_claim(),
        }
    }
}

impl fmt::Display for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            listen,
            folder,
            user,
            address,
            claim,
        } = self;
        let url = format!("http://{listen}");
        write!(
            f,
            r#"
Plimsoll listens on {url} (interface: {url}/api-docs, health: {url}/health)
Data is in {folder}; remove it to start over. The chain {CHAIN} runs inside, a block each 0.45 s.

Paste these lines into another terminal to see a deposit credited:

# 1. Register a user. The answer says where this user's deposits go.
curl -s {url}/api/v1/users -H 'content-type: application/json' -H 'idempotency-key: {user}' -d '{{"name":"Ada"}}'; echo

# 2. Pay 25 USDT to that address, out of the faucet.
TX=$(curl -s {url}/dev/faucet -H 'content-type: application/json' \
  -d '{{"address":"{address}","asset":"USDT","amount":"25"}}' | grep -o '0x[0-9a-f]\{{64\}}'); echo "$TX"

# 3. Claim the transaction.
curl -s {url}/api/v1/escrow/claims -H 'content-type: application/json' -H "idempotency-key: $TX" \
  -d "{{\"user\":\"{user}\",\"chain\":\"{CHAIN}\",\"tx\":\"$TX\"}}"; echo

# 4. Watch it: observed, verifying, seen (locked), credited; a few seconds in all.
sleep 4; curl -s {url}/api/v1/escrow/claims/{claim}; echo

# 5. See the balance.
curl -s {url}/api/v1/users/{user}/balances; echo

# 6. A deposit that nobody claims is found too. This one is USDC, which buys gold.
curl -s {url}/dev/faucet -H 'content-type: application/json' \
  -d '{{"address":"{address}","asset":"USDC","amount":"130"}}'; echo
sleep 6; curl -s {url}/api/v1/users/{user}/balances; echo

# 7. Look at it as operators do, who can also pause, force, process, sweep and drain: plimsoll help admin
curl -s {url}/api/v1/escrow/health -H 'authorization: Bearer development-token-of-no-worth'; echo

Stop with Ctrl-C.
"#,
            folder = folder.display(),
        )
    }
}

#[cfg(test)]
mod tests;
