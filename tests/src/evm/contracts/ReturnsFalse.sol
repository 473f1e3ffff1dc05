// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Trap E2: `transfer` neither moves nor reverts nor logs, it only answers false.
contract ReturnsFalse {
    /// What a registered token must tell, so that only its transfers are not those of a token.
    uint8 public constant decimals = 18;

    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }
}
