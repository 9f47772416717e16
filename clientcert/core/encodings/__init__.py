"""
Wire form → DER: one strict decoder per form a producer uses, never a guess.

Every decoder is exact: what it accepts is what encoding the result gives back, so that no two values on the wire
mean the same certificate and nothing rides along beside it. All run in linear time.
"""
