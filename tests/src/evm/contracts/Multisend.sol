// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Token {
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// Trap E8: several transfers in one transaction, to several recipients or to one of them twice.
contract Multisend {
    /// Pays each recipient its value out of the caller's allowance, in order.
    function multisend(Token token, address[] calldata to, uint256[] calldata values) external {
        require(to.length == values.length, "as many values as recipients");
        for (uint256 i = 0; i < to.length; i++) {
            require(token.transferFrom(msg.sender, to[i], values[i]), "a transfer failed");
        }
    }
}
