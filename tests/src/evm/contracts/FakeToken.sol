// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Trap E3: another contract with the name and symbol of the true one, whose logs say whatever its caller likes.
contract FakeToken {
    event Transfer(address indexed from, address indexed to, uint256 value);

    string public name;
    string public symbol;
    uint8 public decimals;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    /// Logs a transfer in which nothing moves.
    function pretend(address from, address to, uint256 value) external {
        emit Transfer(from, to, value);
    }
}
