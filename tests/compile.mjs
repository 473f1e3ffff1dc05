// Compiles src/evm/contracts/*.sol to .cache/contracts/NAME.json: { source, bytecode, runtime, methods }.
// Run by `tests/run install`. The Rust side refuses an artefact whose source is not the one it was built from.
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const tests = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(join(tests, ".cache/npm/package.json"))("solc");
const from = join(tests, "src/evm/contracts");
const to = join(tests, ".cache/contracts");

const sources = {};
for (const file of readdirSync(from).filter((file) => file.endsWith(".sol")).sort()) {
  sources[file] = { content: readFileSync(join(from, file), "utf8") };
}
const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "paris", // understood by every chain that the product supports
  outputSelection: { "*": { "*": ["evm.bytecode.object", "evm.deployedBytecode.object", "evm.methodIdentifiers"] } },
};
const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));

const complaints = output.errors ?? [];
for (const complaint of complaints) {
  console.error(complaint.formattedMessage);
}
if (complaints.length > 0) {
  process.exit(1); // warnings too: the contracts are ours
}

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
for (const [file, { content }] of Object.entries(sources)) {
  const name = basename(file, ".sol");
  const { evm } = output.contracts[file][name];
  const artefact = {
    source: content,
    bytecode: evm.bytecode.object,
    runtime: evm.deployedBytecode.object,
    methods: evm.methodIdentifiers,
  };
  writeFileSync(join(to, `${name}.json`), JSON.stringify(artefact, null, 2));
}
console.log(`compiled ${Object.keys(sources).length} contracts with solc ${solc.version()}`);
