import assert from "node:assert/strict";
import { OperationDurations } from "./operation_durations.ts";

const [PUT, TXN] = [4, 6];

Deno.test("OperationDurations shares the time of a group among its entries", () => {
  const durations = new OperationDurations();
  for (const field of [PUT, PUT, TXN]) durations.applied(field, true);
  durations.groupApplied(4, 1000, 8);
  const [put, txn] = [durations.byField.get(PUT), durations.byField.get(TXN)];
  assert.deepEqual([put?.applies.succeeded.total, txn?.applies.succeeded.total], [2, 1]);
  assert.equal(put?.applies.succeeded.sum, 0.004);
  assert.equal(txn?.applies.succeeded.sum, 0.002);
});

Deno.test("OperationDurations tells what was refused from what was done", () => {
  const durations = new OperationDurations();
  durations.applied(PUT, true);
  durations.applied(PUT, false);
  durations.groupApplied(2, 1000, 2);
  const applies = durations.byField.get(PUT)?.applies;
  assert.deepEqual([applies?.succeeded.total, applies?.failed.total], [1, 1]);
});

Deno.test("OperationDurations measures a request from its proposal to the end of its group", () => {
  const durations = new OperationDurations();
  durations.answered(PUT, 900);
  durations.answered(TXN, 990);
  durations.groupApplied(2, 1000, 1);
  assert.equal(durations.byField.get(PUT)?.requests.succeeded.sum, 0.1);
  assert.equal(durations.byField.get(TXN)?.requests.succeeded.sum, 0.01);
});

Deno.test("OperationDurations begins every group anew", () => {
  const durations = new OperationDurations();
  for (let group = 0; group < 3; group++) {
    durations.applied(PUT, true);
    durations.answered(PUT, 0);
    durations.groupApplied(1, 10, 1);
  }
  const put = durations.byField.get(PUT);
  assert.deepEqual([put?.applies.succeeded.total, put?.requests.succeeded.total], [3, 3]);
});

Deno.test("OperationDurations.gaveUp() is a failed request and nothing applied", () => {
  const durations = new OperationDurations();
  durations.gaveUp(PUT, 7000);
  const put = durations.byField.get(PUT);
  assert.equal(put?.requests.failed.sum, 7);
  assert.equal(put?.applies.succeeded.total, 0);
});
