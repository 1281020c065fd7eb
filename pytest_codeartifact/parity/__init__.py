"""Whether the emulator answers as AWS does: probes, dated records of what was seen, comparison.

A probe asks the service and writes down what a client sees. On a real account that becomes a
record; on the emulator it is compared with the record.
"""
