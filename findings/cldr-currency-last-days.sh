#!/usr/bin/env bash
# npm cldr-core 48.2.0, supplemental/currencyData.json.
#
# The `_to` of a currency that the euro took over is not the last day on which a price may be named in
# it: it is the end of the weeks in which both were taken in shops. Bulgaria's lev ended as a currency
# of account with 2025-12-31 and has `_to` 2026-01-31; Croatia's kuna ended with 2022-12-31 and has
# `_to` 2023-01-14. So whoever refuses new charges by CLDR's date bills two weeks to a month too long
# in a currency that is gone. Other endings (Curaçao's guilder, Sierra Leone's old leone) are the last
# day itself.
#
# Seen: BGN 2026-01-31, HRK 2023-01-14, ANG 2025-06-30, SLL 2023-12-31
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
npm install --silent --no-audit --no-fund cldr-core@48.2.0 >/dev/null
node -e '
const regions = require("cldr-core/supplemental/currencyData.json").supplemental.currencyData.region;
const last = (region, code) => {
  const found = regions[region].filter(one => one[code]).map(one => one[code]._to || "none");
  return `${code} ${found.sort().pop()}`;
};
const seen = [last("BG", "BGN"), last("HR", "HRK"), last("CW", "ANG"), last("SL", "SLL")].join(", ");
console.log(seen);
if (seen !== "BGN 2026-01-31, HRK 2023-01-14, ANG 2025-06-30, SLL 2023-12-31") process.exit(1);
'
