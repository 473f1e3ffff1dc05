// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Token {
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// Trap E1: a transfer that worked and logged, and was undone with everything around it.
contract Reverter {
    /// Status 0: the whole transaction is undone.
    function payThenRevert(Token token, address from, address to, uint256 value) external {
        require(token.transferFrom(from, to, value), "the transfer should have worked");
        revert("undone after the transfer");
    }

    /// Status 1: only the inner call is undone, and its log with it.
    function payUndone(Token token, address to, uint256 value) external {
        try this.payThenRevert(token, msg.sender, to, value) {
            assert(false);
        } catch {}
    }
}
