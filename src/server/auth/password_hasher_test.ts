import assert from "node:assert/strict";
import { parametersOf } from "../../base/bcrypt/hash_form.ts";
import { bytesFromText } from "../../base/bytes.ts";
import { silentLogger } from "../../base/log.ts";
import { ManualClock } from "../../base/manual_clock.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { EngineLost, type HashEngine } from "./hash_engine.ts";
import { AUTH_LIMITS } from "./limits.ts";
import { PasswordHasher, type PasswordHasherOptions } from "./password_hasher.ts";

const COST = 4;
const isWanted = () => true;

async function withHasher(
  options: Partial<PasswordHasherOptions>,
  use: (hasher: PasswordHasher, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const hasher = new PasswordHasher({ cost: COST, clock, logger: silentLogger, ...options });
  try {
    await use(hasher, clock);
  } finally {
    hasher.close();
  }
  assert.equal(clock.timerCount, 0, "no timer is left");
}

/** Hashes when the test says so. */
class HeldEngine implements HashEngine {
  readonly held: PromiseWithResolvers<string>[] = [];
  readonly passwords: Uint8Array[] = [];
  isClosed = false;

  hash(password: Uint8Array): Promise<string> {
    this.passwords.push(password);
    const result = Promise.withResolvers<string>();
    this.held.push(result);
    return result.promise;
  }

  close(): void {
    this.isClosed = true;
    for (const { reject } of this.held) reject(new EngineLost("closed"));
  }
}

async function checkHashes(hasher: PasswordHasher): Promise<void> {
  const hash = await hasher.hash("secret", isWanted);
  assert.match(hash, /^\$2a\$04\$/);
  const again = await hasher.hash("secret", isWanted);
  assert.notEqual(hash, again, "every hash has a salt of its own");
  for (const one of [hash, again]) {
    assert.ok(await hasher.matches("secret", bytesFromText(one), isWanted));
    assert.ok(!await hasher.matches("Secret", bytesFromText(one), isWanted));
  }
}

Deno.test("PasswordHasher hashes in a worker, which ends when nobody needs it", () =>
  withHasher({}, async (hasher, clock) => {
    await checkHashes(hasher);
    clock.advance(AUTH_LIMITS.idleWorkerMs);
    await checkHashes(hasher);
  }));

Deno.test("PasswordHasher hashes in turns where no worker can be started", () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
  const startWorker = (): HashEngine => {
    throw new Error("there are no workers here");
  };
  return withHasher({ startWorker, logger }, async (hasher) => {
    await checkHashes(hasher);
    assert.equal(warnings.length, 1, "it says so once");
  });
});

Deno.test("PasswordHasher does in turns what a worker did not come to", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const hash = hasher.hash("secret", isWanted);
    engine.held[0].reject(new EngineLost("the module cannot be loaded"));
    assert.equal(parametersOf(await hash)?.cost, COST);
    assert.ok(engine.isClosed);
  });
});

Deno.test("PasswordHasher lets only so many wait", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const waiting = Array.from(
      { length: AUTH_LIMITS.waitingHashes + 1 },
      () => hasher.hash("secret", isWanted),
    );
    await assert.rejects(hasher.hash("secret", isWanted), ETCD_ERRORS.requestTooManyRequests);
    hasher.close();
    for (const one of waiting) await assert.rejects(one, ETCD_ERRORS.stopped);
    await assert.rejects(hasher.hash("secret", isWanted), ETCD_ERRORS.stopped);
  });
});

Deno.test("PasswordHasher does not begin what nobody wants any more", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const first = hasher.hash("secret", isWanted);
    let isSecondWanted = true;
    const second = hasher.hash("secret", () => isSecondWanted);
    isSecondWanted = false;
    engine.held[0].resolve("hash");
    assert.equal(await first, "hash");
    await assert.rejects(second, ETCD_ERRORS.canceled);
    assert.equal(engine.held.length, 1);
  });
});

Deno.test("PasswordHasher refuses a password that is too long, unless it was accepted long ago", () =>
  withHasher({}, async (hasher) => {
    await hasher.hash("x".repeat(72), isWanted);
    await assert.rejects(hasher.hash("é".repeat(37), isWanted), ETCD_ERRORS.passwordTooLong);
    const hash = await hasher.hashLogged("é".repeat(37));
    assert.ok(await hasher.matches("é".repeat(37), bytesFromText(hash), isWanted));
  }));

Deno.test("PasswordHasher.matches() is false for what is not a hash", () =>
  withHasher({}, async (hasher) => {
    for (const text of ["", "secret", "$2a$04$short"]) {
      assert.ok(!await hasher.matches("secret", bytesFromText(text), isWanted));
    }
  }));

Deno.test("PasswordHasher hashes as well where there is no hash to compare with", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    for (const nothing of ["", "no hash", "$2a$99$x"]) {
      const match = hasher.matches("secret", bytesFromText(nothing), isWanted);
      engine.held.shift()?.resolve(nothing);
      assert.equal(await match, false);
    }
    assert.equal(engine.passwords.length, 3);
  });
});

Deno.test("PasswordHasher keeps no more of a password than counts", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const match = hasher.matches("p".repeat(1_000_000), new Uint8Array(0), isWanted);
    engine.held[0].resolve("");
    assert.equal(await match, false);
    assert.ok(engine.passwords[0].buffer.byteLength < 100);
  });
});
