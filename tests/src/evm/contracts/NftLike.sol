// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Trap E4: the ERC-721 transfer event has the first topic of the ERC-20 one, and a fourth topic.
contract NftLike {
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    /// What a registered token must tell, so that only its logs are not those of a token.
    uint8 public constant decimals = 18;
    mapping(uint256 => address) public ownerOf;

    function mint(address to, uint256 tokenId) external {
        require(ownerOf[tokenId] == address(0), "taken");
        ownerOf[tokenId] = to;
        emit Transfer(address(0), to, tokenId);
    }

    function transferFrom(address from, address to, uint256 tokenId) external {
        require(ownerOf[tokenId] == from && msg.sender == from, "not the owner");
        ownerOf[tokenId] = to;
        emit Transfer(from, to, tokenId);
    }
}
