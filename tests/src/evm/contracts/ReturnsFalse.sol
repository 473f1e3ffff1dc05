// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Trap E2: `transfer` neither moves nor reverts nor logs, it only answers false.
contract ReturnsFalse {
    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }
}
