import assert from "node:assert/strict";
import { parametersOf } from "../../base/bcrypt/hash_form.ts";
import { bytesFromText, latin1FromBytes } from "../../base/bytes.ts";
import { silentLogger } from "../../base/log.ts";
import { TurningClock } from "../../base/turning_clock.ts";
import { ETCD_ERRORS } from "../../core/errors.ts";
import { LOCAL_END, type RemoteEnd } from "../../net/remote_end.ts";
import { EngineLost, type HashEngine } from "./hash_engine.ts";
import { AUTH_LIMITS } from "./limits.ts";
import {
  keptPassword,
  type PasswordCall,
  PasswordHasher,
  type PasswordHasherOptions,
} from "./password_hasher.ts";

const COST = 4;

/** A call of a connection of its own, or of one that is known. */
function callOf(
  remote: RemoteEnd = { ...LOCAL_END },
): { -readonly [K in keyof PasswordCall]: PasswordCall[K] } {
  return { remote, finished: false, onCancel: undefined };
}

function remoteAt(address: string): RemoteEnd {
  return { ...LOCAL_END, address };
}

async function withHasher(
  options: Partial<PasswordHasherOptions>,
  use: (hasher: PasswordHasher, clock: TurningClock) => Promise<void>,
): Promise<void> {
  const clock = new TurningClock();
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
  const hash = await hasher.hash("secret", callOf());
  assert.match(hash, /^\$2a\$04\$/);
  const again = await hasher.hash("secret", callOf());
  assert.notEqual(hash, again, "every hash has a salt of its own");
  for (const one of [hash, again]) {
    assert.ok(await hasher.matches(keptPassword("secret"), bytesFromText(one), callOf()));
    assert.ok(!await hasher.matches(keptPassword("Secret"), bytesFromText(one), callOf()));
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
    const hash = hasher.hash("secret", callOf());
    engine.held[0].reject(new EngineLost("the module cannot be loaded"));
    assert.equal(parametersOf(await hash)?.cost, COST);
    assert.ok(engine.isClosed);
  });
});

/** Fills the queue from as many addresses as it takes; the first job is under way already. */
function fill(hasher: PasswordHasher): Promise<string>[] {
  return Array.from({ length: AUTH_LIMITS.waitingHashes + 1 }, (_, i) => {
    return hasher.hash("secret", callOf(remoteAt(`192.0.2.${i}`)));
  });
}

Deno.test("PasswordHasher lets only so many wait", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const waiting = fill(hasher);
    const late = callOf(remoteAt("198.51.100.1"));
    await assert.rejects(hasher.hash("secret", late), ETCD_ERRORS.requestTooManyRequests);
    assert.equal(late.onCancel, undefined);
    hasher.close();
    for (const one of waiting) await assert.rejects(one, ETCD_ERRORS.stopped);
    await assert.rejects(hasher.hash("secret", callOf()), ETCD_ERRORS.stopped);
  });
});

Deno.test("PasswordHasher lets only so many of one connection wait", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const remote = remoteAt("192.0.2.1");
    const waiting = Array.from(
      { length: AUTH_LIMITS.waitingHashesPerConnection + 1 },
      () => hasher.hash("secret", callOf(remote)),
    );
    await assert.rejects(hasher.hash("secret", callOf(remote)), ETCD_ERRORS.tooManyPasswords);
    const other = hasher.hash("secret", callOf(remoteAt("192.0.2.1")));
    hasher.close();
    for (const one of [...waiting, other]) await assert.rejects(one, ETCD_ERRORS.stopped);
  });
});

/** What is hashed in which order, of what was asked for before any of it was done. */
async function orderOf(asked: readonly (readonly [RemoteEnd, string])[]): Promise<string[]> {
  const engine = new HeldEngine();
  await withHasher({ startWorker: () => engine }, async (hasher) => {
    const all = asked.map(([remote, password]) => hasher.hash(password, callOf(remote)));
    for (let i = 0; i < all.length; i++) {
      while (engine.held.length <= i) await Promise.resolve();
      engine.held[i].resolve("");
    }
    await Promise.all(all);
  });
  return engine.passwords.map((password) => latin1FromBytes(password));
}

