import assert from "node:assert/strict";
import { ValueError } from "./errors.ts";
import { FEATURE_GATE_NAMES, FeatureGates } from "./feature_gates.ts";

Deno.test("FeatureGates.defaults() has etcd's nine gates as etcd leaves them", () => {
  const gates = FeatureGates.defaults();
  assert.equal(FEATURE_GATE_NAMES.length, 9);
  const on = FEATURE_GATE_NAMES.filter((name) => gates.enabled(name));
  assert.deepEqual(on.toSorted(), ["FastLeaseKeepAlive", "TxnModeWriteWithSharedBuffer"]);
  assert.equal(gates.toString(), "");
});

Deno.test("FeatureGates.with() switches single gates and whole stages", () => {
  const gates = FeatureGates.defaults().with("AllAlpha=true, CompactHashCheck = false,");
  assert(gates.enabled("PriorityRequest"));
  assert(!gates.enabled("CompactHashCheck"));
  assert(gates.enabled("FastLeaseKeepAlive"));
  const later = gates.with("AllBeta=f,AllAlpha=0");
  assert(!later.enabled("FastLeaseKeepAlive"));
  assert(!later.enabled("PriorityRequest"));
  assert.equal(
    later.toString(),
    "TxnModeWriteWithSharedBuffer=false,FastLeaseKeepAlive=false",
  );
  assert(gates.enabled("PriorityRequest"), "an instance never changes");
});

Deno.test("FeatureGates.changedNames() names what differs, however it was switched", () => {
  const gates = FeatureGates.defaults().with("AllBeta=false,CompactHashCheck=true");
  assert.deepEqual(gates.changedNames(), [
    "CompactHashCheck",
    "TxnModeWriteWithSharedBuffer",
    "FastLeaseKeepAlive",
  ]);
  assert.deepEqual(gates.with("AllBeta=true,CompactHashCheck=false").changedNames(), []);
});

Deno.test("FeatureGates.with() complains in etcd's words", () => {
  const cases: [string, string][] = [
    ["A", "missing bool value for A"],
    ["A=true", "unrecognized feature gate: A"],
    [
      "CompactHashCheck=x",
      'invalid value of CompactHashCheck=x, err: strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => FeatureGates.defaults().with(text), new ValueError(message));
  }
  assert.throws(() => FeatureGates.defaults().enabled("A"), ValueError);
});
