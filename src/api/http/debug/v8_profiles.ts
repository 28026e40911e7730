import type { HeapProfiler, Profiler, Runtime } from "node:inspector";
import { DEBUG_LIMITS } from "./limits.ts";
import type { StackFrame, StackProfile, StackSample } from "./stack_profile.ts";

// V8 tells lines as well, but those of the JavaScript that Deno has made of a module: in the module
// itself something else stands there. So they are left out.

/** The node above all others, which is no function. */
const ROOT = "(root)";
/** What V8 calls the time in which there was nothing to do. */
const IDLE = "(idle)";

/** A profile of the processor as V8 makes it, as stacks with the time that was spent in each. */
export function cpuStacks(profile: Profiler.Profile, wallMs: number): StackProfile {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = parentsOf(profile.nodes);
  const samples: StackSample[] = [];
  for (const [id, { count, timeUs }] of selfTimes(profile)) {
    if (nodes.get(id)?.callFrame.functionName === IDLE) continue;
    samples.push({ frames: framesOf(id, nodes, parents), values: [count, timeUs * 1000] });
  }
  return {
    valueTypes: [{ type: "samples", unit: "count" }, { type: "cpu", unit: "nanoseconds" }],
    samples,
    periodType: { type: "cpu", unit: "nanoseconds" },
    period: DEBUG_LIMITS.cpuSampleIntervalUs * 1000,
    wallMs,
    durationMs: (profile.endTime - profile.startTime) / 1000,
  };
}

/** A profile of the heap as V8 makes it, as stacks with what was allocated in each and still lives. */
export function heapStacks(
  { head }: HeapProfiler.SamplingHeapProfile,
  wallMs: number,
): StackProfile {
  const samples: StackSample[] = [];
  function visit(node: HeapProfiler.SamplingHeapProfileNode, callers: readonly StackFrame[]): void {
    const { callFrame, selfSize, children } = node;
    const frames = callFrame.functionName === ROOT ? callers : [frameOf(callFrame), ...callers];
    const where = frames.length > 0 ? frames : [frameOf(callFrame)];
    if (selfSize > 0) samples.push({ frames: where, values: [selfSize] });
    for (const child of children) visit(child, frames);
  }
  visit(head, []);
  return {
    valueTypes: [{ type: "inuse_space", unit: "bytes" }],
    samples,
    periodType: { type: "space", unit: "bytes" },
    period: DEBUG_LIMITS.heapSampleBytes,
    wallMs,
    durationMs: 0,
  };
}

interface SelfTime {
  count: number;
  timeUs: number;
}

/** How often each node was at work when it was looked, and how long that was until the next look. */
function selfTimes(
  { samples, timeDeltas, startTime, endTime }: Profiler.Profile,
): Map<number, SelfTime> {
  const times = new Map<number, SelfTime>();
  const [ids, deltas] = [samples ?? [], timeDeltas ?? []];
  let atUs = startTime;
  for (const [i, id] of ids.entries()) {
    atUs += deltas[i] ?? 0;
    const untilNextUs = i + 1 < deltas.length ? deltas[i + 1] : endTime - atUs;
    const time = times.get(id) ?? { count: 0, timeUs: 0 };
    time.count++;
    // V8 does not promise that its looks are in the order of time.
    time.timeUs += Math.max(0, untilNextUs);
    times.set(id, time);
  }
  return times;
}

function parentsOf(nodes: readonly Profiler.ProfileNode[]): Map<number, number> {
  const parents = new Map<number, number>();
  for (const { id, children } of nodes) {
    for (const child of children ?? []) parents.set(child, id);
  }
  return parents;
}

/** The function of a node and those that called it. */
function framesOf(
  id: number,
  nodes: ReadonlyMap<number, Profiler.ProfileNode>,
  parents: ReadonlyMap<number, number>,
): StackFrame[] {
  const frames: StackFrame[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const callFrame = nodes.get(at)?.callFrame;
    if (callFrame !== undefined && callFrame.functionName !== ROOT) frames.push(frameOf(callFrame));
  }
  return frames;
}

/** Tools add up what has the same name, so functions without one are told apart by their files. */
function frameOf({ functionName, url }: Runtime.CallFrame): StackFrame {
  const file = url.startsWith("file://") ? decodeURIComponent(url.slice("file://".length)) : url;
  const baseName = file.slice(file.lastIndexOf("/") + 1);
  return { functionName: functionName || `(anonymous in ${baseName})`, file };
}
