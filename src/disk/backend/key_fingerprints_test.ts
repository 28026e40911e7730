import assert from "node:assert/strict";
import { bytesFromLatin1 } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { FINGERPRINT_SEGMENTS, KeyFingerprints } from "./key_fingerprints.ts";

Deno.test("KeyFingerprints is a map, for keys that differ little and grow many", () => {
  const prng = new Prng(1);
  const keys = new KeyFingerprints();
  const model = new Map<string, number>();
  const count = 120_000;
  for (let i = 0; i < count; i++) {
    const key = prng.chance(0.2)
      ? `/registry/pods/${prng.between(0, count)}`
      : String.fromCharCode(prng.between(0, 255)).repeat(prng.between(1, 9)) + (i % 50_000);
    const value = prng.between(-0x7fff_ffff, 0x7fff_ffff);
    const bytes = bytesFromLatin1(`.${key}.`);
    const found = keys.find(bytes, 1, bytes.length - 1);
    assert.equal(found ? keys.value : undefined, model.get(key));
    if (found) keys.value = value;
    else keys.add(value);
    model.set(key, value);
  }
  const values: number[] = [];
  for (let segment = 0; segment < FINGERPRINT_SEGMENTS; segment++) {
    keys.visitSegment(segment, (value) => values.push(value));
  }
  assert.ok(model.size > 80_000);
  assert.deepEqual(values.sort((a, b) => a - b), [...model.values()].sort((a, b) => a - b));
});
