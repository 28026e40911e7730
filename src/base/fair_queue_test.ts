import assert from "node:assert/strict";
import { FairQueue } from "./fair_queue.ts";
import { Prng } from "./prng.ts";

const LIMITS = { total: 6, perMember: 4 };

/** Some members by name. */
function newMembers(): (name: string) => object {
  const members = new Map<string, object>();
  return (name) => {
    const member = members.get(name) ?? { name };
    members.set(name, member);
    return member;
  };
}

/** Pushes items like "g/m1": of member m in group g. */
function pushAll(queue: FairQueue<string>, member: (name: string) => object, text: string): void {
  for (const item of text.split(" ")) {
    assert.equal(queue.push(item[0], member(item.slice(0, 3)), item), undefined);
  }
}

function drain(queue: FairQueue<string>): string {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  assert.equal(queue.size, 0);
  return items.join(" ");
}

Deno.test("FairQueue serves groups in turn, their members in turn, and each in its order", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a/x1 a/x2 a/x3", "a/x1 a/x2 a/x3"],
    ["a/x1 a/x2 a/x3 b/y1", "a/x1 b/y1 a/x2 a/x3"],
    ["a/x1 a/x2 a/z1 b/y1 b/y2", "a/x1 b/y1 a/z1 b/y2 a/x2"],
    ["a/x1 a/z1 a/w1 a/u1 b/y1 b/y2", "a/x1 b/y1 a/z1 b/y2 a/w1 a/u1"],
  ];
  for (const [pushed, served] of cases) {
    const queue = new FairQueue<string>(LIMITS);
    pushAll(queue, newMembers(), pushed);
    assert.equal(drain(queue), served);
  }
});

Deno.test("FairQueue lets whoever comes last wait for one round at most", () => {
  const queue = new FairQueue<string>(LIMITS);
  const member = newMembers();
  pushAll(queue, member, "a/x1 a/x2 a/x3 b/y1");
  assert.equal(queue.shift(), "a/x1");
  assert.equal(queue.shift(), "b/y1");
  pushAll(queue, member, "b/y2");
  assert.equal(drain(queue), "a/x2 b/y2 a/x3");
});

Deno.test("FairQueue takes away what the greediest asked for last", () => {
  const queue = new FairQueue<string>(LIMITS);
  const member = newMembers();
  pushAll(queue, member, "a/x1 a/x2 a/x3 a/z1 a/z2 b/y1");
  assert.equal(queue.push("b", member("b/y"), "b/y2"), "a/x3");
  assert.equal(queue.push("c", member("c/w"), "c/w1"), "a/x2");
  assert.equal(queue.push("a", member("a/x"), "a/x4"), "a/x4", "as greedy as another");
  assert.equal(queue.push("a", member("a/u"), "a/u1"), "a/z2", "others of the same group");
  assert.equal(queue.push("a", member("a/t"), "a/t1"), "a/t1", "as greedy as all others");
  assert.equal(drain(queue), "a/x1 b/y1 c/w1 a/z1 b/y2 a/u1");
});

Deno.test("FairQueue tells who has as many waiting as one may", () => {
  const queue = new FairQueue<string>(LIMITS);
  const member = newMembers();
  pushAll(queue, member, "a/x1 a/x2 a/x3");
  assert.ok(!queue.isFullFor("a", member("a/x")));
  pushAll(queue, member, "a/x4");
  assert.ok(queue.isFullFor("a", member("a/x")));
  assert.ok(!queue.isFullFor("a", member("a/y")));
  assert.ok(!queue.isFullFor("b", member("a/x")));
});

Deno.test("FairQueue forgets what is taken out of turn", () => {
  const queue = new FairQueue<string>(LIMITS);
  const member = newMembers();
  pushAll(queue, member, "a/x1 a/x2 b/y1");
  assert.ok(queue.delete("b", member("b/y"), "b/y1"));
  assert.ok(!queue.delete("b", member("b/y"), "b/y1"));
  assert.ok(!queue.delete("a", member("a/z"), "a/x1"));
  assert.ok(queue.delete("a", member("a/x"), "a/x1"));
  assert.equal(queue.size, 1);
  assert.equal(drain(queue), "a/x2");
});

Deno.test("FairQueue gives back what it was given, whatever is done with it", () => {
  const prng = new Prng(7);
  for (let run = 0; run < 200; run++) {
    const queue = new FairQueue<string>({ total: 20, perMember: 20 });
    const member = newMembers();
    const inside = new Set<string>();
    for (let step = 0; step < 200; step++) {
      const name = `${prng.pick(["a", "b", "c"])}/${prng.pick(["x", "y", "z"])}`;
      const known = prng.pick([...inside, ""]);
      const action = prng.pick(["shift", "delete", "push", "push", "push"]);
      if (action === "shift") inside.delete(queue.shift() ?? "");
      else if (action === "delete" && known !== "") {
        assert.ok(queue.delete(known[0], member(known.slice(0, 3)), known));
        inside.delete(known);
      } else {
        const item = `${name}${step}`;
        inside.add(item);
        const gone = queue.push(name[0], member(name), item);
        if (gone !== undefined) assert.ok(inside.delete(gone));
      }
      assert.equal(queue.size, inside.size);
    }
    assert.deepEqual(drain(queue).split(" ").filter(Boolean).sort(), [...inside].sort());
  }
});
