import assert from "node:assert/strict";
import { AlarmType } from "../../pb/etcdserverpb.ts";
import { ETCD_ERRORS } from "../errors.ts";
import { Alarms, alarmTypeName, formatAlarm } from "./alarms.ts";
import { ALARM_LIMITS } from "./limits.ts";

const { NONE, NOSPACE, CORRUPT } = AlarmType;

/** The refusals in force: of what takes space, and of every change. */
function refusals(alarms: Alarms): unknown[] {
  return [alarms.putRefusal, alarms.changeRefusal];
}

Deno.test("Alarms.activate() raises an alarm once, and none of no type", () => {
  const alarms = new Alarms();
  const alarm = { memberId: 1n, alarm: NOSPACE };
  assert.deepEqual(alarms.activate(1n, NOSPACE), alarm);
  assert.deepEqual(alarms.activate(1n, NOSPACE), alarm);
  assert.equal(alarms.activate(1n, NONE), undefined);
  assert.deepEqual(alarms.list(), [alarm]);
});

Deno.test("Alarms.deactivate() puts out exactly the alarm of that member and type", () => {
  const alarms = new Alarms();
  alarms.activate(1n, NOSPACE);
  alarms.activate(2n, NOSPACE);
  alarms.activate(1n, CORRUPT);
  assert.deepEqual(alarms.deactivate(1n, NOSPACE), { memberId: 1n, alarm: NOSPACE });
  assert.equal(alarms.deactivate(1n, NOSPACE), undefined);
  assert.equal(alarms.deactivate(2n, CORRUPT), undefined);
  assert.deepEqual(alarms.list(NOSPACE), [{ memberId: 2n, alarm: NOSPACE }]);
  assert.deepEqual(alarms.list(CORRUPT), [{ memberId: 1n, alarm: CORRUPT }]);
  assert.equal(alarms.list(NONE).length, 2);
  assert.deepEqual([alarms.has(2n, NOSPACE), alarms.has(1n, NOSPACE)], [true, false]);
});

Deno.test("Alarms refuses until the last alarm of a type is out, and CORRUPT goes first", () => {
  const { noSpace, corrupt } = ETCD_ERRORS;
  const alarms = new Alarms();
  assert.deepEqual(refusals(alarms), [undefined, undefined]);
  alarms.activate(1n, NOSPACE);
  alarms.activate(2n, NOSPACE);
  assert.deepEqual(refusals(alarms), [noSpace, undefined]);
  alarms.activate(1n, CORRUPT);
  assert.deepEqual(refusals(alarms), [corrupt, corrupt]);
  alarms.deactivate(1n, NOSPACE);
  alarms.deactivate(1n, CORRUPT);
  assert.deepEqual(refusals(alarms), [noSpace, undefined]);
  alarms.deactivate(2n, NOSPACE);
  assert.deepEqual(refusals(alarms), [undefined, undefined]);
  alarms.activate(1n, 9);
  assert.deepEqual(refusals(alarms), [undefined, undefined]);
});

Deno.test("Alarms.restore() replaces all alarms and refuses as they ask for", () => {
  const alarms = new Alarms();
  alarms.activate(3n, CORRUPT);
  alarms.restore([{ memberId: 1n, alarm: NOSPACE }]);
  assert.deepEqual(alarms.list(), [{ memberId: 1n, alarm: NOSPACE }]);
  assert.deepEqual(refusals(alarms), [ETCD_ERRORS.noSpace, undefined]);
  assert.deepEqual(alarms.deactivate(1n, NOSPACE), { memberId: 1n, alarm: NOSPACE });
  alarms.restore([]);
  assert.deepEqual(refusals(alarms), [undefined, undefined]);
});

Deno.test("Alarms.changeCount grows when an alarm comes or goes, and else stays", () => {
  const alarms = new Alarms();
  const counts: number[] = [];
  const note = () => counts.push(alarms.changeCount);
  note();
  alarms.activate(1n, NOSPACE);
  note();
  alarms.activate(1n, NOSPACE);
  alarms.activate(1n, NONE);
  alarms.deactivate(2n, NOSPACE);
  note();
  alarms.deactivate(1n, NOSPACE);
  note();
  alarms.restore([]);
  note();
  assert.deepEqual(counts, [0, 1, 1, 2, 3]);
});

Deno.test("formatAlarm() writes alarms as etcd does", () => {
  const id = 0x8e9e05c52164694dn;
  assert.equal(
    formatAlarm({ memberId: id, alarm: NOSPACE }),
    "memberID:10276657743932975437 alarm:NOSPACE ",
  );
  assert.equal(formatAlarm({ memberId: 0n, alarm: CORRUPT }), "alarm:CORRUPT ");
  assert.equal(formatAlarm({ memberId: 1n, alarm: 9 }), "memberID:1 alarm:9 ");
  assert.deepEqual([0, 1, 2, 3].map(alarmTypeName), ["NONE", "NOSPACE", "CORRUPT", "3"]);
});

Deno.test("Alarms.listEverActive() keeps those that are out again", () => {
  const alarms = new Alarms();
  alarms.activate(1n, AlarmType.NOSPACE);
  alarms.activate(2n, AlarmType.CORRUPT);
  alarms.deactivate(1n, AlarmType.NOSPACE);
  const types = alarms.listEverActive().map(({ alarm }) => alarm);
  assert.deepEqual(types, [AlarmType.NOSPACE, AlarmType.CORRUPT]);
  assert.deepEqual(types.map((type) => alarms.hasType(type)), [false, true]);
});

Deno.test("Alarms.listEverActive() forgets the oldest beyond its bound", () => {
  const alarms = new Alarms();
  for (let id = 1; id <= ALARM_LIMITS.rememberedAlarms + 1; id++) {
    alarms.activate(BigInt(id), AlarmType.NOSPACE);
    alarms.deactivate(BigInt(id), AlarmType.NOSPACE);
  }
  const ids = alarms.listEverActive().map(({ memberId }) => memberId);
  assert.deepEqual([ids.length, ids[0]], [ALARM_LIMITS.rememberedAlarms, 2n]);
});
