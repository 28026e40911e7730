import assert from "node:assert/strict";
import { protobuf } from "../../../deps/protobufjs.ts";
import { encodePprof } from "./pprof_encoding.ts";
import type { StackProfile } from "./stack_profile.ts";

/** As much of pprof's messages as is written. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Profile {
    repeated ValueType sample_type = 1;
    repeated Sample sample = 2;
    repeated Location location = 4;
    repeated Function function = 5;
    repeated string string_table = 6;
    int64 time_nanos = 9;
    int64 duration_nanos = 10;
    ValueType period_type = 11;
    int64 period = 12;
  }
  message ValueType { int64 type = 1; int64 unit = 2; }
  message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
  message Location { uint64 id = 1; repeated Line line = 4; }
  message Line { uint64 function_id = 1; }
  message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; }
`);

function decode(bytes: Uint8Array): Record<string, unknown> {
  const Profile = root.lookupType("Profile");
  return Profile.toObject(Profile.decode(bytes), { longs: Number });
}

const SERVE = { functionName: "serve", file: "/src/server.ts" };
const PUT = { functionName: "put", file: "/src/put.ts" };

const PROFILE: StackProfile = {
  valueTypes: [{ type: "samples", unit: "count" }, { type: "cpu", unit: "nanoseconds" }],
  samples: [
    { frames: [PUT, SERVE], values: [2, 5_000_000] },
    { frames: [SERVE], values: [1, 1.4] },
  ],
  periodType: { type: "cpu", unit: "nanoseconds" },
  period: 1_000_000,
  wallMs: 1_700_000_000_000,
  durationMs: 10,
};

Deno.test("encodePprof() writes a profile in which functions and strings stand once", () => {
  const decoded = decode(encodePprof(PROFILE));
  const strings = [
    ...["", "samples", "count", "cpu", "nanoseconds"],
    ...["put", "/src/put.ts", "serve", "/src/server.ts"],
  ];
  assert.deepEqual(decoded, {
    sampleType: [{ type: 1, unit: 2 }, { type: 3, unit: 4 }],
    sample: [{ locationId: [1, 2], value: [2, 5_000_000] }, { locationId: [2], value: [1, 1] }],
    location: [{ id: 1, line: [{ functionId: 1 }] }, { id: 2, line: [{ functionId: 2 }] }],
    function: [
      { id: 1, name: 5, systemName: 5, filename: 6 },
      { id: 2, name: 7, systemName: 7, filename: 8 },
    ],
    stringTable: strings,
    timeNanos: 1_700_000_000_000_000_000,
    durationNanos: 10_000_000,
    periodType: { type: 3, unit: 4 },
    period: 1_000_000,
  });
});
