import { readFileSync } from "node:fs";

/** The kernel counts process time in these (USER_HZ is 100 on every Linux that Deno runs on). */
const TICKS_PER_SECOND = 100;

/** Processor time that the whole process, all its threads, has used so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The program's name, in brackets, may itself hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return (userTicks + systemTicks) / TICKS_PER_SECOND;
}

/** Resident memory of the process. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  if (match === null) throw new Error(`process ${pid} shows no VmRSS`);
  return Number(match[1]) * 1024;
}

/**
 * Bytes that the process, all its threads, has sent on their way to the disk. The kernel counts
 * them when a page of its cache becomes dirty: a page written twice before it reaches the disk
 * counts once.
 */
export function writtenBytes(pid: number): number {
  const match = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"));
  if (match === null) throw new Error(`process ${pid} shows no write_bytes`);
  return Number(match[1]);
}
