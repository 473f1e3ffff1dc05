// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Trap E5: after EIP-7708 a movement of the chain's own coin logs the very event of an ERC-20 transfer, from the
/// system address. Its code is put at that address.
contract NativeLike {
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// Moves the coin that it is given, and logs it as EIP-7708 would.
    function forward(address payable to) external payable {
        emit Transfer(msg.sender, to, msg.value);
        (bool moved,) = to.call{value: msg.value}("");
        require(moved, "the coin was refused");
    }
}
