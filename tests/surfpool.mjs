// Runs a private Solana validator, pays on it in every way that the tests look at, and says what it did in one line of JSON:
// { url, genesis, program, mint, twin, wallets, payments: { NAME: signature } }. Then it serves until it is killed.
//
// Wallets are those that PROGRAM derives from the numbers of users, as the product does by its own lines.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const tests = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(tests, ".cache/npm/package.json"));
const { Surfnet } = require("@solana/surfpool-linux-x64-gnu");
const { Connection, Keypair, PublicKey, SystemProgram, Transaction } = require("@solana/web3.js");
const spl = require("@solana/spl-token");

const net = Surfnet.startWithConfig({ offline: true, slotTimeMs: 50, blockProductionMode: "clock" });
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

const text = (key) => key.toBase58();
const genesis = await connection.getGenesisHash();
const did = {
  url: net.rpcUrl, genesis, payer: text(payer.publicKey), program: text(program),
  mint: text(usdt.mint), twin: text(twin.mint), wallets: wallets.map(text), payments,
};
console.log(`Serving ${JSON.stringify(did)}`);
setInterval(() => {}, 1 << 30);
