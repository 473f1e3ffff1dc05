// Runs a private Solana validator, pays on it in every way that the tests look at, and says what it did in one line of JSON:
// { url, genesis, first, program, mint, twin, wallets, payments: { NAME: signature } }, where first is the slot of its first
// block. Then it serves until it is killed, and pays the first wallet as often as its argument says: 1, 2, 3 and so on, each told
// in a line "Paid SIGNATURE".
//
// Wallets are those that PROGRAM derives from the numbers of users, as the product does by its own lines.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const tests = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(tests, ".cache/npm/package.json"));
const { Surfnet } = require("@solana/surfpool-linux-x64-gnu");
const { Connection, Keypair, PublicKey, SystemProgram, Transaction } = require("@solana/web3.js");
const spl = require("@solana/spl-token");

const net = Surfnet.startWithConfig({ offline: true, slotTimeMs: 50, blockProductionMode: "clock" });
// It tells what happens, about once a slot, and stops for good at the 1,024th event that nobody has read.
setInterval(() => net.drainEvents(), 1_000);
const connection = new Connection(net.rpcUrl, { commitment: "confirmed", wsEndpoint: net.wsUrl });
const payer = Keypair.fromSecretKey(Uint8Array.from(net.payerSecretKey));

const program = new PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");
const wallet = (user) => {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(user));
  return PublicKey.findProgramAddressSync([Buffer.from("user"), number], program)[0];
};
const wallets = [1, 2].map(wallet);

const newMint = async (tokenProgram) => {
  const mint = await spl.createMint(connection, payer, payer.publicKey, null, 6, Keypair.generate(), undefined, tokenProgram);
  const from = spl.getAssociatedTokenAddressSync(mint, payer.publicKey, false, tokenProgram);
  await send(
    spl.createAssociatedTokenAccountInstruction(payer.publicKey, from, payer.publicKey, mint, tokenProgram),
    spl.createMintToInstruction(mint, from, payer.publicKey, 1_000_000n, [], tokenProgram),
  );
  return { mint, from, tokenProgram };
};
const account = ({ mint, tokenProgram }, owner) => spl.getAssociatedTokenAddressSync(mint, owner, true, tokenProgram);
const open = (token, owner) =>
  spl.createAssociatedTokenAccountIdempotentInstruction(
    payer.publicKey, account(token, owner), owner, token.mint, token.tokenProgram,
  );
const pay = (token, to, amount) =>
  spl.createTransferCheckedInstruction(token.from, token.mint, to, payer.publicKey, amount, 6, [], token.tokenProgram);

async function send(...instructions) {
  return signed([payer], {}, ...instructions);
}

async function signed(signers, options, ...instructions) {
  const transaction = new Transaction().add(...instructions);
  const { blockhash } = await connection.getLatestBlockhash();
  transaction.recentBlockhash = blockhash;
  transaction.feePayer = payer.publicKey;
  transaction.sign(...signers);
  const signature = await connection.sendRawTransaction(transaction.serialize(), options);
  for (let tries = 0; tries < 200; tries += 1) {
    const { value } = await connection.getSignatureStatuses([signature]);
    if (value[0] !== null) {
      return signature;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${signature} is in no block`);
}

const usdt = await newMint(spl.TOKEN_PROGRAM_ID);
const fake = await newMint(spl.TOKEN_PROGRAM_ID);
const twin = await newMint(spl.TOKEN_2022_PROGRAM_ID);
const [first, second] = wallets.map((owner) => account(usdt, owner));

const payments = {};
payments.opened = await send(open(usdt, wallets[0]), pay(usdt, first, 250n));
// The older instruction names no mint.
payments.plain = await send(spl.createTransferInstruction(usdt.from, first, payer.publicKey, 100n));
payments.two = await send(open(usdt, wallets[1]), pay(usdt, first, 30n), pay(usdt, second, 40n));
payments.twice = await send(pay(usdt, first, 1n), pay(usdt, first, 2n));
payments.fake = await send(open(fake, wallets[0]), pay(fake, account(fake, wallets[0]), 500n));
payments.twin = await send(open(twin, wallets[0]), pay(twin, account(twin, wallets[0]), 500n));
payments.minted = await send(spl.createMintToInstruction(usdt.mint, first, payer.publicKey, 70n));
payments.failed = await signed([payer], { skipPreflight: true }, pay(usdt, first, 5n), pay(usdt, first, 9_000_000n));
payments.stranger = await send(open(usdt, program), pay(usdt, account(usdt, program), 10n));

// An account of the first user's that is not the associated one.
const other = Keypair.generate();
const space = spl.ACCOUNT_SIZE;
const lamports = await connection.getMinimumBalanceForRentExemption(space);
payments.other = await signed(
  [payer, other],
  {},
  SystemProgram.createAccount({
    fromPubkey: payer.publicKey, newAccountPubkey: other.publicKey, lamports, space, programId: spl.TOKEN_PROGRAM_ID,
  }),
  spl.createInitializeAccountInstruction(other.publicKey, usdt.mint, wallets[0]),
  pay(usdt, other.publicKey, 60n),
);
payments.nothing = await send(SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: wallets[0], lamports: 1_000_000n }));

// A young validator calls slots final that came before its first, and knows no blocks of them.
const ask = async (method, ...params) => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const headers = { "content-type": "application/json" };
  return (await fetch(net.rpcUrl, { method: "POST", headers, body })).json();
};
for (;;) {
  const { result: slot } = await ask("getSlot", { commitment: "finalized" });
  const { error } = await ask("getBlock", slot, { commitment: "finalized", transactionDetails: "none", rewards: false });
  if (!error) break;
  await new Promise((done) => setTimeout(done, 50));
}

// A node does what `minContextSlot` asks for, or says that it has not come to that slot. Surfpool does not know it where lists of
// signatures are asked for, and leaves out what came before that slot. So this does it in its stead, and passes on all else.
const obeying = async (body) => {
  const call = JSON.parse(body);
  const wanted = call.params?.[1];
  const { minContextSlot } = wanted ?? {};
  if (call.method !== "getSignaturesForAddress" || minContextSlot === undefined) return body;
  const { result: slot } = await ask("getSlot", { commitment: wanted.commitment });
  delete wanted.minContextSlot;
  if (slot < minContextSlot) {
    const message = "Minimum context slot has not been reached";
    return { jsonrpc: "2.0", id: call.id, error: { code: -32016, message, data: { contextSlot: slot } } };
  }
  return JSON.stringify(call);
};
const front = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = await obeying(Buffer.concat(chunks).toString());
  const headers = { "content-type": "application/json" };
  const answer = typeof body === "string" ? await (await fetch(net.rpcUrl, { method: "POST", headers, body })).text() : JSON.stringify(body);
  response.writeHead(200, headers).end(answer);
});
await new Promise((done) => front.listen(0, "127.0.0.1", done));

const text = (key) => key.toBase58();
const genesis = await connection.getGenesisHash();
const { result: firstBlock } = await ask("getFirstAvailableBlock");
const did = {
  url: `http://127.0.0.1:${front.address().port}`, genesis, first: firstBlock, payer: text(payer.publicKey), program: text(program),
  mint: text(usdt.mint), twin: text(twin.mint), wallets: wallets.map(text), payments,
};
console.log(`Serving ${JSON.stringify(did)}`);
for (let number = 1; number <= Number(process.argv[2]); number += 1) {
  console.log(`Paid ${await send(pay(usdt, first, BigInt(number)))}`);
  await new Promise((done) => setTimeout(done, 100));
}
