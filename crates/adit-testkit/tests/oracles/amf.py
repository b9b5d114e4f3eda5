"""Reads a command in AMF with Py3AMF, says what is wrong with it, and writes it again with the same.

    amf.py FILE REWRITTEN

FILE holds the AMF0 values of a command with AMF3 in them, as `graph` in py3amf.rs makes them. Prints "whole" and
writes the same values, encoded by Py3AMF, to REWRITTEN; or ends with an assertion. The dictionary comes last and is
only read: Py3AMF writes none, and gives the ones it reads no place in the table of references.
"""

import datetime
import sys

import pyamf
from pyamf import amf3
from pyamf.flex import ArrayCollection, ObjectProxy


class User:
    pass


pyamf.register_class(User, "chat.User")


def check(values):
    name, transaction, command_object, alice, rest, bob_again, dictionary = values
    assert (name, transaction, command_object) == ("echo", 4, None), values[:3]

    bob = alice.friend
    assert type(alice) is User and type(bob) is User
    assert (alice.name, bob.name) == ("alice", "bob")
    assert bob.friend is alice and alice.me is alice and bob_again is bob
    assert alice.age == 30 and isinstance(alice.age, int)
    assert alice.height == 1.5

    (dense, named) = split(rest)
    assert named == {"twice": "a text, twice"}, named
    date, blob, collection, proxy, undefined, text, negative, large = dense
    assert date == datetime.datetime(2023, 11, 14, 22, 13, 20), date
    assert isinstance(blob, amf3.ByteArray) and blob.getvalue() == b"\x00\x01\xff bytes", blob
    assert isinstance(collection, ArrayCollection) and collection[0] is alice and collection[1] == 2
    assert isinstance(proxy, ObjectProxy) and proxy._amf_object["x"] is True
    assert undefined is pyamf.Undefined and text == "a text, twice" and negative == -268435456
    assert large == 268435456.0

    entries, weak_keys = dictionary
    assert list(entries) == ["alice", 0.5] and entries["alice"] is alice, entries
    assert entries[0.5] is pyamf.Undefined and weak_keys is True, (entries, weak_keys)


def split(mixed):
    """The dense part of an array, and the part that has names."""
    dense = [mixed[at] for at in range(len([key for key in mixed if isinstance(key, int)]))]
    return dense, {key: value for key, value in mixed.items() if not isinstance(key, int)}


def main(read, written):
    with open(read, "rb") as file:
        body = file.read()
    values = list(pyamf.decode(body, encoding=pyamf.AMF0))
    check(values)
    encoder = pyamf.get_encoder(pyamf.AMF0)
    for value in values[:3]:
        encoder.writeElement(value)
    # What follows goes to AMF3, as Flash Player writes it, in one set of tables.
    inner = pyamf.get_encoder(pyamf.AMF3, stream=encoder.stream)
    for value in values[3:-1]:
        encoder.stream.write(b"\x11")
        inner.writeElement(value)
    with open(written, "wb") as file:
        file.write(encoder.stream.getvalue())
    print("whole")


main(*sys.argv[1:])
