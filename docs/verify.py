#!/usr/bin/env python3
"""Verifies exports and proofs of the order service, as docs/audit.md describes.

    verify.py export FILE [CHECKPOINT KEYS]  a file of `orders export` (NDJSON), also if it is whole
    verify.py proof FILE KEYS                a proof of an order
    verify.py consistency FILE KEYS          a proof of `orders checkpoint --since`

KEYS is a JWKS that you trust. Needs nothing but Python 3. Exit code 3: a check failed.
"""
import base64
import hashlib
import json
import sys


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def check(holds, text):
    if not holds:
        raise AssertionError(text)


def chain_hash(event):
    data, metadata = event["data"].encode(), event["metadata"].encode()
    names = ("partition", "position", "order_id", "version", "type", "occurred_at", "recorded_at")
    head = "".join(f"{event[name]}\n" for name in names) + f"{len(data)}\n"
    return sha256(bytes.fromhex(event["previous_hash"]), head.encode(), data, b"\n", metadata)


# The Merkle tree: RFC 9162, 2.1.3.2 and 2.1.4.2
def climb(node, last, start, siblings):
    """The roots of the smaller and the larger tree to which a path leads, or None."""
    old = new = start
    for sibling in siblings:
        if last == 0:
            return None
        if node % 2 or node == last:
            old, new = sha256(b"\1", sibling, old), sha256(b"\1", sibling, new)
            while node and not node % 2:
                node, last = node >> 1, last >> 1
        else:
            new = sha256(b"\1", new, sibling)
        node, last = node >> 1, last >> 1
    return (old, new) if last == 0 else None


def is_consistent(first, second, path, first_root, second_root):
    if first in (0, second):
        return not path and first_root == (second_root if first else sha256())
    node, last = first - 1, second - 1
    while node % 2:
        node, last = node >> 1, last >> 1
    hashes = [first_root, *path] if node == 0 else path
    roots = climb(node, last, hashes[0], hashes[1:]) if hashes and first < second else None
    return roots == (first_root, second_root)


# Ed25519: RFC 8032, 5.1. Points are (X, Y, Z, T) in extended coordinates.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def recover(encoded):
    """The point of 32 bytes, or None."""
    sign, y = divmod(int.from_bytes(encoded, "little"), 2**255)
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        return None
    x = P - x if x % 2 != sign else x
    return (x, y, 1, x * y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar % 2:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


BASE = recover((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(public, message, signature):
    key, r = recover(public), recover(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER or len(signature) != 64:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left, right = multiply(s, BASE), add(r, multiply(int.from_bytes(digest, "little") % ORDER, key))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


# The signed checkpoint
def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def checkpoint_of(signed, keys):
    head, payload, signature = signed["jws"].split(".")
    header = json.loads(decode(head))
    kind = header.get("typ"), header.get("alg")
    check(kind == ("orders-checkpoint+json", "EdDSA"), "this is no checkpoint signed with EdDSA")
    found = [decode(key["x"]) for key in keys["keys"] if key["kid"] == header.get("kid")]
    check(found, f"the checkpoint is signed by key {header.get('kid')!r}, which is not trusted")
    message = f"{head}.{payload}".encode()
    check(is_signed(found[0], message, decode(signature)), "the signature does not hold")
    return json.loads(decode(payload))


def verify_proof(file, keys):
    proof = json.load(file)
    checkpoint = checkpoint_of(proof["checkpoint"], keys)
    order = proof["order_id"]
    partitions = {one["partition"]: one for one in checkpoint["partitions"]}
    number = int.from_bytes(sha256(bytes.fromhex(order.replace("-", "")))[:4], "big")
    partition = number % len(partitions)
    check(proof["partition"] == partition, f"order {order} does not belong to its partition")
    end, root = partitions[partition]["position"], bytes.fromhex(partitions[partition]["root"])
    check(proof["events"], "the proof contains no event")
    for version, event in enumerate(proof["events"], 1):
        check(event["version"] == version, f"version {version} of order {order} is missing")
        found = chain_hash({**event, "order_id": order, "partition": partition})
        check(found.hex() == event["hash"], f"version {version} does not match its hash")
        path = [bytes.fromhex(one) for one in event["path"]]
        roots = climb(event["position"] - 1, end - 1, sha256(b"\0", found), path)
        included = 0 < event["position"] <= end and roots and roots[1] == root
        check(included, f"version {version} is not in the log that was signed")
    return f"order {order}: unchanged as of {checkpoint['created_at']}, all {version} events"


def verify_consistency(file, keys):
    proof = json.load(file)
    first, second = checkpoint_of(proof["first"], keys), checkpoint_of(proof["second"], keys)
    check(first["log_id"] == second["log_id"], "the checkpoints are of different logs")
    old, new = ({one["partition"]: one for one in its["partitions"]} for its in (first, second))
    check(old.keys() == new.keys(), "the checkpoints have different partitions")
    paths = {one["partition"]: one["path"] for one in proof["partitions"]}
    for number, one in old.items():
        other, path = new[number], [bytes.fromhex(text) for text in paths.get(number, [])]
        roots = bytes.fromhex(one["root"]), bytes.fromhex(other["root"])
        holds = is_consistent(one["position"], other["position"], path, *roots)
        check(holds, f"partition {number}: the second log does not begin with the first one")
    return f"nothing up to {first['created_at']} was changed until {second['created_at']}"


def verify_export(lines, document=None, keys=None):
    checkpoint = checkpoint_of(document, keys) if document else {"partitions": []}
    count, last, start = 0, {}, (0, "00" * 32)
    ends = {one["partition"]: (one["position"], one["hash"]) for one in checkpoint["partitions"]}
    for count, line in enumerate(filter(str.strip, lines), 1):
        try:
            event = json.loads(line)
            partition, position, found = event["partition"], event["position"], chain_hash(event)
            name = f"line {count}: partition {partition:d}, position {position:d}"
            check(found.hex() == event["hash"], f"{name} does not match its hash")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise AssertionError(f"line {count}: this is no exported event")
        (at, link), (end, top) = last.get(partition, start), ends.get(partition, (0, ""))
        follows = position > at + 1 or event["previous_hash"] == link
        check(position > at, f"{name} is out of place")
        check(follows, f"{name} does not follow the preceding event")
        check(position == at + 1 or at >= end, f"{name} follows position {at}, and more was signed")
        check(position != end or event["hash"] == top, f"{name} was not signed")
        last[partition] = (position, event["hash"])
    for number, (end, _) in ends.items():
        at = last.get(number, start)[0]
        check(at >= end, f"partition {number} ends at position {at}, the checkpoint at {end}")
    among = f", all of the checkpoint {checkpoint['created_at']} among them" if document else ""
    return f"{count} events match their hashes{among}"


def main(command, file, *more):
    verify = {"export": verify_export, "proof": verify_proof, "consistency": verify_consistency}
    documents = [json.load(open(name, encoding="utf-8")) for name in more]
    try:
        # A damaged byte is read as another character, so the hash does not match.
        with open(file, encoding="utf-8", errors="replace", newline="\n") as opened:
            print(verify[command](opened, *documents))
    except AssertionError as failure:
        sys.exit(print(failure) or 3)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 2 else sys.exit(__doc__)