Deno.test("PasswordHasher serves addresses in turn, and the connections of one in turn", async () => {
  const [greedy, modest] = [remoteAt("192.0.2.1"), remoteAt("192.0.2.1")];
  const far = remoteAt("2001:db8::1");
  const sameNetwork = remoteAt("2001:db8::2");
  const order = await orderOf([
    [greedy, "g1"],
    [greedy, "g2"],
    [greedy, "g3"],
    [modest, "m1"],
    [far, "f1"],
    [sameNetwork, "s1"],
    [sameNetwork, "s2"],
  ]);
  assert.deepEqual(order, ["g1", "g2", "f1", "m1", "s1", "g3", "s2"]);
});

Deno.test("PasswordHasher makes room for who has nothing waiting at the cost of who has most", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const refused: number[] = [];
    const connections = AUTH_LIMITS.waitingHashes / AUTH_LIMITS.waitingHashesPerConnection;
    const flood = Array.from({ length: connections }, () => remoteAt("192.0.2.1"));
    const first = hasher.hash("first", callOf());
    const all = Array.from({ length: AUTH_LIMITS.waitingHashes }, (_, i) => {
      const hash = hasher.hash("flood", callOf(flood[i % connections]));
      return hash.catch((error) => {
        if (error === ETCD_ERRORS.requestTooManyRequests) refused.push(i);
      });
    });
    const others = ["192.0.2.1", "192.0.2.2"].map((address) => {
      return hasher.hash("other", callOf(remoteAt(address)));
    });
    while (refused.length < others.length) await Promise.resolve();
    assert.ok(refused.every((i) => i >= all.length - 2 * connections), "what came last");
    hasher.close();
    for (const one of [first, ...others]) await assert.rejects(one, ETCD_ERRORS.stopped);
    await Promise.all(all);
  });
});

Deno.test("PasswordHasher drops at once what nobody waits for any more", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const remote = remoteAt("192.0.2.1");
    const first = hasher.hash("first", callOf(remote));
    const calls = Array.from(
      { length: AUTH_LIMITS.waitingHashesPerConnection },
      () => callOf(remote),
    );
    const waiting = calls.map((call) => hasher.hash("secret", call));
    for (const call of calls) call.onCancel?.("cancelled");
    for (const one of waiting) await assert.rejects(one, ETCD_ERRORS.canceled);
    const next = hasher.hash("next", callOf(remote));
    engine.held[0].resolve("hash");
    assert.equal(await first, "hash");
    while (engine.held.length < 2) await Promise.resolve();
    engine.held[1].resolve("hash");
    assert.equal(await next, "hash");
    assert.deepEqual(engine.passwords.map((password) => latin1FromBytes(password)), [
      "first",
      "next",
    ]);
  });
});

Deno.test("PasswordHasher does not begin for a call that has ended before", () =>
  withHasher({}, async (hasher) => {
    const call = { ...callOf(), finished: true };
    await assert.rejects(hasher.hash("secret", call), ETCD_ERRORS.canceled);
  }));

Deno.test("PasswordHasher refuses a password that is too long, unless it was accepted long ago", () =>
  withHasher({}, async (hasher) => {
    await hasher.hash("x".repeat(72), callOf());
    await assert.rejects(hasher.hash("é".repeat(37), callOf()), ETCD_ERRORS.passwordTooLong);
    const hash = await hasher.hashLogged("é".repeat(37));
    assert.ok(await hasher.matches(keptPassword("é".repeat(37)), bytesFromText(hash), callOf()));
  }));

Deno.test("PasswordHasher.matches() is false for what is not a hash", () =>
  withHasher({}, async (hasher) => {
    for (const text of ["", "secret", "$2a$04$short"]) {
      assert.ok(!await hasher.matches(keptPassword("secret"), bytesFromText(text), callOf()));
    }
  }));

Deno.test("PasswordHasher hashes as well where there is no hash to compare with", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    for (const nothing of ["", "no hash", "$2a$99$x"]) {
      const match = hasher.matches(keptPassword("secret"), bytesFromText(nothing), callOf());
      engine.held.shift()?.resolve(nothing);
      assert.equal(await match, false);
    }
    assert.equal(engine.passwords.length, 3);
  });
});

Deno.test("PasswordHasher keeps no more of a password than counts", () => {
  const engine = new HeldEngine();
  return withHasher({ startWorker: () => engine }, async (hasher) => {
    const match = hasher.matches(keptPassword("p".repeat(1_000_000)), new Uint8Array(0), callOf());
    engine.held[0].resolve("");
    assert.equal(await match, false);
    assert.ok(engine.passwords[0].buffer.byteLength < 100);
  });
});
