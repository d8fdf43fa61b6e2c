# pragma version 0.4.3
# pragma evm-version london
"""
@title Anchors: the latest state of verifiable logs, each of which may only ever grow
@notice A log's new root is accepted only with the proof that its tree continues the tree accepted before (RFC 6962
        section 2.1.2), so that nobody, not even the log's own key or this contract's administrator, can anchor a fork.
        There is no personal data: an origin, sizes and roots.
@dev    The administrator says who may publish for a log and can change nothing else; it publishes for none. It can stop
        a publisher whose key is lost, and name the next: what was anchored stays. Block times are never used: on some
        networks they are milliseconds. London is the oldest machine that our networks still run.
"""

struct Head:
    publisher: address
    size: uint64
    root: bytes32

event AdministratorChanged:
    previous: indexed(address)
    administrator: indexed(address)

event PublisherChanged:
    log_id: indexed(bytes32)
    publisher: indexed(address)
    origin: String[255]

event Anchored:
    log_id: indexed(bytes32)
    size: indexed(uint64)
    root: bytes32

MAX_SIZE: constant(uint64) = 2**63 - 1
MAX_PROOF: constant(uint256) = 64

administrator: public(address)
offered_to: public(address)
heads: public(HashMap[bytes32, Head])
# How many logs an address publishes for: an administrator must publish for none.
published_logs: public(HashMap[address, uint256])


@deploy
def __init__():
    self.administrator = msg.sender
    log AdministratorChanged(previous=empty(address), administrator=msg.sender)


@external
def offer_administration(to: address):
    """
    @notice Offer the administration to another address, which becomes administrator by accepting it.
    @param to The next administrator, or the zero address to take an offer back.
    """
    assert msg.sender == self.administrator, "not the administrator"
    self.offered_to = to


@external
def accept_administration():
    """
    @notice Become administrator. Accepting shows that somebody holds the key of that address.
    """
    assert msg.sender == self.offered_to, "not offered"
    assert self.published_logs[msg.sender] == 0, "a publisher cannot administer"
    log AdministratorChanged(previous=self.administrator, administrator=msg.sender)
    self.administrator = msg.sender
    self.offered_to = empty(address)


@external
def set_publisher(origin: String[255], publisher: address):
    """
    @notice Say who publishes for the log of that origin; its head stays as it is.
    @param origin The origin in the log's checkpoints. The log is known here by the SHA-256 of it.
    @param publisher The one address that may anchor, or the zero address for none.
    """
    assert msg.sender == self.administrator, "not the administrator"
    assert publisher != msg.sender, "an administrator cannot publish"
    assert len(origin) > 0, "no origin"
    log_id: bytes32 = sha256(origin)
    previous: address = self.heads[log_id].publisher
    if previous != empty(address):
        self.published_logs[previous] -= 1
    if publisher != empty(address):
        self.published_logs[publisher] += 1
    self.heads[log_id].publisher = publisher
    log PublisherChanged(log_id=log_id, publisher=publisher, origin=origin)


@external
def anchor(log_id: bytes32, old_size: uint64, size: uint64, root: bytes32, proof: DynArray[bytes32, MAX_PROOF]):
    """
    @notice Anchor a larger tree of a log.
    @param log_id SHA-256 of the log's origin.
    @param old_size The size anchored last, 0 before the first: what the proof begins at.
    @param size The size of the new tree, larger than the old.
    @param root Its root.
    @param proof That it continues the old tree; empty for the first.
    """
    head: Head = self.heads[log_id]
    assert msg.sender == head.publisher, "not the publisher"
    assert old_size == head.size, "not the latest size"
    assert size > old_size, "the log does not grow"
    assert size <= MAX_SIZE, "too large"
    assert root != empty(bytes32), "zero root"
    if old_size == 0:
        assert len(proof) == 0, "the first anchor has no proof"
    else:
        self._require_consistency(old_size, size, head.root, root, proof)
    self.heads[log_id].size = size
    self.heads[log_id].root = root
    log Anchored(log_id=log_id, size=size, root=root)


@internal
@pure
def _require_consistency(
    old_size: uint64, size: uint64, old_root: bytes32, root: bytes32, proof: DynArray[bytes32, MAX_PROOF]
):
    """
    @dev Revert unless the proof leads both to the old root and to the new one (RFC 9162 section 2.1.4.2, which is the
         checking of RFC 6962 proofs). `left` and `right` walk up from the last leaf of the old and of the new tree.
    """
    left: uint256 = convert(old_size, uint256) - 1
    right: uint256 = convert(size, uint256) - 1
    for _: uint256 in range(64):
        if left & 1 == 0:
            break
        left >>= 1
        right >>= 1
    # Where the old tree is complete, its own root is where both walks begin, and the proof leaves it out.
    old_hash: bytes32 = old_root
    seeded: bool = left == 0
    hash: bytes32 = old_root
    for part: bytes32 in proof:
        if not seeded:
            seeded = True
            old_hash = part
            hash = part
            continue
        assert right != 0, "proof too long"
        if left & 1 == 1 or left == right:
            old_hash = sha256(concat(0x01, part, old_hash))
            hash = sha256(concat(0x01, part, hash))
            for _: uint256 in range(64):
                if left & 1 == 1 or left == 0:
                    break
                left >>= 1
                right >>= 1
        else:
            hash = sha256(concat(0x01, hash, part))
        left >>= 1
        right >>= 1
    assert seeded and right == 0, "proof too short"
    assert old_hash == old_root, "the old root does not follow from the proof"
    assert hash == root, "the root does not follow from the proof"
