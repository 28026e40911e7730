import assert from "node:assert/strict";
import { ManualClock } from "../base/manual_clock.ts";
import { Progress } from "./progress.ts";

function screen(
  isTerminal: boolean,
): { isTerminal: boolean; text: string; write(t: string): void } {
  return {
    isTerminal,
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

Deno.test("Progress draws one line over and over for a person, with percentage and speed", () => {
  const terminal = screen(true);
  const clock = new ManualClock();
  const progress = new Progress(terminal, clock, { what: "reading x", totalBytes: 200_000_000 });
  clock.advance(1000);
  progress.add(50_000_000);
  clock.advance(50);
  progress.add(1); // too soon to draw again
  clock.advance(950);
  progress.add(149_999_999);
  progress.end();
  progress.abandon();
  assert.deepEqual(terminal.text.split("\r\x1b[K"), [
    "",
    "reading x: 0%",
    "reading x: 25% (50 MB/s)",
    "reading x: 100% (100 MB/s)",
    "reading x: done in 2.0 s (100 MB/s)\n",
  ]);
});

Deno.test("Progress writes a line at the start and one at the end where nobody watches", () => {
  const file = screen(false);
  const clock = new ManualClock();
  const progress = new Progress(file, clock, { what: "reading x", totalBytes: 3000 });
  assert.equal(file.text, "reading x\n");
  for (let i = 0; i < 10; i++) {
    clock.advance(500);
    progress.add(300);
  }
  progress.end();
  const last = "reading x: done in 5.0 s (0.0 MB/s)\n";
  assert.equal(file.text, `reading x\n${last}`);
});

Deno.test("Progress shows what is done where nobody knows how much there is", () => {
  const terminal = screen(true);
  const clock = new ManualClock();
  const progress = new Progress(terminal, clock, { what: "reading x" });
  clock.advance(1000);
  progress.add(5_000_000);
  assert(terminal.text.endsWith("reading x: 5.0 MB (5.0 MB/s)"), terminal.text);
});

Deno.test("Progress never shows more than the whole", () => {
  const terminal = screen(true);
  const clock = new ManualClock();
  const progress = new Progress(terminal, clock, { what: "reading x", totalBytes: 10 });
  clock.advance(1000);
  progress.add(11);
  assert(terminal.text.endsWith("reading x: 100% (0.0 MB/s)"), terminal.text);
});

Deno.test("Progress keeps silent about work that is over soon", () => {
  for (const isTerminal of [false, true]) {
    const quiet = screen(isTerminal);
    const clock = new ManualClock();
    const progress = new Progress(quiet, clock, { what: "reading x", quietMs: 1000 });
    clock.advance(999);
    progress.add(1);
    progress.end();
    assert.equal(quiet.text, "");
  }
});

Deno.test("Progress leaves the line to the message when work fails", () => {
  for (const [isTerminal, rest] of [[true, "\r\x1b[K"], [false, ""]] as const) {
    const shown = screen(isTerminal);
    const clock = new ManualClock();
    const progress = new Progress(shown, clock, { what: "reading x" });
    const before = shown.text;
    progress.abandon();
    clock.advance(5000);
    progress.add(1);
    progress.end();
    assert.equal(shown.text, before + rest);
  }
});
