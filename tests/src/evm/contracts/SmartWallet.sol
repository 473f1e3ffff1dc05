// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Token {
    function transfer(address to, uint256 value) external returns (bool);
}

/// Trap E18: a payer that is a contract, so the transaction neither goes to the token nor comes from the payer.
contract SmartWallet {
    /// Pays out of the wallet's own balance, whoever asks: a relayer does.
    function pay(Token token, address to, uint256 value) external {
        require(token.transfer(to, value), "the transfer failed");
    }
}
