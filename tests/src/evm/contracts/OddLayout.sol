// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Trap E4: logs with the first topic of a transfer and a layout that no ERC-20 has.
contract OddLayout {
    bytes32 private constant TRANSFER = keccak256("Transfer(address,address,uint256)");

    /// What a registered token must tell, so that only its logs are odd.
    uint8 public constant decimals = 18;

    /// One topic, and all three arguments in the data.
    function unindexed(address from, address to, uint256 value) external {
        bytes32 topic = TRANSFER;
        assembly {
            mstore(0x00, from)
            mstore(0x20, to)
            let free := mload(0x40)
            mstore(0x40, value)
            log1(0x00, 0x60, topic)
            mstore(0x40, free)
        }
    }

    /// Three topics, of which the addresses have the high 12 bytes of `dirt`.
    function dirtyTopics(address from, address to, uint256 value, bytes32 dirt) external {
        bytes32 topic = TRANSFER;
        assembly {
            let high := and(dirt, not(0xffffffffffffffffffffffffffffffffffffffff))
            mstore(0x00, value)
            log3(0x00, 0x20, topic, or(high, from), or(high, to))
        }
    }

    /// Three topics, and 64 bytes of data of which the first 32 are the value.
    function longData(address from, address to, uint256 value) external {
        bytes32 topic = TRANSFER;
        assembly {
            mstore(0x00, value)
            mstore(0x20, value)
            log3(0x00, 0x40, topic, from, to)
        }
    }

    /// Three topics and no data.
    function noData(address from, address to) external {
        bytes32 topic = TRANSFER;
        assembly {
            log3(0x00, 0x00, topic, from, to)
        }
    }

    /// Four topics and no data, as ERC-721 has it.
    function fourTopics(address from, address to, uint256 id) external {
        bytes32 topic = TRANSFER;
        assembly {
            log4(0x00, 0x00, topic, from, to, id)
        }
    }

    /// Three topics, taken as they are, and a value that need not exist.
    function asTold(bytes32 from, bytes32 to, uint256 value) external {
        bytes32 topic = TRANSFER;
        assembly {
            mstore(0x00, value)
            log3(0x00, 0x20, topic, from, to)
        }
    }
}
